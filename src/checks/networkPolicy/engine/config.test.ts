// What cilium-config says, with the agent's defaults for what it leaves out.

import { describe, expect, it } from 'vitest';
import { ciliumSettings, kubernetesSettings, type Settings } from './config.ts';

describe('cilium-config', () => {
  it('has the defaults of the agent', () => {
    const { filter: _, compileKey: __, ...settings } = ciliumSettings({});
    expect(settings).toEqual({
      enforcer: 'cilium',
      enforcement: 'default',
      audit: false,
      nonDefaultDeny: true,
      hostFirewall: false,
      networkPolicies: true,
      ciliumPolicies: true,
      clusterwidePolicies: true,
      l7Proxy: true,
      icmpRules: true,
      nodeSelectorLabels: false,
      extendedProtocols: false,
      localHostAllowed: true,
      families: { ipv4: true, ipv6: true },
      cluster: 'default',
      localClusterOnly: true,
      notModelled: [],
    });
  });

  it.each<[string, keyof Settings]>([
    ['policy-audit-mode', 'audit'],
    ['enable-non-default-deny-policies', 'nonDefaultDeny'],
    ['enable-host-firewall', 'hostFirewall'],
    ['enable-k8s-networkpolicy', 'networkPolicies'],
    ['enable-cilium-network-policy', 'ciliumPolicies'],
    ['enable-cilium-clusterwide-network-policy', 'clusterwidePolicies'],
    ['enable-l7-proxy', 'l7Proxy'],
    ['enable-icmp-rules', 'icmpRules'],
    ['enable-node-selector-labels', 'nodeSelectorLabels'],
    ['enable-extended-ip-protocols', 'extendedProtocols'],
    ['policy-default-local-cluster', 'localClusterOnly'],
  ])('%s is a switch, as Go reads one', (key, setting) => {
    for (const on of ['1', 't', 'T', 'true', 'TRUE', 'True', ' true '])
      expect(ciliumSettings({ [key]: on })[setting]).toBe(true);
    for (const off of ['0', 'false', 'yes', 'tRUE', ''])
      expect(ciliumSettings({ [key]: off })[setting]).toBe(false);
  });

  it('switches the families of addresses', () => {
    expect(ciliumSettings({ 'enable-ipv4': 'false' }).families).toEqual({ ipv4: false, ipv6: true });
    expect(ciliumSettings({ 'enable-ipv6': 'false' }).families).toEqual({ ipv4: true, ipv6: false });
  });

  it.each([
    ['always', 'always'],
    ['Never', 'never'],
    ['default', 'default'],
    ['', 'default'],
  ])('enable-policy: "%s" enforces %s', (written, enforcement) => {
    const settings = ciliumSettings({ 'enable-policy': written });
    expect([settings.enforcement, settings.notModelled]).toEqual([enforcement, []]);
  });

  it.each([
    ['auto', true],
    ['always', true],
    ['Policy', false],
  ])('allow-localhost: %s lets the node in: %s', (written, allowed) => {
    expect(ciliumSettings({ 'allow-localhost': written }).localHostAllowed).toBe(allowed);
  });

  it('names the cluster', () => {
    expect(ciliumSettings({ 'cluster-name': 'prod' }).cluster).toBe('prod');
    expect(ciliumSettings({ 'cluster-name': '' }).cluster).toBe('default');
  });

  it.each<[Record<string, string>, string]>([
    [
      { 'label-prefix-file': '/etc/labels' },
      'label-prefix-file (the labels that make an identity are read from a file of the agent)',
    ],
    [{ 'enable-policy': 'Often' }, 'enable-policy ("often" is none of default, always, never)'],
    [
      { 'policy-cidr-match-mode': 'nodes' },
      'policy-cidr-match-mode nodes (CIDR rules then match nodes as well)',
    ],
  ])('says of %j that it cannot be judged', (data, told) => {
    expect(ciliumSettings(data).notModelled).toEqual([told]);
  });

  it('says of labels that do not compile that they cannot be judged, and keeps every label', () => {
    const { notModelled, filter } = ciliumSettings({ labels: 'k8s:(' });
    expect(notModelled).toEqual([expect.stringMatching(/^labels \("k8s:\(" does not compile: .+\)$/)]);
    expect(filter('pod-template-hash')).toBe(true);
  });

  it.each<Record<string, string>>([
    { 'label-prefix-file': '' },
    { 'policy-cidr-match-mode': '' },
    { labels: 'k8s:app' },
  ])('has nothing against %j', (data) => expect(ciliumSettings(data).notModelled).toEqual([]));

  it('tells apart what compiles policies differently, and that alone', () => {
    const key = (data: Record<string, string>) => ciliumSettings(data).compileKey;
    expect(key({ 'enable-l7-proxy': 'false' })).not.toBe(key({}));
    expect(key({ 'cluster-name': 'prod' })).not.toBe(key({}));
    expect(key({ 'policy-audit-mode': 'true' })).toBe(key({}));
    expect(kubernetesSettings.compileKey).not.toBe(key({}));
  });
});

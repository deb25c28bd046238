// What ConfigMap kube-system/cilium-config says about enforcement, with the
// agent's defaults (pkg/option/config.go, pkg/defaults) for what it leaves out.

import { keepAll, type LabelFilter, labelFilter } from './labels.ts';
import type { Families } from './peers.ts';

export interface Settings {
  /** Who enforces: Cilium, or whatever CNI the cluster has, as Kubernetes defines NetworkPolicy. */
  readonly enforcer: 'cilium' | 'kubernetes';
  readonly enforcement: 'default' | 'always' | 'never';
  /** Everything is judged and nothing dropped. */
  readonly audit: boolean;
  readonly nonDefaultDeny: boolean;
  readonly hostFirewall: boolean;
  readonly networkPolicies: boolean;
  readonly ciliumPolicies: boolean;
  readonly clusterwidePolicies: boolean;
  readonly l7Proxy: boolean;
  readonly icmpRules: boolean;
  readonly nodeSelectorLabels: boolean;
  readonly extendedProtocols: boolean;
  /** Is the node let in to its pods whatever the policies say? */
  readonly localHostAllowed: boolean;
  /** Which families of addresses are on; with both the world has two faces. */
  readonly families: Families;
  readonly cluster: string;
  /** Do selectors of peers mean this cluster unless they name another? (policy-default-local-cluster) */
  readonly localClusterOnly: boolean;
  readonly filter: LabelFilter;
  /** What in the configuration cannot be judged. */
  readonly notModelled: readonly string[];
  /** What decides how a policy compiles, as a key to remember it by. */
  readonly compileKey: string;
}

/** strconv.ParseBool, as viper uses it: anything else is false. */
const isTrue = (text: string) => ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text);

/** The settings of Cilium under this cilium-config; `{}` gives the agent's defaults. */
export function ciliumSettings(written: Readonly<Record<string, string>>): Settings {
  const data = Object.fromEntries(Object.entries(written).map(([key, value]) => [key, value.trim()]));
  const flag = (key: string, fallback: boolean) => (data[key] === undefined ? fallback : isTrue(data[key]));
  const notModelled: string[] = [];
  if ((data['label-prefix-file'] ?? '') !== '') {
    notModelled.push(
      'label-prefix-file (the labels that make an identity are read from a file of the agent)',
    );
  }
  if ((data['static-cnp-path'] ?? '') !== '') {
    notModelled.push('static-cnp-path (further policies are read from a directory of each node)');
  }
  let filter = keepAll;
  try {
    filter = labelFilter(data.labels ?? '');
  } catch (error) {
    notModelled.push(`labels ("${data.labels}" does not compile: ${String(error)})`);
  }
  const mode = (data['enable-policy'] ?? 'default').toLowerCase();
  if (!['', 'default', 'always', 'never'].includes(mode)) {
    notModelled.push(`enable-policy ("${mode}" is none of default, always, never)`);
  }
  if ((data['policy-cidr-match-mode'] ?? '').includes('nodes')) {
    notModelled.push('policy-cidr-match-mode nodes (CIDR rules then match nodes as well)');
  }
  const compiled = {
    nonDefaultDeny: flag('enable-non-default-deny-policies', true),
    l7Proxy: flag('enable-l7-proxy', true),
    icmpRules: flag('enable-icmp-rules', true),
    nodeSelectorLabels: flag('enable-node-selector-labels', false),
    extendedProtocols: flag('enable-extended-ip-protocols', false),
    families: { ipv4: flag('enable-ipv4', true), ipv6: flag('enable-ipv6', true) },
    cluster: data['cluster-name'] || 'default',
    localClusterOnly: flag('policy-default-local-cluster', true),
  };
  return {
    ...compiled,
    enforcer: 'cilium',
    enforcement: mode === 'always' || mode === 'never' ? mode : 'default',
    audit: flag('policy-audit-mode', false),
    hostFirewall: flag('enable-host-firewall', false),
    networkPolicies: flag('enable-k8s-networkpolicy', true),
    ciliumPolicies: flag('enable-cilium-network-policy', true),
    clusterwidePolicies: flag('enable-cilium-clusterwide-network-policy', true),
    // `auto` becomes `always` wherever Kubernetes is on (daemon/cmd/daemon.go).
    localHostAllowed: (data['allow-localhost'] ?? 'auto').toLowerCase() !== 'policy',
    filter,
    notModelled,
    compileKey: JSON.stringify(compiled),
  };
}

/** A cluster without Cilium: NetworkPolicy alone, with the meaning that Kubernetes gives it. */
export const kubernetesSettings: Settings = {
  enforcer: 'kubernetes',
  enforcement: 'default',
  audit: false,
  nonDefaultDeny: true,
  hostFirewall: false,
  networkPolicies: true,
  ciliumPolicies: false,
  clusterwidePolicies: false,
  l7Proxy: false,
  icmpRules: true,
  nodeSelectorLabels: false,
  extendedProtocols: false,
  localHostAllowed: true,
  families: { ipv4: true, ipv6: false },
  cluster: 'default',
  localClusterOnly: false,
  filter: keepAll,
  notModelled: [],
  compileKey: 'kubernetes',
};

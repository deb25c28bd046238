// Every shape of policy in Cilium's documentation (1.19) has a case in cases/documentation-*.yaml, named after the page
// and section that it stands for. The policies are the project's own; only the shapes are the documentation's.

import { describe, expect, it } from 'vitest';
import { differences, readCases, runCase } from '../testing/cases.ts';
import { networkPolicy } from './index.ts';

/** Sections that show or define a shape of policy, by page. */
const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  'security/policy/intro': ['Policy Enforcement Modes', 'Endpoint default policy', 'Rule Basics'],
  'security/policy/layer3': [
    'Simple Ingress Allow',
    'Ingress Allow All Endpoints',
    'Simple Egress Allow',
    'Egress Allow All Endpoints',
    'Simple Egress Deny',
    'Ingress/Egress Default Deny',
    'Additional Label Requirements',
    'Services based',
    'Entities based',
    'Access to/from kube-apiserver',
    'Access to/from local host',
    'Access to/from all nodes in the cluster (or clustermesh)',
    'Access to/from outside cluster',
    'Node based',
    'IP/CIDR based',
    'Selecting nodes with CIDR / ipBlock',
    'DNS based',
  ],
  'security/policy/layer4': [
    'Limit ingress/egress ports',
    'Example (L4)',
    'Example Port Ranges',
    'Labels-dependent Layer 4 rule',
    'CIDR-dependent Layer 4 Rule',
    'Example (ICMP/ICMPv6)',
    'Example (TLS SNI)',
  ],
  'security/policy/layer7': [
    'Layer 7 Policies',
    'Allow GET /public',
    'All GET /path1 and PUT /path2 when header set',
    'Allow producing to topic empire-announce using Role',
    'Allow producing to topic empire-announce using apiKeys',
    'DNS Policy and IP Discovery',
    'DNS Proxy',
  ],
  'security/policy/deny': ['Deny Policies'],
  'security/policy/host': ['Host Policies'],
  'security/policy/kubernetes': [
    'Considerations Of Namespace Boundaries',
    'Policies Only Apply Within The Namespace',
    'Specifying Namespace In EndpointSelector, FromEndpoints, ToEndpoints',
    'Namespace Specific Information',
    'Match Expressions',
    'ServiceAccounts',
    'Multi-Cluster',
    'Clusterwide Policies',
    'Allow All Cilium Managed Endpoints To Communicate With Kube-dns',
    'Example: Add Health Endpoint',
  ],
  'security/policy/lifecycle': ['Init Identity'],
  'security/policy/disk-based': ['Disk based Cilium Network Policies'],
  'security/aws': ['Policy Language', 'Validate that derived policy is in place'],
  'security/tls-visibility': ['Apply DNS and TLS-aware Egress Policy'],
  'security/network/proxy/envoy': ['Envoy'],
  'network/kubernetes/policy': ['NetworkPolicy', 'CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy'],
  'network/kubernetes/ciliumcidrgroup': ['CiliumCIDRGroup'],
  'network/clustermesh/policy': ['Allowing Specific Communication Between Clusters'],
  'network/servicemesh/default-deny-ingress-policy': ['Default Deny Ingress Policy'],
  'network/servicemesh/external-ingress-policy': ['External Lock-down Policy'],
  'network/servicemesh/mutual-authentication/mutual-authentication-example': [
    'Enforce Mutual Authentication',
  ],
  crdlist: ['CiliumNetworkPolicy'],
};

describe("every shape of policy in Cilium's documentation", () => {
  const cases = readCases(import.meta.dirname).filter(({ file }) => file.startsWith('documentation-'));
  const wanted = Object.entries(SECTIONS).flatMap(([page, sections]) =>
    sections.map((section) => `${page}#${section}`),
  );

  it.each(wanted)('%s has a case', (section) => {
    expect(cases.filter(({ name }) => name.startsWith(`${section}: `)).length).toBeGreaterThan(0);
  });

  it.each(cases.map((given) => [given.name, given] as const))('%s', (name, given) => {
    expect(wanted.filter((section) => name.startsWith(`${section}: `))).toHaveLength(1);
    const judgement = runCase(networkPolicy, given);
    expect(differences(given, judgement)).toEqual([]);
    for (const { level, message } of judgement.findings) {
      // Whoever is told that nothing is known is told on what it hangs.
      if (level === 'Unknown')
        expect(message).toMatch(/hangs on .{8,}|sets .{8,}, which this check does not model/);
    }
  });
});

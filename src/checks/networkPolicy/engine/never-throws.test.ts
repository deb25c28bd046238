// Whatever somebody may have written into a policy, the engine answers.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildModel,
  ciliumSettings,
  decide,
  kubernetesSettings,
  type PolicyInput,
  reach,
  WORLD,
} from './index.ts';

const FIELDS = [
  'endpointSelector',
  'nodeSelector',
  'podSelector',
  'policyTypes',
  'ingress',
  'ingressDeny',
  'egress',
  'egressDeny',
  'enableDefaultDeny',
  'fromEndpoints',
  'toEndpoints',
  'fromEntities',
  'fromCIDR',
  'toCIDRSet',
  'cidr',
  'except',
  'cidrGroupRef',
  'toFQDNs',
  'matchName',
  'toServices',
  'k8sService',
  'k8sServiceSelector',
  'selector',
  'fromNodes',
  'toGroups',
  'toPorts',
  'ports',
  'port',
  'endPort',
  'protocol',
  'rules',
  'http',
  'dns',
  'kafka',
  'l7proto',
  'listener',
  'terminatingTLS',
  'serverNames',
  'icmps',
  'fields',
  'type',
  'family',
  'authentication',
  'mode',
  'from',
  'to',
  'ipBlock',
  'namespaceSelector',
  'matchLabels',
  'matchExpressions',
  'key',
  'operator',
  'values',
];

const leaf = fc.oneof(
  fc.constantFrom(
    null,
    '',
    'world',
    'all',
    '0',
    '80',
    'http',
    '10.0.0.0/8',
    '::/0',
    'In',
    'TCP',
    'ANY',
    true,
    -1,
  ),
  fc.integer(),
  fc.double(),
  fc.string(),
);

const { spec } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthIdentifier: 'spec' },
    leaf,
    tie('spec'),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
  spec: fc.dictionary(fc.constantFrom(...FIELDS), tie('value'), { maxKeys: 6, depthIdentifier: 'spec' }),
}));

const policy = fc.record({
  kind: fc.constantFrom(
    'NetworkPolicy' as const,
    'CiliumNetworkPolicy' as const,
    'CiliumClusterwideNetworkPolicy' as const,
  ),
  spec: fc.oneof(leaf, spec),
  specs: fc.option(fc.array(fc.oneof(leaf, spec), { maxLength: 2 }), { nil: undefined }),
});

const pod = {
  meta: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
  spec: { serviceAccountName: 'default', hostNetwork: false, containers: [{ ports: [] }] },
};

describe('a policy of any shape', () => {
  it.each([
    [
      'under Cilium',
      ciliumSettings({ 'enable-node-selector-labels': 'true', 'enable-extended-ip-protocols': 'true' }),
    ],
    ['without Cilium', kubernetesSettings],
  ])('is judged or refused %s, and never throws', (_, settings) => {
    fc.assert(
      fc.property(policy, ({ kind, ...rest }) => {
        const namespace = kind === 'CiliumClusterwideNetworkPolicy' ? '' : 'shop';
        const input: PolicyInput = { kind, meta: { name: 'any', namespace }, ...rest };
        const services = [{ meta: { name: 's', namespace: 'shop', labels: {} }, spec: {} }];
        const model = buildModel({ settings, namespaces: [], pods: [pod], policyLists: [[input]], services });
        const subject = model.endpoints[0];
        if (!subject) throw new Error('the pod is an endpoint');
        const world = { identity: WORLD, ports: new Map() };
        for (const direction of ['ingress', 'egress'] as const) {
          const { decision } = decide(model, subject, direction, world, 'TCP', 80);
          expect(['allow', 'deny', 'unknown']).toContain(decision);
          const { open, doubtful } = reach(model, subject, direction, world);
          const isOpen = open.get('TCP')?.some(([low, high]) => low <= 80 && 80 <= high) ?? false;
          const isDoubtful = doubtful.get('TCP')?.some(([low, high]) => low <= 80 && 80 <= high) ?? false;
          expect(isOpen).toBe(decision === 'allow');
          expect(isDoubtful).toBe(decision === 'unknown');
        }
      }),
      { numRuns: 3000, seed: 20260117 },
    );
  });
});

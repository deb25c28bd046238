/** Random clusters without policies: namespaces, pods, nodes, addresses, services and the agent's configuration. */
import fc from 'fast-check';
import type { ContainerPort, KubernetesObject, Query, Scenario, ScenarioPod } from '../scenario.ts';
import {
  chance,
  forgedLabels,
  keptLabels,
  leftOutLabels,
  namespaceLabels,
  namespaceNames,
  portNames,
  portNumbers,
  someOf,
  weighted,
} from './vocabulary.ts';

export type Cluster = Omit<Scenario, 'policies'>;

const port: fc.Arbitrary<ContainerPort> = fc.record(
  {
    name: fc.constantFrom(...portNames),
    containerPort: fc.constantFrom(...portNumbers),
    protocol: fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const),
  },
  { requiredKeys: ['containerPort'] },
);

const labels = fc
  .tuple(
    weighted([4, someOf(keptLabels)], [1, fc.constant({})]),
    weighted([3, fc.constant({})], [1, someOf(leftOutLabels)]),
    weighted([9, fc.constant({})], [1, someOf(forgedLabels)]),
  )
  .map(([kept, leftOut, forged]) => ({ ...kept, ...leftOut, ...forged }));

const pods: fc.Arbitrary<ScenarioPod[]> = fc
  .array(
    fc.record({
      namespace: fc.constantFrom(...namespaceNames),
      labels,
      serviceAccount: weighted([3, fc.constant(undefined)], [1, fc.constant('runner')]),
      ports: fc.array(port, { maxLength: 3 }),
      hostNetwork: chance(10),
      node: weighted([4, fc.constant('node')], [1, fc.constant('other')]),
    }),
    { minLength: 2, maxLength: 6 },
  )
  .map((drawn) => drawn.map((pod, i): ScenarioPod => ({ name: `pod-${i}`, ...pod })));

const namespaces = fc
  .tuple(...namespaceNames.map(() => someOf(namespaceLabels)))
  .map((drawn) => namespaceNames.map((name, i) => ({ name, labels: drawn[i] ?? {} })));

const nodes = fc
  .tuple(someOf({ role: ['edge'], 'kubernetes.io/hostname': ['node'] }), someOf({ role: ['edge', 'core'] }))
  .map(([one, two]) => [
    { name: 'node', labels: one },
    { name: 'other', labels: two },
  ]);

export const addresses = [
  { ip: '10.0.0.5' },
  { ip: '192.0.2.7', names: ['www.example.com'] },
  { ip: '192.0.2.200', names: ['api.example.org', 'a.b.example.com'] },
  { ip: '2001:db8::1', names: ['example.com'] },
];

/** Services by which toServices finds pods (`web`), addresses (`outside`), or nothing at all. */
const services: KubernetesObject[] = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
    spec: { selector: { app: 'web' } },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'outside', namespace: 'data', labels: { app: 'outside' } },
    spec: {},
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'outside-1', namespace: 'data', labels: { 'kubernetes.io/service-name': 'outside' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.5'] }],
    ports: [{ port: 443, protocol: 'TCP' }],
  },
];

const allQueries: Query[] = [
  { port: 80, protocol: 'TCP' },
  { port: 8080, protocol: 'TCP' },
  { port: 9090, protocol: 'TCP' },
  { port: 443, protocol: 'TCP' },
  { port: 53, protocol: 'UDP' },
  { port: 53, protocol: 'TCP' },
  { port: 80, protocol: 'UDP' },
  { port: 80, protocol: 'SCTP' },
  { port: 8, protocol: 'ICMP' },
  { port: 128, protocol: 'ICMPv6' },
  { port: 31000, protocol: 'TCP' },
  { port: 65535, protocol: 'UDP' },
];

const flag = fc.constantFrom('true', 'false');

/** Mostly the agent's defaults; each option that a verdict depends on comes up. */
export const config: fc.Arbitrary<Record<string, string>> = weighted(
  [3, fc.constant({})],
  [1, fc.constant({ 'enable-ipv4': 'true', 'enable-ipv6': 'false', 'cluster-name': 'prod' })],
  [1, fc.constantFrom('always', 'never', 'default', 'Always').map((mode) => ({ 'enable-policy': mode }))],
  [
    2,
    fc.record(
      {
        'policy-audit-mode': fc.constantFrom('true', 'false', 'false', 'false', 'no'),
        'enable-non-default-deny-policies': flag,
        'enable-host-firewall': flag,
        'enable-k8s-networkpolicy': flag,
        'enable-cilium-network-policy': fc.constantFrom('true', 'true', 'false'),
        'enable-cilium-clusterwide-network-policy': fc.constantFrom('true', 'true', 'false'),
        'enable-l7-proxy': flag,
        'enable-icmp-rules': flag,
        'enable-extended-ip-protocols': flag,
        'policy-default-local-cluster': flag,
        'allow-localhost': fc.constantFrom('auto', 'always', 'policy'),
        'enable-ipv6': flag,
        labels: fc.constantFrom(
          '',
          'k8s:app',
          'k8s:io.kubernetes.pod.namespace k8s:io.cilium.k8s.namespace.labels k8s:app',
          'k8s:!tier',
          'reserved:.* k8s:tier k8s:io.cilium.k8s.policy',
          'pod-template-hash',
        ),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<Record<string, string>>,
  ],
);

export const cluster: fc.Arbitrary<Cluster> = fc.record({
  namespaces,
  pods,
  nodes,
  config,
  services: weighted([1, fc.constant([])], [1, fc.constant(services)]),
  addresses: weighted([1, fc.constant([])], [1, fc.subarray(addresses)]),
  queries: fc.subarray(allQueries, { minLength: 1 }),
});

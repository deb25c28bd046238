/** Clusters that look like ones people run: a shop with its database, DNS, monitoring and an ingress, and the policies that such clusters have. */
import fc from 'fast-check';
import type { KubernetesObject, Scenario, ScenarioPod } from '../scenario.ts';
import { addresses, config } from './cluster.ts';

const workload = (name: string, namespace: string, more: Partial<ScenarioPod> = {}): ScenarioPod => ({
  namespace,
  name: `${name}-6d9f7c5b8-x2x4z`,
  labels: {
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/instance': namespace,
    'pod-template-hash': '6d9f7c5b8',
  },
  serviceAccount: name,
  ...more,
});

const pods: ScenarioPod[] = [
  workload('web', 'shop', {
    ports: [
      { name: 'http', containerPort: 8080 },
      { name: 'metrics', containerPort: 9090 },
    ],
  }),
  workload('api', 'shop', { ports: [{ name: 'http', containerPort: 8080 }] }),
  workload('postgres', 'shop', { ports: [{ name: 'postgres', containerPort: 5432 }] }),
  workload('prometheus', 'monitoring', { ports: [{ name: 'web', containerPort: 9090 }] }),
  workload('grafana', 'monitoring', { ports: [{ name: 'grafana', containerPort: 3000 }] }),
  workload('ingress-nginx', 'ingress', {
    ports: [
      { name: 'http', containerPort: 80 },
      { name: 'https', containerPort: 443 },
    ],
  }),
  workload('node-exporter', 'monitoring', {
    hostNetwork: true,
    ports: [{ name: 'metrics', containerPort: 9100 }],
  }),
  workload('coredns', 'kube-system', {
    labels: { 'k8s-app': 'kube-dns', 'pod-template-hash': '7c65d6cfc9' },
    ports: [
      { name: 'dns', containerPort: 53, protocol: 'UDP' },
      { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
      { name: 'metrics', containerPort: 9153 },
    ],
  }),
];

const named = (name: string) => ({ matchLabels: { 'app.kubernetes.io/name': name } });
const inNamespace = (namespace: string) => ({
  matchLabels: { 'k8s:io.kubernetes.pod.namespace': namespace },
});
const tcp = (...list: (string | number)[]) => [
  { ports: list.map((port) => ({ port: String(port), protocol: 'TCP' })) },
];
const kubeDns = {
  matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'kube-system', 'k8s:k8s-app': 'kube-dns' },
};
const dnsPorts = [{ ports: [{ port: '53', protocol: 'ANY' }], rules: { dns: [{ matchPattern: '*' }] } }];

const cnp = (namespace: string, spec: unknown): KubernetesObject => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name: '', namespace },
  spec,
});
const ccnp = (spec: unknown): KubernetesObject => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumClusterwideNetworkPolicy',
  metadata: { name: '' },
  spec,
});
const np = (namespace: string, spec: unknown): KubernetesObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: '', namespace },
  spec,
});
const metadataName = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });

const policies: KubernetesObject[] = [
  cnp('shop', { endpointSelector: {}, ingress: [{}], egress: [{}] }),
  cnp('shop', { endpointSelector: {}, ingress: [{ fromEndpoints: [{}] }] }),
  cnp('shop', { endpointSelector: {}, egress: [{ toEndpoints: [{}] }] }),
  cnp('shop', { endpointSelector: {}, egress: [{ toEndpoints: [kubeDns], toPorts: dnsPorts }] }),
  cnp('shop', {
    endpointSelector: named('web'),
    ingress: [{ fromEndpoints: [inNamespace('ingress')], toPorts: tcp('http') }],
  }),
  cnp('shop', {
    endpointSelector: named('api'),
    ingress: [
      {
        fromEndpoints: [named('web')],
        toPorts: [{ ...tcp(8080)[0], rules: { http: [{ method: 'GET', path: '/v1/.*' }] } }],
      },
    ],
  }),
  cnp('shop', {
    endpointSelector: named('postgres'),
    ingress: [{ fromEndpoints: [named('api')], toPorts: tcp(5432) }],
    egress: [{}],
  }),
  cnp('shop', {
    endpointSelector: named('web'),
    ingress: [
      {
        fromEndpoints: [
          {
            matchLabels: {
              'k8s:io.kubernetes.pod.namespace': 'monitoring',
              'app.kubernetes.io/name': 'prometheus',
            },
          },
        ],
        toPorts: tcp('metrics'),
      },
    ],
  }),
  cnp('shop', {
    endpointSelector: named('api'),
    egress: [{ toFQDNs: [{ matchName: 'www.example.com' }], toPorts: tcp(443) }],
  }),
  cnp('shop', {
    endpointSelector: named('api'),
    egress: [
      { toEntities: ['kube-apiserver'] },
      { toCIDRSet: [{ cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] }], toPorts: tcp(443) },
    ],
  }),
  cnp('shop', { endpointSelector: {}, egressDeny: [{ toEntities: ['world'] }] }),
  cnp('shop', {
    endpointSelector: {},
    enableDefaultDeny: { egress: false },
    egress: [{ toEntities: ['all'], toPorts: tcp(443) }],
  }),
  cnp('monitoring', {
    endpointSelector: named('prometheus'),
    egress: [
      { toEntities: ['cluster'], toPorts: tcp('metrics', 'http') },
      { toEntities: ['host', 'remote-node'], toPorts: tcp(9100) },
    ],
  }),
  cnp('monitoring', {
    endpointSelector: named('grafana'),
    ingress: [{ fromEntities: ['world', 'cluster'], toPorts: tcp(3000) }],
  }),
  cnp('ingress', {
    endpointSelector: named('ingress-nginx'),
    ingress: [{ fromEntities: ['world'], toPorts: tcp(80, 443) }],
    egress: [
      {
        toEndpoints: [
          {
            matchExpressions: [
              { key: 'k8s:io.kubernetes.pod.namespace', operator: 'In', values: ['shop', 'monitoring'] },
            ],
          },
        ],
      },
    ],
  }),
  cnp('kube-system', {
    endpointSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    ingress: [
      {
        fromEntities: ['cluster'],
        toPorts: [
          {
            ports: [
              { port: 'dns', protocol: 'UDP' },
              { port: 'dns-tcp', protocol: 'TCP' },
            ],
          },
        ],
      },
    ],
  }),
  ccnp({
    endpointSelector: {
      matchExpressions: [
        { key: 'k8s:io.kubernetes.pod.namespace', operator: 'NotIn', values: ['kube-system'] },
      ],
    },
    enableDefaultDeny: { ingress: false, egress: false },
    ingressDeny: [{ fromEntities: ['world'] }],
  }),
  ccnp({
    endpointSelector: {},
    egress: [{ toEndpoints: [kubeDns], toPorts: [{ ports: [{ port: '53', protocol: 'UDP' }] }] }],
  }),
  ccnp({
    endpointSelector: {},
    ingress: [{ fromEntities: ['health', 'host'] }],
    egress: [{ toEntities: ['health'] }],
  }),
  ccnp({
    endpointSelector: {},
    ingress: [{ icmps: [{ fields: [{ type: 'EchoRequest', family: 'IPv4' }] }] }],
  }),
  ccnp({ nodeSelector: {}, ingress: [{ fromEntities: ['cluster'] }, { toPorts: tcp(22, 6443) }] }),
  np('shop', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
  np('shop', { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }], policyTypes: ['Ingress'] }),
  np('shop', {
    podSelector: {},
    egress: [
      { to: [{ namespaceSelector: metadataName('kube-system') }], ports: [{ port: 53, protocol: 'UDP' }] },
    ],
    policyTypes: ['Egress'],
  }),
  np('shop', {
    podSelector: named('web'),
    ingress: [{ from: [{ namespaceSelector: metadataName('ingress') }], ports: [{ port: 'http' }] }],
    policyTypes: ['Ingress'],
  }),
  np('monitoring', {
    podSelector: {},
    ingress: [{ from: [{ namespaceSelector: { matchLabels: { monitored: 'true' } } }] }],
    policyTypes: ['Ingress'],
  }),
  np('shop', {
    podSelector: named('api'),
    egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }] }],
    policyTypes: ['Egress'],
  }),
];

const queries = [
  { port: 8080, protocol: 'TCP' as const },
  { port: 9090, protocol: 'TCP' as const },
  { port: 5432, protocol: 'TCP' as const },
  { port: 443, protocol: 'TCP' as const },
  { port: 53, protocol: 'UDP' as const },
  { port: 9100, protocol: 'TCP' as const },
  { port: 8, protocol: 'ICMP' as const },
];

export const realScenario: fc.Arbitrary<Scenario> = fc
  .tuple(
    fc.subarray(pods, { minLength: 2, maxLength: 6 }),
    fc.subarray(policies, { minLength: 1, maxLength: 6 }),
    fc.subarray(queries, { minLength: 1 }),
    fc.subarray(addresses, { maxLength: 2 }),
    config,
  )
  .map(([somePods, somePolicies, someQueries, someAddresses, someConfig]) => ({
    namespaces: ['shop', 'monitoring', 'ingress', 'kube-system'].map((name) => ({
      name,
      labels: (name === 'shop' ? { monitored: 'true' } : {}) as Record<string, string>,
    })),
    pods: somePods,
    policies: numbered(somePolicies),
    config: someConfig,
    addresses: someAddresses,
    queries: someQueries,
  }));

/** Gives every object a name of its own, by its place. */
export function numbered(objects: readonly KubernetesObject[]): KubernetesObject[] {
  return objects.map((object, i) => ({ ...object, metadata: { ...object.metadata, name: `policy-${i}` } }));
}

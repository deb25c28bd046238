// What is remembered between judgements never shows: after any change the
// verdict is the one that a fresh start would give.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigMap, KindName, Meta, Namespace, Pod, Policy } from '../../facts/kinds.ts';
import type { Facts } from '../../facts/view.ts';
import { networkPolicy } from './index.ts';

interface Cluster {
  Pod: Pod[];
  Namespace: Namespace[];
  CiliumNetworkPolicy: Policy[];
  CiliumClusterwideNetworkPolicy: Policy[];
  NetworkPolicy: Policy[];
  config: ConfigMap;
}

const meta = (name: string, namespace: string, labels: Record<string, string> = {}): Meta => ({
  name,
  namespace,
  uid: `${namespace}/${name}`,
  generation: 1,
  labels,
  annotations: {},
  creationTimestamp: '2026-01-01T00:00:00Z',
  owners: [],
  managers: [],
});

const pod = (name: string, namespace: string, app: string, port: number): Pod => ({
  meta: meta(name, namespace, { app }),
  spec: {
    serviceAccountName: 'default',
    hostNetwork: false,
    containers: [{ name: 'c', ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }] }],
    initContainers: [],
  },
  status: { phase: 'Running', ready: true },
});

const SPECS = [
  { endpointSelector: {}, ingress: [{ fromEndpoints: [{}] }] },
  { endpointSelector: { matchLabels: { app: 'a' } }, ingress: [{ fromEntities: ['all'] }] },
  { endpointSelector: { matchLabels: { app: 'b' } }, ingress: [{ fromEntities: ['cluster'] }] },
  { endpointSelector: {}, ingressDeny: [{ fromEntities: ['world'] }] },
  {
    endpointSelector: {},
    egress: [{ toEndpoints: [{}], toPorts: [{ ports: [{ port: 'http', protocol: 'TCP' }] }] }],
  },
  { endpointSelector: {}, egress: [{ toPorts: [{ ports: [{ port: 'http', protocol: 'TCP' }] }] }] },
  { endpointSelector: {}, ingress: [] },
  {
    endpointSelector: { matchLabels: { 'io.cilium.k8s.namespace.labels.team': 'red' } },
    ingress: [{ fromEntities: ['world'] }],
  },
];

const policy = (kind: Policy['kind'], name: string, namespace: string, spec: number): Policy => ({
  meta: meta(name, namespace),
  apiVersion: 'cilium.io/v2',
  kind,
  spec: SPECS[spec],
  conditions: [],
});

type Change = (cluster: Cluster) => Cluster;

const at = <T>(list: readonly T[], index: number, value: T | undefined): T[] => {
  const place = list.length === 0 ? 0 : index % (list.length + 1);
  return value === undefined
    ? list.toSpliced(place, 1)
    : list.toSpliced(place, place < list.length ? 1 : 0, value);
};

const names = fc.constantFrom('one', 'two');
const apps = fc.constantFrom('a', 'b', 'host');
const place = fc.nat(5);
const spec = fc.option(fc.nat(SPECS.length - 1), { nil: undefined });
let serial = 0;

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, names, apps, fc.constantFrom(80, 8080), fc.boolean()).map(
    ([index, namespace, app, port, gone]): Change =>
      (cluster) => ({
        ...cluster,
        Pod: at(cluster.Pod, index, gone ? undefined : pod(`p${serial++}`, namespace, app, port)),
      }),
  ),
  fc.tuple(place, names, spec).map(
    ([index, namespace, which]): Change =>
      (cluster) => ({
        ...cluster,
        CiliumNetworkPolicy: at(
          cluster.CiliumNetworkPolicy,
          index,
          which === undefined ? undefined : policy('CiliumNetworkPolicy', `c${index}`, namespace, which),
        ),
      }),
  ),
  fc.tuple(place, spec).map(
    ([index, which]): Change =>
      (cluster) => ({
        ...cluster,
        CiliumClusterwideNetworkPolicy: at(
          cluster.CiliumClusterwideNetworkPolicy,
          index,
          which === undefined ? undefined : policy('CiliumClusterwideNetworkPolicy', `w${index}`, '', which),
        ),
      }),
  ),
  fc.tuple(names, fc.constantFrom('red', 'blue')).map(
    ([name, team]): Change =>
      (cluster) => ({
        ...cluster,
        Namespace: [
          ...cluster.Namespace.filter((one) => one.meta.name !== name),
          { meta: meta(name, '', { team }) },
        ],
      }),
  ),
  fc
    .constantFrom(
      {},
      { labels: 'k8s:team' },
      { 'enable-policy': 'always' },
      { 'enable-policy': 'never' },
      { 'enable-non-default-deny-policies': 'false' },
    )
    .map(
      (data): Change =>
        (cluster) => ({
          ...cluster,
          config: { meta: meta('cilium-config', 'kube-system'), data } as ConfigMap,
        }),
    ),
);

const params = networkPolicy.schema.parse({
  endpoints: [{ namespaceSelector: {} }],
  isolated: ['Ingress', 'Egress'],
});

function judge(cluster: Cluster) {
  const facts = {
    get: () => ({ state: 'known', value: cluster.config }),
    list: (kind: KindName) => ({ state: 'known', value: cluster[kind as keyof Cluster] ?? [], served: true }),
  } as unknown as Facts;
  return networkPolicy.judge(params, { facts, now: new Date('2026-01-17T12:00:00Z'), namespace: 'one' });
}

describe('what is remembered', () => {
  it('never shows in a verdict', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 2, maxLength: 12 }), (changes) => {
        let cluster: Cluster = {
          Pod: [pod('p', 'one', 'a', 80)],
          Namespace: [{ meta: meta('one', '') }, { meta: meta('two', '') }],
          CiliumNetworkPolicy: [],
          CiliumClusterwideNetworkPolicy: [],
          NetworkPolicy: [],
          config: { meta: meta('cilium-config', 'kube-system'), data: {} } as ConfigMap,
        };
        for (const next of changes) {
          cluster = next(cluster);
          expect(judge(cluster)).toEqual(judge(structuredClone(cluster)));
        }
      }),
      { numRuns: 60, seed: 42 },
    );
  }, 60_000);
});

// npm run bench:network: how long the network check takes for a whole cluster,
// cold and after one policy changed, for 100, 1,000 and 10,000 pods. No API
// server: the check is asked, over facts in memory. Nothing is asserted.

import type { CheckContext } from '../../src/checks/check.ts';
import { networkPolicy } from '../../src/checks/networkPolicy/index.ts';
import { sameFact } from '../../src/facts/equal.ts';
import type { KindName, Kinds, Meta, Namespace, Pod, Policy } from '../../src/facts/kinds.ts';
import { KINDS } from '../../src/facts/projections.ts';
import type { Facts, ListFact } from '../../src/facts/view.ts';
import { createStore, type Store } from '../../src/kubernetes/index.ts';

/** Pods and policies of a cluster: ten pods a workload, a namespace per fifty pods. */
interface Cluster {
  readonly pods: readonly Pod[];
  readonly policies: readonly Policy[];
  readonly namespaces: readonly Namespace[];
}

const PODS_PER_WORKLOAD = 10;
const PODS_PER_NAMESPACE = 50;

function makeCluster(pods: number, policies: number): Cluster {
  const names = Array.from(
    { length: Math.ceil(pods / PODS_PER_NAMESPACE) },
    (_, n) => `team-${String(n).padStart(4, '0')}`,
  );
  return {
    namespaces: names.map((name) =>
      KINDS.Namespace.project({
        metadata: {
          name,
          uid: name,
          labels: { 'kubernetes.io/metadata.name': name, tier: `t${name.length % 3}` },
        },
      }),
    ),
    pods: Array.from({ length: pods }, (_, n) => pod(n, names[Math.floor(n / PODS_PER_NAMESPACE)] ?? '')),
    policies: Array.from({ length: policies }, (_, n) => policy(n, names[n % names.length] ?? '')),
  };
}

function pod(n: number, namespace: string): Pod {
  const app = `app-${Math.floor(n / PODS_PER_WORKLOAD)}`;
  return KINDS.Pod.project({
    metadata: {
      name: `${app}-${n}`,
      namespace,
      uid: `pod-${n}`,
      labels: { app, 'pod-template-hash': 'abc', version: 'v1' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${app}-abc`, uid: app, controller: true },
      ],
    },
    spec: {
      serviceAccountName: app,
      containers: [{ name: 'main', ports: [{ name: 'http', containerPort: 8080 }] }],
    },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  });
}

/** Default deny for each namespace first; then policies that let one workload, or the monitoring namespace, in. */
function policy(n: number, namespace: string, port = '8080'): Policy {
  const app = `app-${(n * 7) % 1000}`;
  const spec =
    n % 5 === 0
      ? { endpointSelector: {}, ingress: [{}] }
      : {
          endpointSelector: { matchLabels: { app } },
          ingress: [
            {
              fromEndpoints: [
                { matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'monitoring' } },
                { matchLabels: { app: `app-${n % 100}` } },
              ],
              toPorts: [{ ports: [{ port, protocol: 'TCP' }] }],
            },
          ],
        };
  return KINDS.CiliumNetworkPolicy.project({
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: `policy-${n}`, namespace, uid: `policy-${n}`, generation: 1 },
    spec,
  });
}

type Stores = Partial<Record<KindName, Store<unknown>>>;

/** The stores of the operator, filled: what they promise of the identity of lists is what the check rests on. */
function storesOf({ pods, policies, namespaces }: Cluster): Stores {
  const fill = (objects: readonly { readonly meta: Meta }[]): Store<unknown> => {
    const store = createStore<unknown>({ keyOf: (fact) => (fact as { meta: Meta }).meta, equal: sameFact });
    store.replace(objects, '1');
    store.synced();
    return store;
  };
  return { Pod: fill(pods), Namespace: fill(namespaces), CiliumNetworkPolicy: fill(policies) };
}

function factsOf(stores: Stores): Facts {
  return {
    list: <K extends KindName>(kind: K, namespace?: string) =>
      ({ state: 'known', served: true, value: stores[kind]?.list(namespace) ?? NOTHING }) as ListFact<
        Kinds[K]
      >,
    get: () => ({ state: 'absent', served: true }),
    getWhole: () => ({ state: 'absent', served: false }),
    listWhole: () => ({ state: 'known', served: false, value: NOTHING }),
    isClusterScoped: () => false,
    tree: () => ({ state: 'absent', served: false }),
  };
}
const NOTHING: readonly never[] = [];

const params = networkPolicy.schema.parse({
  endpoints: [{ namespaceSelector: {} }],
  isolated: ['Ingress', 'Egress'],
});

function judge(facts: Facts): { milliseconds: number; findings: number } {
  const context: CheckContext = {
    facts,
    now: new Date('2026-01-17T12:00:00Z'),
    namespace: 'remediation-system',
  };
  const started = performance.now();
  const { findings } = networkPolicy.judge(params, context);
  return { milliseconds: performance.now() - started, findings: findings.length };
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const shown = (milliseconds: number) =>
  `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;

console.log('| pods | policies | cold | after one policy changed (median of 15) | findings |');
console.log('|---:|---:|---:|---:|---:|');
for (const [pods, policies] of [
  [100, 10],
  [1000, 100],
  [10_000, 1000],
] as const) {
  const colds = Array.from({ length: 3 }, () => judge(factsOf(storesOf(makeCluster(pods, policies)))));
  const cluster = makeCluster(pods, policies);
  const stores = storesOf(cluster);
  judge(factsOf(stores));
  const changed: number[] = [];
  for (let round = 0; round < 15; round++) {
    const index = (round * 5 + 1) % policies;
    stores.CiliumNetworkPolicy?.upsert(
      policy(index, cluster.policies[index]?.meta.namespace ?? '', String(8000 + round)),
    );
    changed.push(judge(factsOf(stores)).milliseconds);
  }
  const cold = median(colds.map(({ milliseconds }) => milliseconds));
  console.log(
    `| ${pods} | ${policies} | ${shown(cold)} | ${shown(median(changed))} | ${colds[0]?.findings} |`,
  );
}

// Brings the cluster to the state that is measured, and leaves alone what is
// there already: a second run on a kept cluster starts within seconds.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createTransport,
  isAlreadyExists,
  isNotFound,
  type KubeObject,
  loadConnection,
  type Transport,
} from '../../src/kubernetes/index.ts';
import { clusterDown, clusterStatus, clusterUp, type LocalCluster, type Progress } from '../cluster/index.ts';
import {
  type ApiObject,
  budgets,
  deployments,
  items,
  namespaces,
  OPERATOR_NAMESPACE,
  PLURALS,
  policies,
  type Sizes,
} from './fixtures.ts';

export interface Bench {
  readonly cluster: LocalCluster;
  /** As the administrator. */
  readonly transport: Transport;
  /** The kubeconfig of the operator's own ServiceAccount. */
  readonly operatorKubeconfig: string;
  /** Where etcd answers /metrics. */
  readonly etcd: string;
}

const ROOT = join(import.meta.dirname, '../..');
/** What the operator may do, as it is deployed; its Deployment is left out, the benchmark runs it itself. */
const MANIFESTS = [
  'crds/remediation.dev_remediationitems.yaml',
  'deploy/base/namespace.yaml',
  'deploy/base/serviceaccount.yaml',
  'deploy/base/clusterrole.yaml',
  'deploy/base/clusterrolebindings.yaml',
  'deploy/base/role.yaml',
];
const PODS_PER_NODE = 1_000;
/** Requests under way at a time while the cluster is filled. */
const PARALLEL = 48;

/** The cluster, filled. One that was kept with other sizes is made anew. */
export async function setUp(name: string, sizes: Sizes, progress: Progress): Promise<Bench> {
  const known = clusterStatus(name);
  if (known && !isFor(known.kubeconfigPath, sizes)) {
    progress.log(`Cluster "${name}" was filled with other sizes; it is made anew.`);
    await clusterDown(name);
  }
  const nodes = Math.ceil(sizes.pods / PODS_PER_NODE) + 1;
  const cluster = await clusterUp({ name, nodes, podsPerNode: PODS_PER_NODE + 100, progress });
  writeFileSync(join(cluster.folder, 'bench.json'), JSON.stringify(sizes));
  const connection = await loadConnection({ kubeconfig: cluster.kubeconfigPath });
  const transport = createTransport(connection, {
    userAgent: 'remediation-bench',
    maxConnections: PARALLEL,
    timeoutMs: 60_000,
  });
  await cluster.kubectl([
    'apply',
    '--server-side',
    '--force-conflicts',
    ...MANIFESTS.map((file) => `--filename=${join(ROOT, file)}`),
  ]);
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd/remediationitems.remediation.dev']);
  await fill(transport, namespaces(sizes), progress);
  await fill(transport, deployments(sizes), progress);
  await fill(transport, budgets(sizes), progress);
  await fill(transport, policies(sizes), progress);
  await untilRunning(transport, sizes, progress);
  const ports = clusterStatus(name)?.programs.find((program) => program.name === 'etcd')?.ports ?? [];
  return {
    cluster,
    transport,
    operatorKubeconfig: await cluster.serviceAccountKubeconfig(OPERATOR_NAMESPACE, 'remediation-operator'),
    etcd: `http://127.0.0.1:${ports[0]}`,
  };
}

function isFor(kubeconfigPath: string, sizes: Sizes): boolean {
  const file = join(kubeconfigPath, '..', 'bench.json');
  return existsSync(file) && readFileSync(file, 'utf8') === JSON.stringify(sizes);
}

/** The items as they are on their first day: those that have been judged are made anew. */
export async function freshItems({ transport }: Bench, sizes: Sizes, progress: Progress): Promise<void> {
  const wanted = items(sizes);
  const keyOf = ({ metadata }: { metadata: { namespace?: string; name?: string } }) =>
    `${metadata.namespace}/${metadata.name}`;
  const keys = new Set(wanted.map(keyOf));
  const judged = (await listed(transport, 'RemediationItem')).filter(
    (item) => (item.status as { state?: string } | undefined)?.state !== undefined || !keys.has(keyOf(item)),
  );
  await inParallel(judged, ({ metadata }) =>
    transport
      .request({
        method: 'DELETE',
        path: pathOf({ kind: 'RemediationItem', metadata: metadata as ApiObject['metadata'] }),
      })
      .catch(unless(isNotFound)),
  );
  await fill(transport, wanted, progress);
}

async function listed(transport: Transport, kind: keyof typeof PLURALS): Promise<KubeObject[]> {
  const [apiVersion, plural] = PLURALS[kind];
  const { body } = await transport.request<{ items: KubeObject[] }>({
    path: `${base(apiVersion)}/${plural}`,
    timeoutMs: 120_000,
  });
  return body.items;
}

const base = (apiVersion: string) =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

/** Where an object is; without a name, where it is created. */
export function pathOf({
  kind,
  metadata: { namespace, name },
}: {
  kind: string;
  metadata: { namespace?: string; name?: string };
}): string {
  const [apiVersion, plural] = PLURALS[kind as keyof typeof PLURALS];
  const parts = [base(apiVersion), ...(namespace ? ['namespaces', namespace] : []), plural];
  return [...parts, ...(name ? [name] : [])].join('/');
}

/** Creates what is missing, and puts right what an interrupted run left changed. */
async function fill(transport: Transport, wanted: readonly ApiObject[], progress: Progress): Promise<void> {
  const kinds = [...new Set(wanted.map(({ kind }) => kind as keyof typeof PLURALS))];
  const present = new Map<string, KubeObject>();
  for (const kind of kinds) {
    for (const object of await listed(transport, kind)) {
      present.set(`${kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`, object);
    }
  }
  const wrong = wanted.filter((object) => {
    const there = present.get(`${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`);
    return there === undefined || !holds(object, there);
  });
  if (wrong.length === 0) return;
  const started = performance.now();
  await inParallel(wrong, (object) => put(transport, object));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  progress.log(`${wrong.length} objects (${kinds.join(', ')}) were written in ${seconds} s.`);
}

/** Creates the object, or makes it what it should be. */
export async function put(transport: Transport, object: ApiObject): Promise<void> {
  const { namespace } = object.metadata;
  try {
    await transport.request({
      method: 'POST',
      path: pathOf({ kind: object.kind, metadata: { namespace } }),
      body: object,
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    await transport.request({
      method: 'PATCH',
      path: pathOf(object),
      query: { fieldManager: 'remediation-bench', force: true },
      contentType: 'application/apply-patch+yaml',
      body: object,
    });
  }
}

/** Is everything that is wanted there? What the API server adds does not count. */
function holds(wanted: unknown, actual: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return wanted === actual;
  if (typeof actual !== 'object' || actual === null) return Object.keys(wanted).length === 0;
  if (Array.isArray(wanted) && (!Array.isArray(actual) || actual.length !== wanted.length)) return false;
  return Object.entries(wanted).every(
    ([field, value]) =>
      // Items of a list carry neither.
      field === 'apiVersion' || field === 'kind' || holds(value, (actual as Record<string, unknown>)[field]),
  );
}

export async function inParallel<T>(
  list: readonly T[],
  work: (entry: T) => Promise<unknown>,
  width: number = PARALLEL,
): Promise<void> {
  const queue = list.values();
  const worker = async () => {
    for (const entry of queue) await work(entry);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

const unless = (expected: (error: unknown) => boolean) => (error: unknown) => {
  if (!expected(error)) throw error;
};

/** Waits until every pod is available and every budget's status is current. */
async function untilRunning(transport: Transport, sizes: Sizes, progress: Progress): Promise<void> {
  for (let last = -1; ; await sleep(3_000)) {
    const all = await listed(transport, 'Deployment');
    const available = all.reduce((sum, { spec, status, metadata }) => {
      const {
        observedGeneration,
        availableReplicas = 0,
        updatedReplicas = 0,
        replicas = 0,
      } = (status ?? {}) as Record<string, number>;
      const settled = observedGeneration === metadata.generation && replicas === updatedReplicas;
      return sum + (settled ? Math.min(availableReplicas, (spec as { replicas: number }).replicas) : 0);
    }, 0);
    if (available !== last) progress.log(`${available} of ${sizes.pods} pods are available.`);
    last = available;
    if (available < sizes.pods) continue;
    const stale = (await listed(transport, 'PodDisruptionBudget')).filter(
      ({ metadata, status }) =>
        (status as { observedGeneration?: number })?.observedGeneration !== metadata.generation ||
        (status as { disruptionsAllowed?: number })?.disruptionsAllowed === 0,
    );
    if (stale.length === 0) return;
    progress.log(`${stale.length} budgets wait for the disruption controller.`);
  }
}

// Plays a random namespace on a control plane: makes its workloads, puts their
// pods into their states, lets the disruption controller compute the budgets,
// and asks the eviction API about every pod.

import { setTimeout as sleep } from 'node:timers/promises';
import { budgetOf, HOLD, type Made, partsOf } from './pdb-objects.ts';
import { nameOf, type PodState, type Scenario, type Workload } from './pdb-scenario.ts';
import { pathOf, type Raw, type Server } from './server.ts';

export interface EvictionReply {
  readonly code: number;
  /** What the API server says for its refusal. */
  readonly message: string;
}

export interface Observation {
  /** Everything that a check may read, as it was while the eviction API was asked. */
  readonly dump: readonly Raw[];
  /** By the name of the pod. */
  readonly replies: ReadonlyMap<string, EvictionReply>;
}

const LISTS = [
  ['v1', 'Pod'],
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'ReplicaSet'],
  ['apps/v1', 'StatefulSet'],
  ['apps/v1', 'DaemonSet'],
  ['v1', 'ReplicationController'],
  ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  ['policy/v1', 'PodDisruptionBudget'],
] as const;

const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';

/** Polls until it holds; answers whether it ever did. */
async function until(holds: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) return false;
    await sleep(120);
  }
  return true;
}

/**
 * Plays the scenario in a namespace of this name, which must not exist.
 * `agrees` tells whether the budgets are as expected: the controllers are given
 * some seconds to make them so. Whatever is observed was at rest: neither pods
 * nor budgets changed between the first and the last question.
 */
export async function play(
  server: Server,
  namespace: string,
  scenario: Scenario,
  agrees: (dump: readonly Raw[]) => boolean,
  patienceMs = 12_000,
): Promise<Observation> {
  await server.must('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  });
  // Pods are admitted only where it exists; its controller takes its time, and accepts this one.
  await server.send('POST', pathOf('v1', 'ServiceAccount', namespace), {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default' },
  });
  await make(server, namespace, scenario, false);
  await Promise.all(
    scenario.budgets.map((budget, index) => create(server, namespace, budgetOf(budget, index))),
  );
  const changed = scenario.budgets.some(({ later }) => later) || scenario.workloads.some(({ late }) => late);
  if (changed) {
    await until(async () => (await budgetsOf(server, namespace)).every(isComputed), 60_000);
    for (const [index, { later }] of scenario.budgets.entries()) {
      if (!later) continue;
      const spec = { minAvailable: null, maxUnavailable: null, ...later };
      await server.must(
        'PATCH',
        pathOf('policy/v1', 'PodDisruptionBudget', namespace, `b${index}`),
        { spec },
        MERGE,
      );
    }
    await make(server, namespace, scenario, true);
  }
  for (let round = 0; ; round++) {
    const observed = await observe(server, namespace, agrees, patienceMs);
    if (observed) return observed;
    if (round === 8) throw new Error(`${namespace} does not come to rest: ${JSON.stringify(scenario)}`);
  }
}

/** Has the disruption controller had its say about this generation? */
function isComputed({ metadata, status }: Raw): boolean {
  const { observedGeneration, conditions = [] } = (status ?? {}) as {
    observedGeneration?: number;
    conditions?: readonly { readonly reason: string }[];
  };
  return (
    observedGeneration === metadata.generation || conditions.some(({ reason }) => reason === 'SyncFailed')
  );
}

async function observe(
  server: Server,
  namespace: string,
  agrees: (dump: readonly Raw[]) => boolean,
  patienceMs: number,
): Promise<Observation | undefined> {
  // Where two budgets select a pod, its changes reach one of them only; a touch makes the controller look at each.
  const touch = { metadata: { annotations: { touched: String(performance.now()) } } };
  for (const { metadata } of await budgetsOf(server, namespace)) {
    await server.must(
      'PATCH',
      pathOf('policy/v1', 'PodDisruptionBudget', namespace, metadata.name),
      touch,
      MERGE,
    );
  }
  const before = await dumpOf(server, namespace);
  const others = before.filter(({ kind }) => kind !== 'PodDisruptionBudget');
  let dump = before;
  const refresh = async () => {
    dump = [...others, ...(await budgetsOf(server, namespace))];
    return dump.every((object) => object.kind !== 'PodDisruptionBudget' || isComputed(object));
  };
  if (!(await until(refresh, 60_000))) throw new Error(`${namespace}: nobody computes the budgets`);
  await until(async () => (await refresh()) && agrees(dump), patienceMs);

  const replies = new Map<string, EvictionReply>();
  await Promise.all(
    dump
      .filter(({ kind }) => kind === 'Pod')
      .map(
        async ({ metadata: { name } }) => void replies.set(name, await evict(server, namespace, name, true)),
      ),
  );
  const after = await dumpOf(server, namespace);
  return versions(dump) === versions(after) ? { dump, replies } : undefined;
}

const versions = (dump: readonly Raw[]) =>
  JSON.stringify(
    dump
      .filter(({ kind }) => kind === 'Pod' || kind === 'PodDisruptionBudget')
      .map(({ kind, metadata }) => `${kind}/${metadata.name}@${metadata.resourceVersion}`)
      .sort(),
  );

/** Asks the eviction API for one pod; with `dryRun` nothing comes of it. */
export async function evict(
  server: Server,
  namespace: string,
  name: string,
  dryRun: boolean,
): Promise<EvictionReply> {
  const { code, body } = await server.send('POST', `${pathOf('v1', 'Pod', namespace, name)}/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    ...(dryRun ? { deleteOptions: { dryRun: ['All'] } } : {}),
  });
  const { message = '', details } = body as {
    message?: string;
    details?: { causes?: readonly { readonly message?: string }[] };
  };
  return { code, message: details?.causes?.[0]?.message ?? message };
}

const budgetsOf = (server: Server, namespace: string) =>
  list(server, 'policy/v1', 'PodDisruptionBudget', namespace);

async function dumpOf(server: Server, namespace: string): Promise<Raw[]> {
  const lists = await Promise.all(
    LISTS.map(([apiVersion, kind]) => list(server, apiVersion, kind, namespace)),
  );
  return lists.flat();
}

async function list(server: Server, apiVersion: string, kind: string, namespace: string): Promise<Raw[]> {
  const { items } = await server.must<{ items: Raw[] }>('GET', pathOf(apiVersion, kind, namespace));
  return items.map((item) => ({ ...item, apiVersion, kind }));
}

const create = (server: Server, namespace: string, object: Made) =>
  server.must('POST', pathOf(object.apiVersion, object.kind, namespace), object);

/** Makes the workloads that are late, or those that are not, and puts their pods into their states. */
async function make(server: Server, namespace: string, scenario: Scenario, late: boolean): Promise<void> {
  const made = [...scenario.workloads.entries()].filter(([, workload]) => workload.late === late);
  await Promise.all(
    made.map(async ([index, workload]) => {
      const { owner, objects } = partsOf(workload, index);
      const ownerReferences = owner && [referenceTo(await create(server, namespace, owner))];
      await Promise.all(
        objects.map((object) =>
          create(
            server,
            namespace,
            ownerReferences ? { ...object, metadata: { ...object.metadata, ownerReferences } } : object,
          ),
        ),
      );
      await settle(server, namespace, workload, nameOf(index));
    }),
  );
}

const referenceTo = ({ apiVersion, kind, metadata: { name, uid } }: Raw) => ({
  apiVersion,
  kind,
  name,
  uid,
  controller: true,
});

async function settle(server: Server, namespace: string, workload: Workload, name: string): Promise<void> {
  let pods: Raw[] = [];
  const read = async () => {
    const { items } = await server.must<{ items: Raw[] }>(
      'GET',
      `${pathOf('v1', 'Pod', namespace)}?labelSelector=w%3D${name}`,
    );
    pods = items.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  };
  const came = await until(async () => {
    await read();
    if (workload.type === 'DaemonSet') return (await isObserved(server, namespace, name)) && pods.length > 0;
    return pods.length >= workload.replicas;
  }, 30_000);
  if (!came) throw new Error(`${namespace}: ${workload.type} ${name} has ${pods.length} pods only`);
  for (const [index, { metadata }] of pods.entries()) {
    await put(server, pathOf('v1', 'Pod', namespace, metadata.name), workload.states[index] ?? 'ready');
  }
  if (!REPLACED.has(workload.type)) return;
  await until(async () => {
    await read();
    return pods.filter(isActive).length >= workload.replicas;
  }, 10_000);
}

/** Their controllers make a new pod for every one that has ended or is about to go. */
const REPLACED: ReadonlySet<string> = new Set(['Deployment', 'ReplicaSet', 'ReplicationController']);

const isActive = ({ metadata, status }: Raw) =>
  metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';

async function isObserved(server: Server, namespace: string, name: string): Promise<boolean> {
  const { metadata, status } = await server.must('GET', pathOf('apps/v1', 'DaemonSet', namespace, name));
  return (
    status?.observedGeneration === metadata.generation &&
    status?.desiredNumberScheduled === status?.currentNumberScheduled
  );
}

/** Puts one pod into a state, as a kubelet would report it. */
async function put(server: Server, path: string, state: PodState): Promise<void> {
  const report = (phase: string, ready?: 'True' | 'False') =>
    server.must(
      'PATCH',
      `${path}/status`,
      { status: { phase, ...(ready ? { conditions: [{ type: 'Ready', status: ready }] } : {}) } },
      STRATEGIC,
    );
  switch (state) {
    case 'pending':
      return;
    case 'ready':
      await report('Running', 'True');
      return;
    case 'unready':
      await report('Running', 'False');
      return;
    case 'unreported':
      await report('Running');
      return;
    case 'succeeded':
      await report('Succeeded', 'False');
      return;
    case 'failed':
      await report('Failed', 'False');
      return;
    case 'terminating':
      await report('Running', 'True');
      await server.must('PATCH', path, { metadata: { finalizers: [HOLD] } }, MERGE);
      await server.must('DELETE', path);
      return;
    case 'relabelled':
      await report('Running', 'True');
      await server.must('PATCH', path, { metadata: { labels: { tier: 'z' } } }, MERGE);
      return;
    default:
      state satisfies never;
  }
}

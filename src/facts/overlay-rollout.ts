// What controllers would make of an edited object: a rollout that completes, and
// pods that follow their template and are healthy.

import type {
  Container,
  DaemonSet,
  Deployment,
  KindName,
  Kinds,
  Meta,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  StatefulSet,
} from './kinds.ts';

/** A workload as it is after its edits. */
export type Rolled =
  | { readonly kind: 'Deployment'; readonly object: Deployment }
  | { readonly kind: 'StatefulSet'; readonly object: StatefulSet }
  | { readonly kind: 'DaemonSet'; readonly object: DaemonSet };

/** The object with the status that its controller would write once it had seen it. */
export function settledStatus<K extends KindName>(kind: K, object: Kinds[K], before?: Kinds[K]): Kinds[K] {
  switch (kind) {
    case 'Deployment':
    case 'StatefulSet':
      return settledReplicas(
        object as Deployment | StatefulSet,
        before as Deployment | StatefulSet | undefined,
      ) as Kinds[K];
    case 'DaemonSet':
      return settledDaemon(object as DaemonSet, before as DaemonSet | undefined) as Kinds[K];
    case 'PodDisruptionBudget':
      return settledBudget(object as PodDisruptionBudget) as Kinds[K];
    default:
      return object;
  }
}

/** What it allows, and whether it can be computed at all, the check works out from the pods. */
function settledBudget(object: PodDisruptionBudget): PodDisruptionBudget {
  const { status, meta } = object;
  const disruptionsAllowed = Math.max(1, status.disruptionsAllowed);
  return {
    ...object,
    status: { ...status, observedGeneration: meta.generation, disruptionsAllowed, conditions: [] },
  };
}

/**
 * A rollout that is held back stays behind a new template, and may have been
 * behind before; the workload is scaled all the same.
 */
function updatedOf(
  object: Rolled['object'],
  before: Rolled['object'] | undefined,
  wanted: number,
  updated: number,
  wantedBefore: number,
): number {
  if (!isHeld(object)) return wanted;
  const isNew = JSON.stringify(object.spec.template) !== JSON.stringify(before?.spec.template);
  if (isNew) return 0;
  return updated >= wantedBefore ? wanted : updated;
}

function settledReplicas<T extends Deployment | StatefulSet>(object: T, before: T | undefined): T {
  const { replicas } = object.spec;
  const updated = before?.status.updatedReplicas ?? 0;
  return {
    ...object,
    status: {
      ...object.status,
      observedGeneration: object.meta.generation,
      replicas,
      updatedReplicas: updatedOf(object, before, replicas, updated, before?.spec.replicas ?? 0),
      readyReplicas: replicas,
      availableReplicas: replicas,
    },
  };
}

function settledDaemon(object: DaemonSet, before: DaemonSet | undefined): DaemonSet {
  const desired = object.status.desiredNumberScheduled;
  const updated = before?.status.updatedNumberScheduled ?? 0;
  return {
    ...object,
    status: {
      ...object.status,
      observedGeneration: object.meta.generation,
      currentNumberScheduled: desired,
      updatedNumberScheduled: updatedOf(object, before, desired, updated, desired),
      numberAvailable: desired,
      numberReady: desired,
    },
  };
}

/** Does the controller leave pods of an older template alone? It scales them all the same. */
function isHeld(object: Deployment | StatefulSet | DaemonSet): boolean {
  const { spec } = object;
  if ('paused' in spec && spec.paused) return true;
  if (!('updateStrategy' in spec)) return false;
  const { updateStrategy } = spec;
  if (updateStrategy.type === 'OnDelete') return true;
  return 'partition' in updateStrategy && 'replicas' in spec && updateStrategy.partition >= spec.replicas;
}

/**
 * The pods of a list after the workloads have rolled out: those that each has,
 * made anew from its template, as many as it wants. Their times stay what they
 * were: the verdict that is asked for is that after the dust has settled.
 */
export function rolledPods(
  workloads: readonly Rolled[],
  pods: readonly Pod[],
  replicaSets: readonly ReplicaSet[],
): readonly Pod[] {
  const rolling = new Map(workloads.map((workload) => [workload.object.meta.uid, workload]));
  // By the uid of what controls its pods: the workload itself, or its ReplicaSets.
  const makers = new Map(rolling);
  for (const { meta } of replicaSets) {
    const above = rolling.get(controllerUid(meta) ?? '');
    if (above?.kind === 'Deployment') makers.set(meta.uid, above);
  }
  const makerOf = ({ meta }: Pod) => makers.get(controllerUid(meta) ?? '');
  const own = Map.groupBy(pods, makerOf);
  const made = workloads.flatMap((workload) => madeAnew(workload, own.get(workload) ?? []));
  return [...(own.get(undefined) ?? []), ...made];
}

const controllerUid = ({ owners }: Meta) => owners.find(({ controller }) => controller)?.uid;

/** A workload without a pod shows too little of what its pods would be like. */
function madeAnew({ object }: Rolled, own: readonly Pod[]): readonly Pod[] {
  const alive = own.filter(({ meta }) => meta.deletionTimestamp === undefined);
  const [first] = alive;
  if (!first) return own;
  const wanted = 'replicas' in object.spec ? object.spec.replicas : alive.length;
  return Array.from({ length: wanted }, (_, at) => podLike(alive[at] ?? first, at, alive.length, object));
}

/** What was put into the pod on its way (labels, injected containers) will be put into the next one too. */
function podLike(like: Pod, at: number, existing: number, object: Rolled['object']): Pod {
  const { spec, meta } = object;
  const isNew = at >= existing;
  const template = isHeld(object) ? { labels: {}, spec: like.spec } : spec.template;
  return {
    meta: {
      ...like.meta,
      labels: { ...like.meta.labels, ...template.labels },
      ...(isNew ? { name: `${meta.name}-new-${at}`, uid: `new-${meta.uid}-${at}` } : {}),
    },
    spec: {
      ...template.spec,
      containers: withInjected(template.spec.containers, like.spec.containers),
      initContainers: withInjected(template.spec.initContainers, like.spec.initContainers),
      ...(like.spec.nodeName === undefined ? {} : { nodeName: isNew ? `new-${at}` : like.spec.nodeName }),
    },
    status: { phase: 'Running', ready: true },
  };
}

function withInjected(template: readonly Container[], running: readonly Container[]): readonly Container[] {
  const own = new Set(template.map(({ name }) => name));
  return [...template, ...running.filter(({ name }) => !own.has(name))];
}

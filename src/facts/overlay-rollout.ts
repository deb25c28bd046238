// What controllers would make of an edited object: a rollout that completes, and
// pods that follow their template and are healthy.

import type {
  Container,
  DaemonSet,
  Deployment,
  KindName,
  Kinds,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  StatefulSet,
} from './kinds.ts';

type Rolled =
  | { readonly kind: 'Deployment'; readonly object: Deployment }
  | { readonly kind: 'StatefulSet'; readonly object: StatefulSet }
  | { readonly kind: 'DaemonSet'; readonly object: DaemonSet };

/** The object with the status that its controller would write once it had seen it. */
export function settledStatus<K extends KindName>(kind: K, object: Kinds[K]): Kinds[K] {
  switch (kind) {
    case 'Deployment':
    case 'StatefulSet':
      return settledReplicas(object as Deployment | StatefulSet) as Kinds[K];
    case 'DaemonSet':
      return settledDaemon(object as DaemonSet) as Kinds[K];
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

function settledReplicas<T extends Deployment | StatefulSet>(object: T): T {
  if (isHeld(object)) return object;
  const { replicas } = object.spec;
  return {
    ...object,
    status: {
      ...object.status,
      observedGeneration: object.meta.generation,
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
    },
  };
}

function settledDaemon(object: DaemonSet): DaemonSet {
  if (isHeld(object)) return object;
  const desired = object.status.desiredNumberScheduled;
  return {
    ...object,
    status: {
      ...object.status,
      observedGeneration: object.meta.generation,
      currentNumberScheduled: desired,
      updatedNumberScheduled: desired,
      numberAvailable: desired,
      numberReady: desired,
    },
  };
}

/** Does the controller leave pods of an older template alone? Then an edit changes no pod. */
function isHeld(object: Deployment | StatefulSet | DaemonSet): boolean {
  const { spec } = object;
  if ('paused' in spec && spec.paused) return true;
  if (!('updateStrategy' in spec)) return false;
  const { updateStrategy } = spec;
  if (updateStrategy.type === 'OnDelete') return true;
  return 'partition' in updateStrategy && 'replicas' in spec && updateStrategy.partition >= spec.replicas;
}

/**
 * The pods of a list after the workload has rolled out: those that it has,
 * made anew from its template, as many as it wants. Their times stay what they
 * were: the verdict that is asked for is that after the dust has settled.
 */
export function rolledPods(
  kind: Rolled['kind'],
  object: Rolled['object'],
  pods: readonly Pod[],
  replicaSets: readonly ReplicaSet[],
): readonly Pod[] {
  if (isHeld(object)) return pods;
  const { uid } = object.meta;
  const owners =
    kind === 'Deployment'
      ? new Set(
          replicaSets
            .filter(({ meta }) => meta.owners.some((owner) => owner.controller && owner.uid === uid))
            .map(({ meta }) => meta.uid),
        )
      : new Set([uid]);
  const isOwn = ({ meta }: Pod) => meta.owners.some((owner) => owner.controller && owners.has(owner.uid));
  const alive = pods.filter((pod) => isOwn(pod) && pod.meta.deletionTimestamp === undefined);
  const [first] = alive;
  // A workload without a pod shows too little of what its pods would be like.
  if (!first) return pods;
  const wanted = 'replicas' in object.spec ? object.spec.replicas : alive.length;
  const mine = Array.from({ length: wanted }, (_, at) =>
    podLike(alive[at] ?? first, at, alive.length, object),
  );
  return [...pods.filter((pod) => !isOwn(pod)), ...mine];
}

/** What was put into the pod on its way (labels, injected containers) will be put into the next one too. */
function podLike(like: Pod, at: number, existing: number, { spec, meta }: Rolled['object']): Pod {
  const { template } = spec;
  const isNew = at >= existing;
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

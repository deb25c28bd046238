// From a workload to its pods, through one index for each list of pods: judging
// every workload of a cluster costs one pass over its pods, not one per workload.

import type { Meta, Pod, ReplicaSet, Selector } from '../../facts/kinds.ts';
import { controllerOf } from './owners.ts';
import { remember } from './remember.ts';
import { matcher } from './selectors.ts';
import type { MatchedWorkload } from './workloads.ts';

interface Owned {
  readonly meta: Meta;
}

const controlled = remember((list: readonly Owned[]): ReadonlyMap<string, readonly Owned[]> => {
  const index = new Map<string, Owned[]>();
  for (const object of list) {
    const uid = controllerOf(object.meta)?.uid;
    if (uid === undefined) continue;
    const group = index.get(uid);
    if (group) group.push(object);
    else index.set(uid, [object]);
  }
  return index;
});

/** The objects of a list by the uid of their controller. */
const byController = <T extends Owned>(list: readonly T[]) =>
  controlled(list) as ReadonlyMap<string, readonly T[]>;

/** All pods that the workload controls, whatever their state. */
export function podsOf(
  workload: MatchedWorkload,
  pods: readonly Pod[],
  replicaSets: readonly ReplicaSet[],
): readonly Pod[] {
  switch (workload.kind) {
    case 'Pod':
      return [workload.object];
    case 'Deployment': {
      const sets = byController(replicaSets).get(workload.object.meta.uid) ?? [];
      const index = byController(pods);
      return sets.flatMap(({ meta }) => index.get(meta.uid) ?? []);
    }
    case 'StatefulSet':
    case 'DaemonSet':
      return byController(pods).get(workload.object.meta.uid) ?? [];
    default:
      return workload satisfies never;
  }
}

/** Neither ended nor on its way out. */
export function isAlive(pod: Pod): boolean {
  return (
    pod.meta.deletionTimestamp === undefined &&
    pod.status.phase !== 'Succeeded' &&
    pod.status.phase !== 'Failed'
  );
}

/** Containers are running in it and it is not on its way out. */
export function isRunning(pod: Pod): boolean {
  return pod.status.phase === 'Running' && pod.meta.deletionTimestamp === undefined;
}

const uids = remember((list: readonly Owned[]) => new Map(list.map((object) => [object.meta.uid, object])));

/** The object of a list with this uid. */
export const byUid = <T extends Owned>(list: readonly T[], uid: string) =>
  uids(list).get(uid) as T | undefined;

const namespaces = remember((list: readonly Owned[]): ReadonlyMap<string, readonly Owned[]> => {
  const index = Map.groupBy(list, ({ meta }) => meta.namespace);
  // A list of one namespace is its own answer, so that what is remembered on it stays found.
  return index.size === 1 ? new Map([...index.keys()].map((key) => [key, list])) : index;
});
const NONE: readonly never[] = Object.freeze([]);

/** The objects of a list in one namespace; the same array while the list stays the same one. */
export const inNamespace = <T extends Owned>(list: readonly T[], namespace: string) =>
  (namespaces(list).get(namespace) ?? NONE) as readonly T[];

const labelled = remember(
  (_: readonly Pod[]) => new Map<string, ReadonlyMap<string | undefined, readonly Pod[]>>(),
);

/** The pods of one namespace's list that a selector selects, through an index on one of its labels. */
export function selectedPods(selector: Selector | undefined, pods: readonly Pod[]): readonly Pod[] {
  const matches = matcher(selector);
  const [label] = Object.entries(selector?.matchLabels ?? {});
  if (!label) return pods.filter(({ meta }) => matches(meta.labels));
  const [key, value] = label;
  const indexes = labelled(pods);
  let index = indexes.get(key);
  if (!index) {
    index = Map.groupBy(pods, ({ meta }) => meta.labels[key]);
    indexes.set(key, index);
  }
  return (index.get(value) ?? NONE).filter(({ meta }) => matches(meta.labels));
}

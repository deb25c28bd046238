// From a workload to its pods, through one index for each list of pods: judging
// every workload of a cluster costs one pass over its pods, not one per workload.

import type { Meta, Pod, ReplicaSet, Selector } from '../../facts/kinds.ts';
import { controllerOf } from './owners.ts';
import { matcher } from './selectors.ts';
import type { MatchedWorkload } from './workloads.ts';

interface Owned {
  readonly meta: Meta;
}

const indexes = new WeakMap<readonly Owned[], ReadonlyMap<string, readonly Owned[]>>();

/** The objects of a list by the uid of their controller, remembered while the list stays the same one. */
function byController<T extends Owned>(list: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const known = indexes.get(list);
  if (known) return known as ReadonlyMap<string, readonly T[]>;
  const index = new Map<string, T[]>();
  for (const object of list) {
    const uid = controllerOf(object.meta)?.uid;
    if (uid === undefined) continue;
    const group = index.get(uid);
    if (group) group.push(object);
    else index.set(uid, [object]);
  }
  indexes.set(list, index);
  return index;
}

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

const uids = new WeakMap<readonly Owned[], ReadonlyMap<string, Owned>>();

/** The object of a list with this uid, remembered while the list stays the same one. */
export function byUid<T extends Owned>(list: readonly T[], uid: string): T | undefined {
  let index = uids.get(list);
  if (!index) {
    index = new Map(list.map((object) => [object.meta.uid, object]));
    uids.set(list, index);
  }
  return index.get(uid) as T | undefined;
}

const namespaces = new WeakMap<readonly Owned[], ReadonlyMap<string, readonly Owned[]>>();
const NONE: readonly never[] = Object.freeze([]);

/** The objects of a list in one namespace; the same array while the list stays the same one. */
export function inNamespace<T extends Owned>(list: readonly T[], namespace: string): readonly T[] {
  let index = namespaces.get(list);
  if (!index) {
    index = Map.groupBy(list, ({ meta }) => meta.namespace);
    // A list of one namespace is its own answer, so that what is remembered on it stays found.
    if (index.size === 1) index = new Map([...index.keys()].map((key) => [key, list]));
    namespaces.set(list, index);
  }
  return (index.get(namespace) ?? NONE) as readonly T[];
}

const labelled = new WeakMap<readonly Pod[], Map<string, ReadonlyMap<string | undefined, readonly Pod[]>>>();

/** The pods of one namespace's list that a selector selects, through an index on one of its labels. */
export function selectedPods(selector: Selector | undefined, pods: readonly Pod[]): readonly Pod[] {
  const matches = matcher(selector);
  const [label] = Object.entries(selector?.matchLabels ?? {});
  if (!label) return pods.filter(({ meta }) => matches(meta.labels));
  const [key, value] = label;
  let indexes = labelled.get(pods);
  if (!indexes) {
    indexes = new Map();
    labelled.set(pods, indexes);
  }
  let index = indexes.get(key);
  if (!index) {
    index = Map.groupBy(pods, ({ meta }) => meta.labels[key]);
    indexes.set(key, index);
  }
  return (index.get(value) ?? NONE).filter(({ meta }) => matches(meta.labels));
}

// What the disruption controller would compute for a budget: how many pods it
// expects, how many must stay healthy, how many may be disrupted. After
// pkg/controller/disruption/disruption.go of Kubernetes 1.36.

import type {
  Deployment,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '../../facts/kinds.ts';
import { controllerOf } from '../shared/owners.ts';
import { byUid } from '../shared/pods.ts';

type BudgetSpec = PodDisruptionBudget['spec'];

/** The objects among which pods find their controllers: those of the budget's namespace. */
export interface Controllers {
  readonly deployments: readonly Deployment[];
  readonly replicaSets: readonly ReplicaSet[];
  readonly statefulSets: readonly StatefulSet[];
  readonly replicationControllers: readonly ReplicationController[];
}

/**
 * What stands behind a pod. `unmanaged`: no controller, left out of the sum.
 * `unscaled`: a controller without a scale, which makes the sync fail.
 * `foreign`: a kind of someone's own, whose scale only its own API can tell.
 */
export type Scale =
  | { readonly state: 'scaled'; readonly uid: string; readonly replicas: number }
  | { readonly state: 'unmanaged' }
  | { readonly state: 'unscaled' | 'foreign'; readonly controller: string };

/** The groups whose kinds are known to have no scale, or to have been looked up already. */
const BUILT_IN_GROUPS = new Set(['', 'apps', 'extensions', 'batch']);

/**
 * The finders of the controller, in their order (finders, getPodReplicaSet and
 * its siblings). The last of them asks the scale subresource, which Deployments
 * and ReplicaSets have: a ReplicaSet whose Deployment is gone, or is a kind of
 * that name in someone's own group, counts by itself after all.
 */
export function scaleOf(pod: Pod, controllers: Controllers): Scale {
  const ref = controllerOf(pod.meta);
  if (!ref) return { state: 'unmanaged' };
  const group = ref.apiVersion.includes('/') ? (ref.apiVersion.split('/')[0] as string) : '';
  const named = `${ref.kind} ${pod.meta.namespace}/${ref.name}`;
  const scaled = (object: { meta: { uid: string }; spec: { replicas: number } } | undefined): Scale =>
    object
      ? { state: 'scaled', uid: object.meta.uid, replicas: object.spec.replicas }
      : { state: 'unscaled', controller: named };

  if (ref.kind === 'ReplicaSet' && (group === 'apps' || group === 'extensions')) {
    const set = byUid(controllers.replicaSets, ref.uid);
    const above = set && controllerOf(set.meta);
    return scaled((above && byUid(controllers.deployments, above.uid)) ?? set);
  }
  if (ref.kind === 'Deployment' && group === 'apps') return scaled(byUid(controllers.deployments, ref.uid));
  if (ref.kind === 'StatefulSet' && group === 'apps') {
    return scaled(byUid(controllers.statefulSets, ref.uid));
  }
  if (ref.kind === 'ReplicationController' && group === '') {
    return scaled(byUid(controllers.replicationControllers, ref.uid));
  }
  return { state: BUILT_IN_GROUPS.has(group) ? 'unscaled' : 'foreign', controller: named };
}

/** intstr.GetScaledValueFromIntOrPercent, rounding up as the controller does for both fields. */
export function scaledValue(value: number | string, total: number): number {
  if (typeof value === 'number') return value;
  return Math.ceil((Number.parseInt(value, 10) * total) / 100);
}

/** How many pods the budget wants healthy, of `expected`. Neither field: none, and nothing is allowed. */
export function desiredHealthy(spec: BudgetSpec, expected: number): number {
  if (spec.maxUnavailable !== undefined) {
    return Math.max(0, expected - scaledValue(spec.maxUnavailable, expected));
  }
  return spec.minAvailable === undefined ? 0 : scaledValue(spec.minAvailable, expected);
}

/** Does the budget count the scale of controllers, rather than the pods that match? */
export function countsScale(spec: BudgetSpec): boolean {
  return spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string';
}

/** The scale of the distinct controllers behind the pods (getExpectedScale), or why there is none. */
export function expectedScale(
  pods: readonly Pod[],
  controllers: Controllers,
):
  | { readonly replicas: number }
  | { readonly pod: Pod; readonly controller: string; readonly foreign: boolean } {
  const scales = new Map<string, number>();
  const seen = new Set<string>();
  for (const pod of pods) {
    const uid = controllerOf(pod.meta)?.uid;
    if (uid === undefined || seen.has(uid)) continue;
    seen.add(uid);
    const scale = scaleOf(pod, controllers);
    if (scale.state === 'scaled') scales.set(scale.uid, scale.replicas);
    else if (scale.state !== 'unmanaged') {
      return { pod, controller: scale.controller, foreign: scale.state === 'foreign' };
    }
  }
  let replicas = 0;
  for (const scale of scales.values()) replicas += scale;
  return { replicas };
}

/** What the controller writes into a budget's status. */
export interface BudgetStatus {
  readonly expectedPods: number;
  readonly desiredHealthy: number;
  readonly currentHealthy: number;
  readonly disruptionsAllowed: number;
}

/**
 * The status that the controller would write once it has seen these pods
 * (trySync and updatePdbStatus), or `undefined` where its sync would fail,
 * which leaves no disruption allowed. `pods` are all that the budget selects,
 * ended ones included. Evictions under way (status.disruptedPods) are not seen.
 */
export function budgetStatus(
  spec: BudgetSpec,
  pods: readonly Pod[],
  controllers: Controllers,
): BudgetStatus | undefined {
  let expected = 0;
  if (countsScale(spec)) {
    const scale = expectedScale(pods, controllers);
    if (!('replicas' in scale)) return undefined;
    expected = scale.replicas;
  } else if (spec.minAvailable !== undefined) {
    expected = pods.length;
  }
  const desired = desiredHealthy(spec, expected);
  const healthy = pods.filter((pod) => pod.meta.deletionTimestamp === undefined && pod.status.ready).length;
  return {
    expectedPods: expected,
    desiredHealthy: desired,
    currentHealthy: healthy,
    disruptionsAllowed: expected <= 0 ? 0 : Math.max(0, healthy - desired),
  };
}

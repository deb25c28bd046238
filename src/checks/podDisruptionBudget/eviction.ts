// What the eviction API would answer for a pod, after
// pkg/registry/core/pod/storage/eviction.go of Kubernetes 1.36.

import type { Condition, Pod, PodDisruptionBudget } from '../../facts/kinds.ts';
import { remember } from '../shared/remember.ts';
import { type Labels, matcher } from '../shared/selectors.ts';

/**
 * Why the eviction API answers as it does. `BypassesBudgets`: the pod has ended,
 * is about to go, or never ran. `Unhealthy`: it is not ready, and the budget lets
 * such pods go. `NegativeStatus`: nothing the disruption controller would write.
 */
export type EvictionReason =
  | 'BypassesBudgets'
  | 'NoBudget'
  | 'Unhealthy'
  | 'SomeLeft'
  | 'SeveralBudgets'
  | 'StatusStale'
  | 'NegativeStatus'
  | 'SyncFailed'
  | 'NoneLeft';

/** The HTTP status, why, and the budget that decided where one did. */
export interface EvictionAnswer {
  readonly code: 201 | 403 | 429 | 500;
  readonly why: EvictionReason;
  readonly budget?: PodDisruptionBudget;
}

interface Index {
  /** By `key=value` of one of their matchLabels: a pod without it cannot be selected. */
  readonly labelled: ReadonlyMap<string, readonly PodDisruptionBudget[]>;
  /** Those without matchLabels. */
  readonly others: readonly PodDisruptionBudget[];
}

const indexOf = remember((budgets: readonly PodDisruptionBudget[]): Index => {
  const label = ({ spec }: PodDisruptionBudget) =>
    Object.entries(spec.selector?.matchLabels ?? {})[0]?.join('=');
  const labelled = Map.groupBy(budgets, (budget) => label(budget) ?? '');
  const others = labelled.get('') ?? [];
  labelled.delete('');
  return { labelled, others };
});

/**
 * The budgets of one namespace whose selector matches these labels, by name; one
 * with a selector that does not parse matches none. An index keeps thousands of
 * budgets beside thousands of pods cheap.
 */
export function budgetsSelecting(
  labels: Labels,
  budgets: readonly PodDisruptionBudget[],
): readonly PodDisruptionBudget[] {
  const { labelled, others } = indexOf(budgets);
  const candidates = [...others];
  for (const [key, value] of Object.entries(labels))
    candidates.push(...(labelled.get(`${key}=${value}`) ?? []));
  return candidates
    .filter(({ spec }) => matcher(spec.selector)(labels))
    .sort((a, b) => (a.meta.name < b.meta.name ? -1 : 1));
}

/** What POST pods/NAME/eviction would answer now, were `budgets` all that there are in the pod's namespace. */
export function answerEviction(pod: Pod, budgets: readonly PodDisruptionBudget[]): EvictionAnswer {
  if (bypassesBudgets(pod)) return { code: 201, why: 'BypassesBudgets' };
  const over = budgetsSelecting(pod.meta.labels, budgets);
  const [budget] = over;
  if (!budget) return { code: 201, why: 'NoBudget' };
  if (over.length > 1) return { code: 500, why: 'SeveralBudgets' };

  const { status, spec, meta } = budget;
  if (!pod.status.ready) {
    if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return { code: 201, why: 'Unhealthy', budget };
    if (status.currentHealthy >= status.desiredHealthy && status.desiredHealthy > 0) {
      return { code: 201, why: 'Unhealthy', budget };
    }
  }
  if (status.observedGeneration < meta.generation) return { code: 429, why: 'StatusStale', budget };
  if (status.disruptionsAllowed < 0) return { code: 403, why: 'NegativeStatus', budget };
  if (status.disruptionsAllowed > 0) return { code: 201, why: 'SomeLeft', budget };
  return { code: 429, why: syncFailure(budget) ? 'SyncFailed' : 'NoneLeft', budget };
}

/** What the disruption controller says of a budget that it cannot compute (failSafe in disruption.go). */
export function syncFailure({ status }: PodDisruptionBudget): Condition | undefined {
  return status.conditions.find(
    ({ type, reason }) => type === 'DisruptionAllowed' && reason === 'SyncFailed',
  );
}

/** canIgnorePDB. */
function bypassesBudgets(pod: Pod): boolean {
  const { phase } = pod.status;
  return (
    phase === 'Succeeded' ||
    phase === 'Failed' ||
    phase === 'Pending' ||
    pod.meta.deletionTimestamp !== undefined
  );
}

// What the eviction API would answer for a pod, after
// pkg/registry/core/pod/storage/eviction.go of Kubernetes 1.36.

import type { Pod, PodDisruptionBudget } from '../../facts/kinds.ts';
import { matcher } from '../shared/selectors.ts';

/** The HTTP status, and the budget that decided where one did. */
export interface EvictionAnswer {
  readonly code: 201 | 403 | 429 | 500;
  readonly budget?: PodDisruptionBudget;
}

/** The budgets that select a pod; one with a selector that does not parse selects none. */
export function budgetsOf(pod: Pod, budgets: readonly PodDisruptionBudget[]): readonly PodDisruptionBudget[] {
  return budgets.filter(
    ({ meta, spec }) => meta.namespace === pod.meta.namespace && matcher(spec.selector)(pod.meta.labels),
  );
}

/** What POST pods/NAME/eviction would answer now, were `budgets` all that there are. */
export function answerEviction(pod: Pod, budgets: readonly PodDisruptionBudget[]): EvictionAnswer {
  if (bypassesBudgets(pod)) return { code: 201 };
  const over = budgetsOf(pod, budgets);
  const [budget] = over;
  if (!budget) return { code: 201 };
  if (over.length > 1) return { code: 500 };

  const { status, spec, meta } = budget;
  if (!pod.status.ready) {
    if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return { code: 201, budget };
    if (status.currentHealthy >= status.desiredHealthy && status.desiredHealthy > 0) {
      return { code: 201, budget };
    }
  }
  if (status.observedGeneration < meta.generation) return { code: 429, budget };
  if (status.disruptionsAllowed < 0) return { code: 403, budget };
  return { code: status.disruptionsAllowed === 0 ? 429 : 201, budget };
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

// What the status of a budget adds to the arithmetic: that it is current, that
// it could be computed, and that now is a good time for a disruption.

import type { Pod, PodDisruptionBudget } from '../../facts/kinds.ts';
import type { CheckContext, Finding } from '../check.ts';
import { finding, refer } from '../shared/messages.ts';
import { isRunning } from '../shared/pods.ts';
import { lastChange, type Settled, settle } from '../shared/settling.ts';
import type { MatchedWorkload } from '../shared/workloads.ts';
import { budgetSubject } from './coverage.ts';
import { answerEviction, syncFailure } from './eviction.ts';

/**
 * Why the status says nothing about the budget, if it does not. A sync that
 * fails leaves observedGeneration as it was, so it is looked for first: such a
 * status would be taken for one that is about to come. It fails once it has
 * lasted, both since it began and since the budget was edited.
 */
export function unusableStatus(
  { subject }: MatchedWorkload,
  budget: PodDisruptionBudget,
  { now }: CheckContext,
): Settled | undefined {
  const { status, meta } = budget;
  const name = refer(budgetSubject(budget));
  const about = { subject, culprits: [budgetSubject(budget)] };
  const failed = syncFailure(budget);
  if (failed) {
    const fail = finding({
      ...about,
      level: 'Fail',
      reason: 'SyncFailed',
      field: 'status.conditions',
      what: `${name} allows 0 disruptions because the disruption controller cannot compute it: ${failed.message ?? 'no message'}.`,
      fix: 'Let the budget select only pods whose controller exists and has a scale.',
    });
    const since = Date.parse(failed.lastTransitionTime ?? '') || 0;
    const changed = Math.max(Math.min(since, now.getTime()), lastChange(meta, [], [], now));
    return settle(fail, changed, now);
  }
  if (status.observedGeneration === meta.generation) return undefined;
  return {
    finding: finding({
      ...about,
      level: 'Unknown',
      reason: 'StatusStale',
      field: 'status.observedGeneration',
      what: `The status of ${name} is of generation ${status.observedGeneration}, the budget of generation ${meta.generation}: the eviction API refuses every eviction until the disruption controller has caught up.`,
      fix: 'If it stays so, see whether kube-controller-manager runs.',
    }),
  };
}

/** The warning that no pod of the workload may go right now, under a status that is current. */
export function unhealthy(
  { subject }: MatchedWorkload,
  budget: PodDisruptionBudget,
  own: readonly Pod[],
): readonly Finding[] {
  const running = own.filter(isRunning);
  const refused = running.filter((pod) => answerEviction(pod, [budget]).code !== 201);
  if (running.length === 0 || refused.length < running.length) return [];
  const { status } = budget;
  return [
    finding({
      subject,
      culprits: [budgetSubject(budget)],
      level: 'Warning',
      reason: 'Unhealthy',
      field: 'status.disruptionsAllowed',
      what: `${refer(budgetSubject(budget))} allows no disruption right now: ${status.currentHealthy} of ${status.expectedPods} pods are healthy and ${status.desiredHealthy} must be.`,
      fix: 'It clears by itself when enough pods are ready; see why they are not.',
    }),
  ];
}

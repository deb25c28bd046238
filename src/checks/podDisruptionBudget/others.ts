// Pods of other workloads under the same budget: how much they weigh in its
// sums, and what is to be said about them.

import type { Pod, PodDisruptionBudget } from '../../facts/kinds.ts';
import type { CheckContext, Finding } from '../check.ts';
import type { Lookup } from '../shared/evidence.ts';
import { count, finding, isUnknowable, refer, someOf, unknownFinding } from '../shared/messages.ts';
import { controllerOf } from '../shared/owners.ts';
import { isAlive } from '../shared/pods.ts';
import type { MatchedWorkload } from '../shared/workloads.ts';
import { type Controllers, countsScale, expectedScale } from './arithmetic.ts';
import { budgetSubject } from './coverage.ts';
import { NO_OTHERS, type Others } from './guarantee.ts';
import { unusableStatus } from './status.ts';

export interface Weighing {
  readonly weighed: Others;
  /** What fails because of the other pods, once they have settled. */
  readonly finding?: Finding;
  /** What is known to be the outcome already. */
  readonly outcome?: { readonly findings: readonly Finding[]; readonly recheckAt?: Date };
}

/** How much the other pods that the budget selects weigh in its sums, of a workload of so many replicas. */
export function weigh(
  workload: MatchedWorkload,
  replicas: number,
  budget: PodDisruptionBudget,
  others: readonly Pod[],
  look: Lookup,
  context: CheckContext,
): Weighing {
  if (others.length === 0) return { weighed: NO_OTHERS };
  const { subject } = workload;
  const text = `${count(others.length, 'other pod')} (${someOf(others.map(({ meta }) => meta.name))})`;
  const alive = others.filter(isAlive).length;
  if (!countsScale(budget.spec)) return { weighed: { scale: alive, pods: alive, text } };

  const { controllers, unknown } = controllersOf(others, look, budget.meta.namespace);
  if (unknown.length > 0) {
    return {
      weighed: NO_OTHERS,
      outcome: { findings: unknown.map((fact) => ({ ...fact, subject })) },
    };
  }
  const scale = expectedScale(others, controllers);
  if ('replicas' in scale) {
    const bare = others.filter((pod) => isAlive(pod) && !controllerOf(pod.meta));
    return { weighed: { scale: scale.replicas, pods: scale.replicas + bare.length, text } };
  }
  if (scale.foreign) {
    // Only the kind's own API tells its scale; the disruption controller has asked it.
    const unusable = unusableStatus(workload, budget, context);
    if (unusable) {
      return {
        weighed: NO_OTHERS,
        outcome: { findings: [unusable.finding], recheckAt: unusable.recheckAt },
      };
    }
    const rest = Math.max(0, budget.status.expectedPods - replicas);
    return { weighed: { scale: rest, pods: Math.max(rest, alive), text } };
  }
  return {
    weighed: NO_OTHERS,
    finding: finding({
      level: 'Fail',
      reason: 'UnsupportedController',
      subject,
      field: 'spec.selector',
      culprits: [budgetSubject(budget)],
      what: `${refer(budgetSubject(budget))} also selects Pod ${scale.pod.meta.namespace}/${scale.pod.meta.name}, whose controller ${scale.controller} has no scale: the disruption controller cannot compute the budget and allows 0 disruptions.`,
      fix: `Narrow its selector to the pods of ${refer(subject)}, or give an integer minAvailable.`,
    }),
  };
}

/** Only what stands behind these pods is read: a dump without ReplicaSets may well be whole. */
function controllersOf(
  pods: readonly Pod[],
  look: Lookup,
  namespace: string,
): { readonly controllers: Controllers; readonly unknown: readonly Finding[] } {
  const kinds = new Set(pods.map((pod) => controllerOf(pod.meta)?.kind));
  const replicaSets = kinds.has('ReplicaSet');
  const unknown: Finding[] = [];
  const read = <K extends 'Deployment' | 'ReplicaSet' | 'StatefulSet' | 'ReplicationController'>(
    kind: K,
    wanted: boolean,
  ) => {
    if (!wanted) return [];
    const fact = look(kind, namespace);
    if (!isUnknowable(fact)) return fact.value;
    unknown.push(unknownFinding(fact));
    return [];
  };
  const controllers = {
    deployments: read('Deployment', replicaSets || kinds.has('Deployment')),
    replicaSets: read('ReplicaSet', replicaSets),
    statefulSets: read('StatefulSet', kinds.has('StatefulSet')),
    replicationControllers: read('ReplicationController', kinds.has('ReplicationController')),
  };
  return { controllers, unknown };
}

/** The guarantee holds although others are selected: told, since their pods use up its disruptions. */
export function sharing(
  { subject }: MatchedWorkload,
  budget: PodDisruptionBudget,
  others: Others,
): readonly Finding[] {
  if (others.pods === 0) return [];
  return [
    finding({
      level: 'Warning',
      reason: 'SelectsOthers',
      subject,
      field: 'spec.selector',
      culprits: [budgetSubject(budget)],
      what: `${refer(budgetSubject(budget))} also selects ${others.text}; disruptions of those count against ${refer(subject)}.`,
      fix: 'A budget of its own for each workload is easier to reason about.',
    }),
  ];
}

// Proves that a PodDisruptionBudget protects a workload and still lets a node
// be drained. The rules are those of the disruption controller and the eviction API.

import type { Pod, PodDisruptionBudget, ReplicaSet } from '../../facts/kinds.ts';
import type { ListFact } from '../../facts/view.ts';
import { type CheckContext, defineCheck, type Finding, type Judgement } from '../check.ts';
import { gather, type Lookup } from '../shared/evidence.ts';
import { count, finding, isUnknowable, refer, someOf, unknownFinding } from '../shared/messages.ts';
import { isAlive, isRunning, podsOf, selectedPods } from '../shared/pods.ts';
import { matcher } from '../shared/selectors.ts';
import { earliest, lastChange, settle } from '../shared/settling.ts';
import { type MatchedWorkload, matchWorkloads } from '../shared/workloads.ts';
import { type Controllers, countsScale, expectedScale } from './arithmetic.ts';
import { budgetSubject, coverage } from './coverage.ts';
import { answerEviction } from './eviction.ts';
import { type Floor, judgeGuarantee, NO_OTHERS, type Others, replicaFloor } from './guarantee.ts';
import { reasons } from './reasons.ts';
import { type Params, schema } from './schema.ts';

/** What one workload came to. */
interface Outcome {
  readonly findings: readonly Finding[];
  /** The budget that is good, if it is. */
  readonly good?: string;
  readonly recheckAt?: Date;
}

type Scaled = Extract<MatchedWorkload, { kind: 'Deployment' | 'StatefulSet' }>;

export const podDisruptionBudget = defineCheck<Params>({
  type: 'podDisruptionBudget',
  summary:
    'Exactly one PodDisruptionBudget covers every pod of the workload, guarantees what is asked, and lets a drain proceed.',
  schema,
  reads: [
    'Deployment',
    'StatefulSet',
    'DaemonSet',
    'Pod',
    'ReplicaSet',
    'ReplicationController',
    'HorizontalPodAutoscaler',
    'PodDisruptionBudget',
    'Namespace',
  ],
  reasons,
  example: `podDisruptionBudget:
  workloads:
  - {kind: Deployment, namespace: kube-system, name: coredns}
  minAvailable: 1
`,
  judge,
});

function judge(params: Params, context: CheckContext): Judgement {
  const look = gather(
    params.workloads,
    ['Pod', 'ReplicaSet', 'PodDisruptionBudget', 'HorizontalPodAutoscaler'],
    context,
  );
  const { matched, findings: unmatched } = matchWorkloads(params, context);
  const outcomes = matched.map((workload) => judgeWorkload(params, workload, look, context));
  const good = outcomes.flatMap((outcome) => outcome.good ?? []);
  return {
    findings: [...unmatched, ...outcomes.flatMap(({ findings }) => findings)],
    passed: good.length,
    message:
      good.length === 1 ? good[0] : `${good.length} workloads are covered by budgets that let drains proceed`,
    recheckAt: outcomes.reduce<Date | undefined>((at, outcome) => earliest(at, outcome.recheckAt), undefined),
  };
}

function judgeWorkload(
  params: Params,
  workload: MatchedWorkload,
  look: Lookup,
  context: CheckContext,
): Outcome {
  if (workload.kind === 'DaemonSet' || workload.kind === 'Pod') return { findings: [unsupported(workload)] };
  if (workload.object.spec.replicas === 0) return { findings: [scaledToZero(workload)] };

  const { namespace } = workload.object.meta;
  const budgets = look('PodDisruptionBudget', namespace);
  const pods = look('Pod', namespace);
  const replicaSets = look('ReplicaSet', namespace);
  const autoscalers = look('HorizontalPodAutoscaler', namespace);
  if (isUnknowable(budgets)) return { findings: [unknownFinding(budgets, workload.subject)] };

  const own = podsKnown(workload, pods, replicaSets);
  const all = isUnknowable(pods) ? undefined : pods.value;
  const covered = coverage(workload, workload.object.spec.template.labels, budgets.value, own, all);
  if (covered.finding) return { findings: [covered.finding] };
  const { budget } = covered;
  if (!budget) return { findings: [] };
  if (covered.unsettled) return held(covered.unsettled.finding, covered.unsettled.pods, workload, context);
  if (isUnknowable(autoscalers)) return { findings: [unknownFinding(autoscalers, workload.subject)] };

  const floor = replicaFloor(workload, workload.object.spec.replicas, autoscalers.value);
  if (!own || !all) {
    const unknown = [pods, replicaSets].filter(isUnknowable);
    return byTemplates(
      params,
      workload,
      budget,
      floor,
      look,
      unknown.map((fact) => unknownFinding(fact, workload.subject)),
    );
  }
  return byPods(params, workload, budget, floor, own, all, look, context);
}

function podsKnown(
  workload: Scaled,
  pods: ListFact<Pod>,
  replicaSets: ListFact<ReplicaSet>,
): readonly Pod[] | undefined {
  if (isUnknowable(pods)) return undefined;
  if (workload.kind === 'StatefulSet') return podsOf(workload, pods.value, []);
  return isUnknowable(replicaSets) ? undefined : podsOf(workload, pods.value, replicaSets.value);
}

/**
 * Without pods the templates of the namespace show whether the budget selects
 * others. Where it selects only this workload its arithmetic already decides;
 * nothing is passed without pods.
 */
function byTemplates(
  params: Params,
  workload: Scaled,
  budget: PodDisruptionBudget,
  floor: Floor,
  look: Lookup,
  unknown: readonly Finding[],
): Outcome {
  if (unknown.some(({ reason }) => reason !== 'NeedsCluster')) return { findings: unknown };
  const { namespace } = workload.object.meta;
  const matches = matcher(budget.spec.selector);
  const templates = [
    look('Deployment', namespace),
    look('StatefulSet', namespace),
    look('DaemonSet', namespace),
  ];
  const selected = templates.flatMap((fact) =>
    isUnknowable(fact) ? [] : fact.value.filter(({ spec }) => matches(spec.template.labels)),
  );
  if (selected.length !== 1) return { findings: unknown };
  const failing = judgeGuarantee(params, workload, budget, floor, NO_OTHERS);
  return { findings: failing.length > 0 ? failing : unknown };
}

function byPods(
  params: Params,
  workload: Scaled,
  budget: PodDisruptionBudget,
  floor: Floor,
  own: readonly Pod[],
  all: readonly Pod[],
  look: Lookup,
  context: CheckContext,
): Outcome {
  const { subject } = workload;
  const mine = new Set(own);
  const otherPods = selectedPods(budget.spec.selector, all).filter((pod) => !mine.has(pod));
  const others = weigh(workload, budget, otherPods, look);
  if (others.finding) return held(others.finding, otherPods, workload, context);
  const { outcome, weighed } = others;
  if (outcome) return outcome;

  const failing = judgeGuarantee(params, workload, budget, floor, weighed);
  if (failing.length > 0) {
    // Other pods that come and go must settle; this workload and the budget decide at once.
    const changed = lastChange(undefined, [], otherPods, context.now);
    const settled = failing.map((fail) =>
      fail.reason === 'SelectsOthers'
        ? settle(fail, changed, context.now)
        : { finding: fail, recheckAt: undefined },
    );
    return {
      findings: settled.map((result) => result.finding),
      recheckAt: settled.reduce<Date | undefined>((at, result) => earliest(at, result.recheckAt), undefined),
    };
  }

  const live = liveStatus(workload, budget, own, context);
  if (live.findings.some(({ level }) => level !== 'Warning')) return live;
  return {
    findings: [...live.findings, ...sharing(workload, budget, weighed)],
    good: `${refer(budgetSubject(budget))} covers ${refer(subject)} and lets a drain proceed at ${count(floor.replicas, 'replica')}`,
  };
}

interface Weighing {
  readonly weighed: Others;
  /** What fails because of the other pods. */
  readonly finding?: Finding;
  /** What is known to be the outcome already. */
  readonly outcome?: Outcome;
}

/** How much the other pods that the budget selects weigh in its sums. */
function weigh(
  workload: Scaled,
  budget: PodDisruptionBudget,
  others: readonly Pod[],
  look: Lookup,
): Weighing {
  if (others.length === 0) return { weighed: NO_OTHERS };
  const { subject } = workload;
  const text = `${count(others.length, 'other pod')} (${someOf(others.map(({ meta }) => meta.name))})`;
  const alive = others.filter(isAlive).length;
  if (!countsScale(budget.spec)) return { weighed: { scale: alive, pods: alive, text } };

  const { namespace } = budget.meta;
  const lists = {
    deployments: look('Deployment', namespace),
    replicaSets: look('ReplicaSet', namespace),
    statefulSets: look('StatefulSet', namespace),
    replicationControllers: look('ReplicationController', namespace),
  };
  const unknown = Object.values(lists).filter(isUnknowable);
  if (unknown.length > 0) {
    return {
      weighed: NO_OTHERS,
      outcome: { findings: unknown.map((fact) => unknownFinding(fact, subject)) },
    };
  }
  const controllers = Object.fromEntries(
    Object.entries(lists).map(([name, fact]) => [name, isUnknowable(fact) ? [] : fact.value]),
  ) as unknown as Controllers;
  const scale = expectedScale(others, controllers);
  if ('replicas' in scale) {
    const bare = others.filter((pod) => isAlive(pod) && pod.meta.owners.every((owner) => !owner.controller));
    return { weighed: { scale: scale.replicas, pods: scale.replicas + bare.length, text } };
  }
  if (scale.foreign) {
    // Only the kind's own API tells its scale; the disruption controller has asked it.
    const { status, meta } = budget;
    if (status.observedGeneration !== meta.generation) {
      return { weighed: NO_OTHERS, outcome: { findings: [stale(workload, budget)] } };
    }
    const rest = Math.max(0, status.expectedPods - workload.object.spec.replicas);
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

/** What the budget's status adds to the arithmetic: that it is current, that it could be computed, that now is a good time. */
function liveStatus(
  workload: Scaled,
  budget: PodDisruptionBudget,
  own: readonly Pod[],
  context: CheckContext,
): Outcome {
  const { status, meta } = budget;
  if (status.observedGeneration !== meta.generation) return { findings: [stale(workload, budget)] };
  const name = refer(budgetSubject(budget));
  const about = { subject: workload.subject, culprits: [budgetSubject(budget)] };
  const failed = status.conditions.find(
    ({ type, reason }) => type === 'DisruptionAllowed' && reason === 'SyncFailed',
  );
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
    const { finding: settled, recheckAt } = settle(fail, Math.min(since, context.now.getTime()), context.now);
    return { findings: [settled], recheckAt };
  }
  const running = own.filter(isRunning);
  const refused = running.filter((pod) => answerEviction(pod, [budget]).code !== 201);
  if (running.length === 0 || refused.length < running.length) return { findings: [] };
  return {
    findings: [
      finding({
        ...about,
        level: 'Warning',
        reason: 'Unhealthy',
        field: 'status.disruptionsAllowed',
        what: `${name} allows no disruption right now: ${status.currentHealthy} of ${status.expectedPods} pods are healthy and ${status.desiredHealthy} must be.`,
        fix: 'It clears by itself when enough pods are ready; see why they are not.',
      }),
    ],
  };
}

function stale({ subject }: Scaled, budget: PodDisruptionBudget): Finding {
  const { status, meta } = budget;
  return finding({
    level: 'Unknown',
    reason: 'StatusStale',
    subject,
    field: 'status.observedGeneration',
    culprits: [budgetSubject(budget)],
    what: `The status of ${refer(budgetSubject(budget))} is of generation ${status.observedGeneration}, the budget of generation ${meta.generation}: the eviction API refuses every eviction until the disruption controller has caught up.`,
    fix: 'If it stays so, see whether kube-controller-manager runs.',
  });
}

/** The guarantee holds although others are selected: told, since their pods use up its disruptions. */
function sharing({ subject }: Scaled, budget: PodDisruptionBudget, others: Others): readonly Finding[] {
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

function held(fail: Finding, pods: readonly Pod[], workload: Scaled, { now }: CheckContext): Outcome {
  const conditions = workload.kind === 'Deployment' ? workload.object.status.conditions : [];
  const settled = settle(fail, lastChange(workload.object.meta, conditions, pods, now), now);
  return { findings: [settled.finding], recheckAt: settled.recheckAt };
}

function unsupported({ subject, kind, named }: MatchedWorkload): Finding {
  const why =
    kind === 'DaemonSet'
      ? 'drains leave DaemonSet pods alone, and a DaemonSet has no scale'
      : 'no controller with a scale stands behind the pod, so nothing replaces it elsewhere';
  return finding({
    level: named ? 'Fail' : 'NotApplicable',
    reason: 'UnsupportedController',
    subject,
    what: `No PodDisruptionBudget can protect ${refer(subject)}: ${why}.`,
    fix: named ? 'Name a Deployment or StatefulSet in workloads instead.' : undefined,
  });
}

function scaledToZero({ subject }: MatchedWorkload): Finding {
  return {
    level: 'NotApplicable',
    reason: 'ScaledToZero',
    subject,
    field: 'spec.replicas',
    message: `${refer(subject)} has 0 replicas: there is nothing to disrupt.`,
  };
}

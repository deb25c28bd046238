// Proves that a PodDisruptionBudget protects a workload and still lets a node
// be drained. The rules are those of the disruption controller and the eviction API.

import type { Pod, PodDisruptionBudget, ReplicaSet } from '../../facts/kinds.ts';
import type { ListFact } from '../../facts/view.ts';
import { type CheckContext, defineCheck, type Finding, type Judgement } from '../check.ts';
import { gather, type Lookup } from '../shared/evidence.ts';
import { count, finding, isUnknowable, refer, unknownFinding } from '../shared/messages.ts';
import { podsOf, selectedPods } from '../shared/pods.ts';
import { matcher } from '../shared/selectors.ts';
import { earliest, lastChange, settle } from '../shared/settling.ts';
import { type MatchedWorkload, matchWorkloads } from '../shared/workloads.ts';
import { budgetSubject, coverage } from './coverage.ts';
import { type Floor, judgeGuarantee, NO_OTHERS, replicaFloor } from './guarantee.ts';
import { sharing, weigh } from './others.ts';
import { reasons } from './reasons.ts';
import { remedies } from './remedy.ts';
import { type Params, schema } from './schema.ts';
import { unhealthy, unusableStatus } from './status.ts';

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
  remedies,
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
  const others = weigh(workload, workload.object.spec.replicas, budget, otherPods, look, context);
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

  const unusable = unusableStatus(workload, budget, context);
  if (unusable) return { findings: [unusable.finding], recheckAt: unusable.recheckAt };
  return {
    findings: [...unhealthy(workload, budget, own), ...sharing(workload, budget, weighed)],
    good: `${refer(budgetSubject(budget))} covers ${refer(subject)} and lets a drain proceed at ${count(floor.replicas, 'replica')}`,
  };
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

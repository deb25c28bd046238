// What the podDisruptionBudget check says about a namespace, held against what
// the disruption controller wrote there and what the eviction API answered.

import type { Finding } from '../../../src/checks/check.ts';
import {
  type BudgetStatus,
  budgetStatus,
  type Controllers,
  expectedScale,
} from '../../../src/checks/podDisruptionBudget/arithmetic.ts';
import { answerEviction, budgetsSelecting } from '../../../src/checks/podDisruptionBudget/eviction.ts';
import { podDisruptionBudget } from '../../../src/checks/podDisruptionBudget/index.ts';
import { isRunning, podsOf, selectedPods } from '../../../src/checks/shared/pods.ts';
import { verdictOf } from '../../../src/checks/testing/cases.ts';
import type { Deployment, Pod, PodDisruptionBudget, StatefulSet } from '../../../src/facts/kinds.ts';
import type { Manifest } from '../../../src/facts/manifest-files.ts';
import { manifestSource } from '../../../src/facts/manifests.ts';
import { recordFacts } from '../../../src/facts/recording.ts';
import type { Facts } from '../../../src/facts/view.ts';
import { isScaled, nameOf, type Scenario } from './pdb-scenario.ts';
import type { EvictionReply, Observation } from './pdb-stage.ts';
import type { Raw } from './server.ts';

const factsOf = (dump: readonly Raw[]): Facts => recordFacts(manifestSource(dump as unknown as Manifest[]));

function listed<K extends Parameters<Facts['list']>[0]>(facts: Facts, kind: K) {
  const fact = facts.list(kind);
  return fact.state === 'known' ? fact.value : [];
}

const controllersIn = (facts: Facts): Controllers => ({
  deployments: listed(facts, 'Deployment'),
  replicaSets: listed(facts, 'ReplicaSet'),
  statefulSets: listed(facts, 'StatefulSet'),
  replicationControllers: listed(facts, 'ReplicationController'),
});

const COUNTS = ['expectedPods', 'desiredHealthy', 'currentHealthy', 'disruptionsAllowed'] as const;

const syncFailed = ({ status }: PodDisruptionBudget) =>
  status.conditions.some(({ reason }) => reason === 'SyncFailed');

/** Where the budgets' statuses differ from the arithmetic. */
export function statusDisagreements(dump: readonly Raw[]): string[] {
  const facts = factsOf(dump);
  const pods = listed(facts, 'Pod');
  return listed(facts, 'PodDisruptionBudget').flatMap((budget) => {
    const { name } = budget.meta;
    const mine = selectedPods(budget.spec.selector, pods);
    const expected = budgetStatus(budget.spec, mine, controllersIn(facts));
    if (isForeign(budget, mine, facts)) {
      // Of the foreign kinds only Gadgets have no scale.
      const fails = mine.some(({ meta }) => meta.owners.some(({ kind }) => kind === 'Gadget'));
      return syncFailed(budget) === fails
        ? []
        : [`${name}: fails to sync is ${!fails}, expected is ${fails}`];
    }
    if (!expected) {
      return syncFailed(budget) && budget.status.disruptionsAllowed === 0
        ? []
        : [`${name}: a sync that fails is expected, written is ${told(budget.status)}`];
    }
    if (syncFailed(budget)) return [`${name}: ${told(expected)} is expected, and the sync fails`];
    return COUNTS.every((count) => expected[count] === budget.status[count])
      ? []
      : [`${name}: ${told(expected)} is expected, written is ${told(budget.status)}`];
  });
}

const told = (status: BudgetStatus) => COUNTS.map((count) => `${count} ${status[count]}`).join(', ');

/** Does the sum rest on a scale that only the kind's own API can tell? */
function isForeign({ spec }: PodDisruptionBudget, pods: readonly Pod[], facts: Facts): boolean {
  if (spec.maxUnavailable === undefined && typeof spec.minAvailable !== 'string') return false;
  const scale = expectedScale(pods, controllersIn(facts));
  return !('replicas' in scale) && scale.foreign;
}

/** Where the eviction API answers otherwise than the engine. */
function evictionDisagreements({ dump, replies }: Observation): string[] {
  const facts = factsOf(dump);
  const pods = listed(facts, 'Pod');
  // What the controller should have written, so that the answers do not rest on what it did write.
  const budgets = listed(facts, 'PodDisruptionBudget').map((budget): PodDisruptionBudget => {
    const mine = selectedPods(budget.spec.selector, pods);
    const status = isForeign(budget, mine, facts)
      ? undefined
      : budgetStatus(budget.spec, mine, controllersIn(facts));
    if (!status) return budget;
    return { ...budget, status: { ...status, observedGeneration: budget.meta.generation, conditions: [] } };
  });
  return pods.flatMap((pod) => {
    const reply = replies.get(pod.meta.name);
    const answer = answerEviction(pod, budgets);
    if (!reply || (reply.code === answer.code && says(reply, answer))) return [];
    return [
      `eviction of ${pod.meta.name} (${pod.status.phase}, ${pod.status.ready ? 'ready' : 'unready'}): ${answer.code} ${answer.why} is expected, answered is ${reply.code} ${reply.message}`,
    ];
  });
}

/** Does the API server's message give the engine's reason? It gives none where it lets the pod go. */
function says({ code, message }: EvictionReply, { why, budget }: ReturnType<typeof answerEviction>): boolean {
  if (code === 201) return true;
  if (code === 500) return why === 'SeveralBudgets';
  if (!budget || !message.includes(`disruption budget ${budget.meta.name} `)) return false;
  if (message.includes('is still being processed')) return why === 'StatusStale';
  if (message.includes('because it failed sync')) return why === 'SyncFailed';
  const counts = /needs (\d+) healthy pods and has (\d+) currently/.exec(message);
  return (
    why === 'NoneLeft' &&
    (!counts ||
      (Number(counts[1]) === budget.status.desiredHealthy &&
        Number(counts[2]) === budget.status.currentHealthy))
  );
}

export interface Judged {
  readonly name: string;
  readonly object: Deployment | StatefulSet;
  readonly verdict: string;
  readonly findings: readonly Finding[];
  /** Its pods that run. */
  readonly running: readonly Pod[];
  /** Is every pod that any budget over it selects running and ready, and is it at its lowest number of replicas? */
  readonly atItsBest: boolean;
}

/** The verdicts on all workloads that a budget can protect, long after the last change. */
export function judged({ dump }: Observation, scenario: Scenario): Judged[] {
  const facts = factsOf(dump);
  const pods = listed(facts, 'Pod');
  const namespace = dump[0]?.metadata.namespace ?? 'default';
  const budgets = listed(facts, 'PodDisruptionBudget');
  return scenario.workloads.flatMap(({ type, floor, replicas }, index): Judged[] => {
    if (!isScaled(type)) return [];
    const name = nameOf(index);
    const object = listed(facts, type).find(({ meta }) => meta.name === name);
    if (!object) return [];
    const asked = scenario.asked === undefined ? {} : { minAvailable: scenario.asked };
    const params = podDisruptionBudget.schema.parse({
      workloads: [{ kind: type, namespace, name }],
      ...asked,
    });
    const judgement = podDisruptionBudget.judge(params, {
      facts,
      namespace,
      now: new Date(Date.now() + 600_000),
    });
    const workload = { kind: type, object, subject: { kind: type, name }, named: true } as Parameters<
      typeof podsOf
    >[0];
    const own = podsOf(workload, pods, listed(facts, 'ReplicaSet'));
    const over = new Set(own.flatMap((pod) => budgetsSelecting(pod.meta.labels, budgets)));
    const concerned = new Set([
      ...own,
      ...[...over].flatMap(({ spec }) => selectedPods(spec.selector, pods)),
    ]);
    return [
      {
        name,
        object,
        verdict: verdictOf(judgement),
        findings: judgement.findings,
        running: own.filter(isRunning),
        atItsBest:
          (floor ?? replicas) === replicas &&
          own.length === replicas &&
          [...concerned].every((pod) => isRunning(pod) && pod.status.ready),
      },
    ];
  });
}

/** Where a verdict contradicts the answers of the eviction API. */
function verdictDisagreements(observation: Observation, scenario: Scenario): string[] {
  const { replies } = observation;
  return judged(observation, scenario).flatMap(({ name, object, verdict, findings, running, atItsBest }) => {
    const codes = running.map((pod) => replies.get(pod.meta.name)?.code ?? 0);
    const reasons = findings.map(({ reason }) => reason);
    const wrong: string[] = [];
    const claim = (holds: boolean, what: string) => {
      if (!holds)
        wrong.push(`${name} is ${verdict} (${reasons.join(', ')}), but ${what}: ${codes.join(' ')}`);
    };
    const every = (code: number) => codes.length > 0 && codes.every((each) => each === code);

    if (object.spec.replicas === 0) claim(verdict === 'NotApplicable', 'it has no replicas');
    claim(verdict !== 'Unknown', 'the budget is computed and nothing moves');
    claim(!codes.includes(500) || verdict === 'Fail', 'an eviction is answered 500');
    if (verdict === 'Pass') {
      claim(
        codes.length === 0 || reasons.includes('Unhealthy') === !codes.includes(201),
        'Unhealthy means that no pod may go',
      );
      claim(!atItsBest || codes.includes(201), 'all is well and no pod may go');
    }
    if (reasons.includes('MultipleBudgets'))
      claim(codes.length === 0 || codes.includes(500), 'no eviction is answered 500');
    if (reasons.includes('NoBudget')) claim(codes.length === 0 || every(201), 'an eviction is refused');
    if (atItsBest && reasons.includes('BlocksDrains')) claim(every(429), 'not every eviction is refused');
    if (
      atItsBest &&
      reasons.some((reason) => reason === 'UnsupportedController' || reason === 'SyncFailed')
    ) {
      claim(every(429), 'not every eviction is refused');
    }
    if (atItsBest && every(429)) {
      claim(
        reasons.some((reason) => ['BlocksDrains', 'UnsupportedController', 'SyncFailed'].includes(reason)),
        'every eviction is refused by design',
      );
    }
    return wrong;
  });
}

export function disagreements(observation: Observation, scenario: Scenario): string[] {
  return [
    ...statusDisagreements(observation.dump),
    ...evictionDisagreements(observation),
    ...verdictDisagreements(observation, scenario),
  ];
}

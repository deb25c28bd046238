// What a budget guarantees to a workload at its lowest number of replicas, and
// whether a drain can go on then.

import type { HorizontalPodAutoscaler, PodDisruptionBudget } from '../../facts/kinds.ts';
import type { Finding, Subject } from '../check.ts';
import { count, finding, refer, subjectOf } from '../shared/messages.ts';
import type { MatchedWorkload } from '../shared/workloads.ts';
import { desiredHealthy, scaledValue } from './arithmetic.ts';
import { budgetSubject } from './coverage.ts';
import type { Params } from './schema.ts';

/** The fewest replicas that the workload runs with, and the autoscaler that says so. */
export interface Floor {
  readonly replicas: number;
  readonly autoscaler?: Subject;
}

/** The smaller of spec.replicas and the minReplicas of an autoscaler over the workload. */
export function replicaFloor(
  workload: MatchedWorkload,
  replicas: number,
  autoscalers: readonly HorizontalPodAutoscaler[],
): Floor {
  let floor: Floor = { replicas };
  for (const { meta, spec } of autoscalers) {
    const { kind, name, apiVersion } = spec.scaleTargetRef;
    if (kind !== workload.kind || name !== workload.subject.name || !apiVersion.startsWith('apps/')) continue;
    const least = Math.max(1, spec.minReplicas);
    if (least < floor.replicas) {
      floor = { replicas: least, autoscaler: subjectOf('HorizontalPodAutoscaler', meta) };
    }
  }
  return floor;
}

export interface Guarantee {
  readonly guaranteed: number;
  readonly blocks: boolean;
}

/** Pods of other workloads that the budget selects too. */
export interface Others {
  /** The scale of their controllers: what the budget expects of them. */
  readonly scale: number;
  /** How many of them can be healthy: more than the scale where some are bare. */
  readonly pods: number;
  /** Which they are, for messages. */
  readonly text: string;
}

export const NO_OTHERS: Others = { scale: 0, pods: 0, text: '' };

/**
 * What is guaranteed at the floor, were every other pod that the budget selects
 * healthy: those can use up what it wants healthy. With neither field set no
 * eviction is ever allowed, because nothing is expected.
 */
export function guarantee(spec: PodDisruptionBudget['spec'], floor: number, others: Others): Guarantee {
  if (spec.minAvailable === undefined && spec.maxUnavailable === undefined) {
    return { guaranteed: floor, blocks: true };
  }
  const desired = desiredHealthy(spec, floor + others.scale);
  return {
    guaranteed: Math.min(floor, Math.max(0, desired - others.pods)),
    blocks: desired >= floor + others.pods,
  };
}

/** NotProtecting (or SelectsOthers, where other pods are to blame) and BlocksDrains. */
export function judgeGuarantee(
  params: Params,
  workload: MatchedWorkload,
  budget: PodDisruptionBudget,
  floor: Floor,
  others: Others,
): readonly Finding[] {
  const { subject } = workload;
  const asked = Math.max(1, scaledValue(params.minAvailable ?? 1, floor.replicas));
  const { guaranteed, blocks } = guarantee(budget.spec, floor.replicas, others);
  const alone = guarantee(budget.spec, floor.replicas, NO_OTHERS);
  const about = {
    level: 'Fail' as const,
    subject,
    field: fieldOf(budget),
    culprits: [budgetSubject(budget), ...(floor.autoscaler ? [floor.autoscaler] : [])],
  };
  const name = refer(budgetSubject(budget));
  const least = floor.autoscaler
    ? `${count(floor.replicas, 'replica')} (the minReplicas of ${refer(floor.autoscaler)})`
    : count(floor.replicas, 'replica');
  const findings: Finding[] = [];

  if (guaranteed < asked && others.pods > 0 && alone.guaranteed >= asked) {
    findings.push(
      finding({
        ...about,
        reason: 'SelectsOthers',
        field: 'spec.selector',
        what: `${name} also selects ${others.text}. With those healthy its ${setting(budget)} guarantees ${guaranteed} of ${least} of ${refer(subject)}; ${asked} wanted.`,
        fix: `Narrow its selector to the pods of ${refer(subject)}.`,
      }),
    );
  } else if (guaranteed < asked) {
    findings.push(
      finding({
        ...about,
        reason: 'NotProtecting',
        what: `${name} guarantees ${guaranteed} of ${least} of ${refer(subject)}: ${setting(budget)}; at least ${asked} wanted.`,
        fix:
          floor.replicas > asked
            ? `Set minAvailable ${asked}.`
            : `Raise ${floor.autoscaler ? 'minReplicas' : 'replicas'} to ${asked + 1} and set minAvailable ${asked}.`,
      }),
    );
  }
  if (blocks && !params.allowBlocking) {
    findings.push(
      finding({
        ...about,
        reason: 'BlocksDrains',
        what: `${name} allows 0 disruptions: ${setting(budget)} of ${least}.`,
        fix: unblock(budget, floor, asked),
      }),
    );
  }
  return findings;
}

function fieldOf({ spec }: PodDisruptionBudget): string {
  return spec.maxUnavailable !== undefined ? 'spec.maxUnavailable' : 'spec.minAvailable';
}

function setting({ spec }: PodDisruptionBudget): string {
  if (spec.maxUnavailable !== undefined) return `maxUnavailable ${spec.maxUnavailable}`;
  if (spec.minAvailable !== undefined) return `minAvailable ${spec.minAvailable}`;
  return 'neither minAvailable nor maxUnavailable';
}

function unblock({ spec }: PodDisruptionBudget, { replicas, autoscaler }: Floor, asked: number): string {
  const raise = (to: number) => `Raise ${autoscaler ? 'minReplicas' : 'replicas'} to ${to}`;
  if (replicas <= asked) {
    return typeof spec.minAvailable === 'number' && spec.minAvailable <= asked
      ? `${raise(asked + 1)}, or set allowBlocking if no drain may proceed.`
      : `${raise(asked + 1)} and set minAvailable ${asked}.`;
  }
  const instead = 'set maxUnavailable 1';
  if (typeof spec.minAvailable === 'number') return `${raise(spec.minAvailable + 1)} or ${instead}.`;
  return `${instead[0]?.toUpperCase()}${instead.slice(1)}.`;
}

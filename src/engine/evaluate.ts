// item + facts + time → the whole desired status. Pure and deterministic: same
// facts, same time, same bytes. It knows no check by name.

import type { CheckSpec } from '../api/item.ts';
import type { RemediationItem } from '../api/remediation-item.ts';
import type { CheckStatus, ItemStatus } from '../api/status.ts';
import type { CheckContext, Finding } from '../checks/check.ts';
import type { Facts } from '../facts/view.ts';
import { conditions } from './conditions.ts';
import { type Change, culprit } from './culprit.ts';
import { dependencies } from './depends.ts';
import { deciding, heldDrift, outcome, remember, tally } from './lifecycle.ts';
import { blockOf, type Checks, clip, earliest, judge } from './verdict.ts';

export interface Evaluation {
  readonly status: ItemStatus;
  /** When the verdict may change by the passing of time alone. */
  readonly recheckAt: Date | undefined;
}

export interface Occasion {
  readonly now: Date;
  /** What changed since the last judgement, for naming the culprit. */
  readonly changes: readonly Change[];
}

/** Judges an item and carries its memory on. */
export function evaluate(
  checks: Checks,
  item: RemediationItem,
  facts: Facts,
  { now, changes }: Occasion,
): Evaluation {
  const { spec, status: before, metadata } = item;
  const context: CheckContext = { facts, now, namespace: metadata.namespace };
  const judgeAll = (
    list: readonly CheckSpec[],
    past: readonly CheckStatus[] | undefined,
    waivers = spec.waivers ?? [],
  ) =>
    list.map((check) =>
      judge(
        checks,
        check,
        waivers,
        context,
        past?.find((old) => old.name === check.name),
      ),
    );

  const depends = spec.suspend ? { unmet: [], cycle: undefined } : dependencies(item, facts);
  const problems = spec.suspend
    ? []
    : [
        ...specProblems(checks, item),
        ...(depends.cycle ? [`dependsOn is a cycle: ${depends.cycle}; take one of them out`] : []),
      ];
  const judged = !spec.suspend && problems.length === 0;
  const judgedChecks = judged ? judgeAll(spec.checks, before.checks) : [];
  const judgedPrerequisites = judged ? judgeAll(spec.prerequisites ?? [], before.prerequisites, []) : [];
  const checkStatuses = judged ? judgedChecks.map((check) => check.status) : (before.checks ?? []);
  const prerequisites = judged
    ? judgedPrerequisites.map((check) => check.status)
    : (before.prerequisites ?? []);

  const next = outcome({
    spec,
    problems,
    checks: checkStatuses,
    prerequisites,
    unmet: depends.unmet,
    before,
  });
  const changedBy =
    before.state === undefined || next.state === before.state
      ? undefined
      : culprit(changes, newFailures(judgedChecks, before), facts);
  return {
    status: {
      observedGeneration: metadata.generation,
      state: next.state,
      summary: clip(next.summary),
      ...progress(checkStatuses),
      conditions: conditions(next, metadata.generation, before, now),
      ...(checkStatuses.length > 0 ? { checks: checkStatuses } : {}),
      ...(prerequisites.length > 0 ? { prerequisites } : {}),
      ...remember(before, next, now, changedBy),
    },
    recheckAt: earliest([...judgedChecks, ...judgedPrerequisites].map((check) => check.recheckAt)),
  };
}

/** What the API server accepted and cannot be judged, with where it stands. */
function specProblems(checks: Checks, { spec }: RemediationItem): string[] {
  const of = (list: readonly CheckSpec[], field: string) =>
    list.flatMap((entry) => {
      const { check, params } = blockOf(checks, entry);
      return (check.problems?.(params) ?? []).map(
        (problem) => `spec.${field}[${entry.name}].${check.type}.${problem.field}: ${problem.message}`,
      );
    });
  return [...of(spec.checks, 'checks'), ...of(spec.prerequisites ?? [], 'prerequisites')];
}

/** Failures of deciding checks that did not fail before. */
function newFailures(
  judged: readonly { status: CheckStatus; failures: readonly Finding[] }[],
  before: ItemStatus,
): Finding[] {
  const failedBefore = new Set(
    deciding(before.checks ?? [])
      .filter((check) => check.verdict === 'Fail')
      .map((check) => check.name),
  );
  return judged
    .filter(({ status }) => !status.advisory && !failedBefore.has(status.name))
    .flatMap(({ failures }) => failures);
}

/** The status of an item whose spec does not even fit the schema of this operator. */
export function invalidStatus(
  metadata: { generation: number },
  before: ItemStatus,
  problems: readonly string[],
  now: Date,
): ItemStatus {
  const next = {
    state: 'Invalid',
    reason: 'Invalid',
    summary: clip(problems.join('; ')),
    drift: heldDrift(before),
  } as const;
  return {
    observedGeneration: metadata.generation,
    state: next.state,
    summary: next.summary,
    ...progress(before.checks ?? []),
    conditions: conditions(next, metadata.generation, before, now),
    ...(before.checks ? { checks: before.checks } : {}),
    ...(before.prerequisites ? { prerequisites: before.prerequisites } : {}),
    ...remember(before, next, now, undefined),
  };
}

/** The counts of the checks that the status shows. */
function progress(checks: readonly CheckStatus[]) {
  const counts = tally(checks);
  return { ...counts, progress: `${counts.passing}/${counts.total}` };
}

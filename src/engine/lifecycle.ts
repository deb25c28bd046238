// The one word that people read, and what is remembered across judgements: the
// state table of the contract, row by row.

import type { ItemSpec } from '../api/item.ts';
import { type ChangedBy, type CheckStatus, type ItemStatus, MAX_HISTORY, type State } from '../api/status.ts';
import { clip, timestamp } from './verdict.ts';

/** Everything that the state depends on. */
export interface Outlook {
  readonly spec: ItemSpec;
  /** What cannot be judged about the spec; makes the item Invalid. */
  readonly problems: readonly string[];
  readonly checks: readonly CheckStatus[];
  readonly prerequisites: readonly CheckStatus[];
  readonly unmet: readonly string[];
  readonly before: ItemStatus;
}

export interface Outcome {
  readonly state: State;
  readonly reason: string;
  readonly summary: string;
  /** Is there a drift that has not been cleared, whatever the state says now? */
  readonly drift: 'Regressed' | 'ClaimRefuted' | undefined;
}

/** The checks that decide: those that are not advisory. */
export const deciding = (checks: readonly CheckStatus[]) => checks.filter((check) => !check.advisory);

/** How many deciding checks pass, of all that apply. */
export function tally(checks: readonly CheckStatus[]): { passing: number; total: number } {
  const applying = deciding(checks).filter((check) => check.verdict !== 'NotApplicable');
  return { passing: applying.filter((check) => check.verdict === 'Pass').length, total: applying.length };
}

/** The first row of the table that holds. */
export function outcome(outlook: Outlook): Outcome {
  const { spec, problems, before } = outlook;
  const held = heldDrift(before);
  if (spec.suspend)
    return { state: 'Suspended', reason: 'Suspended', summary: 'suspended: not judged', drift: held };
  if (problems.length > 0)
    return { state: 'Invalid', reason: 'Invalid', summary: clip(problems.join('; ')), drift: held };

  const decides = deciding(outlook.checks);
  const { total } = tally(outlook.checks);
  const failing = decides.filter((check) => check.verdict === 'Fail');
  const unknown = decides.filter((check) => check.verdict === 'Unknown');
  const waived = decides.filter((check) => check.verdict === 'Waived');
  const passing = decides.filter((check) => check.verdict === 'Pass');
  const proven = unknown.length === 0 && passing.length + waived.length > 0;
  const drift = failing.length > 0 ? driftReason(outlook) : proven ? undefined : held;

  if (failing.length > 0 && drift)
    return { state: 'Drifted', reason: drift, summary: told(failing, total, 'fail'), drift };
  const blocked = blockers(outlook);
  if (blocked.length > 0)
    return { state: 'Blocked', reason: 'Blocked', summary: clip(`blocked: ${blocked.join('; ')}`), drift };
  if (failing.length > 0)
    return { state: 'Pending', reason: 'ChecksFail', summary: told(failing, total, 'fail'), drift };
  if (unknown.length > 0) {
    return {
      state: 'Unknown',
      reason: unknown[0]?.reason ?? 'Unknown',
      summary: told(unknown, total, 'cannot be judged'),
      drift,
    };
  }
  if (waived.length > 0)
    return {
      state: 'Waived',
      reason: 'Waived',
      summary: told(waived, total, 'waived'),
      drift,
    };
  if (passing.length === 0) {
    const why =
      decides.length === 0
        ? 'every check is advisory, so nothing decides'
        : `nothing to judge: ${decides[0]?.message ?? ''}`;
    return { state: 'Unknown', reason: 'NothingApplies', summary: clip(why), drift };
  }
  return {
    state: 'Implemented',
    reason: 'ChecksPass',
    summary: `${passing.length} of ${total} checks pass`,
    drift,
  };
}

/** A drift that is still open: Unknown (nothing that applies is Unknown too), Suspended and Invalid never clear it. */
export function heldDrift(before: ItemStatus): Outcome['drift'] {
  if (before.driftedSince === undefined) return undefined;
  return before.firstImplementedAt === undefined ? 'ClaimRefuted' : 'Regressed';
}

function driftReason({ before, spec }: Outlook): Outcome['drift'] {
  if (before.firstImplementedAt !== undefined) return 'Regressed';
  return spec.claim?.status === 'Implemented' ? 'ClaimRefuted' : undefined;
}

function blockers({ prerequisites, unmet }: Outlook): string[] {
  const failing = prerequisites
    .filter((check) => check.verdict === 'Fail' || check.verdict === 'Unknown')
    .map((check) => `prerequisite ${check.name}: ${check.message}`);
  return [...failing, ...unmet.map((line) => `dependsOn ${line}`)];
}

function told(checks: readonly CheckStatus[], total: number, what: string): string {
  const [first] = checks;
  return clip(`${checks.length} of ${total} checks ${what}: ${first?.name}: ${first?.message}`);
}

/** What the item remembers after this judgement. */
export type Memory = Pick<
  ItemStatus,
  'since' | 'firstImplementedAt' | 'lastImplementedAt' | 'driftedSince' | 'regressions' | 'history'
>;

/** Carries the memory on. Times change only when the state does. */
export function remember(
  before: ItemStatus,
  now: Outcome,
  at: Date,
  changedBy: ChangedBy | undefined,
): Memory {
  const time = timestamp(at);
  const changed = before.state !== now.state;
  const enters = changed && now.state === 'Implemented';
  const startsDrift = now.drift !== undefined && before.driftedSince === undefined;
  const regressions = (before.regressions ?? 0) + (startsDrift && now.drift === 'Regressed' ? 1 : 0);
  const first = before.firstImplementedAt ?? (enters ? time : undefined);
  const last = enters ? time : before.lastImplementedAt;
  const driftedSince = now.drift === undefined ? undefined : (before.driftedSince ?? time);
  const history = changed
    ? [
        {
          at: time,
          ...(before.state ? { from: before.state } : {}),
          to: now.state,
          reason: now.reason,
          message: now.summary,
          ...(changedBy ? { changedBy } : {}),
        },
        ...(before.history ?? []),
      ].slice(0, MAX_HISTORY)
    : before.history;
  return {
    since: changed ? time : (before.since ?? time),
    ...(first ? { firstImplementedAt: first } : {}),
    ...(last ? { lastImplementedAt: last } : {}),
    ...(driftedSince ? { driftedSince } : {}),
    ...(regressions > 0 ? { regressions } : {}),
    ...(history && history.length > 0 ? { history } : {}),
  };
}

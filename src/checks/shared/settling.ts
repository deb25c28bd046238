// A failure that comes only from pods in transition is held back for a while:
// a rolling update, a drain or a restart is never a drift by itself.

import type { Condition, Meta, Pod } from '../../facts/kinds.ts';
import type { Finding } from '../check.ts';

const SETTLE_MS = 60_000;

/**
 * The newest moment, in ms since the epoch, at which the workload or one of
 * its pods changed; 0 where nothing tells. Status writes do not count (a
 * flapping pod would hold back its verdict for ever), and neither does a
 * deletion that is still in its grace period: its timestamp lies ahead.
 */
export function lastChange(
  meta: Meta | undefined,
  conditions: readonly Condition[],
  pods: readonly Pod[],
  now: Date,
): number {
  let newest = 0;
  const consider = (moment: string | undefined) => {
    if (!moment) return;
    const at = Date.parse(moment);
    if (at > newest && at <= now.getTime()) newest = at;
  };
  consider(meta?.creationTimestamp);
  for (const { subresource, time } of meta?.managers ?? []) if (subresource !== 'status') consider(time);
  for (const { type, lastUpdateTime } of conditions) if (type === 'Progressing') consider(lastUpdateTime);
  for (const pod of pods) {
    consider(pod.meta.creationTimestamp);
    consider(pod.meta.deletionTimestamp);
    if (pod.status.ready) consider(pod.status.readySince);
  }
  return newest;
}

export interface Settled {
  readonly finding: Finding;
  /** When the finding that is held back comes out. */
  readonly recheckAt?: Date;
}

/** The finding itself once `changedAt` is 60 s ago; before that, Unknown with reason Settling. */
export function settle(
  finding: Finding,
  changedAt: number,
  now: Date,
  why = 'Its pods are changing',
): Settled {
  const until = changedAt + SETTLE_MS;
  if (until <= now.getTime()) return { finding };
  const held: Finding = {
    ...finding,
    level: 'Unknown',
    reason: 'Settling',
    message: `${why}; held back for 60 s after the last change: ${finding.message}`,
  };
  return { finding: held, recheckAt: new Date(until) };
}

/** The last moment that a Date can hold. */
const END_OF_TIME = 8.64e15;

/** The moment `milliseconds` after another, however far that is. */
export const after = (moment: number, milliseconds: number): Date =>
  new Date(Math.min(moment + milliseconds, END_OF_TIME));

/** The earlier of two moments, either of which may be missing. */
export function earliest(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (!a || !b) return a ?? b;
  return a < b ? a : b;
}

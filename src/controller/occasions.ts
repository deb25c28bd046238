// Why an item is judged again: the changes that arrived since it was last
// judged, kept so that a transition can name its culprit.

import type { Change } from '../engine/culprit.ts';

export interface Occasions {
  add(item: string, change: Change | undefined, at: number): void;
  /** What led to this judgement; `arrivedAt` is performance.now() of the oldest change. */
  take(item: string): { readonly changes: readonly Change[]; readonly arrivedAt: number | undefined };
  /** The judgement held its verdict back: its changes still count. */
  giveBack(item: string, changes: readonly Change[]): void;
  forget(item: string): void;
}

interface Waiting {
  changes: Change[];
  arrivedAt: number | undefined;
}

/** Enough to find a culprit in; a rollout of thousands of pods keeps no more. */
const MAX_CHANGES = 32;

export function createOccasions(): Occasions {
  const waiting = new Map<string, Waiting>();

  function entry(item: string): Waiting {
    const known = waiting.get(item);
    if (known) return known;
    const fresh: Waiting = { changes: [], arrivedAt: undefined };
    waiting.set(item, fresh);
    return fresh;
  }

  return {
    add: (item, change, at) => {
      const { changes, arrivedAt } = entry(item);
      entry(item).arrivedAt = arrivedAt ?? at;
      if (!change) return;
      changes.unshift(change);
      changes.length = Math.min(changes.length, MAX_CHANGES);
    },
    take: (item) => {
      const taken = waiting.get(item) ?? { changes: [], arrivedAt: undefined };
      waiting.delete(item);
      return taken;
    },
    giveBack: (item, changes) => {
      const kept = entry(item);
      kept.changes = [...kept.changes, ...changes].slice(0, MAX_CHANGES);
    },
    forget: (item) => {
      waiting.delete(item);
    },
  };
}

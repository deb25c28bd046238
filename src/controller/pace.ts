// How often one item is judged: the first change at once, and what follows it
// (a rollout is dozens of changes) together after a rest, which is longer where
// judging is expensive, so that nobody else is kept waiting by it.

export interface Pace {
  /** How long the item is to rest before it is judged again, in milliseconds; 0: not at all. */
  wait(item: string, now: number): number;
  /** Is it so expensive that what is under way should go first? */
  isHeavy(item: string): boolean;
  /** It was judged; both by the monotonic clock, in milliseconds. */
  judged(item: string, started: number, ended: number): void;
  forget(item: string): void;
}

/** From here on others would notice. */
const HEAVY_MS = 4;
/** One item takes at most a twentieth of the time. */
const REST = 19;
const SHORTEST_REST_MS = 50;
const LONGEST_REST_MS = 2_000;

export function createPace(): Pace {
  const last = new Map<string, { readonly cost: number; readonly ended: number }>();
  return {
    wait: (item, now) => {
      const before = last.get(item);
      if (!before) return 0;
      const rest = Math.min(Math.max(before.cost * REST, SHORTEST_REST_MS), LONGEST_REST_MS);
      return Math.max(0, before.ended + rest - now);
    },
    isHeavy: (item) => (last.get(item)?.cost ?? 0) >= HEAVY_MS,
    judged: (item, started, ended) => {
      last.set(item, { cost: ended - started, ended });
    },
    forget: (item) => {
      last.delete(item);
    },
  };
}

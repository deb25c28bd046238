// Items that are expensive to judge (one that looks at a whole cluster, whose
// every pod may wake it) leave room for the others: the first change is judged
// at once, what follows it waits in proportion to what judging costs.

export interface Pace {
  /** How long the item is to wait before it is judged again, in milliseconds; 0: not at all. */
  wait(item: string, now: number): number;
  /** Is it so expensive that what is under way should go first? */
  isHeavy(item: string): boolean;
  /** It was judged; both by the monotonic clock, in milliseconds. */
  judged(item: string, started: number, ended: number): void;
  forget(item: string): void;
}

/** Below this, judging is so cheap that nobody is kept waiting by it. */
const HEAVY_MS = 4;
/** One item takes at most about a tenth of the time. */
const REST = 9;
const LONGEST_REST_MS = 2_000;

export function createPace(): Pace {
  const heavy = new Map<string, { readonly cost: number; readonly ended: number }>();
  return {
    wait: (item, now) => {
      const last = heavy.get(item);
      return last ? Math.max(0, last.ended + Math.min(last.cost * REST, LONGEST_REST_MS) - now) : 0;
    },
    isHeavy: (item) => heavy.has(item),
    judged: (item, started, ended) => {
      if (ended - started < HEAVY_MS) heavy.delete(item);
      else heavy.set(item, { cost: ended - started, ended });
    },
    forget: (item) => {
      heavy.delete(item);
    },
  };
}

// The search for cases in which a check and the control plane do not agree.

import fc from 'fast-check';

export interface Draws {
  readonly seed: number;
  readonly count: number;
}

/** Objects put to the API server as a dry run, and what the check says otherwise of. */
export interface Tally {
  readonly accepted: number;
  readonly refused: number;
  readonly disagreements: readonly string[];
}

const MOST = 5;

/** Up to five, each shrunk. fast-check ends at the first that fails; the search goes on behind it. */
export async function disagreementsOf<T extends [unknown]>(
  property: fc.IAsyncPropertyWithHooks<T>,
  { seed, count }: Draws,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (let done = 0; done < count && found.length < MOST; ) {
    const run = await fc.check(property, { seed: seed + done, numRuns: count - done });
    done += run.numRuns;
    if (run.failed) found.push(`${String(run.errorInstance)}\n${JSON.stringify(run.counterexample?.[0])}`);
  }
  return found;
}

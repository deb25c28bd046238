// How much text all trees together may hold: a tenth source does not cost the
// process its life.

import { ALL_KEPT_BYTES, size } from './limits.ts';

/** What one tree takes of the whole. */
export interface Allowance {
  /** Takes this many bytes; false where there is no room. */
  take(bytes: number): boolean;
  /** The tree is not held any more. */
  giveBack(): void;
}

/** Makes allowances that share a number of bytes. */
export function createBudget(bytes = ALL_KEPT_BYTES): () => Allowance {
  let left = bytes;
  return () => {
    let taken = 0;
    return {
      take: (wanted) => {
        if (wanted > left) return false;
        left -= wanted;
        taken += wanted;
        return true;
      },
      giveBack: () => {
        left += taken;
        taken = 0;
      },
    };
  };
}

export const NO_ROOM = `all sources together hold the ${size(ALL_KEPT_BYTES)} of text that are kept`;

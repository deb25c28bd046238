// What a new status says beside the one that stands: nothing, the same in other
// words, or another verdict.

import type { ItemStatus } from '../api/status.ts';

export type News = 'none' | 'wording' | 'verdict';

export function newsIn(before: ItemStatus, after: ItemStatus): News {
  if (equal(before, after)) return 'none';
  const same =
    before.observedGeneration === after.observedGeneration &&
    before.state === after.state &&
    sameVerdicts(before.checks, after.checks) &&
    sameVerdicts(before.prerequisites, after.prerequisites);
  return same ? 'wording' : 'verdict';
}

function sameVerdicts(before: ItemStatus['checks'] = [], after: ItemStatus['checks'] = []): boolean {
  return (
    before.length === after.length &&
    before.every((check, index) => {
      const other = after[index];
      return check.name === other?.name && check.verdict === other.verdict && check.reason === other.reason;
    })
  );
}

/** As the API server keeps them: what is undefined is not there. */
function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  for (const field of Object.keys(left)) if (!equal(left[field], right[field])) return false;
  for (const field of Object.keys(right)) {
    if (right[field] !== undefined && left[field] === undefined) return false;
  }
  return true;
}

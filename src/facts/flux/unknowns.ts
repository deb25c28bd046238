// Values that the repository does not show: encrypted, or kept elsewhere. Each
// stands in the manifests as a hidden value, so that whatever it reaches is known
// to be unknown, and why.

import { isHiddenAlone, whyHidden } from '../../api/hidden.ts';

/** Why something within a value is not known; undefined where all of it is. Without recursion: it may be nested deep. */
export function findHidden(value: unknown): string | undefined {
  const todo: unknown[] = [value];
  while (todo.length > 0) {
    const next = todo.pop();
    if (typeof next === 'string') {
      const why = whyHidden(next);
      if (why !== undefined) return why;
    } else if (typeof next === 'object' && next !== null) {
      for (const [key, child] of Object.entries(next)) todo.push(key, child);
    }
  }
  return undefined;
}

/** A copy in which every value that is hidden as a whole is this value. */
export function withValue<T extends object>(object: T, value: number | boolean): T {
  return JSON.parse(JSON.stringify(object), (_key, each: unknown) =>
    typeof each === 'string' && isHiddenAlone(each) ? value : each,
  ) as T;
}

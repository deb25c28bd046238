// Names with `*`, the only wildcard of the project: any run of characters,
// none included. No regular expression, so no pattern can be slow.

/** Does the pattern stand for exactly one name? */
export const isExact = (pattern: string): boolean => !pattern.includes('*');

/** Does `name` match `pattern`? Time is at most length of pattern times length of name. */
export function nameMatches(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let retry = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      retry = n;
    } else if (p < pattern.length && pattern[p] === name[n]) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** Does `name` match one of the patterns? */
export const matchesAny = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => nameMatches(pattern, name));

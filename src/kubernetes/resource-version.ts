/**
 * Comparing resource versions. Since KEP-5504 (Kubernetes 1.35) clients may
 * compare them as decimal numbers of any length; other forms are opaque.
 */

const NUMBER = /^[1-9][0-9]*$/;

/** True when `a` is certainly older than, or the same as, `b`. Versions that are not numbers are never certainly older. */
export function isNotNewer(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined || !NUMBER.test(a) || !NUMBER.test(b)) return false;
  if (a.length !== b.length) return a.length < b.length;
  return a <= b;
}

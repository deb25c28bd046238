// Waivers: failures that people accepted until a date.

import type { Waiver } from '../api/item.ts';
import type { Subject } from '../checks/check.ts';

/** Is the waiver in force? One that has expired waives nothing. */
export const inForce = (waiver: Waiver, now: Date) => Date.parse(waiver.expires) > now.getTime();

/** A subject as waivers name it: Kind/namespace/name, or Kind/name for cluster-scoped objects. */
const subjectPath = ({ kind, namespace, name }: Subject) => [kind, namespace, name].filter(Boolean).join('/');

/** Does the waiver cover a failure of this check about this subject? One without a subject covers all. */
export function covers(waiver: Waiver, check: string, subject: Subject | undefined): boolean {
  if (waiver.check !== check) return false;
  if (waiver.subject === undefined) return true;
  return subject !== undefined && matches(waiver.subject, subjectPath(subject));
}

/** `*` stands for any run of characters; everything else for itself. */
function matches(pattern: string, value: string): boolean {
  const parts = pattern.split('*');
  const [first = '', ...rest] = parts;
  if (rest.length === 0) return pattern === value;
  const last = rest.pop() ?? '';
  if (!value.startsWith(first) || value.length < first.length + last.length || !value.endsWith(last))
    return false;
  let at = first.length;
  const end = value.length - last.length;
  for (const part of rest) {
    const found = value.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

// When a projected object counts as unchanged: everything but who wrote it.

import { deepEqual } from '../kubernetes/index.ts';
import type { Manager, Meta } from './kinds.ts';

/** Where whole objects keep their managers: out of sight of CEL and of every comparison. */
export const MANAGERS: unique symbol = Symbol('managers');

type Fields = Record<string, unknown>;

/** Are two projections of one object equal, whoever wrote them and when? */
export function sameFact(a: unknown, b: unknown): boolean {
  const [left, right] = [a as Fields, b as Fields];
  if (left.meta === undefined) return deepEqual(left, right);
  for (const key of Object.keys(left)) {
    if (key !== 'meta' && !deepEqual(left[key], right[key])) return false;
  }
  return (
    Object.keys(left).length === Object.keys(right).length && sameMeta(left.meta as Meta, right.meta as Meta)
  );
}

function sameMeta(a: Meta, b: Meta): boolean {
  return (
    a.name === b.name &&
    a.namespace === b.namespace &&
    a.uid === b.uid &&
    a.generation === b.generation &&
    a.deletionTimestamp === b.deletionTimestamp &&
    deepEqual(a.labels, b.labels) &&
    deepEqual(a.annotations, b.annotations) &&
    deepEqual(a.owners, b.owners)
  );
}

/**
 * Who wrote the object, newest first. Times hold whole seconds only, so who was
 * not there before, or not at that time, comes before all others; and where
 * nothing but the status can have changed, who writes that.
 */
export function writersOf(fact: unknown, before: unknown): readonly Manager[] {
  const now = managersOf(fact);
  if (before === undefined || before === fact) return now;
  const past = managersOf(before);
  const reported = isReport(fact, before);
  const wrote = (manager: Manager) =>
    (reported && manager.subresource === 'status') || !past.some((known) => deepEqual(known, manager));
  return [...now.filter(wrote), ...now.filter((manager) => !wrote(manager))];
}

/** The API server counts a generation for every change of the spec; kinds that have none have no status either. */
function isReport(fact: unknown, before: unknown): boolean {
  const now = metadataOf(fact);
  return Boolean(now?.generation) && sameMeta(now as Meta, metadataOf(before) as Meta);
}

/** Of a projection, or of a whole object. */
function metadataOf(fact: unknown): Partial<Meta> | undefined {
  const { meta, metadata } = fact as { meta?: Meta; metadata?: Partial<Meta> };
  return meta ?? metadata;
}

function managersOf(fact: unknown): readonly Manager[] {
  const { meta, [MANAGERS]: whole } = fact as { meta?: Meta; [MANAGERS]?: readonly Manager[] };
  return meta?.managers ?? whole ?? [];
}

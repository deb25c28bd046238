// JSON as CEL sees it: integers as int, objects as maps of any keys. Without
// recursion, so that an object nested without end cannot bring it down.

import { whyHidden } from '../../api/hidden.ts';

/** Deeper than anything that a person writes; equality recurses this deep. */
const MAX_DEPTH = 500;
/** Fields and elements, however deep; YAML aliases can make many of few. */
const MAX_NODES = 500_000;

export class TooDeep extends Error {}

/** How much work it is to look at the whole of a value: its nodes, and its text by 16 characters. */
export type Weights = WeakMap<object, number>;

/** The lists and maps with something in them that cannot be read here, and why. */
export type HiddenParts = WeakMap<object, string>;

interface Frame {
  readonly made: unknown[] | Map<string, unknown>;
  readonly entries: Iterator<readonly [string | number, unknown]>;
  key: string | number;
  weight: number;
  hidden?: string | undefined;
}

/** Converts a JSON value. Throws TooDeep. Writes down the weight of every list and map, and what is hidden in it. */
export function convert(root: unknown, weights: Weights, hidden: HiddenParts = new WeakMap()): unknown {
  const first = leafOrFrame(root);
  if (!('made' in first)) return first.leaf;
  const stack: Frame[] = [first];
  let nodes = 0;
  for (;;) {
    const frame = stack[stack.length - 1] as Frame;
    const next = frame.entries.next();
    if (next.done) {
      weights.set(frame.made, frame.weight);
      if (frame.hidden) hidden.set(frame.made, frame.hidden);
      stack.pop();
      const parent = stack[stack.length - 1];
      if (!parent) return frame.made;
      parent.hidden ??= frame.hidden;
      put(parent, frame.made, frame.weight);
      continue;
    }
    const [key, value] = next.value;
    frame.key = key;
    if (++nodes > MAX_NODES) throw new TooDeep(`the object has more than ${MAX_NODES} parts`);
    const child = leafOrFrame(value);
    if (!('made' in child)) {
      put(frame, child.leaf, weightOfLeaf(child.leaf));
      if (typeof child.leaf === 'string') frame.hidden ??= whyHidden(child.leaf);
    } else if (stack.push(child) > MAX_DEPTH) {
      throw new TooDeep(`the object is nested more than ${MAX_DEPTH} levels deep`);
    }
  }
}

function put(frame: Frame, value: unknown, weight: number) {
  if (Array.isArray(frame.made)) frame.made.push(value);
  else if (value !== undefined) frame.made.set(frame.key as string, value);
  frame.weight += weight;
}

function leafOrFrame(value: unknown): Frame | { readonly leaf: unknown } {
  if (typeof value === 'number') return { leaf: Number.isInteger(value) ? BigInt(value) : value };
  if (typeof value !== 'object' || value === null) return { leaf: value };
  if (value instanceof Date) return { leaf: value.toISOString() };
  return Array.isArray(value)
    ? { made: [], entries: value.entries(), key: 0, weight: 1 }
    : { made: new Map(), entries: Object.entries(value).values(), key: '', weight: 1 };
}

export const weightOfLeaf = (leaf: unknown): number =>
  typeof leaf === 'string' ? 1 + Math.ceil(leaf.length / 16) : 1;

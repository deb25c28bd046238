// Three-way merge of an item: what import wrote last, what people made of it,
// and what the document says now. People's edits always stay.

/** A change to make in the file: a path, and the value, or undefined to remove it. */
export interface Change {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

export interface Merged {
  readonly changes: readonly Change[];
  /** Fields that both people and the document changed: people's stays, and someone should look. */
  readonly conflicts: readonly string[];
}

/** Lists whose entries have names are merged entry by entry, as the API server would. */
const NAMED_LISTS: ReadonlySet<string> = new Set(['spec.checks', 'spec.prerequisites']);

/** What to change in `theirs` so that it follows the document from `base` to `ours`. */
export function merge(
  base: unknown,
  theirs: unknown,
  ours: unknown,
  at: readonly (string | number)[] = ['spec'],
): Merged {
  if (same(base, ours) || same(theirs, ours)) return { changes: [], conflicts: [] };
  const path = at.join('.');
  if (isObject(theirs) && isObject(ours) && (isObject(base) || base === undefined)) {
    const before = base ?? {};
    const keys = [...new Set([...Object.keys(before), ...Object.keys(ours)])];
    return joined(keys.map((key) => merge(before[key], theirs[key], ours[key], [...at, key])));
  }
  if (
    NAMED_LISTS.has(path) &&
    isNamed(theirs) &&
    (ours === undefined || isNamed(ours)) &&
    (base === undefined || isNamed(base))
  )
    return mergeNamed(base ?? [], theirs, ours ?? [], at);
  if (same(base, theirs)) return { changes: [{ path: at, value: ours }], conflicts: [] };
  return { changes: [], conflicts: [path] };
}

type NamedEntry = Readonly<Record<string, unknown>> & { readonly name: string };

function mergeNamed(
  base: readonly NamedEntry[],
  theirs: readonly NamedEntry[],
  ours: readonly NamedEntry[],
  at: readonly (string | number)[],
): Merged {
  const by = (list: readonly NamedEntry[], name: string) => list.find((each) => each.name === name);
  const names = [...new Set([...base, ...ours].map(({ name }) => name))];
  const results: Merged[] = [];
  const kept = [...theirs];
  for (const name of names) {
    const [was, is, will] = [by(base, name), by(theirs, name), by(ours, name)];
    if (same(was, will) || same(is, will)) continue;
    // A check that somebody has touched, or taken away, is theirs now.
    if (!same(was, is)) {
      results.push({ changes: [], conflicts: [`${at.join('.')}[${name}]`] });
      continue;
    }
    const index = kept.findIndex((each) => each.name === name);
    if (will === undefined) kept.splice(index, 1);
    else if (index < 0) kept.push(will);
    else kept[index] = will;
  }
  // An item must keep a check.
  const empty = kept.length === 0 && at.at(-1) === 'checks';
  const changes = same(kept, theirs) || empty ? [] : [{ path: at, value: kept }];
  return joined([...results, { changes, conflicts: empty ? [at.join('.')] : [] }]);
}

const joined = (all: readonly Merged[]): Merged => ({
  changes: all.flatMap(({ changes }) => changes),
  conflicts: all.flatMap(({ conflicts }) => conflicts),
});

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNamed = (value: unknown): value is readonly NamedEntry[] =>
  Array.isArray(value) && value.every((each) => isObject(each) && typeof each.name === 'string');

/** Equal as data; the order of keys says nothing. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, index) => same(each, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
  );
}

// Who read what: for each item the reads of its last judgement, and for each
// change the items that it concerns.

import type { Read } from '../facts/recording.ts';

export interface Readers {
  /** Replaces what the item has read. Returns the kinds' reads that nobody makes any more. */
  set(item: string, reads: readonly Read[]): readonly Read[];
  forget(item: string): readonly Read[];
  /** The items that a change concerns, those that look at the object alone first; without a name, every reader of the kind. */
  of(change: Read): ReadonlySet<string>;
}

interface Kind {
  readonly items: Set<string>;
  readonly byPlace: Map<string, Set<string>>;
}

const NOBODY: ReadonlySet<string> = new Set();
/** A whole cluster's list, a namespace's list, or one object. */
const place = ({ namespace, name }: Read) =>
  name === undefined ? (namespace ?? '*') : `${namespace ?? ''}/${name}`;
const same = (a: readonly Read[], b: readonly Read[]) =>
  a.length === b.length &&
  a.every((read, index) => read.kind === b[index]?.kind && place(read) === place(b[index] as Read));

export function createReaders(): Readers {
  const kinds = new Map<string, Kind>();
  const readsOf = new Map<string, readonly Read[]>();

  function add(item: string, read: Read): void {
    let kind = kinds.get(read.kind);
    if (!kind) {
      kind = { items: new Set(), byPlace: new Map() };
      kinds.set(read.kind, kind);
    }
    kind.items.add(item);
    const readers = kind.byPlace.get(place(read));
    if (readers) readers.add(item);
    else kind.byPlace.set(place(read), new Set([item]));
  }

  /** Takes the item out; tells of reads that had it as their last reader. */
  function remove(item: string, reads: readonly Read[]): Read[] {
    const unread: Read[] = [];
    for (const read of reads) {
      const kind = kinds.get(read.kind);
      const readers = kind?.byPlace.get(place(read));
      kind?.items.delete(item);
      readers?.delete(item);
      if (!kind || !readers || readers.size > 0) continue;
      kind.byPlace.delete(place(read));
      if (read.name !== undefined) unread.push(read);
      if (kind.byPlace.size > 0) continue;
      kinds.delete(read.kind);
      unread.push({ kind: read.kind, namespace: undefined, name: undefined });
    }
    return unread;
  }

  function replace(item: string, reads: readonly Read[]): readonly Read[] {
    const before = readsOf.get(item) ?? [];
    if (same(before, reads)) return [];
    const unread = remove(item, before);
    for (const read of reads) add(item, read);
    if (reads.length > 0) readsOf.set(item, reads);
    else readsOf.delete(item);
    return unread.filter((read) => {
      const kind = kinds.get(read.kind);
      return read.name === undefined ? !kind : !kind?.byPlace.has(place(read));
    });
  }

  return {
    set: replace,
    forget: (item) => replace(item, []),
    of: (change) => {
      const kind = kinds.get(change.kind);
      if (!kind) return NOBODY;
      if (change.name === undefined) return kind.items;
      const found = new Set<string>();
      // Who looks at least comes first: those verdicts are the quickest to come by.
      for (const where of [place(change), change.namespace ?? '', '*']) {
        for (const item of kind.byPlace.get(where) ?? NOBODY) found.add(item);
      }
      return found;
    },
  };
}

// The view that one evaluation is given: it answers from a source, within what
// the item may see, and writes down every read.

import type { KindName, Kinds } from './kinds.ts';
import { type KindRef, kindRef, SOURCE_API, type Source, wholeRef } from './source.ts';
import type {
  Fact,
  Facts,
  ForeignKind,
  ListFact,
  SourceRef,
  SourceTree,
  Unknowable,
  WholeObject,
} from './view.ts';

/** One read: an object (name given), a namespace's list, or the cluster's. */
export interface Read {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/** What the item may see: undefined allows the read, anything else is the answer instead. */
export type Access = (
  kind: KindRef,
  namespace: string | undefined,
  name: string | undefined,
) => Unknowable | undefined;

/** Nothing is kept from the reader: a person with their own credentials or files. */
export const unrestricted: Access = () => undefined;

export interface RecordedFacts extends Facts {
  /** Every read so far, each once. */
  reads(): Iterable<Read>;
  /** What is still waited for; empty when every read had an answer. */
  pending(): readonly string[];
  /** Asks again for what was pending: is any of it still? */
  stillPending(): boolean;
}

/** Makes the view of one evaluation. */
export function recordFacts(source: Source, access: Access = unrestricted): RecordedFacts {
  const reads = new Map<string, Read>();
  const pending: string[] = [];
  const again: (() => Fact<unknown> | ListFact<unknown>)[] = [];

  /** A namespace that the kind does not have must neither hide an object nor open a door. */
  const placed = (kind: KindRef, namespace: string | undefined) =>
    namespace !== undefined && source.isClusterScoped(kind) ? undefined : namespace;

  function read<F extends Fact<unknown> | ListFact<unknown>>(
    kind: KindRef,
    asked: string | undefined,
    name: string | undefined,
    answer: (namespace: string | undefined) => F,
  ): F | Unknowable {
    const namespace = placed(kind, asked);
    const ask = () => access(kind, namespace, name) ?? answer(namespace);
    const fact = ask();
    reads.set(`${kind.key}|${namespace ?? ''}|${name ?? ''}`, { kind: kind.key, namespace, name });
    if (fact.state === 'pending') {
      pending.push(fact.message);
      again.push(ask);
    }
    return fact;
  }
  const get = (kind: KindRef, namespace: string | undefined, name: string) =>
    read(kind, namespace, name, (place) => source.get(kind, place, name));
  const list = (kind: KindRef, namespace: string | undefined) =>
    read(kind, namespace, undefined, (place) => source.list(kind, place));

  return {
    get: <K extends KindName>(kind: K, namespace: string | undefined, name: string) =>
      get(kindRef(kind), namespace, name) as Fact<Kinds[K]>,
    list: <K extends KindName>(kind: K, namespace?: string) =>
      list(kindRef(kind), namespace) as ListFact<Kinds[K]>,
    getWhole: (kind: ForeignKind, namespace: string | undefined, name: string) =>
      get(wholeRef(kind), namespace, name) as Fact<WholeObject>,
    listWhole: (kind: ForeignKind, namespace?: string) =>
      list(wholeRef(kind), namespace) as ListFact<WholeObject>,
    isClusterScoped: (kind) => source.isClusterScoped(wholeRef(kind)),
    // Recorded as a read of the object: a new artifact is a change of it.
    tree: (ref: SourceRef): Fact<SourceTree> =>
      read(wholeRef({ apiVersion: SOURCE_API, kind: ref.kind }), ref.namespace, ref.name, () =>
        source.tree(ref),
      ),
    reads: () => reads.values(),
    pending: () => pending,
    stillPending: () => again.some((ask) => ask().state === 'pending'),
  };
}

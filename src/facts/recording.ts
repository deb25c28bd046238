// The view that one evaluation is given: it answers from a source, within what
// the item may see, and writes down every read.

import type { KindName, Kinds } from './kinds.ts';
import { type KindRef, kindRef, type Source, wholeRef } from './source.ts';
import type { Fact, Facts, ForeignKind, ListFact, Unknowable, WholeObject } from './view.ts';

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
}

/** Makes the view of one evaluation. */
export function recordFacts(source: Source, access: Access = unrestricted): RecordedFacts {
  const reads = new Map<string, Read>();
  const pending: string[] = [];

  function read<F extends Fact<unknown> | ListFact<unknown>>(
    kind: KindRef,
    namespace: string | undefined,
    name: string | undefined,
    answer: () => F,
  ): F | Unknowable {
    const fact = access(kind, namespace, name) ?? answer();
    reads.set(`${kind.key}|${namespace ?? ''}|${name ?? ''}`, { kind: kind.key, namespace, name });
    if (fact.state === 'pending') pending.push(fact.message);
    return fact;
  }
  const get = (kind: KindRef, namespace: string | undefined, name: string) =>
    read(kind, namespace, name, () => source.get(kind, namespace, name));
  const list = (kind: KindRef, namespace: string | undefined) =>
    read(kind, namespace, undefined, () => source.list(kind, namespace));

  return {
    get: <K extends KindName>(kind: K, namespace: string | undefined, name: string) =>
      get(kindRef(kind), namespace, name) as Fact<Kinds[K]>,
    list: <K extends KindName>(kind: K, namespace?: string) =>
      list(kindRef(kind), namespace) as ListFact<Kinds[K]>,
    getWhole: (kind: ForeignKind, namespace: string | undefined, name: string) =>
      get(wholeRef(kind), namespace, name) as Fact<WholeObject>,
    listWhole: (kind: ForeignKind, namespace?: string) =>
      list(wholeRef(kind), namespace) as ListFact<WholeObject>,
    reads: () => reads.values(),
    pending: () => pending,
  };
}

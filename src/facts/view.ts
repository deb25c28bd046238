// What a check is given to look at: facts about the world, each of which is a
// value, known to be absent, pending, or failed. Only a value or an absence may
// lead to Pass or Fail; the other two always lead to Unknown.

import type { KindName, Kinds } from './kinds.ts';

/** Asked for, and not here yet. */
export interface Pending {
  readonly state: 'pending';
  /** What is being waited for, for a person. */
  readonly message: string;
}

/** Cannot be known now; `message` says how to remove the doubt. */
export interface Failed {
  readonly state: 'failed';
  readonly reason: FailureReason;
  readonly message: string;
}

/**
 * Forbidden: a read that the item, or the operator, may not make.
 * Unreachable: the API server does not answer for this kind.
 * NotServed: the kind vanished from the API a moment ago and may come back.
 * NeedsCluster: manifests cannot show it; a live cluster can.
 * Unreadable: it was found and could not be understood (a broken manifest).
 */
export type FailureReason = 'Forbidden' | 'Unreachable' | 'NotServed' | 'NeedsCluster' | 'Unreadable';

export type Unknowable = Pending | Failed;

/** One object. `absent` with `served: false` means that the API does not even know the kind. */
export type Fact<T> =
  | { readonly state: 'known'; readonly value: T }
  | { readonly state: 'absent'; readonly served: boolean }
  | Unknowable;

/**
 * All objects of a kind in a namespace, or in the cluster. The array is the
 * same one until its content changes, so a check may memoise on its identity.
 * A kind that is not served holds no objects: `value` is empty, `served` false.
 */
export type ListFact<T> =
  | { readonly state: 'known'; readonly value: readonly T[]; readonly served: boolean }
  | Unknowable;

/** A kind that is not in the table of kinds: read whole. */
export interface ForeignKind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Any object, as the API server shows it (without managedFields). */
export type WholeObject = Readonly<Record<string, unknown>>;

/** The view of one evaluation. It never waits and never throws; it records what was read. */
export interface Facts {
  /** One object; `namespace` is undefined for cluster-scoped kinds. */
  get<K extends KindName>(kind: K, namespace: string | undefined, name: string): Fact<Kinds[K]>;
  /** All objects of a kind in `namespace`, or in the whole cluster. */
  list<K extends KindName>(kind: K, namespace?: string): ListFact<Kinds[K]>;
  /** One object of any kind, whole. */
  getWhole(kind: ForeignKind, namespace: string | undefined, name: string): Fact<WholeObject>;
  /** All objects of any kind, whole. */
  listWhole(kind: ForeignKind, namespace?: string): ListFact<WholeObject>;
}

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

/** Something that a Flux source controller makes an artifact of, of source.toolkit.fluxcd.io/v1. */
export const SOURCE_KINDS = ['GitRepository', 'OCIRepository', 'Bucket'] as const;

export interface SourceRef {
  readonly kind: (typeof SOURCE_KINDS)[number];
  readonly namespace: string;
  readonly name: string;
}

/** One regular file of a tree. */
export interface SourceFile {
  /** From the root of the tree, parted by `/`, without a leading one. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Its content as UTF-8; undefined where it was not kept. */
  readonly text?: string;
  /** Why the content was not kept (too large, no UTF-8), for a person. */
  readonly unread?: string;
}

/** The files of a source at one revision. The object is the same one until its content changes. */
export interface SourceTree {
  /** As Flux writes it (main@sha1:4ae1…), or what says which folder it was. */
  readonly revision: string;
  /** By path, in the order of the paths. */
  readonly files: ReadonlyMap<string, SourceFile>;
  /** Why files that this glob means may be missing here though the repository has them; undefined where missing means missing. */
  leftOut(glob: string): string | undefined;
  /** Why Flux may apply something older than what its origin has; each names the source. */
  readonly stale: readonly string[];
  /** What else is worth knowing about the tree as a whole: that links were passed over. */
  readonly notes: readonly string[];
}

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
  /** Are its objects in no namespace, whichever is asked for? For messages. */
  isClusterScoped(kind: ForeignKind): boolean;
  /** The files that a Flux source offers now. A source that does not exist is absent; one without an artifact yet is not known. */
  tree(ref: SourceRef): Fact<SourceTree>;
}

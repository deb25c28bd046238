// Where facts come from, seen from the view: something that answers for one
// object or one list of a kind. The live cluster and a folder of manifests are
// the two that exist.

import type { KindName } from './kinds.ts';
import { KINDS } from './projections.ts';
import type { Fact, ForeignKind, ListFact, SourceRef, SourceTree } from './view.ts';

/** A kind as a source knows it: projected (one of KINDS), or whole. */
export interface KindRef {
  readonly apiVersion: string;
  readonly kind: string;
  /** The entry of KINDS, or undefined where objects are wanted whole. */
  readonly projected?: KindName;
  /** Tells apart everything a source keeps apart: the kind, and whether it is whole. */
  readonly key: string;
}

export interface Source {
  /** Objects of a cluster-scoped kind are in no namespace, whichever is asked for. */
  isClusterScoped(kind: KindRef): boolean;
  get(kind: KindRef, namespace: string | undefined, name: string): Fact<unknown>;
  list(kind: KindRef, namespace: string | undefined): ListFact<unknown>;
  /** The files of a Flux source. Where this is not the object's own doing, a change is told as one of the object. */
  tree(ref: SourceRef): Fact<SourceTree>;
}

/** The API of Flux's sources. */
export const SOURCE_API = 'source.toolkit.fluxcd.io/v1';

const refs = Object.fromEntries(
  Object.entries(KINDS).map(([name, { apiVersion }]) => [
    name,
    { apiVersion, kind: name, projected: name as KindName, key: `${apiVersion}/${name}` } satisfies KindRef,
  ]),
) as Readonly<Record<KindName, KindRef>>;

/** The reference of a projected kind. */
export const kindRef = (name: KindName): KindRef => refs[name];

/** The reference of a kind whose objects are wanted whole. */
export const wholeRef = ({ apiVersion, kind }: ForeignKind): KindRef => ({
  apiVersion,
  kind,
  key: `whole:${apiVersion}/${kind}`,
});

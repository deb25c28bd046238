// What Flux might apply beside what is known: by a Kustomization that cannot be
// followed, by a HelmRelease that cannot be rendered. A fact that such objects
// could change is not known, and says whose they would be.

import type { Manifest } from '../manifest-files.ts';
import type { KindRef, Source } from '../source.ts';
import type { Fact, Failed, ListFact } from '../view.ts';
import { findBlurred, isMadeOf } from './blur.ts';

export interface Doubt {
  /** Kind namespace/name of what would bring the objects. */
  readonly who: string;
  /** What is not known of it, as the rest of a sentence that begins with `who`. */
  readonly says: string;
  /** What removes the doubt, as a sentence. */
  readonly mend: string;
  /** Where its namespaced objects would be; undefined is anywhere. */
  readonly namespaces?: ReadonlySet<string>;
  /** Might it bring objects that are in no namespace? */
  readonly clusterScoped: boolean;
  /** Its objects are of this kind alone. */
  readonly kind?: string;
  /** Its one object has this name. */
  readonly name?: string;
  /** It bears on that one object, asked for by its name, and on no list. */
  readonly alone?: boolean;
  /** Default NeedsCluster. */
  readonly reason?: Failed['reason'];
  /** Charts bring no objects of Flux, and no namespaces but the release's own. */
  readonly notOfFlux?: boolean;
}

const FLUX = /\.toolkit\.fluxcd\.io\//;

/** The source of these objects, with every answer that a doubt bears on turned into one that is not known. */
export function withDoubts(source: Source, objects: readonly Manifest[], doubts: readonly Doubt[]): Source {
  const blur = findBlurred(objects);
  const readers = new Map<KindRef['key'], readonly Doubt[]>();

  /** Doubts about objects of this kind, wherever they are. */
  function ofKind(kind: KindRef): readonly Doubt[] {
    const known = readers.get(kind.key);
    if (known) return known;
    const clusterScoped = source.isClusterScoped(kind);
    const found = doubts.filter(
      (doubt) =>
        (doubt.kind === undefined || doubt.kind === kind.kind || isMadeOf(kind.kind, doubt.kind)) &&
        (!clusterScoped || doubt.clusterScoped) &&
        !(doubt.notOfFlux && (FLUX.test(kind.apiVersion) || kind.kind === 'Namespace')),
    );
    readers.set(kind.key, found);
    return found;
  }

  function about(kind: KindRef, namespace: string | undefined, name?: string): readonly Doubt[] {
    const everywhere = namespace === undefined || source.isClusterScoped(kind);
    return ofKind(kind).filter(
      (doubt) =>
        (everywhere || doubt.namespaces === undefined || doubt.namespaces.has(namespace)) &&
        !(doubt.alone && name === undefined) &&
        (name === undefined || doubt.name === undefined || doubt.name === name || kind.kind !== doubt.kind),
    );
  }

  return {
    ...source,
    get(kind, namespace, name): Fact<unknown> {
      const fact = source.get(kind, namespace, name);
      if (fact.state === 'known') {
        const blurred = blur.about(kind, namespace, name);
        return blurred ? unreadable(blurred.object, blurred.why) : fact;
      }
      if (fact.state !== 'absent') return fact;
      const doubtful = about(kind, namespace, name);
      return doubtful.length === 0 ? fact : incomplete(kind, placeOf(namespace, name), doubtful);
    },
    list(kind, namespace): ListFact<unknown> {
      const fact = source.list(kind, namespace);
      if (fact.state !== 'known') return fact;
      const doubtful = about(kind, namespace);
      if (doubtful.length > 0) return incomplete(kind, placeOf(namespace), doubtful);
      const blurred = blur.about(kind, namespace);
      return blurred ? unreadable(blurred.object, blurred.why) : fact;
    },
  };
}

const placeOf = (namespace: string | undefined, name?: string) =>
  name === undefined
    ? `in ${namespace === undefined ? 'the cluster' : `namespace ${namespace}`}`
    : `${namespace === undefined ? '' : `${namespace}/`}${name}`;

const OTHERS = 3;

function incomplete({ kind }: KindRef, place: string, doubts: readonly Doubt[]): Failed {
  const [first] = doubts as [Doubt];
  const rest = [...new Set(doubts.map(({ who }) => who))].filter((who) => who !== first.who);
  const others = rest.slice(0, OTHERS);
  const more = rest.length - others.length;
  const beside =
    others.length === 0
      ? ''
      : ` The same goes for ${others.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
  return {
    state: 'failed',
    reason: first.reason ?? 'NeedsCluster',
    message: `${kind} ${place} cannot be known from the files alone: ${first.who} ${first.says}.${beside} ${first.mend}`,
  };
}

function unreadable({ kind, metadata: { namespace, name } }: Manifest, why: string): Failed {
  return {
    state: 'failed',
    reason: 'Unreadable',
    message: `${kind} ${namespace ? `${namespace}/` : ''}${name} cannot be known from the files alone: ${why}. Judge the live cluster.`,
  };
}

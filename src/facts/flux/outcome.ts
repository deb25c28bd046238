// From what was found on the way to what Flux applies of it: a Kustomization that
// waits for one that never becomes ready is not applied either, nor is what only
// such a one would bring.

import type { Doubt } from './doubts.ts';
import {
  isKustomization,
  isLeftAlone,
  KUSTOMIZE_GROUP,
  type Kustomization,
  sourceOf,
} from './kustomization.ts';
import type { Applied } from './objects.ts';
import { isHelmRelease, releaseScope } from './release.ts';
import { findHidden } from './unknowns.ts';
import type { Outcome, Visit, Walk } from './walk.ts';

export interface Effective {
  readonly applied: readonly Applied[];
  readonly doubts: readonly Doubt[];
  readonly notes: readonly string[];
}

const MEND_LIVE = 'Judge the live cluster to know what is there.';

export function effectiveOf({ visits, notes }: Walk): Effective {
  const applied: Applied[] = [];
  const doubts: Doubt[] = [];
  const told: string[] = [...notes];
  const stuck = stuckOf(visits);
  for (const [key, { kustomization, outcome }] of visits) {
    const who = `Kustomization ${key}`;
    const why = stuck.get(key);
    if (why !== undefined) {
      told.push(`${who} ${why}: it is not applied`);
      const says = `${why}, so that what it applies, or once applied, is not known`;
      const mend = 'Mend it, or judge the live cluster.';
      doubts.push(...scopesOf(kustomization, outcome).map((scope) => ({ who, says, mend, ...scope })));
      continue;
    }
    if (outcome.state === 'away') {
      told.push(`${who} ${outcome.why}`);
      doubts.push({ who, says: outcome.why, mend: outcome.mend, ...anywhere(kustomization) });
      continue;
    }
    for (const { file, entry } of outcome.state === 'applied' ? outcome.remote : []) {
      told.push(`${who}: ${file} names ${entry}, which only the network can show`);
      doubts.push({
        who,
        says: `brings ${entry}, which only the network can show`,
        mend: 'Keep a copy of it in the repository, or judge the live cluster.',
        ...anywhere(kustomization),
      });
    }
    for (const each of outcome.objects ?? []) {
      const doubt = doubtAbout(each);
      if (doubt) doubts.push(doubt);
      else applied.push(each);
    }
  }
  return {
    applied,
    doubts,
    notes: [...told, ...twice(applied)],
  };
}

/** Why each Kustomization that Flux does not apply is not applied. */
function stuckOf(visits: ReadonlyMap<string, Visit>): ReadonlyMap<string, string> {
  const stuck = new Map<string, string>();
  for (const [key, { outcome }] of visits) if (outcome.state === 'stuck') stuck.set(key, outcome.why);
  for (const key of waitingInCircles(visits))
    if (!stuck.has(key)) stuck.set(key, 'waits, by dependsOn, for itself');
  for (let before = -1; before !== stuck.size; ) {
    before = stuck.size;
    for (const [key, { kustomization, parent }] of visits) {
      if (stuck.has(key)) continue;
      const why = waitsInVain(kustomization, visits, stuck);
      if (why) stuck.set(key, why);
      else if (parent !== undefined && stuck.has(parent))
        stuck.set(key, `is brought by Kustomization ${parent}, which is not applied`);
    }
  }
  return stuck;
}

function waitsInVain(
  kustomization: Kustomization,
  visits: ReadonlyMap<string, Visit>,
  stuck: ReadonlyMap<string, string>,
): string | undefined {
  for (const { name, namespace = kustomization.namespace } of kustomization.spec.dependsOn) {
    const key = `${namespace}/${name}`;
    const other = visits.get(key);
    if (!other) return `depends on Kustomization ${key}, which nothing here brings`;
    if (!stuck.has(key)) continue;
    // One that is only suspended stays ready, but for the revision of the source that both build from.
    const suspended = other.kustomization.spec.suspend;
    if (suspended && sameSource(kustomization, other.kustomization))
      return `depends on Kustomization ${key}, which is suspended and so never reaches the same revision`;
    if (!suspended) return `depends on Kustomization ${key}, which never becomes ready`;
  }
  return undefined;
}

function sameSource(one: Kustomization, other: Kustomization): boolean {
  const [a, b] = [sourceOf(one), sourceOf(other)];
  return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;
}

/** Those that depend, by however many steps, on themselves. */
function waitingInCircles(visits: ReadonlyMap<string, Visit>): string[] {
  const ahead = (key: string) => {
    const visit = visits.get(key);
    return (visit?.kustomization.spec.dependsOn ?? []).map(
      ({ name, namespace = visit?.kustomization.namespace }) => `${namespace}/${name}`,
    );
  };
  return [...visits.keys()].filter((start) => {
    const seen = new Set<string>();
    const todo = ahead(start);
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (next === start) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      todo.push(...ahead(next));
    }
    return false;
  });
}

type Scope = Pick<Doubt, 'namespaces' | 'clusterScoped' | 'kind' | 'notOfFlux'>;

/** Wherever it may put objects of whatever kind. */
const anywhere = ({ spec: { targetNamespace } }: Kustomization): Scope => ({
  ...(targetNamespace === undefined ? {} : { namespaces: new Set([targetNamespace]) }),
  clusterScoped: true,
});

/** Of what kinds its objects are and where: as it has them now, where that is known. */
function scopesOf(kustomization: Kustomization, outcome: Outcome): Scope[] {
  const hasRemote = outcome.state === 'applied' && outcome.remote.length > 0;
  if (outcome.state === 'away' || !outcome.objects || hasRemote) return [anywhere(kustomization)];
  const objects = outcome.objects.map(({ object }) => object);
  if (findHidden(objects.map(({ kind, metadata: { namespace = '' } }) => [kind, namespace])))
    return [{ clusterScoped: true }];
  const scopes = new Map<string, { namespaces: Set<string>; clusterScoped: boolean }>();
  for (const { kind, metadata } of objects) {
    const scope = scopes.get(kind) ?? { namespaces: new Set(), clusterScoped: false };
    scopes.set(kind, scope);
    if (metadata.namespace === undefined) scope.clusterScoped = true;
    else scope.namespaces.add(metadata.namespace);
  }
  return [
    ...[...scopes].map(([kind, scope]) => ({ kind, ...scope })),
    // A release among them once installed what its chart made.
    ...objects.filter(isHelmRelease).map((release) => ({ ...releaseScope(release), notOfFlux: true })),
  ];
}

/** An object whose name is hidden, or that Flux is told to leave alone. */
function doubtAbout({ object, by }: Applied): Doubt | undefined {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace } = metadata;
  const hidden = findHidden([apiVersion, kind, name, namespace ?? '']);
  const only = {
    ...(namespace === undefined || findHidden(namespace) ? {} : { namespaces: new Set([namespace]) }),
    clusterScoped: namespace === undefined,
    ...(findHidden(kind) ? {} : { kind }),
  };
  const who = `Kustomization ${by}`;
  // Such an object brings others.
  const scope = isHelmRelease(object) || isKustomization(object) ? { clusterScoped: true } : only;
  if (hidden)
    return {
      who,
      says: `brings an object whose name or namespace is not known: ${hidden}`,
      mend: MEND_LIVE,
      ...scope,
    };
  if (!isLeftAlone(object)) return undefined;
  return {
    who,
    says: `is told by an annotation to leave ${kind} ${namespace ? `${namespace}/` : ''}${name} as it is`,
    mend: MEND_LIVE,
    ...scope,
    ...(scope === only ? { name } : {}),
  };
}

const FEW = 3;

/** Kustomizations that apply one object differently undo each other's work for ever. */
function twice(applied: readonly Applied[]): string[] {
  const byObject = new Map<string, Applied[]>();
  for (const each of applied) {
    const { apiVersion, kind, metadata } = each.object;
    const { namespace = '', name } = metadata;
    const key = `${apiVersion.split('/').slice(0, -1).join()} ${kind} ${namespace}/${name}`;
    const some = byObject.get(key);
    if (some) some.push(each);
    else byObject.set(key, [each]);
  }
  return [...byObject.values()].flatMap((some) => {
    const last = some.at(-1) as Applied;
    const content = some.length > 1 ? contentOf(last) : '';
    const others = new Set(
      some.filter((each) => each.by !== last.by && contentOf(each) !== content).map(({ by }) => by),
    );
    if (others.size === 0) return [];
    const { kind, metadata } = last.object;
    const shown = [...others].slice(0, FEW).join(', ');
    const more = others.size > FEW ? ` and ${others.size - FEW} more` : '';
    return `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name} is applied by ${others.size === 1 ? 'Kustomization' : 'Kustomizations'} ${shown}${more} and, otherwise, by ${last.by}: the latter counts here`;
  });
}

/** Without the labels that say whose it is. */
function contentOf({ object }: Applied): string {
  const { labels = {}, ...metadata } = object.metadata;
  const own = Object.entries(labels).filter(([key]) => !key.startsWith(`${KUSTOMIZE_GROUP}/`));
  return JSON.stringify({ ...object, metadata: { ...metadata, labels: Object.fromEntries(own) } });
}

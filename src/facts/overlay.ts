// A source with edits laid over it: what the facts would be once they were
// applied, workloads rolled out and their pods healthy. Nothing is written.

import { type Edit, type EditTarget, patched, targetOf } from './edits.ts';
import type { KindName, Kinds, Pod, ReplicaSet } from './kinds.ts';
import { type Rolled, rolledPods, settledStatus } from './overlay-rollout.ts';
import { KINDS } from './projections.ts';
import { type KindRef, kindRef, type Source } from './source.ts';
import type { Fact, ListFact } from './view.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The workloads whose pods follow a patch of their template or of their number. */
const ROLLED: readonly Rolled['kind'][] = ['Deployment', 'StatefulSet', 'DaemonSet'];

/** Edits of one object are applied in their order. The base is read, never changed. */
export function overlay(base: Source, edits: readonly Edit[]): Source {
  if (edits.length === 0) return base;
  const touched = new Map(
    [...Map.groupBy(edits, (edit) => kindKey(targetOf(edit)))].map(([kind, alike]) => [
      kind,
      Map.groupBy(alike, (edit) => placeOf(targetOf(edit))),
    ]),
  );
  const lists = new Map<string, { readonly from: readonly unknown[]; readonly to: readonly unknown[] }>();
  const NONE: readonly Edit[] = [];

  const editsOf = (kind: KindRef, namespace: string | undefined, name: string): readonly Edit[] =>
    touched.get(kindKey(kind))?.get(placeOf({ namespace: namespace ?? '', name })) ?? NONE;
  const targetsOf = (kind: KindRef, namespace: string | undefined): readonly EditTarget[] =>
    [...(touched.get(kindKey(kind))?.values() ?? [])]
      .map(([edit]) => targetOf(edit as Edit))
      .filter((target) => namespace === undefined || (target.namespace ?? '') === namespace);

  function get(kind: KindRef, namespace: string | undefined, name: string): Fact<unknown> {
    if (kind.projected === 'Pod' && rolls(touched)) {
      const fact = list(kind, namespace);
      if (fact.state !== 'known') return fact;
      const pod = (fact.value as readonly Pod[]).find(({ meta }) => meta.name === name);
      return pod ? { state: 'known', value: pod } : { state: 'absent', served: true };
    }
    const own = editsOf(kind, namespace, name);
    const fact = base.get(kind, namespace, name);
    if (own.length === 0 || fact.state === 'pending' || fact.state === 'failed') return fact;
    const value = applied(kind, fact.state === 'known' ? fact.value : undefined, own);
    return value === undefined ? { state: 'absent', served: true } : { state: 'known', value };
  }

  function list(kind: KindRef, namespace: string | undefined): ListFact<unknown> {
    const fact = base.list(kind, namespace);
    if (fact.state !== 'known') return fact;
    const rolling = kind.projected === 'Pod' && rolls(touched);
    if (!rolling && !touched.has(kindKey(kind))) return fact;
    const key = `${kind.key}|${namespace ?? ''}`;
    const known = lists.get(key);
    if (known?.from === fact.value) return { ...fact, served: true, value: known.to };
    const value = rolling
      ? rolled(fact.value as readonly Pod[], namespace)
      : edited(kind, namespace, fact.value);
    if (!Array.isArray(value)) return value as ListFact<unknown>;
    lists.set(key, { from: fact.value, to: value });
    return { ...fact, served: true, value };
  }

  function edited(
    kind: KindRef,
    namespace: string | undefined,
    values: readonly unknown[],
  ): readonly unknown[] {
    const targets = targetsOf(kind, namespace);
    const names = new Set(targets.map(placeOf));
    const rest = values.filter((value) => !names.has(placeOf(identityOf(kind, value))));
    const changed = targets.flatMap((target) => {
      const fact = get(kind, target.namespace, target.name);
      return fact.state === 'known' ? [fact.value] : [];
    });
    return [...rest, ...changed];
  }

  /** The pods of a list, those of edited workloads as their controllers would make them anew. */
  function rolled(
    pods: readonly Pod[],
    namespace: string | undefined,
  ): readonly Pod[] | ListFact<ReplicaSet> {
    const sets = base.list(kindRef('ReplicaSet'), namespace) as ListFact<ReplicaSet>;
    const workloads: Rolled[] = [];
    for (const kind of ROLLED) {
      const targets = targetsOf(kindRef(kind), namespace);
      if (targets.length > 0 && kind === 'Deployment' && sets.state !== 'known') return sets;
      for (const target of targets) {
        const fact = get(kindRef(kind), target.namespace, target.name);
        if (fact.state === 'known') workloads.push({ kind, object: fact.value } as Rolled);
      }
    }
    return rolledPods(workloads, pods, sets.state === 'known' ? sets.value : []);
  }

  return { isClusterScoped: (kind) => base.isClusterScoped(kind), get, list, tree: (ref) => base.tree(ref) };
}

const rolls = (touched: ReadonlyMap<string, unknown>) =>
  ROLLED.some((kind) => touched.has(kindKey(kindRef(kind))));

/** Group and kind: an object is the same one at any version. */
const kindKey = ({ apiVersion, kind }: Pick<EditTarget, 'apiVersion' | 'kind'>) =>
  `${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''}/${kind}`;

const placeOf = ({ namespace, name }: Pick<EditTarget, 'namespace' | 'name'>) => `${namespace ?? ''}/${name}`;

function identityOf(kind: KindRef, value: unknown): Pick<EditTarget, 'namespace' | 'name'> {
  const object = value as { readonly meta?: Fields; readonly metadata?: Fields };
  const { namespace, name } = (kind.projected ? object.meta : object.metadata) ?? {};
  return { namespace: typeof namespace === 'string' ? namespace : '', name: String(name) };
}

/** The object after its edits; undefined where it is gone. */
function applied(kind: KindRef, before: unknown, edits: readonly Edit[]): unknown {
  let value = before;
  for (const edit of edits) {
    switch (edit.action) {
      case 'Delete':
        value = undefined;
        break;
      case 'Create':
        value = kind.projected ? made(kind.projected, edit.object) : withIdentity(edit.object);
        break;
      case 'Patch':
        if (value === undefined) break;
        value = kind.projected
          ? repatched(kind.projected, value, edit.patch, edit.type)
          : patched(value as Fields, edit.patch, edit.type);
        break;
      default:
        edit satisfies never;
    }
  }
  return value;
}

function withIdentity(object: Fields): Fields {
  const metadata = object.metadata as Fields;
  return {
    ...object,
    metadata: { uid: `new-${metadata.namespace ?? ''}-${metadata.name}`, generation: 1, ...metadata },
  };
}

function made<K extends KindName>(kind: K, object: Fields): Kinds[K] {
  return settledStatus(kind, KINDS[kind].project(withIdentity(object) as Record<string, unknown>));
}

/**
 * Patches a projection through the raw object that it stands for. What no
 * projection keeps is lost, and no check reads it.
 */
function repatched(kind: KindName, value: unknown, patch: Fields, type: 'strategic' | 'merge'): unknown {
  const before = value as { readonly meta: unknown };
  const raw = patched(rawOf(before), patch, type) as Record<string, unknown>;
  const after = KINDS[kind].project(raw);
  return settledStatus(kind, { ...after, meta: before.meta } as Kinds[KindName], value as Kinds[KindName]);
}

/** The raw shape of a projection, where the two differ: templates, update strategies. */
function rawOf(value: object): Fields {
  const { meta: _, spec, ...rest } = value as { readonly meta: unknown; readonly spec?: Fields };
  if (spec === undefined) return rest;
  const { template, updateStrategy, strategy } = spec as Readonly<Record<string, Fields | undefined>>;
  const { type: updateType, ...update } = updateStrategy ?? {};
  const { type: strategyType, ...rolling } = strategy ?? {};
  return {
    ...rest,
    spec: {
      ...spec,
      ...(template ? { template: { metadata: { labels: template.labels }, spec: template.spec } } : {}),
      ...(updateStrategy ? { updateStrategy: { type: updateType, rollingUpdate: update } } : {}),
      ...(strategy ? { strategy: { type: strategyType, rollingUpdate: rolling } } : {}),
    },
  };
}

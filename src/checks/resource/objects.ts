// Which objects the resource check is about: read from the facts, and chosen
// by name, label and namespace.

import type { Selector } from '../../facts/kinds.ts';
import type { ForeignKind, WholeObject } from '../../facts/view.ts';
import type { CheckContext, Finding, Subject } from '../check.ts';
import { isUnknowable, unknownFinding } from '../shared/messages.ts';
import { isExact, nameMatches } from '../shared/names.ts';
import { matcher } from '../shared/selectors.ts';
import type { Params } from './schema.ts';

export interface Objects {
  readonly objects: readonly WholeObject[];
  /** Does the API know the kind at all? */
  readonly served: boolean;
  /** No namespace is meant. */
  readonly nowhere?: boolean;
  /** Why they cannot be known. */
  readonly unknown: readonly Finding[];
}

/** metadata, as far as a check over any kind reads it. */
export interface WholeMeta {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
}

export const metaOf = (object: WholeObject): WholeMeta =>
  typeof object.metadata === 'object' && object.metadata !== null ? object.metadata : {};

export function wholeSubject(kind: string, object: WholeObject): Subject {
  const { name = '', namespace } = metaOf(object);
  return namespace ? { kind, namespace, name } : { kind, name };
}

/** One object where one is named, so that only its changes wake the item; a list otherwise. */
export function findObjects(params: Params, context: CheckContext): Objects {
  const { facts } = context;
  const kind: ForeignKind = { apiVersion: params.apiVersion, kind: params.kind };
  const scope = params.namespaceSelector ? undefined : (params.namespace ?? context.namespace);
  const namespaces =
    params.namespaceSelector && !isEmpty(params.namespaceSelector) && !facts.isClusterScoped(kind)
      ? facts.list('Namespace')
      : undefined;

  if (params.name !== undefined && isExact(params.name) && scope !== undefined) {
    const fact = facts.getWhole(kind, scope, params.name);
    if (isUnknowable(fact)) return { objects: [], served: true, unknown: [unknownFinding(fact)] };
    if (fact.state === 'absent') return { objects: [], served: fact.served, unknown: [] };
    return { objects: [fact.value].filter(chosen(params)), served: true, unknown: [] };
  }
  const list = facts.listWhole(kind, scope);
  const unknown = [list, ...(namespaces ? [namespaces] : [])].filter(isUnknowable);
  if (isUnknowable(list) || (namespaces && isUnknowable(namespaces))) {
    return { objects: [], served: true, unknown: unknown.map((fact) => unknownFinding(fact)) };
  }
  const inside = namespaces && namesOf(namespaces.value, params.namespaceSelector);
  const objects = list.value
    .filter(chosen(params))
    .filter((object) => inside === undefined || inside.has(metaOf(object).namespace ?? ''));
  return { objects, served: list.served, nowhere: inside?.size === 0, unknown: [] };
}

function chosen({ name, labelSelector }: Params): (object: WholeObject) => boolean {
  const matches = labelSelector && matcher(labelSelector);
  return (object) => {
    const meta = metaOf(object);
    return (
      (name === undefined || nameMatches(name, meta.name ?? '')) &&
      (matches === undefined || matches(meta.labels ?? {}))
    );
  };
}

function namesOf(
  namespaces: readonly {
    readonly meta: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  }[],
  selector: Selector | undefined,
): ReadonlySet<string> {
  const matches = matcher(selector);
  return new Set(namespaces.filter(({ meta }) => matches(meta.labels)).map(({ meta }) => meta.name));
}

const isEmpty = ({ matchLabels = {}, matchExpressions = [] }: Selector) =>
  Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;

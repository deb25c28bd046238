// The lists that a check over workloads reads beside them, asked for at once:
// a cold start waits for all of them together instead of one after another.

import type { Workload } from '../../api/selectors.ts';
import type { KindName, Kinds } from '../../facts/kinds.ts';
import type { ListFact } from '../../facts/view.ts';
import type { CheckContext } from '../check.ts';
import { inNamespace } from './pods.ts';
import { scopeOf } from './workloads.ts';

/** The objects of one kind in a namespace that the workloads of the check are in. */
export type Lookup = <K extends KindName>(kind: K, namespace: string) => ListFact<Kinds[K]>;

/**
 * Reads the kinds in every namespace (or the whole cluster) that the entries
 * look in, and answers for one namespace from what was read.
 */
export function gather(
  entries: readonly Workload[],
  kinds: readonly KindName[],
  context: CheckContext,
): Lookup {
  const scopes = new Set(entries.map((entry) => scopeOf(entry, context)));
  for (const scope of scopes) for (const kind of kinds) context.facts.list(kind, scope);
  return (kind, namespace) => {
    if (scopes.has(namespace)) return context.facts.list(kind, namespace);
    const fact = context.facts.list(kind);
    return fact.state === 'known' ? { ...fact, value: inNamespace(fact.value, namespace) } : fact;
  };
}

// dependsOn: which other items must be Implemented or Waived first, and whether
// the chain bites its own tail.

import type { RemediationItem } from '../api/remediation-item.ts';
import type { Item } from '../facts/kinds.ts';
import type { Facts } from '../facts/view.ts';

export interface Dependencies {
  /** Why the item has to wait, one line each; empty when it has not. */
  readonly unmet: readonly string[];
  /** The cycle as a path, when the item depends on itself. */
  readonly cycle: string | undefined;
}

/** How many items a chain is followed through before it is called too long to judge. */
const MAX_VISITED = 256;

export function dependencies(item: RemediationItem, facts: Facts): Dependencies {
  const { namespace, name } = item.metadata;
  const unmet: string[] = [];
  for (const ref of item.spec.dependsOn ?? []) {
    const where = `${ref.namespace ?? namespace}/${ref.name}`;
    const fact = facts.get('RemediationItem', ref.namespace ?? namespace, ref.name);
    switch (fact.state) {
      case 'known':
        if (fact.value.state !== 'Implemented' && fact.value.state !== 'Waived') {
          unmet.push(`${where} is ${fact.value.state || 'not judged yet'}, not Implemented`);
        }
        break;
      case 'absent':
        unmet.push(`${where} does not exist; create it, or take it out of dependsOn`);
        break;
      case 'pending':
      case 'failed':
        unmet.push(`${where} cannot be read: ${fact.message}`);
        break;
      default:
        fact satisfies never;
    }
  }
  return { unmet, cycle: findCycle(`${namespace}/${name}`, item, facts) };
}

function findCycle(self: string, item: RemediationItem, facts: Facts): string | undefined {
  const visited = new Set<string>();
  const todo: string[][] = targets(item.metadata.namespace, item.spec.dependsOn ?? []).map((next) => [
    self,
    next,
  ]);
  for (let path = todo.pop(); path !== undefined && visited.size < MAX_VISITED; path = todo.pop()) {
    const here = path[path.length - 1] ?? '';
    if (here === self) return path.join(' → ');
    if (visited.has(here)) continue;
    visited.add(here);
    const [namespace = '', name = ''] = here.split('/');
    const fact = facts.get('RemediationItem', namespace, name);
    if (fact.state !== 'known') continue;
    for (const next of targets(namespace, fact.value.dependsOn)) todo.push([...path, next]);
  }
  return undefined;
}

const targets = (namespace: string, refs: Item['dependsOn']) =>
  refs.map((ref) => `${ref.namespace ?? namespace}/${ref.name}`);

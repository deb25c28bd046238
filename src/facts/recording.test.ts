// The view of one evaluation: it writes down every read, and lets nothing through
// that the item may not see.

import { describe, expect, it } from 'vitest';
import { type Access, recordFacts } from './recording.ts';
import { type KindRef, SOURCE_API, type Source, wholeRef } from './source.ts';
import type { Fact, ListFact, SourceTree } from './view.ts';

const CLUSTER_SCOPED = new Set(['Namespace', 'ClusterIssuer']);

function sourceOf(
  answer: (kind: KindRef, namespace: string | undefined, name: string | undefined) => Fact<unknown>,
): Source {
  return {
    isClusterScoped: ({ kind }) => CLUSTER_SCOPED.has(kind),
    get: answer,
    list: (kind, namespace) => answer(kind, namespace, undefined) as ListFact<unknown>,
    tree: ({ kind, namespace, name }) =>
      answer(wholeRef({ apiVersion: SOURCE_API, kind }), namespace, name) as Fact<SourceTree>,
  };
}
const absent = sourceOf(() => ({ state: 'absent', served: true }));

describe('the recorded view', () => {
  it('writes the reading of a tree down as a read of its source, and asks who may read that', () => {
    const kept: Access = (kind, namespace) =>
      kind.kind === 'GitRepository' && namespace === 'flux-system'
        ? { state: 'failed', reason: 'Forbidden', message: 'not yours' }
        : undefined;
    const facts = recordFacts(absent, kept);
    const ref = { kind: 'GitRepository', namespace: 'flux-system', name: 'fleet' } as const;
    expect(facts.tree(ref)).toMatchObject({ state: 'failed', reason: 'Forbidden' });
    expect([...facts.reads()]).toEqual([
      { kind: 'whole:source.toolkit.fluxcd.io/v1/GitRepository', namespace: 'flux-system', name: 'fleet' },
    ]);
    expect(recordFacts(absent).tree(ref)).toEqual({ state: 'absent', served: true });
  });

  it('writes every read down once: an object, a list of a namespace, a list of the cluster', () => {
    const facts = recordFacts(absent);
    facts.get('Deployment', 'shop', 'web');
    facts.get('Deployment', 'shop', 'web');
    facts.list('Pod', 'shop');
    facts.list('Pod');
    facts.getWhole({ apiVersion: 'apps/v1', kind: 'Deployment' }, 'shop', 'web');
    facts.listWhole({ apiVersion: 'example.org/v1', kind: 'Ghost' }, 'shop');
    expect([...facts.reads()]).toEqual([
      { kind: 'apps/v1/Deployment', namespace: 'shop', name: 'web' },
      { kind: 'v1/Pod', namespace: 'shop', name: undefined },
      { kind: 'v1/Pod', namespace: undefined, name: undefined },
      { kind: 'whole:apps/v1/Deployment', namespace: 'shop', name: 'web' },
      { kind: 'whole:example.org/v1/Ghost', namespace: 'shop', name: undefined },
    ]);
  });

  it('writes down reads that were refused, so that the item is woken when they are allowed', () => {
    const refuse: Access = () => ({ state: 'failed', reason: 'Forbidden', message: 'no' });
    const facts = recordFacts(absent, refuse);
    expect(facts.get('Deployment', 'bank', 'vault')).toEqual({
      state: 'failed',
      reason: 'Forbidden',
      message: 'no',
    });
    expect([...facts.reads()]).toHaveLength(1);
  });

  it('does not ask the source for what may not be seen', () => {
    const asked: string[] = [];
    const source = sourceOf((kind) => {
      asked.push(kind.kind);
      return { state: 'known', value: { secret: true } };
    });
    const facts = recordFacts(source, ({ kind }) =>
      kind === 'Pod' ? { state: 'failed', reason: 'Forbidden', message: 'no' } : undefined,
    );
    facts.list('Pod', 'bank');
    facts.list('Deployment', 'bank');
    expect(asked).toEqual(['Deployment']);
  });

  it('looks for cluster-scoped objects in no namespace, and asks for permission there', () => {
    const asked: (string | undefined)[] = [];
    const facts = recordFacts(absent, (_kind, namespace) => {
      asked.push(namespace);
      return undefined;
    });
    facts.listWhole({ apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer' }, 'shop');
    facts.getWhole({ apiVersion: 'cert-manager.io/v1', kind: 'Issuer' }, 'shop', 'x');
    expect(asked).toEqual([undefined, 'shop']);
    expect([...facts.reads()].map(({ namespace }) => namespace)).toEqual([undefined, 'shop']);
  });

  it('tells what is still waited for, and whether it still is', () => {
    let here = false;
    const source = sourceOf(({ kind }) =>
      kind === 'Pod' && !here
        ? { state: 'pending', message: 'the first list of Pod' }
        : { state: 'absent', served: true },
    );
    const facts = recordFacts(source);
    facts.get('Deployment', 'shop', 'web');
    expect(facts.pending()).toEqual([]);
    expect(facts.stillPending()).toBe(false);
    facts.list('Pod', 'shop');
    expect(facts.pending()).toEqual(['the first list of Pod']);
    expect(facts.stillPending()).toBe(true);
    here = true;
    expect(facts.stillPending()).toBe(false);
  });
});

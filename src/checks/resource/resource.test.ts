// What no case can show: parameters that cannot be judged, facts that are not
// known, and very many or very odd objects.

import { describe, expect, it } from 'vitest';
import type { Facts, WholeObject } from '../../facts/view.ts';
import type { CheckContext } from '../check.ts';
import { resource } from './index.ts';

const base = { apiVersion: 'v1', kind: 'ConfigMap' };

function judge(params: object, facts: Partial<Facts>) {
  const context: CheckContext = {
    facts: { isClusterScoped: () => false, ...facts } as Facts,
    now: new Date('2026-01-17T12:00:00Z'),
    namespace: 'a',
  };
  return resource.judge(resource.schema.parse({ ...base, ...params }), context);
}

const known = (value: readonly WholeObject[]): Partial<Facts> => ({
  listWhole: () => ({ state: 'known', value, served: true }),
});

const named = (name: string, more: object = {}): WholeObject => ({
  metadata: { name, namespace: 'a' },
  ...more,
});

describe('parameters', () => {
  it('whose CEL does not compile are problems, by field', () => {
    const params = resource.schema.parse({
      ...base,
      where: 'self.',
      expect: [{ cel: 'true' }, { cel: 'nope == 1' }],
    });
    expect(resource.problems?.(params)).toMatchObject([
      { field: 'where' },
      { field: 'expect[1].cel', message: 'Unknown variable: nope' },
    ]);
  });

  it.each([
    [{ count: { max: 0 } }, 'count.min (1 unless given) must be at most count.max'],
    [{ namespace: 'a', namespaceSelector: {} }, 'not both'],
    [{ freshness: { path: 'a..b', maxAge: '1h' } }, 'must be a path'],
    [{ apiVersion: 'helm/x' }, 'apiVersion'],
  ])('%j are refused', (params, message) => {
    expect(resource.schema.safeParse({ ...base, ...params }).error?.message).toContain(message);
  });
});

describe('facts that are not known', () => {
  it.each([
    [{ state: 'pending', message: 'waiting' } as const, 'Pending'],
    [{ state: 'failed', reason: 'Forbidden', message: 'may not list' } as const, 'Forbidden'],
  ])('lead to Unknown, never to a missing object', (fact, reason) => {
    expect(judge({}, { listWhole: () => fact })).toMatchObject({
      passed: 0,
      findings: [{ level: 'Unknown', reason }],
    });
    expect(judge({ name: 'x' }, { getWhole: () => fact })).toMatchObject({
      passed: 0,
      findings: [{ level: 'Unknown', reason }],
    });
  });
});

describe('objects', () => {
  it('without metadata, data or sense are judged and bring nothing down', () => {
    const odd = [
      {},
      { metadata: null },
      { metadata: [] },
      named('x', { status: { conditions: 'none' } }),
      { metadata: { name: 'y', deletionTimestamp: 'now', finalizers: null } },
    ] as WholeObject[];
    const params = { expect: [{ cel: "self.metadata.name == 'x'" }], condition: { type: 'Ready' } };
    expect(judge(params, known(odd as readonly WholeObject[])).passed).toBe(0);
  });

  it('so many that CEL over all of them costs too much are Unknown from there on', () => {
    const items = Array.from({ length: 400 }, (_, i) => i);
    const many = Array.from({ length: 20 }, (_, i) => named(`n${i}`, { items: [...items] }));
    const params = { expect: [{ cel: 'self.items.all(a, self.items.all(b, a != b || b == a))' }] };
    const findings = judge(params, known(many)).findings;
    expect(findings.every(({ level, reason }) => level === 'Unknown' && reason === 'CostLimit')).toBe(true);
    // Asked again, the same facts give the same answer, although every object is remembered.
    expect(judge(params, known(many)).findings).toEqual(findings);
  });

  it('that cannot be decided by where may be among those that count', () => {
    let deep: WholeObject = {};
    for (let level = 0; level < 1_000; level++) deep = { deep };
    const judgement = judge({ where: 'has(self.deep)' }, known([named('x', deep)]));
    expect(judgement.findings).toMatchObject([{ level: 'Unknown', reason: 'CostLimit' }]);
  });
});

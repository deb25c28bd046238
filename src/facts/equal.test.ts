// When an object counts as unchanged, and who is said to have changed it.

import { describe, expect, it } from 'vitest';
import { MANAGERS, sameFact, writersOf } from './equal.ts';
import { KINDS } from './projections.ts';

const raw = (
  more: {
    spec?: object;
    metadata?: object;
    managers?: [manager: string, time: string, subresource?: string][];
  } = {},
) => ({
  metadata: {
    namespace: 'shop',
    name: 'web',
    uid: 'u',
    resourceVersion: '1',
    generation: 1,
    ...more.metadata,
    managedFields: (more.managers ?? [['helm', '2026-01-01T00:00:00Z']]).map(
      ([manager, time, subresource]) => ({
        manager,
        operation: 'Update',
        time,
        subresource,
      }),
    ),
  },
  spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } }, ...more.spec },
});
const budget = (...more: Parameters<typeof raw>) => KINDS.PodDisruptionBudget.project(raw(...more));

describe('an object that is written again', () => {
  it('is the same as long as no field that a check reads differs', () => {
    expect(sameFact(budget(), budget({ metadata: { resourceVersion: '2' } }))).toBe(true);
    expect(sameFact(budget(), budget({ managers: [['kubectl-edit', '2026-01-02T00:00:00Z']] }))).toBe(true);
  });

  it.each([
    ['its spec', { spec: { minAvailable: 2 } }],
    ['its uid', { metadata: { uid: 'other' } }],
    ['its labels', { metadata: { labels: { app: 'x' } } }],
    ['its generation', { metadata: { generation: 2 } }],
    ['its deletion', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }],
  ])('has changed with %s', (_what, more) => {
    expect(sameFact(budget(), budget(more))).toBe(false);
  });

  it('is compared whole where it is read whole', () => {
    const whole = (value: number) => ({ metadata: { name: 'a' }, spec: { value } });
    expect(sameFact(whole(1), whole(1))).toBe(true);
    expect(sameFact(whole(1), whole(2))).toBe(false);
  });
});

describe('who wrote an object', () => {
  const names = (...args: Parameters<typeof writersOf>) => writersOf(...args).map(({ manager }) => manager);

  it('is told newest first', () => {
    const fact = budget({
      managers: [
        ['helm', '2026-01-01T00:00:00Z'],
        ['kubectl-edit', '2026-01-03T00:00:00Z'],
        ['flux', '2026-01-02T00:00:00Z'],
      ],
    });
    expect(names(fact, undefined)).toEqual(['kubectl-edit', 'flux', 'helm']);
  });

  it('is who was not there before, where two wrote in one second', () => {
    const second = '2026-01-01T00:00:00Z';
    const before = budget({ managers: [['a-helm', second]] });
    const after = budget({
      managers: [
        ['a-helm', second],
        ['kubectl-edit', second],
      ],
    });
    expect(names(after, before)).toEqual(['kubectl-edit', 'a-helm']);
  });

  it('is who wrote again, where another wrote in the same second before', () => {
    const before = budget({
      managers: [
        ['a-flux', '2026-01-01T00:00:05Z'],
        ['helm', '2026-01-01T00:00:01Z'],
      ],
    });
    const after = budget({
      managers: [
        ['a-flux', '2026-01-01T00:00:05Z'],
        ['helm', '2026-01-01T00:00:05Z'],
      ],
    });
    expect(names(after, before)).toEqual(['helm', 'a-flux']);
  });

  it('is who reports on it, where nothing else has changed, though all wrote in one second', () => {
    const second = '2026-01-01T00:00:00Z';
    const managers: [string, string, string?][] = [
      ['a-helm', second],
      ['kubectl-edit', second],
      ['z-controller', second, 'status'],
    ];
    const of = (metadata: object) => budget({ managers, metadata });
    expect(names(of({ generation: 2 }), of({ generation: 2 }))[0]).toBe('z-controller');
    expect(names(of({ generation: 2 }), of({ generation: 1 }))[0]).toBe('a-helm');
    expect(names(of({ labels: { a: 'b' } }), of({}))[0]).toBe('a-helm');
  });

  it('is known of objects that are read whole, and of none that nobody wrote', () => {
    const manager = { manager: 'flux', operation: 'Apply' };
    expect(writersOf({ metadata: {}, [MANAGERS]: [manager] }, undefined)).toEqual([manager]);
    expect(writersOf({ metadata: {} }, undefined)).toEqual([]);
  });
});

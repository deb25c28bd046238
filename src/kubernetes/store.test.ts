import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepEqual } from './equal.ts';
import { createStore, type StoreStatus } from './store.ts';

type Thing = { metadata: { namespace: string; name: string }; value: unknown };
const thing = (namespace: string, name: string, value: unknown = 1): Thing => ({
  metadata: { namespace, name },
  value,
});

describe('store', () => {
  it('answers by namespace and name, and lists in order', () => {
    const store = createStore<Thing>();
    store.replace([thing('b', 'x'), thing('a', 'z'), thing('a', 'y')], '1');
    expect(store.get('a', 'y')).toEqual(thing('a', 'y'));
    expect(store.get('a', 'x')).toBeUndefined();
    expect(store.list('a').map((each) => each.metadata.name)).toEqual(['y', 'z']);
    expect(store.list().map((each) => each.metadata.name)).toEqual(['y', 'z', 'x']);
    expect(store.size).toBe(3);
  });

  it('gives the same array until its content changes', () => {
    const store = createStore<Thing>();
    store.replace([thing('a', 'x'), thing('b', 'y')], '1');
    const [all, a, b] = [store.list(), store.list('a'), store.list('b')];
    store.upsert(thing('a', 'x'));
    expect(store.list()).toBe(all);
    store.upsert(thing('a', 'x', 2));
    expect(store.list()).not.toBe(all);
    expect(store.list('a')).not.toBe(a);
    expect(store.list('b')).toBe(b);
    expect(all.map((each) => each.value)).toEqual([1, 1]);
    expect(store.list('none')).toBe(store.list('none'));
  });

  it('tells real differences only', () => {
    const store = createStore<Thing>();
    const told: unknown[] = [];
    const end = store.onChange((change) => told.push(change));
    store.upsert(thing('a', 'x', { deep: [1, 2] }));
    store.upsert(thing('a', 'x', { deep: [1, 2] }));
    store.upsert(thing('a', 'x', { deep: [1, 3] }));
    store.remove(thing('a', 'x'));
    store.remove(thing('a', 'x'));
    end();
    store.upsert(thing('a', 'unheard'));
    expect(told).toEqual([
      { type: 'added', new: thing('a', 'x', { deep: [1, 2] }) },
      { type: 'updated', old: thing('a', 'x', { deep: [1, 2] }), new: thing('a', 'x', { deep: [1, 3] }) },
      { type: 'deleted', old: thing('a', 'x', { deep: [1, 3] }) },
    ]);
  });

  it('tells after a relist what was added, changed and deleted meanwhile, once the store shows all of it', () => {
    const store = createStore<Thing>();
    store.replace([thing('a', 'same'), thing('a', 'changed'), thing('b', 'gone')], '1');
    const told: string[] = [];
    store.onChange((change) => {
      told.push(`${change.type} ${(change.new ?? change.old)?.metadata.name}`);
      expect(store.list().map((each) => each.metadata.name)).toEqual(['changed', 'new', 'same']);
    });
    store.replace([thing('a', 'same'), thing('a', 'changed', 2), thing('a', 'new')], '9');
    expect(told).toEqual(['updated changed', 'added new', 'deleted gone']);
  });

  it('does not compare side notes kept under a symbol', () => {
    const side = Symbol('resourceVersion');
    const store = createStore<Thing>();
    const told: unknown[] = [];
    store.upsert(Object.assign(thing('a', 'x'), { [side]: '1' }));
    store.onChange((change) => told.push(change));
    store.upsert(Object.assign(thing('a', 'x'), { [side]: '2' }));
    expect(told).toEqual([]);
  });

  it('says whether it is pending, synced or failed, and whether it ever was complete', () => {
    const store = createStore<Thing>();
    const failure = { reason: 'Forbidden' as const, message: 'no', error: undefined, since: 0 };
    const told: StoreStatus[] = [];
    store.onStatus((status) => told.push(status));
    expect(store.status()).toEqual({ state: 'pending' });
    store.failed(failure);
    store.failed({ ...failure });
    store.synced();
    store.synced();
    store.failed(failure);
    expect(told).toEqual([
      { state: 'failed', failure, hadSynced: false },
      { state: 'synced' },
      { state: 'failed', failure, hadSynced: true },
    ]);
  });

  it('takes any projection with a key function', () => {
    const store = createStore<string>({ keyOf: (text) => ({ namespace: '', name: text }) });
    store.upsert('x');
    expect(store.get('', 'x')).toBe('x');
    expect(() => createStore<unknown>().upsert({})).toThrow(/keyOf/);
  });
});

describe('deepEqual', () => {
  it('agrees with the JSON of two values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const copy = JSON.parse(JSON.stringify(a));
        expect(deepEqual(JSON.parse(JSON.stringify(a)), copy)).toBe(true);
        expect(deepEqual(a, b)).toBe(deepEqual(b, a));
        if (deepEqual(a, b)) expect(b).toEqual(a);
      }),
    );
  });

  it('tells a missing field from an undefined one, and an array from an object', () => {
    expect(deepEqual({ a: undefined }, {})).toBe(false);
    expect(deepEqual({ a: undefined }, { b: undefined })).toBe(false);
    expect(deepEqual([], {})).toBe(false);
    expect(deepEqual([1], [1, 2])).toBe(false);
    expect(deepEqual(null, {})).toBe(false);
  });
});

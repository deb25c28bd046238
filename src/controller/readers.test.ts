// Who read what: which items a change wakes, and which reads nobody makes any more.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Read } from '../facts/recording.ts';
import { createReaders } from './readers.ts';

const read = (kind: string, namespace?: string, name?: string): Read => ({ kind, namespace, name });
const woken = (readers: ReturnType<typeof createReaders>, change: Read) => [...readers.of(change)].sort();

describe('a change of an object', () => {
  const readers = createReaders();
  readers.set('one', [read('Pod', 'shop', 'web')]);
  readers.set('namespace', [read('Pod', 'shop')]);
  readers.set('cluster', [read('Pod')]);
  readers.set('other', [read('Pod', 'bank'), read('Deployment', 'shop', 'web')]);

  it.each([
    ['the object', read('Pod', 'shop', 'web'), ['cluster', 'namespace', 'one']],
    ['another object of the namespace', read('Pod', 'shop', 'api'), ['cluster', 'namespace']],
    ['an object of another namespace', read('Pod', 'bank', 'web'), ['cluster', 'other']],
    ['the whole kind', read('Pod'), ['cluster', 'namespace', 'one', 'other']],
    ['another kind', read('Deployment', 'shop', 'web'), ['other']],
    ['a kind that nobody reads', read('Service', 'shop', 'web'), []],
  ])('wakes who read it: %s', (_what, change, items) => {
    expect(woken(readers, change)).toEqual(items);
  });

  it('wakes who read a cluster-scoped object by name or by list', () => {
    const scoped = createReaders();
    scoped.set('one', [read('Namespace', undefined, 'shop')]);
    scoped.set('all', [read('Namespace')]);
    expect(woken(scoped, read('Namespace', undefined, 'shop'))).toEqual(['all', 'one']);
    expect(woken(scoped, read('Namespace', undefined, 'bank'))).toEqual(['all']);
  });
});

describe('reads that are made no more', () => {
  it('wake nobody, and are told when their last reader is gone', () => {
    const readers = createReaders();
    readers.set('a', [read('Pod', 'shop'), read('ConfigMap', 'kube-system', 'cilium-config')]);
    readers.set('b', [read('Pod', 'shop')]);
    expect(readers.set('a', [read('Pod', 'shop')])).toEqual([
      read('ConfigMap', 'kube-system', 'cilium-config'),
      read('ConfigMap'),
    ]);
    expect(readers.forget('a')).toEqual([]);
    expect(woken(readers, read('Pod', 'shop', 'web'))).toEqual(['b']);
    expect(readers.forget('b')).toEqual([read('Pod')]);
    expect(woken(readers, read('Pod', 'shop', 'web'))).toEqual([]);
  });

  it('are told only when they are not made again in the same judgement', () => {
    const readers = createReaders();
    readers.set('a', [read('Pod', 'shop')]);
    expect(readers.set('a', [read('Pod', 'bank')])).toEqual([]);
    expect(woken(readers, read('Pod', 'shop', 'web'))).toEqual([]);
    expect(woken(readers, read('Pod', 'bank', 'web'))).toEqual(['a']);
  });
});

it('answers as a plain search through everybody’s reads would', () => {
  const someRead = fc.record({
    kind: fc.constantFrom('Pod', 'Service'),
    namespace: fc.constantFrom('shop', 'bank'),
    name: fc.constantFrom(undefined, 'web', 'api'),
  });
  const step = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.array(someRead, { maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), someRead, (steps, change) => {
      const readers = createReaders();
      const plain = new Map<string, readonly Read[]>();
      for (const [item, reads] of steps) {
        readers.set(item, reads);
        plain.set(item, reads);
      }
      const concerns = (each: Read) =>
        each.kind === change.kind &&
        (change.name === undefined ||
          (each.namespace === change.namespace && (each.name === undefined || each.name === change.name)));
      const expected = [...plain].filter(([, reads]) => reads.some(concerns)).map(([item]) => item);
      expect(woken(readers, change)).toEqual(expected.sort());
    }),
  );
});

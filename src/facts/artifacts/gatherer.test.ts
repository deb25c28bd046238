// One fetch for one artifact, retried while it fails, dropped when nobody reads it.

import { beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../../kubernetes/testing/fake-clock.ts';
import { EvidenceError } from '../network/evidence-error.ts';
import { type Allowance, type Budget, createBudget } from './budget.ts';
import type { Artifact } from './fetch.ts';
import type { TreeFiles } from './files.ts';
import { createGatherer, type Fetched, type Gatherer, type Reader } from './gatherer.ts';

interface Fetch {
  readonly artifact: Artifact;
  readonly signal: AbortSignal;
  readonly previous: TreeFiles | undefined;
  readonly allowance: Allowance;
  arrive(files: TreeFiles): void;
  fail(error: unknown): void;
}

let clock: FakeClock;
let gatherer: Gatherer;
let fetches: Fetch[];
let told: string[];
let budget: Budget;
let reports: Fetched[];

beforeEach(() => {
  clock = createFakeClock();
  fetches = [];
  told = [];
  reports = [];
  budget = createBudget(160);
  gatherer = createGatherer({
    clock,
    budget,
    onChange: ({ key }) => told.push(key),
    onFetched: (fetched) => reports.push(fetched),
    fetch: (artifact, { signal, previous, allowance }) => {
      const { promise, resolve, reject } = Promise.withResolvers<TreeFiles>();
      signal.addEventListener('abort', () => reject(signal.reason));
      fetches.push({ artifact, signal, previous, allowance, arrive: resolve, fail: reject });
      return promise;
    },
  });
});

const reader = (key: string, group = 'flux-system'): Reader => ({ key, group });
const artifact = (name: string): Artifact => ({ url: `http://source/${name}`, digest: `sha256:${name}` });
const tree = (): TreeFiles => ({ files: new Map(), emptyFolders: [], passedOver: new Map(), notes: [] });
const settled = () => new Promise((resolve) => setImmediate(resolve));
const A = reader('a');
const unreachable = () => new EvidenceError('Unreachable', 'connection refused');

test('an artifact is pending until it is here, and its readers are told once', async () => {
  expect(gatherer.read(A, artifact('one'))).toMatchObject({ state: 'pending' });
  expect(gatherer.read(A, artifact('one'))).toMatchObject({ state: 'pending' });
  expect(gatherer.read(reader('b'), artifact('one'))).toMatchObject({ state: 'pending' });
  expect(fetches).toHaveLength(1);
  expect(told).toEqual([]);
  const files = tree();
  fetches[0]?.arrive(files);
  await settled();
  expect(told).toEqual(['a', 'b']);
  expect(gatherer.read(A, artifact('one'))).toEqual({ state: 'known', value: files });
  expect(fetches).toHaveLength(1);
});

test('a new artifact is pending though the old one is known, and is given what was there before', async () => {
  const old = tree();
  gatherer.read(A, artifact('one'));
  fetches[0]?.arrive(old);
  await settled();
  expect(gatherer.read(A, artifact('two'))).toMatchObject({ state: 'pending' });
  expect(fetches[1]?.previous).toBe(old);
});

describe('a failure', () => {
  async function failing(error: () => unknown): Promise<void> {
    fetches.at(-1)?.fail(error());
    await settled();
  }

  test('to reach the place is waited out for a moment, then told, and retried ever more seldom', async () => {
    gatherer.read(A, artifact('one'));
    await failing(unreachable);
    expect(gatherer.read(A, artifact('one'))).toMatchObject({ state: 'pending' });
    expect(told).toEqual([]);
    await clock.advance(2_000);
    await failing(unreachable);
    await clock.advance(4_000);
    await failing(unreachable);
    expect(told).toEqual(['a']);
    expect(gatherer.read(A, artifact('one'))).toEqual({
      state: 'failed',
      reason: 'Unreachable',
      message: 'connection refused',
    });
    expect(fetches).toHaveLength(3);
    await clock.advance(3_999);
    expect(fetches).toHaveLength(3);
    await clock.advance(4_001);
    expect(fetches).toHaveLength(4);
    fetches.at(-1)?.arrive(tree());
    await settled();
    expect(told).toEqual(['a', 'a']);
    expect(gatherer.read(A, artifact('one'))).toMatchObject({ state: 'known' });
  });

  test('that waiting does not mend is told at once', async () => {
    gatherer.read(A, artifact('one'));
    await failing(() => new EvidenceError('Unreadable', 'not an archive'));
    expect(gatherer.read(A, artifact('one'))).toMatchObject({ state: 'failed', reason: 'Unreadable' });
  });

  test('that is told is not told again while it stays the same', async () => {
    gatherer.read(A, artifact('one'));
    for (let times = 0; times < 3; times++) {
      await failing(() => new EvidenceError('Forbidden', 'no'));
      await clock.advance(60_000);
    }
    expect(told).toEqual(['a']);
  });

  test.each([
    ['to reach the place is tried every other minute at least, however long it lasts', 'Unreachable', 60_000],
    ['to make anything of what arrives is tried every ten minutes at least', 'Unreadable', 300_000],
  ] as const)('%s', async (_, reason, base) => {
    const times: number[] = [];
    gatherer.read(A, artifact('one'));
    while (clock.monotonic() < 24 * 3_600_000) {
      const before = fetches.length;
      await failing(() => new EvidenceError(reason, 'no'));
      while (fetches.length === before) await clock.advance(1_000);
      times.push(clock.monotonic());
    }
    const waits = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    expect(Math.max(...waits)).toBeLessThanOrEqual(2 * base + 1_000);
    // Each at a time of its own: many sources do not come back in step.
    expect(Math.min(...waits.slice(-20))).toBeGreaterThanOrEqual(base - 1_000);
    expect(new Set(waits.slice(-20)).size).toBeGreaterThan(5);
    expect(told).toEqual(['a']);
  });

  test('is tried again at once when its source was looked at again, and not because it is read again', async () => {
    gatherer.read({ ...A, asked: 'one' }, artifact('one'));
    for (const wait of [2_000, 4_000, 8_000, 16_000, 0]) {
      await failing(unreachable);
      await clock.advance(wait);
    }
    const before = fetches.length;
    gatherer.read({ ...A, asked: 'one' }, artifact('one'));
    expect(fetches).toHaveLength(before);
    expect(gatherer.read({ ...A, asked: 'two' }, artifact('one'))).toMatchObject({ state: 'failed' });
    gatherer.read({ ...A, asked: 'three' }, artifact('one'));
    expect(fetches).toHaveLength(before + 1);
    await failing(unreachable);
    // And from there on as often as at first.
    await clock.advance(2_000);
    expect(fetches).toHaveLength(before + 2);
    fetches.at(-1)?.arrive(tree());
    await settled();
    gatherer.read({ ...A, asked: 'four' }, artifact('one'));
    expect(fetches).toHaveLength(before + 2);
  });

  test('that is a bug of ours harms no other', async () => {
    gatherer.read(A, artifact('one'));
    gatherer.read(reader('b'), artifact('two'));
    fetches[0]?.fail(new TypeError('x is not a function'));
    fetches[1]?.arrive(tree());
    await settled();
    expect(gatherer.read(A, artifact('one'))).toMatchObject({ state: 'failed', reason: 'Unreadable' });
    expect(gatherer.read(reader('b'), artifact('two'))).toMatchObject({ state: 'known' });
  });
});

describe('nobody reads it any more', () => {
  test('so a fetch under way ends, and what was there is dropped', async () => {
    gatherer.read(A, artifact('one'));
    gatherer.release('a');
    expect(fetches[0]?.signal.aborted).toBe(true);
    await settled();
    expect(told).toEqual([]);
    gatherer.read(A, artifact('one'));
    expect(fetches).toHaveLength(2);
  });

  test('but while one does, it stays', async () => {
    gatherer.read(A, artifact('one'));
    gatherer.read(reader('b'), artifact('one'));
    gatherer.release('a');
    expect(fetches[0]?.signal.aborted).toBe(false);
    fetches[0]?.arrive(tree());
    await settled();
    expect(told).toEqual(['b']);
  });

  test('so nothing is retried', async () => {
    gatherer.read(A, artifact('one'));
    fetches[0]?.fail(unreachable());
    await settled();
    gatherer.release('a');
    await clock.advance(600_000);
    expect(fetches).toHaveLength(1);
  });
});

describe('what a tree takes of the room for all', () => {
  /** A reads an artifact that takes this much. */
  async function held(bytes: number): Promise<TreeFiles> {
    const files = tree();
    gatherer.read(A, artifact('one'));
    fetches[0]?.allowance.take(bytes);
    fetches[0]?.arrive(files);
    await settled();
    return files;
  }

  test('is given back when nobody reads it any more', async () => {
    await held(160);
    gatherer.release('a');
    expect(budget.taken).toBe(0);
  });

  test('is given back when it cannot be read after all', async () => {
    gatherer.read(A, artifact('one'));
    fetches[0]?.allowance.take(160);
    fetches[0]?.fail(new EvidenceError('Unreadable', 'cut off'));
    await settled();
    expect(budget.taken).toBe(0);
  });

  test('is there for the next revision, whoever else waits for some', async () => {
    await held(160);
    gatherer.read(reader('b', 'other'), artifact('other'));
    gatherer.read(A, artifact('two'));
    expect(() => fetches[1]?.allowance.take(1)).toThrow('no room');
    fetches[2]?.allowance.take(100);
    fetches[2]?.arrive(tree());
    await settled();
    expect(budget.taken).toBe(100);
    fetches[1]?.allowance.take(60);
  });

  test('is given back when the next revision cannot be had', async () => {
    await held(160);
    gatherer.read(A, artifact('two'));
    fetches[1]?.fail(unreachable());
    await settled();
    expect(budget.taken).toBe(0);
  });

  test('is all free when one revision follows the other faster than they can be fetched', async () => {
    await held(100);
    for (const name of ['two', 'three', 'four']) {
      gatherer.read(A, artifact(name));
      fetches.at(-1)?.allowance.take(40);
      await settled();
    }
    fetches.at(-1)?.arrive(tree());
    await settled();
    expect(budget.taken).toBe(40);
    gatherer.release('a');
    expect(budget.taken).toBe(0);
  });

  test('is not held twice: a large tree is dropped before its next revision comes', async () => {
    const small = await held(10);
    gatherer.read(A, artifact('two'));
    expect(fetches[1]?.previous).toBe(small);
    fetches[1]?.allowance.take(11);
    fetches[1]?.arrive(tree());
    await settled();
    gatherer.read(A, artifact('three'));
    expect(fetches[2]?.previous).toBeUndefined();
  });
});

test('every fetch is reported, and as news what is told for the first time; one that is called off is not', async () => {
  const failure = { state: 'failed', reason: 'Unreachable', message: 'connection refused' };
  gatherer.read(A, artifact('one'));
  for (const wait of [2_000, 4_000, 8_000, 16_000]) {
    await clock.advance(500);
    fetches.at(-1)?.fail(unreachable());
    await settled();
    await clock.advance(wait);
  }
  fetches.at(-1)?.arrive(tree());
  await settled();
  expect(reports).toMatchObject([
    { url: 'http://source/one', readers: ['a'], seconds: 0.5, news: false, failure },
    { news: false, failure },
    { news: true, failure },
    { news: false, failure },
    { news: true },
  ]);
  expect(reports.at(-1)?.failure).toBeUndefined();
  gatherer.read(A, artifact('two'));
  gatherer.read(A, artifact('three'));
  fetches.at(-1)?.arrive(tree());
  await settled();
  expect(reports.slice(5)).toMatchObject([{ url: 'http://source/three', news: false }]);
});

test('what is held, on its way and failed is told', async () => {
  for (const [key, group] of [
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
  ] as const)
    gatherer.read(reader(key, group), artifact(key));
  fetches[0]?.allowance.take(40);
  fetches[0]?.arrive(tree());
  fetches[1]?.fail(new EvidenceError('Forbidden', 'no'));
  await settled();
  expect(gatherer.holdings()).toEqual({ known: 1, pending: 1, failed: 1, takenBytes: 40, roomBytes: 160 });
});

test('slow sources of one namespace keep nobody else waiting', () => {
  for (let at = 0; at < 10; at++) gatherer.read(reader(`slow${at}`, 'tenant'), artifact(`slow${at}`));
  expect(fetches).toHaveLength(4);
  gatherer.read(A, artifact('one'));
  expect(fetches.at(-1)?.artifact.url).toBe('http://source/one');
});

test('what hangs again and again keeps nothing new waiting, be it of the same namespace', async () => {
  for (let at = 0; at < 20; at++)
    gatherer.read(reader(`hung${at}`, `tenant${at % 2}`), artifact(`hung${at}`));
  const hung = () => fetches.at(-1)?.artifact.url.startsWith('http://source/hung');
  for (let at = 0; at < 20; at++) {
    await settled();
    fetches[at]?.fail(unreachable());
  }
  await settled();
  await clock.advance(4_000);
  expect(fetches.length).toBeGreaterThan(20);
  expect(hung()).toBe(true);
  for (const group of ['tenant0', 'another']) {
    gatherer.read(reader(group, group), artifact(group));
    expect(fetches.at(-1)?.artifact.url).toBe(`http://source/${group}`);
    fetches.at(-1)?.arrive(tree());
    await settled();
    await clock.advance(1_000);
  }
  // And each of what hung is tried again for all that.
  for (let at = 20; at < 80; at++) {
    fetches[at]?.fail(unreachable());
    await settled();
    await clock.advance(5_000);
  }
  const again = fetches.slice(20).filter(({ artifact: { url } }) => url.startsWith('http://source/hung'));
  expect(new Set(again.map(({ artifact: { url } }) => url)).size).toBe(20);
});

test('what waited for its turn is fetched when there is room', async () => {
  for (const name of ['one', 'two', 'three', 'four', 'five']) gatherer.read(reader(name), artifact(name));
  expect(fetches).toHaveLength(4);
  fetches[0]?.arrive(tree());
  await settled();
  expect(fetches.map(({ artifact: { url } }) => url).at(-1)).toBe('http://source/five');
});

test('stopped, it leaves nothing running', async () => {
  gatherer.read(A, artifact('one'));
  await gatherer.stop();
  expect(fetches[0]?.signal.aborted).toBe(true);
  await clock.advance(600_000);
  expect(fetches).toHaveLength(1);
});

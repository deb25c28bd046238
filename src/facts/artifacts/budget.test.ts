// All trees together take no more memory than there is room for.

import { getHeapStatistics } from 'node:v8';
import { expect, test } from 'vitest';
import { createBudget } from './budget.ts';
import { collectFiles } from './files.ts';
import { ENTRY_BYTES, TREE_LIMITS } from './limits.ts';

const NO_ROOM = expect.objectContaining({
  reason: 'Unreadable',
  message: expect.stringContaining('no room for its files'),
});

test('what one tree takes another cannot, until it is given back', () => {
  const budget = createBudget(10);
  const [one, two] = [budget.allowance(), budget.allowance()];
  one.take(8);
  expect(() => two.take(3)).toThrow(NO_ROOM);
  two.take(2);
  expect(budget.taken).toBe(10);
  one.giveBack();
  one.giveBack();
  two.take(8);
  expect(() => two.take(1)).toThrow(NO_ROOM);
});

test('what a source has room for, its next revision has room for, whoever else waits', () => {
  const budget = createBudget(10);
  const [one, other] = [budget.allowance(), budget.allowance()];
  one.take(8);
  const next = budget.allowance(one);
  one.giveBack();
  expect(() => other.take(3)).toThrow(NO_ROOM);
  next.take(5);
  expect(() => other.take(3)).toThrow(NO_ROOM);
  next.settle();
  expect(budget.taken).toBe(5);
  other.take(5);
  next.giveBack();
  expect(budget.taken).toBe(5);
});

test('a next revision that is larger takes what is free', () => {
  const budget = createBudget(10);
  const one = budget.allowance();
  one.take(8);
  const next = budget.allowance(one);
  next.take(10);
  expect(() => next.take(1)).toThrow(NO_ROOM);
  next.giveBack();
  expect(budget.taken).toBe(0);
});

test('there is a third of the heap, whatever memory the container has', () => {
  expect(createBudget().room).toBe(Math.floor(getHeapStatistics().heap_size_limit / 3));
});

function taken(collect: (collector: ReturnType<typeof collectFiles>) => void): number {
  const budget = createBudget(1_000_000);
  collect(collectFiles({ limits: TREE_LIMITS, allowance: budget.allowance() }));
  return budget.taken;
}

test('every entry takes room, those with nothing to read, too', () => {
  expect(taken((c) => c.file('empty', 0, Buffer.of()))).toBe(ENTRY_BYTES + 5);
  expect(taken((c) => c.file('binary', 9, Buffer.alloc(9)))).toBe(ENTRY_BYTES + 6);
  expect(taken((c) => c.folder('folder'))).toBe(ENTRY_BYTES + 6);
  expect(taken((c) => c.passedOver('symbolic links', 'link'))).toBe(ENTRY_BYTES + 4);
});

test('text takes what it takes in memory: two bytes for each character where one has none of its own', () => {
  const ofText = (text: string) =>
    taken((c) => c.file('a', Buffer.byteLength(text), Buffer.from(text))) - ENTRY_BYTES - 1;
  expect(ofText('a'.repeat(100))).toBe(100);
  expect(ofText(`${'a'.repeat(99)}→`)).toBe(200);
});

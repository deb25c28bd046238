// All trees together hold no more than there is room for.

import { expect, test } from 'vitest';
import { createBudget } from './budget.ts';
import { collectFiles } from './files.ts';
import { TREE_LIMITS } from './limits.ts';

test('what one tree takes another cannot, until it is given back', () => {
  const allowance = createBudget(10);
  const [one, two] = [allowance(), allowance()];
  expect(one.take(8)).toBe(true);
  expect(two.take(3)).toBe(false);
  expect(two.take(2)).toBe(true);
  one.giveBack();
  one.giveBack();
  expect(two.take(8)).toBe(true);
  expect(two.take(1)).toBe(false);
});

test('a file for which there is no room is named, and not taken for empty', () => {
  const collector = collectFiles({ limits: TREE_LIMITS, allowance: createBudget(3)() });
  collector.file('a', 3, Buffer.from('one'));
  collector.file('b', 3, Buffer.from('two'));
  const { files } = collector.done();
  expect(files.get('a')?.text).toBe('one');
  expect(files.get('b')).toEqual({
    path: 'b',
    size: 3,
    unread: expect.stringContaining('all sources together'),
  });
});

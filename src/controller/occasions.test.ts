// The changes that led to a judgement, kept until one is written.

import { describe, expect, it } from 'vitest';
import type { Change } from '../engine/culprit.ts';
import { createOccasions } from './occasions.ts';

const change = (name: string): Change => ({
  subject: { kind: 'Pod', namespace: 'shop', name },
  action: 'Changed',
  managers: [],
});
const names = (changes: readonly Change[]) => changes.map(({ subject }) => subject.name);

describe('the changes that an item waits with', () => {
  it('are handed out once, newest first, with the time of the oldest', () => {
    const occasions = createOccasions();
    occasions.add('item', change('a'), 10);
    occasions.add('item', undefined, 15);
    occasions.add('item', change('b'), 20);
    const taken = occasions.take('item');
    expect(names(taken.changes)).toEqual(['b', 'a']);
    expect(taken.arrivedAt).toBe(10);
    expect(occasions.take('item')).toEqual({ changes: [], arrivedAt: undefined });
  });

  it('are kept apart by item', () => {
    const occasions = createOccasions();
    occasions.add('one', change('a'), 1);
    occasions.add('two', change('b'), 2);
    expect(names(occasions.take('one').changes)).toEqual(['a']);
    expect(names(occasions.take('two').changes)).toEqual(['b']);
  });

  it('still count when the verdict was held back, behind what came meanwhile', () => {
    const occasions = createOccasions();
    occasions.add('item', change('a'), 1);
    const { changes } = occasions.take('item');
    occasions.add('item', change('b'), 2);
    occasions.giveBack('item', changes);
    expect(names(occasions.take('item').changes)).toEqual(['b', 'a']);
  });

  it('are the last 32 of a flood', () => {
    const occasions = createOccasions();
    for (let n = 0; n < 100; n++) occasions.add('item', change(`pod-${n}`), n);
    const taken = occasions.take('item');
    expect(names(taken.changes)).toEqual(Array.from({ length: 32 }, (_, index) => `pod-${99 - index}`));
    expect(taken.arrivedAt).toBe(0);
  });

  it('are gone with the item', () => {
    const occasions = createOccasions();
    occasions.add('item', change('a'), 1);
    occasions.forget('item');
    expect(occasions.take('item').changes).toEqual([]);
  });
});

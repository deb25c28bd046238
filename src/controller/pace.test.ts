import { describe, expect, it } from 'vitest';
import { createPace } from './pace.ts';

describe('the pace of items', () => {
  it('judges the first change at once, and gathers what follows for 50 ms', () => {
    const pace = createPace();
    expect(pace.wait('a/cheap', 1_000)).toBe(0);
    pace.judged('a/cheap', 1_000, 1_001);
    expect(pace.isHeavy('a/cheap')).toBe(false);
    expect(pace.wait('a/cheap', 1_011)).toBe(40);
    expect(pace.wait('a/cheap', 1_051)).toBe(0);
  });

  it('rests nineteen times as long as judging took, and judges the first change after that at once', () => {
    const pace = createPace();
    pace.judged('a/heavy', 1_000, 1_020);
    expect(pace.isHeavy('a/heavy')).toBe(true);
    expect(pace.wait('a/heavy', 1_030)).toBe(370);
    expect(pace.wait('a/heavy', 1_400)).toBe(0);
  });

  it('never rests longer than two seconds', () => {
    const pace = createPace();
    pace.judged('a/heavy', 0, 5_000);
    expect(pace.wait('a/heavy', 5_000)).toBe(2_000);
  });

  it('forgets the cost when it has become cheap, or the item is gone', () => {
    const pace = createPace();
    pace.judged('a/heavy', 0, 100);
    pace.judged('a/heavy', 2_000, 2_001);
    expect(pace.wait('a/heavy', 2_051)).toBe(0);
    pace.judged('a/heavy', 3_000, 3_100);
    pace.forget('a/heavy');
    expect(pace.wait('a/heavy', 3_100)).toBe(0);
  });
});

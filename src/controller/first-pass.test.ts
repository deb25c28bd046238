import { describe, expect, it } from 'vitest';
import { createFirstPass } from './first-pass.ts';

describe('the first pass', () => {
  it('is unknown before the items are', () => {
    expect(createFirstPass().left()).toBeUndefined();
  });

  it('is over when every item that was there has been judged or is gone', () => {
    const pass = createFirstPass();
    pass.begin(['a/1', 'a/2']);
    pass.judged('a/1');
    expect(pass.left()).toBe(1);
    pass.judged('a/2');
    expect(pass.left()).toBe(0);
  });

  it('counts items that were judged before the list was complete', () => {
    const pass = createFirstPass();
    pass.judged('a/1');
    pass.begin(['a/1', 'a/2']);
    expect(pass.left()).toBe(1);
  });

  it('is not begun again by a later list or a new item', () => {
    const pass = createFirstPass();
    pass.begin([]);
    pass.begin(['a/1']);
    expect(pass.left()).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { createOwnWrites } from './own-writes.ts';

describe("the operator's own writes", () => {
  it('are known when they come back after the answer', () => {
    const writes = createOwnWrites();
    writes.begin('a/b');
    expect(writes.end('a/b', '7')).toBe(false);
    expect(writes.covers('a/b', '7')).toBe(true);
    expect(writes.covers('a/b', '8')).toBe(false);
  });

  it('are known when they come back before the answer', () => {
    const writes = createOwnWrites();
    writes.begin('a/b');
    expect(writes.covers('a/b', '7')).toBe(true);
    expect(writes.end('a/b', '7')).toBe(false);
  });

  it("are told from somebody else's change that came meanwhile", () => {
    const writes = createOwnWrites();
    writes.begin('a/b');
    writes.covers('a/b', '7');
    writes.covers('a/b', '8');
    expect(writes.end('a/b', '7')).toBe(true);
  });

  it('that were refused leave every change that came meanwhile to somebody else', () => {
    const writes = createOwnWrites();
    writes.begin('a/b');
    writes.covers('a/b', '7');
    expect(writes.end('a/b', undefined)).toBe(true);
  });

  it('of items that were never written, or are forgotten, are none', () => {
    const writes = createOwnWrites();
    expect(writes.covers('a/b', '7')).toBe(false);
    writes.begin('a/b');
    writes.end('a/b', '7');
    writes.forget('a/b');
    expect(writes.covers('a/b', '7')).toBe(false);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineSplitter } from './lines.ts';
import { isNotNewer } from './resource-version.ts';

function linesOf(chunks: Buffer[]): string[] {
  const lines: string[] = [];
  const splitter = createLineSplitter();
  for (const chunk of chunks) splitter.push(chunk, (line) => lines.push(line));
  return lines;
}

describe('line splitter', () => {
  it('finds the same lines wherever the bytes are cut, also inside a character', () => {
    const lines = fc.array(fc.string({ unit: 'grapheme', minLength: 2 }).map((text) => JSON.stringify(text)));
    fc.assert(
      fc.property(lines, fc.array(fc.nat(200)), (expected, cuts) => {
        const bytes = Buffer.from(expected.map((line) => `${line}\n`).join(''));
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        expect(linesOf(chunks)).toEqual(expected);
      }),
    );
  });

  it('leaves out empty lines and keeps an unfinished one back', () => {
    const splitter = createLineSplitter();
    const lines: string[] = [];
    splitter.push(Buffer.from('{}\n\n\r\n{"a":'), (line) => lines.push(line));
    expect(lines).toEqual(['{}']);
    expect(splitter.pending()).toBe(5);
  });
});

describe('isNotNewer', () => {
  it('compares as numbers of any length', () => {
    expect(isNotNewer('9', '10')).toBe(true);
    expect(isNotNewer('10', '10')).toBe(true);
    expect(isNotNewer('11', '10')).toBe(false);
    expect(isNotNewer('99999999999999999998', '99999999999999999999')).toBe(true);
  });

  it('claims nothing about what is no number', () => {
    expect(isNotNewer('abc', '10')).toBe(false);
    expect(isNotNewer(undefined, '10')).toBe(false);
    expect(isNotNewer('0', '10')).toBe(false);
  });
});

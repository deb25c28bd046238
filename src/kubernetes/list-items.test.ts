import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createListSplitter } from './list-items.ts';

function split(chunks: Buffer[]): { items: unknown[]; envelope: unknown } {
  const items: unknown[] = [];
  const splitter = createListSplitter();
  for (const chunk of chunks) splitter.push(chunk, (json) => items.push(JSON.parse(json)));
  return { items, envelope: splitter.end() };
}

const cutAt = (bytes: Buffer, cuts: number[]): Buffer[] => {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
};

const objects = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());

describe('list splitter', () => {
  it('finds the same items and envelope wherever the bytes are cut, and wherever the items stand', () => {
    fc.assert(
      fc.property(
        fc.array(objects),
        objects,
        fc.boolean(),
        fc.array(fc.nat(5000), { maxLength: 40 }),
        fc.constantFrom(undefined, 2),
        (items, metadata, itemsFirst, cuts, indent) => {
          const list = itemsFirst
            ? { apiVersion: 'v1', items, kind: 'List', metadata }
            : { kind: 'List', apiVersion: 'v1', metadata, items };
          const bytes = Buffer.from(JSON.stringify(list, null, indent));
          const found = split(cutAt(bytes, cuts));
          expect(found.items).toEqual(JSON.parse(JSON.stringify(items)));
          expect(found.envelope).toEqual(JSON.parse(JSON.stringify({ ...list, items: [] })));
        },
      ),
    );
  });

  it('is not misled by other fields of that name, or by brackets in strings', () => {
    const list = {
      metadata: { items: [{ not: 'an item' }], selfLink: '"items":[{' },
      'x"items"': [{ not: 'either' }],
      items: [{ items: [{ inner: true }], text: '}]"\\' }, {}],
    };
    const bytes = Buffer.from(JSON.stringify(list));
    const byteByByte = Array.from(bytes, (byte) => Buffer.from([byte]));
    for (const chunks of [[bytes], byteByByte]) {
      expect(split(chunks)).toEqual({ items: list.items, envelope: { ...list, items: [] } });
    }
  });

  it('takes a list of null, and none at all', () => {
    expect(split([Buffer.from('{"items":null,"kind":"List"}')]).envelope).toEqual({
      items: null,
      kind: 'List',
    });
    expect(split([Buffer.from('{"kind":"List"}')]).items).toEqual([]);
  });

  it('does not take half a body for a whole one', () => {
    expect(() => split([Buffer.from('{"metadata":{},"items":[{"a":1},{"b"')])).toThrow(SyntaxError);
    expect(() => split([])).toThrow(SyntaxError);
  });
});

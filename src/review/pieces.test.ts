import fc from 'fast-check';
import type { Nodes } from 'mdast';
import { describe, expect, it } from 'vitest';
import { parseWhole } from './markdown.ts';
import { parsePieces } from './pieces.ts';
import { REVIEWS, textOf } from './testing/load.ts';

type Property = (key: string, of: unknown, value: unknown) => unknown;
/** A tree as data, each property as `keep` says; what it answers undefined for is left out. */
const plain = (node: Nodes, keep: Property): unknown =>
  JSON.parse(
    JSON.stringify(node, function (this: unknown, key: string, value: unknown) {
      return keep(key, this, value);
    }),
  );
/** With tables looked for, whatever the text. */
const asOne = (text: string) => parseWhole(text, true);
const exact: Property = (key, _, value) => (key === 'spread' ? undefined : value);
/**
 * A fence that its list ends, the parser itself ends now a line earlier and now a line later, and with it
 * what is around it; whether blank lines at its end are of it differs likewise.
 */
const vague: Property = (key, of, value) => {
  const { type } = of as Nodes;
  if (key === 'position' && /^(code|html|list|listItem|blockquote|footnoteDefinition)$/.test(type))
    return undefined;
  if (key === 'value' && type === 'code') return String(value).trimEnd();
  return exact(key, of, value);
};
const children = (root: unknown) => (root as { children: unknown }).children;

const LINES = [
  '',
  '',
  '',
  '# A heading',
  'words [label] and [text][Other  label]',
  'a note[^1] of [^two]',
  'Setext',
  '===',
  '---',
  '- item',
  '- [x] done',
  '* star',
  '  nested words',
  '  - nested item',
  '    - deeper [label]',
  '1. one',
  '2. two',
  '7) seven',
  '-',
  '| a | b |',
  '|---|---|',
  '| 1 | [label] |',
  'a | b',
  '- | -',
  'x | y | z',
  ':-',
  '> -:',
  '```',
  '  ```',
  '~~~~',
  '    indented',
  '<div>',
  '<!-- open',
  'close -->',
  '<pre>',
  '</pre>',
  '> quote',
  '> - quoted item',
  '> ```',
  '[label]: https://example.org',
  '> [other label]: <x>',
  '[^1]: the note',
  '[^two]: another',
  '\ttab',
  '***',
  '- - -',
];

describe('Markdown in pieces', () => {
  it.each(REVIEWS)('%s: the tree is that of the whole', (name) => {
    const text = textOf(name);
    const whole = children(plain(asOne(text), exact));
    for (const lines of [1, 2, 5, 20])
      expect(children(plain(parsePieces(text, parseWhole, lines), exact))).toEqual(whole);
  });

  it('random documents: the tree is that of the whole, with the lines and offsets of what is in it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...LINES), { maxLength: 24 }),
        fc.constantFrom('\n', '\r\n'),
        fc.integer({ min: 1, max: 4 }),
        (lines, end, size) => {
          const text = lines.join(end);
          const whole = children(plain(asOne(text), vague));
          expect(children(plain(parsePieces(text, parseWhole, size), vague))).toEqual(whole);
        },
      ),
      {
        numRuns: Number(process.env.RUNS ?? 400),
        examples: [[['* star', '  ```', '', '', '* star'], '\n', 1]],
      },
    );
  }, 60_000);
});

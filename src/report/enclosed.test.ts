import { describe, expect, it } from 'vitest';
import { enclosed } from './enclosed.ts';

describe('a description in a document', () => {
  it('has headings and rules no more', () => {
    expect(enclosed('# Title #\n\ntext\n---\n\n    # code')).toBe('**Title**\n\ntext\n\n\n    # code');
  });

  it('ends its fences', () => {
    expect(enclosed('```sh\n# not a heading')).toBe('```sh\n# not a heading\n```');
  });

  it.each([
    ['a comment', 'a <!-- hidden --> b'],
    ['a fold', '<details><summary>more</summary>\n\ntext\n\n</details>'],
    ['a break', 'a<br>b <img src="x"> c'],
    ['code', '`<div>` and\n\n```html\n<details>\n```'],
    ['no markup', 'a < b, x<5'],
  ])('keeps %s as it is', (_, text) => {
    expect(enclosed(text)).toBe(text);
  });

  it.each([
    ['a comment', 'a\n\n<!-- hidden', 'a\n\n\\<!-- hidden'],
    ['a fold', '<details>\n\ntext', '\\<details>\n\ntext'],
    ['a script', 'a <script>\n\nalert(1)', 'a \\<script>\n\nalert(1)'],
    ['an end alone', 'a </details> b', 'a \\</details> b'],
    ['an instruction', '<?php x', '\\<?php x'],
    ['ends that cross', '<b><i>x</b></i>', '\\<b>\\<i>x\\</b>\\</i>'],
  ])('shows %s that is not closed', (_, text, shown) => {
    expect(enclosed(text)).toBe(shown);
  });

  it.each(['*a_ ', '[', '[a](', '~a*', '`a``b', '<a ', '- a\n', '|a'])(
    'takes no time over %j without end',
    (text) => {
      const started = process.cpuUsage();
      enclosed(`${text.repeat(8192 / text.length)}\n<div>`);
      expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
    },
  );

  it('takes no time over quotes without end', () => {
    const started = process.cpuUsage();
    expect(enclosed(`${'> '.repeat(20_000)}<details>`)).toContain('\\<details>');
    expect(enclosed(`${'[a]('.repeat(5_000)}<details>`)).toContain('\\<details>');
    expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
  });
});

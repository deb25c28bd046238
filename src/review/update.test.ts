import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATES, type State } from '../api/status.ts';
import { readReview } from './read.ts';
import { JANUARY, load, textOf } from './testing/load.ts';
import { type Observed, updateReview } from './update.ts';

const all = (name: string, state: State): Observed[] =>
  load(name).items.map(({ number, title }) => ({
    ...(number === undefined ? {} : { number }),
    title,
    state,
  }));

/** The lines that differ, as "- before" and "+ after". */
function difference(before: string, after: string): string[] {
  const [a, b] = [before.split('\n'), after.split('\n')];
  expect(b).toHaveLength(a.length);
  return a.flatMap((line, index) => (line === b[index] ? [] : [`- ${line}`, `+ ${b[index]}`]));
}

describe('report --update', () => {
  it('edits the cell and the box of an item that drifted, and nothing else', () => {
    const before = textOf(JANUARY);
    const { text } = updateReview(before, [{ number: 9, title: 'another title', state: 'Drifted' }]);
    expect(difference(before, text)).toEqual([
      '- | 9 | Add health probes to critical apps | 4h | MEDIUM | ✅ **IMPLEMENTED** |',
      '+ | 9 | Add health probes to critical apps | 4h | MEDIUM | ❌ **DRIFTED** |',
      '- - [x] Add health probes to critical apps (#9) - ✅ Completed January 3, 2026',
      '+ - [ ] Add health probes to critical apps (#9) - ✅ Completed January 3, 2026',
    ]);
  });

  it('writes as the document writes, where it has a word for it', () => {
    const before = textOf(JANUARY);
    const { text } = updateReview(before, [{ number: 11, title: '', state: 'Implemented' }]);
    expect(difference(before, text)[1]).toBe(
      '+ | 11 | Add CiliumNetworkPolicies | 4h | MEDIUM | ✅ **IMPLEMENTED** |',
    );
  });

  it('leaves the document as it is where it says what was observed', () => {
    const before = textOf(JANUARY);
    const observed = load(JANUARY).items.map(({ number, title, claim }) => ({
      number,
      title,
      state: claim?.status as State,
    }));
    expect(updateReview(before, observed)).toEqual({ text: before, changed: [], left: [] });
  });

  it('writes nothing of what cannot be known, and says so', () => {
    const before = textOf(JANUARY);
    const { text, left } = updateReview(before, [{ number: 10, title: '', state: 'Unknown' }]);
    expect(text).toBe(before);
    expect(left.map(({ line }) => line)).toEqual([45, 149]);
  });

  it('keeps line ends of Windows, byte for byte', () => {
    const before = textOf('windows-line-ends.md');
    const { text } = updateReview(before, [
      { number: 1, title: '', state: 'Implemented' },
      { number: 2, title: '', state: 'Drifted' },
    ]);
    expect(text).toBe(
      before
        .replace('2h | Pending', '2h | ✅ Done')
        .replace('30m | ✅ Done', '30m | ❌ **DRIFTED**')
        .replace('- [ ] Patch', '- [x] Patch')
        .replace('- [x] Close', '- [ ] Close'),
    );
    expect(text.match(/\r\n/g)).toHaveLength(before.match(/\r\n/g)?.length ?? 0);
  });

  it('keeps a byte order mark, and fills an empty cell', () => {
    const before = '\uFEFF| # | Action | Status |\n|-|-|-|\n| 1 | a b | |\n';
    expect(updateReview(before, [{ number: 1, title: 'a b', state: 'Waived' }]).text).toBe(
      '\uFEFF| # | Action | Status |\n|-|-|-|\n| 1 | a b | ☑️ **WAIVED** |\n',
    );
  });

  it('leaves what people gave up or have in work to them while it is pending', () => {
    const before = '| # | Action | Status |\n|-|-|-|\n| 1 | a | 🚧 WIP |\n| 2 | b | won’t fix |\n';
    const observed = [1, 2].map((number) => ({ number, title: '', state: 'Pending' as const }));
    expect(updateReview(before, observed).text).toBe(before);
  });

  it('finds boxes without numbers by their titles', () => {
    const before = textOf('task-lists.md');
    const { text } = updateReview(before, all('task-lists.md', 'Implemented'));
    expect(text).toBe(before.replaceAll('[ ]', '[x]'));
  });

  it('of whatever states: changes only cells and boxes, a second time nothing, and the items stay the same', () => {
    const before = textOf(JANUARY);
    const items = load(JANUARY).items;
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...STATES), { minLength: items.length, maxLength: items.length }),
        (states) => {
          const observed = items.map(({ number, title }, index) => ({
            number,
            title,
            state: states[index] ?? 'Unknown',
          }));
          const { text } = updateReview(before, observed);
          for (const line of difference(before, text)) expect(line).toMatch(/^[-+] (\||- \[[ x]\] )/);
          expect(updateReview(text, observed).text).toBe(text);
          const strip = (source: string) =>
            readReview(source, { fileName: JANUARY }).items.map(({ claim: _claim, ...rest }) => rest);
          expect(strip(text)).toEqual(strip(before));
        },
      ),
      { numRuns: 20 },
    );
  }, 60_000);
});

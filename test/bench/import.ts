// `npm run bench:import`: how long it takes to read a review and to suggest its
// checks, by the number of its lines and by how it is written. CPU of this
// process; each figure is the median of several readings, the first of all apart.

import { itemsOf } from '../../src/review/items.ts';
import { readReview } from '../../src/review/read.ts';

const SIZES = [1_000, 10_000, 50_000];
const ROUNDS = 5;

/** Lines of a review of about `lines` lines, in one habit each. */
const HABITS: Readonly<Record<string, (lines: number) => string[]>> = {
  'tables with details': withDetails,
  'one table': (lines) => [
    '# Review',
    '',
    '| # | Action | Effort | Impact | Status |',
    '| --- | --- | --- | --- | --- |',
    ...Array.from({ length: lines - 4 }, (_, index) => row(index + 1)),
  ],
  'one task list': (lines) => [
    '# Review',
    '',
    ...Array.from(
      { length: lines - 2 },
      (_, index) =>
        `- [${index % 2 ? 'x' : ' '}] Add \`thing-${index}\` to **module ${index % 97}** (#${index + 1}, 4h)`,
    ),
  ],
  'a heading for each item': (lines) => [
    '# Review',
    '',
    '## Findings',
    ...Array.from({ length: Math.floor((lines - 3) / 5) }, (_, index) => [
      '',
      `### ${index + 1}. Mend thing ${index}`,
      '**Status:** Done',
      '**Effort:** 2h',
      `It was found in \`apps/thing-${index}\`, see [the notes](https://example.org/${index}).`,
    ]).flat(),
  ],
};

const row = (number: number) =>
  `| ${number} | Add \`thing-${number}\` to **module ${number % 97}** | ${1 + (number % 8)}h | MEDIUM | ✅ **IMPLEMENTED** |`;

/** Groups of twenty items, each with nine lines of details: dense, and as the review of January 2026 is written. */
function withDetails(lines: number): string[] {
  const out = ['# Review', ''];
  for (let group = 0; out.length < lines; group++) {
    const numbers = Array.from({ length: 20 }, (_, index) => group * 20 + index + 1);
    out.push(`### ${['Critical', 'High', 'Medium', 'Low'][group % 4]} Priority - Area ${group}`, '');
    out.push(
      '| # | Action | Effort | Impact | Status |',
      '| --- | --- | --- | --- | --- |',
      ...numbers.map(row),
      '',
    );
    for (const number of numbers) {
      out.push(`**Implementation Details for #${number} (Completed March 3, 2026):**`, '');
      out.push(`Added \`job-${number}\` to \`.github/workflows/w${number}.yaml\` with:`);
      for (let point = 0; point < 6; point++)
        out.push(
          `- **Point ${point}**: \`/health\` on port ${8000 + point}, see [the notes](https://example.org/${point})`,
        );
      out.push('');
    }
    out.push('---', '');
  }
  return out.slice(0, lines);
}

function cpu(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const read = (text: string) =>
  itemsOf(readReview(text, { fileName: 'review.md' }), { namespace: 'default', document: 'review.md' });

process.stdout.write(
  '| lines | written as | size | items | first | then (median) |\n|---:|---|---:|---:|---:|---:|\n',
);
for (const lines of SIZES) {
  for (const [habit, make] of Object.entries(HABITS)) {
    const text = make(lines).join('\n');
    let items = 0;
    const took = Array.from({ length: ROUNDS }, () =>
      cpu(() => {
        items = read(text).length;
      }),
    );
    const [first = 0, ...rest] = took;
    const median = rest.sort((a, b) => a - b)[Math.floor(rest.length / 2)] ?? 0;
    process.stdout.write(
      `| ${lines.toLocaleString('en')} | ${habit} | ${Math.round(text.length / 1024).toLocaleString('en')} KiB | ${items.toLocaleString('en')} | ${Math.round(first)} ms | ${Math.round(median)} ms |\n`,
    );
  }
}

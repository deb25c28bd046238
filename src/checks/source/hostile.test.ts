// Whoever can push writes the files, and whoever can write an item the patterns:
// nothing of either holds the check up, brings it down, or makes it pass.

import { describe, expect, it } from 'vitest';
import type { Facts, SourceFile, SourceTree } from '../../facts/view.ts';
import { verdictOf } from '../testing/cases.ts';
import { source } from './index.ts';

const MiB = 1024 * 1024;

function judge(files: Readonly<Record<string, string>>, entry: object) {
  const tree: SourceTree = {
    revision: 'main@sha1:0',
    files: new Map(
      Object.entries(files).map(([path, text]): [string, SourceFile] => [
        path,
        { path, text, size: text.length },
      ]),
    ),
    leftOut: () => undefined,
    stale: [],
    notes: [],
  };
  const facts: Partial<Facts> = { tree: () => ({ state: 'known', value: tree }) };
  const params = source.schema.parse({ files: [entry] });
  expect(source.problems?.(params)).toEqual([]);
  const context = { facts: facts as Facts, now: new Date(), namespace: 'a' };
  const before = performance.now();
  const judgement = source.judge(params, context);
  const took = performance.now() - before;
  // The same facts give the same answer, although everything is remembered now.
  expect(source.judge(params, context)).toEqual(judgement);
  return { verdict: verdictOf(judgement), reason: judgement.findings[0]?.reason, took };
}

/** The limit is two seconds at worst on a quiet machine; unbounded work here takes minutes. */
const LIMIT_MS = 10_000;
const bomb = (levels: number) =>
  Array.from({ length: levels }, (_, level) =>
    level === 0
      ? 'a0: &a0 [x, x, x, x, x, x, x, x, x]'
      : `a${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
  ).join('\n');
const random = (length: number) => {
  let seed = 1;
  let text = '';
  while (text.length < length) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    text += seed & 65_536 ? 'a' : 'b';
  }
  return text;
};
/** An expression of GitHub that stands for an input, many times over. */
const inputs = (amount: number) => ['$', '{{ inputs.x }}'].join('').repeat(amount);
const yaml = (cel: string) => ({ path: '**', yaml: [{ cel }] });
const step = (more: object = {}) => ({ path: '**', workflowStep: { uses: 'a/b', ...more } });
const W = '.github/workflows/w.yaml';
const many = (amount: number, name: (index: number) => string, text: string) =>
  Object.fromEntries(Array.from({ length: amount }, (_, index) => [name(index), text]));

describe.each<[string, Record<string, string>, object, string, string | undefined]>([
  [
    'a pattern made to explode',
    { f: `${random(MiB)}!` },
    { path: 'f', matches: ['^(([ab])+)+$'] },
    'Fail',
    'NoMatch',
  ],
  [
    'patterns that remember much, over much text',
    { f: `cd${random(MiB)}` },
    { path: 'f', matches: ['[ab]*a[ab]{300}c', '[ab]*b[ab]{300}d', '(?:a[ab]{0,100}){0,9}cc'] },
    'Unknown',
    'CostLimit',
  ],
  [
    'a pattern over thousands of files',
    many(5_000, (index) => `f${index}`, random(2_000)),
    { path: '*', notMatches: ['[ab]*a[ab]{100}c'] },
    'Unknown',
    'CostLimit',
  ],
  [
    'a pattern that occurs in thousands of files, each of whose lines is slow to find',
    many(3_000, (index) => `f${index}`, `${random(2_000)}c`),
    { path: '*', notMatches: ['a[ab]{1,5}c|[ab]*a[ab]{3}c'] },
    'Fail',
    'Matches',
  ],
  ['a line of a megabyte', { f: 'x'.repeat(MiB) }, { path: 'f', notMatches: ['^x.*x$'] }, 'Fail', 'Matches'],
  [
    'a glob made to explode',
    many(2_000, (index) => `${'a'.repeat(250)}/${'a'.repeat(250)}${index}`, ''),
    { path: `${'*a'.repeat(20)}/${'*a'.repeat(20)}/**/b` },
    'Fail',
    'FileMissing',
  ],
  [
    'a glob made to explode over a very large tree',
    many(20_000, (index) => `${'a'.repeat(250)}/${'a'.repeat(250)}${index}`, ''),
    { path: `${'*a'.repeat(40)}/${'*a'.repeat(40)}/**/b` },
    'Unknown',
    'CostLimit',
  ],
  ['aliases of aliases', { 'f.yaml': bomb(30) }, yaml('size(self) > 0'), 'Unknown', 'CostLimit'],
  [
    'more aliases than anybody writes',
    { 'f.yaml': `a: &a 1\nb: [${Array(2_000).fill('*a').join(', ')}]` },
    yaml('true'),
    'Unknown',
    'CostLimit',
  ],
  [
    'an alias within what it stands for',
    { 'f.yaml': '&a [*a, *a]' },
    yaml('size(self) == 2'),
    'Unknown',
    'CostLimit',
  ],
  [
    'merge keys of merge keys',
    {
      'f.yaml': Array.from(
        { length: 900 },
        (_, at) => `k${at}: &k${at} {<<: *k${Math.max(at - 1, 0)}, x${at}: 1}`,
      )
        .join('\n')
        .replace('<<: *k0, x0', 'x0'),
    },
    yaml('size(self) > 0'),
    'Unknown',
    'CostLimit',
  ],
  ['lists in lists', { 'f.yaml': '['.repeat(100_000) }, yaml('true'), 'Unknown', 'CostLimit'],
  ['lists in lists on one line', { 'f.yaml': '- '.repeat(100_000) }, yaml('true'), 'Unknown', 'CostLimit'],
  [
    'JSON of depth 100,000',
    { 'f.json': `${'['.repeat(100_000)}${']'.repeat(100_000)}` },
    yaml('self == self'),
    'Unknown',
    'CostLimit',
  ],
  [
    'JSON that ends within its depth',
    { 'f.json': '{"a":'.repeat(100_000) },
    yaml('true'),
    'Fail',
    'Unparsable',
  ],
  [
    'a thousand documents and more',
    { 'f.yaml': '---\na: 1\n'.repeat(1_001) },
    yaml('true'),
    'Unknown',
    'CostLimit',
  ],
  ['a file of more than 1 MiB', { 'f.yaml': `a: ${'x'.repeat(MiB)}` }, yaml('true'), 'Unknown', 'CostLimit'],
  [
    'many large files',
    many(
      40,
      (index) => `f${index}.yaml`,
      '- {name: a, value: [1, 2, 3], text: "hello world"}\n'.repeat(20_000),
    ),
    yaml('size(self) == 20000'),
    'Unknown',
    'CostLimit',
  ],
  [
    'keys of every object',
    { 'f.yaml': '__proto__: {a: 1}\nconstructor: 2' },
    yaml('has(self.a)'),
    'Fail',
    'ExpectationFailed',
  ],
  [
    'steps made many by aliases',
    {
      [W]: `on: push\njobs:\n  j: {steps: &s [${Array(5_000).fill('{uses: x/y}').join(', ')}]}\n${Array.from({ length: 900 }, (_, at) => `  j${at}: {steps: *s}`).join('\n')}`,
    },
    step(),
    'Unknown',
    'CostLimit',
  ],
  [
    'a workflow that is too large, beside one whose step is not as it must be',
    {
      '.github/workflows/a.yaml': 'on: push\njobs: {j: {steps: [{uses: a/b@v1}]}}',
      [W]: `on: push\n# ${'x'.repeat(MiB)}`,
    },
    step({ pinned: true }),
    'Unknown',
    'CostLimit',
  ],
  [
    'jobs that wait for one another in a long line',
    {
      [W]: `on: push\njobs:\n${Array.from({ length: 20_000 }, (_, at) => `  j${at}: {needs: j${at + 1}, steps: [{uses: a/b}]}`).join('\n')}`,
    },
    step(),
    'Unknown',
    'CostLimit',
  ],
  [
    'an input made to explode',
    {
      [W]: `on: push\njobs: {j: {steps: [${Array(100)
        .fill(`{uses: a/b@v1, with: {x: &x${'a'.repeat(20)} ${'a'.repeat(9_000)}}}`)
        .join(', ')}]}}`,
    },
    step({ with: { x: `${'*a'.repeat(200)}b` } }),
    'Unknown',
    'CostLimit',
  ],
  [
    'actions that call actions that call actions',
    Object.fromEntries([
      [W, 'on: push\njobs: {j: {steps: [{uses: ./a0}]}}'],
      ...Array.from({ length: 10 }, (_, at) => [
        `a${at}/action.yml`,
        `inputs: {x: {}}\nruns: {using: composite, steps: [${Array(30)
          .fill(`{uses: ./a${at + 1}, with: {x: "${inputs(30)}"}}`)
          .join(', ')}]}`,
      ]),
    ]),
    step(),
    'Unknown',
    'CostLimit',
  ],
  [
    'inputs made of inputs made of inputs',
    Object.fromEntries([
      [W, 'on: push\njobs: {j: {steps: [{uses: ./a0, with: {x: xx}}]}}'],
      ...Array.from({ length: 9 }, (_, at) => [
        `a${at}/action.yml`,
        `inputs: {x: {}}\nruns: {using: composite, steps: [{uses: ${at < 8 ? `./a${at + 1}` : 'a/b@v1'}, with: {x: "${inputs(100)}"}}]}`,
      ]),
    ]),
    step({ with: { x: 'xx' } }),
    'Unknown',
    'OnlyAtRunTime',
  ],
  [
    'names of actions without end',
    {
      [W]: `on: push\njobs: {j: {steps: [&s {uses: ${'a'.repeat(500_000)}}, ${Array(900).fill('*s').join(', ')}]}}`,
    },
    { path: '**', workflowStep: { uses: `${'*a'.repeat(100)}b` } },
    'Fail',
    'StepMissing',
  ],
  [
    'names of every object in a workflow',
    {
      [W]: 'on: push\njobs: {__proto__: {steps: [{uses: x/y}]}, constructor: 1, a: {needs: toString, steps: {uses: a/b}}}',
    },
    step(),
    'Fail',
    'StepNeverRuns',
  ],
  [
    'Markdown nested without end',
    { 'f.md': `${'> - '.repeat(5_000)}a\n`.repeat(20) },
    { path: '**', headings: ['a'] },
    'Fail',
    'HeadingMissing',
  ],
  [
    'Markdown of brackets, stars and ticks',
    { 'f.md': `# ${'[](*_`'.repeat(40_000)}\n\nx\n\n${'[](*_`'.repeat(40_000)}` },
    { path: '**', headings: [`${'*['.repeat(100)}b`] },
    'Fail',
    'HeadingMissing',
  ],
  [
    'Markdown of more than 1 MiB',
    { 'f.md': '# a\n\nb\n'.repeat(200_000) },
    { path: '**', headings: ['a'] },
    'Unknown',
    'CostLimit',
  ],
  [
    'more headings than anybody writes',
    { 'f.md': '# a\n\nb\n'.repeat(60_000) },
    { path: '**', headings: ['a'] },
    'Unknown',
    'CostLimit',
  ],
  [
    'quotes and lists of Markdown that go on and on',
    many(10, (index) => `f${index}.md`, `# a\n\nb\n\n${`${'> - '.repeat(15)}a\n`.repeat(4_000)}`),
    { path: '**', headings: ['a'] },
    'Unknown',
    'CostLimit',
  ],
])('%s', (_, files, entry, verdict, reason) => {
  it(`is ${verdict}`, () => {
    const judged = judge(files, entry);
    expect(judged).toMatchObject({ verdict, reason });
    expect(judged.took).toBeLessThan(LIMIT_MS);
  });
});

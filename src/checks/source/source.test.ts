// What no case can show: globs one by one, parameters that cannot be judged,
// facts that are not known, and that a file is read once.

import { describe, expect, it } from 'vitest';
import type { Facts, SourceFile, SourceRef } from '../../facts/view.ts';
import { documentsOf } from './documents.ts';
import { compileGlob } from './glob.ts';
import { source } from './index.ts';
import { createMemory } from './memory.ts';
import { lineAt, shortRevision } from './tree.ts';
import { workflowOf } from './workflow.ts';

const matches = (glob: string, path: string) => {
  const compiled = compileGlob(glob);
  if (compiled.state === 'invalid') throw new Error(compiled.message);
  return compiled.matches(path);
};

describe('a glob', () => {
  it.each([
    ['README.md', 'README.md', true],
    ['README.md', 'docs/README.md', false],
    ['*.md', 'README.md', true],
    ['*.md', '.hidden.md', true],
    ['*.md', 'docs/README.md', false],
    ['*', 'a', true],
    ['*', 'a/b', false],
    ['**', 'a/b/c', true],
    ['**/*.md', 'README.md', true],
    ['**/*.md', '.github/x/README.md', true],
    ['docs/**', 'docs/a/b', true],
    ['docs/**', 'docs', false],
    ['docs/**/b', 'docs/b', true],
    ['docs/**/b', 'docs/x/y/b', true],
    ['docs/**/b', 'docsb', false],
    ['docs/a**b', 'docs/axb', true],
    ['docs/a**b', 'docs/a/b', false],
    ['**a', 'x/a', false],
    ['.github/workflows/*.y{,a}ml', '.github/workflows/ci.yml', true],
    ['{a,b/{c,d}}/e', 'b/d/e', true],
    ['{a,b/{c,d}}/e', 'b/e', false],
    ['{a,b}*', 'b1', true],
    ['file-?.txt', 'file-1.txt', true],
    ['file-?.txt', 'file-10.txt', false],
    ['a?b', 'a/b', false],
    ['[a-c]1', 'b1', true],
    ['[!a-c]1', 'b1', false],
    ['[!a-c]1', 'd1', true],
    ['a[!x]b', 'a/b', false],
    ['\\*.md', '*.md', true],
    ['\\*.md', 'a.md', false],
    ['a+(b).$^|', 'a+(b).$^|', true],
    ['a+*', 'aa', false],
    ['a.b*', 'axb', false],
    ['a,b*', 'a,bc', true],
    ['a}*', 'a}b', true],
    ['*.md', 'a\nb.md', true],
  ])('%s and %j: %s', (glob, path, expected) => expect(matches(glob, path)).toBe(expected));

  it.each([
    ['/etc/passwd', 'without a leading'],
    ['docs/', 'without a leading or trailing /'],
    ['a//b', 'without a leading'],
    ['./a', 'without . and ..'],
    ['docs/../a', 'without . and ..'],
    ['a{b', '{ has no matching }'],
    ['a[b', '[ has no matching ]'],
    ['[z-a]', 'not a glob'],
    ['a\\', 'nothing follows'],
  ])('%s is none', (glob, message) => {
    expect(compileGlob(glob)).toMatchObject({ state: 'invalid', message: expect.stringContaining(message) });
  });
});

describe('parameters', () => {
  it('that do not compile are problems, by field', () => {
    const params = source.schema.parse({
      files: [
        { path: '/a', matches: ['a', '(?!x)'] },
        { path: 'a', notMatches: ['('], yaml: [{ cel: 'self.' }] },
      ],
    });
    expect(source.problems?.(params)).toMatchObject([
      { field: 'files[0].path' },
      { field: 'files[0].matches[1]', message: expect.stringContaining('RE2') },
      { field: 'files[1].notMatches[0]' },
      { field: 'files[1].yaml[0].cel' },
    ]);
  });

  it.each([
    [{ files: [] }, 'files'],
    [{ files: [{ path: 'a', exists: false, matches: ['a'] }] }, 'nothing can be asked of the content'],
    [{ files: [{ path: 'a', exists: false, workflowStep: { uses: 'a/b' } }] }, 'nothing can be asked'],
    [{ files: [{ path: 'a', exists: false, headings: ['a'] }] }, 'nothing can be asked'],
    [{ ref: { kind: 'HelmChart', name: 'a' }, files: [{ path: 'a' }] }, 'kind'],
    [{ ref: { kind: 'Bucket' }, files: [{ path: 'a' }] }, 'name'],
    [{ files: [{ path: 'a', workflowStep: { uses: 'a/b', with: { x: 1 } } }] }, 'with'],
    [
      { files: [{ path: 'a', workflowStep: { uses: 'a/b', permissions: { contents: 'admin' } } }] },
      'contents',
    ],
  ])('%j are refused', (params, message) => {
    expect(source.schema.safeParse(params).error?.message).toContain(message);
  });

  it.each([
    [{}, { kind: 'GitRepository', namespace: 'flux-system', name: 'flux-system' }],
    [{ ref: { name: 'home' } }, { kind: 'GitRepository', namespace: 'team', name: 'home' }],
    [
      { ref: { kind: 'OCIRepository', namespace: 'apps', name: 'home' } },
      { kind: 'OCIRepository', namespace: 'apps', name: 'home' },
    ],
  ])('%j mean %j', (given, ref) => {
    const asked: SourceRef[] = [];
    const facts = {
      tree: (of: SourceRef) => {
        asked.push(of);
        return { state: 'pending', message: 'waiting' } as const;
      },
    } as Partial<Facts> as Facts;
    const params = source.schema.parse({ ...given, files: [{ path: 'a' }] });
    const judgement = source.judge(params, { facts, now: new Date(), namespace: 'team' });
    expect(asked).toEqual([ref]);
    expect(judgement).toMatchObject({ passed: 0, findings: [{ level: 'Unknown', reason: 'Pending' }] });
  });
});

it.each([
  [{ state: 'failed', reason: 'Forbidden', message: 'may not get' }, 'Unknown', 'Forbidden'],
  [{ state: 'absent', served: true }, 'Fail', 'SubjectMissing'],
  [{ state: 'absent', served: false }, 'Fail', 'SubjectMissing'],
] as const)('a source that is %j is %s', (fact, level, reason) => {
  const facts = { tree: () => fact } as Partial<Facts> as Facts;
  // Also where nothing is wanted: that nobody can look is no proof.
  const params = source.schema.parse({ files: [{ path: 'a', exists: false }] });
  const judgement = source.judge(params, { facts, now: new Date(), namespace: 'a' });
  expect(judgement).toMatchObject({ passed: 0, findings: [{ level, reason }] });
});

it('a file is read once, whatever the check and the item', () => {
  const file: SourceFile = { path: 'a.yaml', size: 1, text: 'on: push\njobs: {}\n' };
  const effort = () => ({ work: 0, steps: 0 });
  expect(documentsOf(file, effort())).toBe(documentsOf(file, effort()));
  expect(workflowOf(file, effort())).toBe(workflowOf(file, effort()));
});

it('what files were read to is forgotten, the oldest first, where there is too much of it', () => {
  const memory = createMemory<string>(10);
  const files = ['a', 'b', 'c'].map((path): SourceFile => ({ path, size: 4, text: 'abcd' }));
  for (const file of files) memory.set(file, file.path);
  expect(files.map((file) => memory.get(file))).toEqual([undefined, 'b', 'c']);
  const large: SourceFile = { path: 'd', size: 100 };
  memory.set(large, 'd');
  expect([...files, large].map((file) => memory.get(file))).toEqual([undefined, undefined, undefined, 'd']);
});

it('lines are counted from 1, revisions cut where they hold hashes', () => {
  expect([0, 1, 2, 3, 4].map((offset) => lineAt('a\nb\n', offset))).toEqual([1, 1, 2, 2, 3]);
  expect(shortRevision('main@sha1:4ae1b7a7f5a9c9d7b6d2f1f1e8a0c3d5e7f90123')).toBe('main@sha1:4ae1b7a7f5a9');
  expect(shortRevision('folder /srv/deadbeef')).toBe('folder /srv/deadbeef');
});

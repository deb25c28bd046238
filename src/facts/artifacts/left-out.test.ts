// What Flux may have left out of an artifact is neither there nor missing, and the
// message says how to have it judged.

import { describe, expect, test } from 'vitest';
import type { SourceFile, SourceRef } from '../view.ts';
import type { IgnoreRules } from './ignore-rules.ts';
import { leftOutOf } from './left-out.ts';

const rules = (more: Partial<IgnoreRules> = {}, kind: SourceRef['kind'] = 'GitRepository'): IgnoreRules => ({
  source: { kind, namespace: 'flux-system', name: 'flux-system' },
  name: `${kind} flux-system/flux-system`,
  observed: undefined,
  wanted: undefined,
  copied: false,
  sparse: [],
  prefix: '',
  includes: [],
  ...more,
});
const ignoring = (...lines: readonly string[]) =>
  rules({ observed: lines.join('\n'), wanted: lines.join('\n') });

const DEFAULT_FILES = { 'README.md': '# Home\n', 'kubernetes/apps/web.yaml': 'a: 1\n' };

function leftOut(
  glob: string,
  given: IgnoreRules = rules(),
  files: Readonly<Record<string, string | undefined>> = DEFAULT_FILES,
  emptyFolders: readonly string[] = [],
  passedOver: Readonly<Record<string, string>> = {},
): string | undefined {
  const found = Object.entries(files).map(([path, text]): [string, SourceFile] => [
    path,
    text === undefined ? { path, size: 0, unread: 'larger than 1 MiB' } : { path, size: text.length, text },
  ]);
  return leftOutOf(given, {
    files: new Map(found),
    emptyFolders,
    passedOver: new Map(Object.entries(passedOver)),
    notes: [],
  })(glob);
}

describe('by its default list, Flux leaves out', () => {
  test.each([
    '.github/workflows/security.yaml',
    '.github/workflows/*.{yml,yaml}',
    '.github/**',
    '.gitignore',
    '.gitlab-ci.yml',
    'docs/picture.png',
    'docs/*.png',
    'docs/*.p?g',
    'releases/*.zip',
    'apps/web/.sops.yaml',
    '**/.sops.yaml',
    'cloudbuild.yaml',
    '*build.yaml',
    '**',
    '**/*.yaml',
    '{docs,.github}/a.md',
    '[.]github/a.md',
    'web/.github/a.md',
  ])('%s', (glob) => {
    expect(leftOut(glob)).toContain('leaves such files out of the artifact by default');
  });

  test.each([
    'docs/restore.md',
    'docs/*.md',
    'docs/**/*.md',
    'kubernetes/*/app/**/*.json',
    'scripts/bootstrap-*.sh',
    '*.md',
    'github/a.yml',
  ])('not %s', (glob) => {
    expect(leftOut(glob)).toBeUndefined();
  });

  test('what is named in the message, with the line that takes it back in', () => {
    expect(leftOut('.github/workflows/*.yaml')).toBe(
      'Flux leaves such files out of the artifact by default (.github/). To have them judged, set spec.ignore of GitRepository flux-system/flux-system to "!/.github/workflows/" (the default list then holds no more)',
    );
  });
});

describe('with spec.ignore', () => {
  test.each([
    ['.github/workflows/*.yaml', ['!/.github/workflows/']],
    ['.github/workflows/*.yaml', ['!.github/']],
    ['.github/workflows/*.yaml', ['/*', '!/kubernetes', '!/.github']],
    ['.github/workflows/*.yaml', ['# nothing but a comment', '/docs']],
    ['**/*.md', ['!/**/*.md']],
    ['docs/picture.png', ['/scripts']],
    ['docs/a.md', ['/docs', '!/docs/a.md']],
    ['docs/a.md', ['/docs', '![b-d]ocs/a.md']],
    ['a.pyi', ['*.py[cod]']],
    ['a.md', ['[a', '[]a]', '[a-]', 'a\\\\']],
  ])('%s is there or missing under %j', (glob, lines) => {
    expect(leftOut(glob, ignoring(...lines))).toBeUndefined();
  });

  test.each([
    ['docs/a.md', ['/*', '!/kubernetes', '!/.github']],
    ['docs/a.md', ['!/docs', '/docs']],
    ['docs/**/*.md', ['/docs/private/']],
    ['docs/*.md', ['*.md', '!docs/b.md']],
    ['a/b/c.md', ['b/']],
    ['a/b.md', ['**/b.md']],
    ['a/x/b.md', ['a/**/b.md']],
    ['a/b.md', ['[a-z]/*']],
    ['.git/config', ['/docs']],
    ['.gitmodules', ['/docs']],
    ['docs/a.md', ['/docs', '![e]ocs/a.md']],
    ['docs/a.md', ['/docs', '![^d]ocs/a.md']],
    ['docs/a.md', ['/docs', '![!d]ocs/b.md']],
    ['docs/*.md', ['/docs', '![d]ocs/a.md']],
    ['a.pyo', ['*.py[cod]']],
    ['docs/x.md/a.txt', ['*.md']],
    ['docs/**/*.md', ['!/docs/', '/docs/private/']],
    ['docs/**/*.md', ['private']],
  ])('%s may be left out by %j', (glob, lines) => {
    expect(leftOut(glob, ignoring(...lines))).toContain('Flux leaves such files out');
  });

  test('the last line that means a file decides, as Flux has it, even in a folder that is left out', () => {
    expect(leftOut('.github/workflows/a.yaml', ignoring('.github/', '!.github/workflows/'))).toBeUndefined();
    expect(leftOut('.github/dependabot.yml', ignoring('.github/', '!.github/workflows/'))).toContain(
      'spec.ignore of GitRepository flux-system/flux-system (.github/)',
    );
  });

  test('that was changed a moment ago, the next artifact is waited for', () => {
    expect(leftOut('.github/a.yaml', rules({ wanted: '!/.github/' }))).toContain('has not acted on it yet');
  });
});

describe('with .sourceignore files', () => {
  test('their patterns count from where they lie, and the default list holds no more', () => {
    const files = { ...DEFAULT_FILES, 'docs/.sourceignore': '/private/\n' };
    expect(leftOut('docs/private/a.md', rules(), files)).toContain('by docs/.sourceignore (/private/)');
    expect(leftOut('private/a.md', rules(), files)).toBeUndefined();
    expect(leftOut('.github/workflows/a.yaml', rules(), files)).toBeUndefined();
  });

  test('one that cannot be read may leave out everything below it', () => {
    const files = { ...DEFAULT_FILES, 'docs/.sourceignore': undefined };
    expect(leftOut('docs/a.md', rules(), files)).toContain('docs/.sourceignore');
  });

  test('one that leaves itself out is thought of where the root is empty', () => {
    expect(leftOut('docs/a.md', rules(), { 'kubernetes/a.yaml': 'a: 1' })).toContain('no file in its root');
    expect(
      leftOut('kubernetes/b.yaml', ignoring('/*', '!/kubernetes'), { 'kubernetes/a.yaml': '' }),
    ).toBeUndefined();
  });

  test('one further down counts before one above it, however its folder is called', () => {
    const files = { '.sourceignore': '/-a/\n', '-a/.sourceignore': '!/b.md\n' };
    expect(leftOut('-a/b.md', rules(), files)).toBeUndefined();
    expect(leftOut('-a/c.md', rules(), files)).toContain('by .sourceignore (/-a/)');
  });

  test('one of a bucket never shows', () => {
    expect(leftOut('docs/a.md', rules({}, 'Bucket'))).toContain('never shows in it');
    expect(leftOut('docs/a.md', rules({ observed: '!/docs/', wanted: '!/docs/' }, 'Bucket'))).toBeUndefined();
  });
});

test('a folder that is empty in the artifact of a Git repository had something in it', () => {
  const of = (glob: string, kind?: SourceRef['kind']) =>
    leftOut(glob, rules({}, kind), DEFAULT_FILES, ['vendor/lib']);
  expect(of('vendor/lib/go.mod')).toContain('spec.recurseSubmodules');
  expect(of('vendor/*/go.mod')).toContain('vendor/lib is empty');
  expect(of('vendor/go.mod')).toBeUndefined();
  expect(of('vendor/lib/go.mod', 'OCIRepository')).toBeUndefined();
});

test('what a sparse checkout does not check out is not missing', () => {
  const sparse = rules({ sparse: ['./kubernetes', 'docs/'] });
  expect(leftOut('kubernetes/apps/*.yaml2', sparse)).toBeUndefined();
  expect(leftOut('docs/a.md', sparse)).toBeUndefined();
  expect(leftOut('scripts/a.sh', sparse)).toContain('kubernetes, docs only (spec.sparseCheckout)');
  expect(leftOut('*/a.md', sparse)).toContain('spec.sparseCheckout');
  expect(leftOut('kubernetes-old/a.md', sparse)).toContain('spec.sparseCheckout');
});

test('what a bucket is not asked for is not missing', () => {
  const some = rules({ prefix: 'deploy/app-', observed: '!/deploy/', wanted: '!/deploy/' }, 'Bucket');
  expect(leftOut('deploy/app-1.yaml', some)).toBeUndefined();
  expect(leftOut('deploy/*.yaml', some)).toContain('begins with deploy/app- (spec.prefix)');
  expect(leftOut('docs/a.md', some)).toContain('spec.prefix');
});

test('what another source fills in is that source to ask', () => {
  const including = rules({ includes: [{ from: 'library', at: 'base/app' }] });
  expect(leftOut('base/app/a.md', including)).toContain('GitRepository flux-system/library');
  expect(leftOut('base/a.md', including)).toBeUndefined();
});

test('a link is there, and not read', () => {
  const of = (glob: string, given?: IgnoreRules) =>
    leftOut(glob, given, DEFAULT_FILES, [], { 'docs/latest': 'symbolic links', '[x].md': 'hard links' });
  expect(of('docs/latest')).toBe('symbolic links are passed over: docs/latest');
  expect(of('docs/latest/a.md')).toContain('docs/latest');
  expect(of('d*/latest/*.md')).toContain('docs/latest');
  expect(of('[[]x].md')).toContain('hard links');
  expect(of('x.md')).toBeUndefined();
  expect(of('docs/late')).toBeUndefined();
  expect(of('docs/latest', rules({ copied: true }, 'OCIRepository'))).toContain('docs/latest');
});

test('thousands of links are not compared one by one', () => {
  const many = Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`l${at}`, 'symbolic links']));
  expect(leftOut('docs/a.md', rules(), DEFAULT_FILES, [], many)).toContain('2000 links and the like');
});

test('of a layer that is copied as it is, nothing is left out', () => {
  expect(leftOut('.github/a.yaml', rules({ copied: true }, 'OCIRepository'))).toBeUndefined();
});

test('a glob made to be slow is answered at once', () => {
  const started = performance.now();
  leftOut(`${'*a'.repeat(120)}/${'**/'.repeat(60)}x`, ignoring(`${'*b'.repeat(120)}/${'**/'.repeat(60)}y`));
  leftOut(`${'{a,b}'.repeat(60)}`);
  leftOut('{'.repeat(500) + '}'.repeat(500));
  expect(performance.now() - started).toBeLessThan(1_000);
});

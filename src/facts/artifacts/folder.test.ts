// A folder as a source: what Git has of it, links and submodules not followed.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SourceRef, SourceTree } from '../view.ts';
import { remotesOf, workTreeAround } from '../work-tree.ts';
import { wantedBy } from './flux-source.ts';
import { folderTree } from './folder.ts';
import { TREE_LIMITS } from './limits.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'folder-tree-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(file: string, text: string | Buffer = 'x'): void {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), text);
}
const git = (...args: readonly string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
function commit(): string {
  git('add', '-A');
  git('commit', '-q', '-m', 'files');
  return git('rev-parse', 'HEAD');
}
const paths = async (of = folder) => [...(await folderTree(of)).files.keys()];

describe('a work tree', () => {
  beforeEach(() => void git('init', '-q', '-b', 'main'));

  test('holds what Git has or would have: not what is ignored, not what was removed', async () => {
    put('README.md', '# Home\n');
    put('.github/workflows/ci.yaml');
    put('gone.md');
    put('.gitignore', '*.log\n/secret/\n');
    const head = commit();
    put('debug.log');
    put('secret/key');
    expect((await folderTree(folder)).revision).toBe(`main@sha1:${head}`);
    put('docs/über uns.md');
    rmSync(path.join(folder, 'gone.md'));
    const tree = await folderTree(folder);
    expect([...tree.files.keys()]).toEqual([
      '.github/workflows/ci.yaml',
      '.gitignore',
      'README.md',
      'docs/über uns.md',
    ]);
    expect(tree.files.get('README.md')?.text).toBe('# Home\n');
    expect(tree.revision).toBe(`main@sha1:${head} with uncommitted changes`);
    expect(tree.leftOut('.github/workflows/*.yaml')).toBeUndefined();
  });

  test('of which a folder is named begins there', async () => {
    put('kubernetes/app.yaml');
    put('README.md');
    commit();
    expect(await paths(path.join(folder, 'kubernetes'))).toEqual(['app.yaml']);
    expect(await workTreeAround(path.join(folder, 'kubernetes'))).toBe(git('rev-parse', '--show-toplevel'));
  });

  test('in which nothing is committed says so', async () => {
    put('a.md');
    expect((await folderTree(folder)).revision).toBe('nothing committed with uncommitted changes');
  });

  test('does not follow links, and says so', async () => {
    put('real.md');
    symlinkSync('/etc', path.join(folder, 'etc'));
    symlinkSync('real.md', path.join(folder, 'link.md'));
    commit();
    const tree = await folderTree(folder);
    expect([...tree.files.keys()]).toEqual(['real.md']);
    expect(tree.notes).toContain('symbolic links are passed over: etc, link.md');
    for (const glob of ['link.md', '*.md', 'etc', 'etc/hosts', '{a,link}.md'])
      expect(tree.leftOut(glob)).toContain('symbolic links are passed over');
    for (const glob of ['real.txt', 'link.md/a', 'docs/link.md', 'etcetera'])
      expect(tree.leftOut(glob)).toBeUndefined();
  });

  test('with a submodule does not know what lies in it', async () => {
    put('a.md');
    const head = commit();
    mkdirSync(path.join(folder, 'vendor/lib'), { recursive: true });
    git('update-index', '--add', '--cacheinfo', `160000,${head},vendor/lib`);
    const tree = await folderTree(folder);
    expect(tree.leftOut('vendor/lib/go.mod')).toContain('is a submodule');
    expect(tree.leftOut('{docs,vendor/lib}/*')).toContain('is a submodule');
    expect(tree.leftOut('docs/a.md')).toBeUndefined();
  });

  test('runs no program that its configuration names', async () => {
    put('a.md');
    commit();
    const trace = path.join(folder, 'ran');
    git('config', 'core.fsmonitor', `touch ${trace}; false`);
    await folderTree(folder);
    expect(await paths()).toEqual(['a.md']);
  });

  test('knows where it is fetched from', async () => {
    expect(await remotesOf(folder)).toEqual([]);
    git('remote', 'add', 'origin', 'https://git.example.org/home/ops.git');
    expect(await remotesOf(folder)).toEqual(['https://git.example.org/home/ops.git']);
  });
});

describe('a folder outside of Git', () => {
  test('holds everything but .git', async () => {
    put('b/c.md');
    put('a.md');
    put('.git-like/x');
    const tree = await folderTree(folder);
    expect([...tree.files.keys()]).toEqual(['.git-like/x', 'a.md', 'b/c.md']);
    expect(tree.revision).toBe(`${folder} (no Git work tree)`);
    expect(await workTreeAround(folder)).toBeUndefined();
  });

  test('with too many files is told, and not taken in part', async () => {
    for (let at = 0; at < 12; at++) put(`d${at % 3}/f${at}`);
    await expect(folderTree(folder, { limits: { ...TREE_LIMITS, entries: 10 } })).rejects.toMatchObject({
      reason: 'Unreadable',
      message: expect.stringContaining('more than 10 files'),
    });
  });

  test('keeps no content that is no text, too large, or a pointer of Git LFS', async () => {
    put('binary', Buffer.from([0xff, 0xfe, 0]));
    put('big', Buffer.alloc(2 * 1024 * 1024, 'a'));
    put('lfs.json', 'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n');
    const { files } = await folderTree(folder);
    expect([...files.values()].map(({ text, unread }) => [text, unread])).toEqual([
      [undefined, 'larger than 1 MiB'],
      [undefined, 'no text in UTF-8'],
      [undefined, 'a pointer of Git LFS in place of the file'],
    ]);
  });

  test('that is not there is unreadable', async () => {
    await expect(folderTree(path.join(folder, 'none'))).rejects.toMatchObject({ reason: 'Unreadable' });
  });
});

describe('a folder whose source is known is judged as the artifact that Flux would make of it', () => {
  const as = (spec: object | null, kind: SourceRef['kind'] = 'GitRepository'): Promise<SourceTree> =>
    folderTree(folder, {
      wanted: wantedBy({ kind, namespace: 'flux-system', name: 'home' }, { spec }),
    });
  const held = (tree: SourceTree) => [...tree.files.keys()];
  beforeEach(() => {
    for (const each of ['.github/workflows/ci.yaml', '.gitignore', 'README.md', 'docs/restore.md']) put(each);
    put('docs/picture.png');
    put('kubernetes/app.yaml');
  });

  test('by its default list, in the words of the cluster', async () => {
    const tree = await as({});
    expect(held(tree)).toEqual(['README.md', 'docs/restore.md', 'kubernetes/app.yaml']);
    expect(tree.leftOut('.github/workflows/ci.yaml')).toBe(
      'Flux leaves such files out of the artifact by default (.github/). To have them judged, set spec.ignore of GitRepository flux-system/home to "!/.github/workflows/ci.yaml" (the default list then holds no more)',
    );
    expect(tree.leftOut('docs/other.md')).toBeUndefined();
    expect(tree.notes).toEqual([]);
  });

  test('by spec.ignore, in place of that list', async () => {
    const tree = await as({ ignore: '/*\n!/.github\n!/docs\n' });
    expect(held(tree)).toEqual(['.github/workflows/ci.yaml', 'docs/picture.png', 'docs/restore.md']);
    expect(tree.leftOut('kubernetes/*.yaml')).toContain(
      'by spec.ignore of GitRepository flux-system/home (/*)',
    );
    expect(tree.leftOut('.github/workflows/x.yaml')).toBeUndefined();
  });

  test('by a .sourceignore, also one that leaves out itself', async () => {
    put('docs/.sourceignore', '*.md\n');
    expect(held(await as({}))).not.toContain('docs/restore.md');
    put('.sourceignore', '.sourceignore\n/kubernetes/\n');
    const tree = await as({});
    expect(held(tree)).toEqual(['.github/workflows/ci.yaml', 'README.md', 'docs/picture.png']);
    expect(tree.leftOut('kubernetes/app.yaml')).toContain('by .sourceignore (/kubernetes/)');
  });

  test('by what a .sourceignore says that is a link within the folder, and everything by one that leads out', async () => {
    put('rules', '/docs/\n');
    symlinkSync('rules', path.join(folder, '.sourceignore'));
    expect(held(await as({}))).toEqual([
      '.github/workflows/ci.yaml',
      'README.md',
      'kubernetes/app.yaml',
      'rules',
    ]);
    rmSync(path.join(folder, '.sourceignore'));
    symlinkSync('/etc/hostname', path.join(folder, '.sourceignore'));
    const tree = await as({});
    expect(held(tree)).toEqual([]);
    expect(tree.leftOut('README.md')).toContain('by .sourceignore (*)');
  });

  test('by spec.sparseCheckout, whose folders alone are looked through for rules', async () => {
    put('.sourceignore', '/kubernetes/\n');
    const tree = await as({ sparseCheckout: ['./kubernetes'] });
    expect(held(tree)).toEqual(['kubernetes/app.yaml']);
    expect(tree.leftOut('docs/restore.md')).toContain('checks out kubernetes only (spec.sparseCheckout)');
  });

  test('by spec.include, which fills a folder from another source', async () => {
    put('base/lib/a.yaml');
    const tree = await as({ include: [{ repository: { name: 'library' }, toPath: 'base/lib' }] });
    expect(held(tree)).not.toContain('base/lib/a.yaml');
    expect(tree.leftOut('base/lib/a.yaml')).toContain('comes from GitRepository flux-system/library');
    expect(tree.leftOut('base/a.yaml')).toBeUndefined();
  });

  test('with folders that are empty in it, submodules too unless Flux goes there', async () => {
    git('init', '-q');
    const head = commit();
    mkdirSync(path.join(folder, 'vendor/lib'), { recursive: true });
    git('update-index', '--add', '--cacheinfo', `160000,${head},vendor/lib`);
    const plain = await as({});
    expect(plain.leftOut('vendor/lib/go.mod')).toContain('set spec.recurseSubmodules of GitRepository');
    const recursing = await as({ recurseSubmodules: true });
    expect(recursing.leftOut('vendor/lib/go.mod')).toContain("whose files are another repository's");
    expect((await as({ ignore: 'restore.md\npicture.png' })).leftOut('docs/a.md')).toContain(
      'the folder docs is empty in the artifact',
    );
  });

  test('and is told to be older than the folder where the source is suspended', async () => {
    expect((await as({ suspend: true })).stale).toEqual([
      'GitRepository flux-system/home is suspended: its artifact is what the cluster deploys from, and may be behind its origin (flux resume source git home -n flux-system)',
    ]);
    expect((await as({})).stale).toEqual([]);
  });

  test('of an OCIRepository without what flux push leaves out, which may or may not be there', async () => {
    const tree = await as({ ignore: '!*.png' }, 'OCIRepository');
    expect(held(tree)).toEqual([
      '.github/workflows/ci.yaml',
      'README.md',
      'docs/restore.md',
      'kubernetes/app.yaml',
    ]);
    expect(tree.leftOut('docs/*.png')).toContain('flux push artifact leaves such files out (*.png)');
    const copied = await as({ ignore: '/docs', layerSelector: { operation: 'copy' } }, 'OCIRepository');
    expect(held(copied)).toEqual(held(tree));
    expect(copied.leftOut('.gitignore')).toContain('flux push artifact');
    expect(copied.leftOut('docs/a.md')).toBeUndefined();
  });

  test('of a Bucket by what it says itself alone, which is not fetched with the rest', async () => {
    put('.sourceignore', '/docs/\n');
    put('kubernetes/.sourceignore', '*\n');
    const tree = await as(null, 'Bucket');
    expect(held(tree)).toEqual([
      '.github/workflows/ci.yaml',
      '.gitignore',
      'README.md',
      'kubernetes/.sourceignore',
      'kubernetes/app.yaml',
    ]);
    expect(tree.leftOut('docs/restore.md')).toContain('.sourceignore');
    const some = await as({ prefix: 'kubernetes/', ignore: '!/docs/' }, 'Bucket');
    expect(held(some)).toEqual(['kubernetes/.sourceignore', 'kubernetes/app.yaml']);
    expect(some.leftOut('docs/restore.md')).toContain('only what begins with kubernetes/ (spec.prefix)');
  });

  test('and where nothing is known of the source, as it is, with a note', async () => {
    const tree = await as({ ignore: ['no', 'text'] });
    expect(held(tree)).toContain('.github/workflows/ci.yaml');
    expect(tree.leftOut('.github/workflows/x.yaml')).toBeUndefined();
    expect(tree.notes).toEqual([expect.stringContaining('nothing here says what Flux leaves out')]);
  });

  test('with more patterns than are compared with each file is told', async () => {
    await expect(as({ ignore: 'a\n'.repeat(2_001) })).rejects.toMatchObject({
      reason: 'Unreadable',
      message: expect.stringContaining('patterns'),
    });
  });
});

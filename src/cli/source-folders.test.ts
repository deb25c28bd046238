// Which folder stands for which Flux source.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Manifest } from '../facts/manifest-files.ts';
import type { Fact, SourceRef, SourceTree } from '../facts/view.ts';
import { type FolderOptions, withFolders } from './source-folders.ts';
import { type Opened, openManifests } from './sources.ts';
import { remediation } from './testing/run.ts';

const ITEM = `
apiVersion: remediation.dev/v1alpha1
kind: RemediationItem
metadata: {name: runbook, namespace: remediation-system}
spec:
  number: 12
  title: Write a runbook
  priority: Medium
  checks:
  - name: runbook
    source:
      ref: {namespace: flux-system, name: flux-system}
      files: [{path: docs/restore.md, matches: ["^# Restore"]}]
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'source-folders-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(file: string, text = 'x'): string {
  const place = path.join(folder, file);
  mkdirSync(path.dirname(place), { recursive: true });
  writeFileSync(place, text);
  return path.dirname(place);
}
const git = (at: string, ...args: readonly string[]) => execFileSync('git', ['-C', at, ...args]);
const REF: SourceRef = { kind: 'GitRepository', namespace: 'flux-system', name: 'home' };

const source = (url: string, more: object = {}): Manifest => ({
  apiVersion: 'source.toolkit.fluxcd.io/v1',
  kind: 'GitRepository',
  metadata: { namespace: 'flux-system', name: 'home' },
  spec: { url, ...more },
});
const URL = 'https://git.example.org/me/home';

const open = (options: Omit<FolderOptions, 'timeout'>): Promise<Opened> =>
  withFolders(openManifests(options.objects ?? [], [], { static: false }), { timeout: 60, ...options });

/** As judgeAll does it: ask, and ask again when something has arrived. */
async function tree(opened: Opened, ref: SourceRef = REF): Promise<Fact<SourceTree>> {
  for (;;) {
    const fact = opened.source.tree(ref);
    if (fact.state !== 'pending') return fact;
    await opened.nextChange(60_000);
  }
}
async function files(opened: Opened, ref?: SourceRef): Promise<readonly string[]> {
  const fact = await tree(opened, ref);
  return fact.state === 'known' ? [...fact.value.files.keys()] : [fact.state];
}

describe('--source', () => {
  test('DIR stands for every source, of whatever kind, that has none of its own', async () => {
    const [all, own] = [put('all/a.md'), put('own/b.md')];
    const opened = await open({ source: [all, `flux-system/own=${own}`] });
    expect(await files(opened)).toEqual(['a.md']);
    expect(await files(opened, { ...REF, name: 'own' })).toEqual(['b.md']);
    expect(await files(opened, { ...REF, kind: 'OCIRepository' })).toEqual(['a.md']);
  });

  test('gives the same tree to everybody who asks', async () => {
    const opened = await open({ source: [put('all/a.md')] });
    const first = await tree(opened);
    expect(opened.source.tree({ ...REF, name: 'other' })).toBe(first);
  });

  test('NAMESPACE/NAME=DIR stands for that one only', async () => {
    const opened = await open({ source: [`flux-system/own=${put('own/b.md')}`] });
    expect(await tree(opened)).toMatchObject({ state: 'failed', reason: 'NeedsCluster' });
  });

  test.each([
    [['nowhere/at/all'], 'no such folder'],
    [['flux-system/a=nowhere'], 'no such folder'],
    [[`flux-system/a=${import.meta.filename}`], 'not a folder'],
    [['.', '..'], 'two folders'],
    [['a/b=.', 'a/b=..'], 'a/b two folders'],
  ])('%j is a usage error', async (given, why) => {
    await expect(open({ source: given })).rejects.toThrow(why);
  });
});

describe('of a source whose object is known', () => {
  const around = () => [put('home/.github/ci.yaml'), put('home/docs/a.md')][1] as string;

  test('the tree is the artifact that Flux would make of the folder', async () => {
    const at = path.dirname(around());
    for (const apiVersion of ['source.toolkit.fluxcd.io/v1', 'source.toolkit.fluxcd.io/v1beta2']) {
      const opened = await open({ source: [at], objects: [{ ...source(URL), apiVersion }] });
      expect(await files(opened)).toEqual(['docs/a.md']);
      expect(await files(opened, { ...REF, name: 'other' })).toEqual(['.github/ci.yaml', 'docs/a.md']);
    }
  });

  test('be it only as the FluxInstance of which the Flux Operator makes it', async () => {
    const instance: Manifest = {
      apiVersion: 'fluxcd.controlplane.io/v1',
      kind: 'FluxInstance',
      metadata: { namespace: 'flux-system', name: 'flux' },
      spec: { sync: { kind: 'GitRepository', url: URL, ref: 'refs/heads/main', path: 'a', name: 'home' } },
    };
    const fact = await tree(await open({ source: [path.dirname(around())], objects: [instance] }));
    expect(fact.state === 'known' && [...fact.value.files.keys()]).toEqual(['docs/a.md']);
    expect(fact.state === 'known' && fact.value.leftOut('.github/ci.yaml')).toMatch(
      /by default \(\.github\/\).*, by a patch in spec\.kustomize\.patches of FluxInstance flux-system\/flux/,
    );
  });

  test('two that say otherwise of one folder are two trees, each read once', async () => {
    const at = path.dirname(around());
    const docs = {
      ...source(URL, { ignore: '/docs/' }),
      metadata: { namespace: 'flux-system', name: 'docs' },
    };
    const opened = await open({ source: [at], objects: [source(URL), docs] });
    expect(await files(opened)).toEqual(['docs/a.md']);
    expect(await files(opened, { ...REF, name: 'docs' })).toEqual(['.github/ci.yaml']);
    expect(await tree(opened)).toBe(await tree(opened));
  });

  test('in a cluster, the object is that of the cluster, once it is here', async () => {
    const at = path.dirname(around());
    let object: Fact<unknown> = { state: 'pending', message: 'GitRepositories' };
    const cluster = openManifests([], [], { static: false });
    const { source: facts } = cluster;
    const opened = await withFolders(
      { ...cluster, source: { ...facts, get: () => object } },
      { source: [at], timeout: 60 },
    );
    expect(opened.source.tree(REF)).toEqual(object);
    object = { state: 'known', value: source(URL, { ignore: '/docs/' }) };
    expect(await files(opened)).toEqual(['.github/ci.yaml']);
    object = { state: 'failed', reason: 'Forbidden', message: 'may not' };
    expect(await files(opened)).toEqual(['.github/ci.yaml', 'docs/a.md']);
  });
});

test('manifests never change, which takes as long as one is ready to wait', async () => {
  const before = performance.now();
  await openManifests([], [], { static: false }).nextChange(50);
  expect(performance.now() - before).toBeGreaterThan(40);
});

describe('without --source, the work tree around the manifests', () => {
  let repository: string;
  beforeEach(() => {
    repository = put('home/README.md');
    git(repository, 'init', '-q');
    put('home/kubernetes/app.yaml');
  });
  const around = () => [path.join(repository, 'kubernetes', 'app.yaml')];

  test('stands for a GitRepository', async () => {
    expect(await files(await open({ around: around() }))).toEqual(['README.md', 'kubernetes/app.yaml']);
  });

  test('stands for no bucket, and the message says what does', async () => {
    const fact = await tree(await open({ around: around() }), { ...REF, kind: 'Bucket' });
    expect(fact).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('--source flux-system/home=DIR'),
    });
  });

  test.each([
    'https://git.example.org/me/home',
    'https://git.example.org/me/home.git/',
    'ssh://git@git.example.org/me/home.git',
    'ssh://git@git.example.org:22/me/home',
    'git@git.example.org:me/home.git',
    'https://Git.Example.org/me/Home',
  ])('stands for a source of its own origin, %s', async (url) => {
    git(repository, 'remote', 'add', 'origin', 'git@git.example.org:me/home.git');
    expect(await files(await open({ around: around(), objects: [source(url)] }))).toContain('README.md');
  });

  test('stands for no source of another origin', async () => {
    git(repository, 'remote', 'add', 'origin', 'git@git.example.org:me/home.git');
    const opened = await open({ around: around(), objects: [source('https://git.example.org/me/library')] });
    expect(await tree(opened)).toMatchObject({
      state: 'failed',
      reason: 'NeedsCluster',
      message: expect.stringMatching(
        /is of https:.*library, and the work tree .*--source flux-system\/home=DIR/,
      ),
    });
  });
});

describe('remediation verify', () => {
  test('judges the files of a folder', async () => {
    const items = put('items/item.yaml', ITEM);
    const repository = put('home/docs/restore.md', '# Restore\n').replace(/\/docs$/, '');
    const args = ['verify', items, '-f', items, '--source', repository, '-o', 'json'];
    const passed = await remediation(args);
    expect(JSON.parse(passed.stdout).items[0].status).toMatchObject({ state: 'Implemented', passing: 1 });
    put('home/docs/restore.md', '# Backup\n');
    const failed = await remediation(args);
    expect(JSON.parse(failed.stdout).items[0].status.checks[0]).toMatchObject({ verdict: 'Fail' });
  }, 60_000);

  test('tells a folder or a range that is none, and judges nothing', async () => {
    const items = put('items/item.yaml', ITEM);
    const nowhere = await remediation([
      'verify',
      items,
      '-f',
      items,
      '--source',
      path.join(folder, 'nowhere'),
    ]);
    expect(nowhere).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('no such folder') });
    const range = await remediation(['verify', items, '--allow-evidence-from', '10.0.0.0/99']);
    expect(range).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('no range of addresses'),
    });
  }, 60_000);
});

// The files of a Flux source in a live cluster: from the object to the tree, and
// who is told when it arrives.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KubeObject } from '../../kubernetes/index.ts';
import {
  bookmark,
  deleted,
  json,
  modified,
  added as put,
  stream,
} from '../../kubernetes/testing/fake-server.ts';
import { SOURCE_API, wholeRef } from '../source.ts';
import { discoveryOf, eventually, gate, groupOf, liveFixture } from '../testing/live-fixture.ts';
import type { SourceRef, SourceTree } from '../view.ts';
import { type ArtifactServer, type Given, sha256, startArtifactServer, tarGzOf } from './testing/archives.ts';

const PATH = '/apis/source.toolkit.fluxcd.io/v1/gitrepositories';
const FLUX = groupOf('source.toolkit.fluxcd.io', 'v1', 'GitRepository', 'gitrepositories');
const REF: SourceRef = { kind: 'GitRepository', namespace: 'flux-system', name: 'flux-system' };
const KIND = wholeRef({ apiVersion: SOURCE_API, kind: 'GitRepository' }).key;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const f = liveFixture();
let artifacts: ArtifactServer;
beforeEach(async () => {
  artifacts = await startArtifactServer();
  f.server.on('/apis', {}, discoveryOf(FLUX));
});
afterEach(() => artifacts.close());

const repository = (resourceVersion: string, status: object, spec: object = {}): KubeObject => ({
  apiVersion: SOURCE_API,
  kind: 'GitRepository',
  metadata: { ...REF, uid: 'a', generation: 1, resourceVersion },
  spec,
  status: { observedGeneration: 1, conditions: [{ type: 'Ready', status: 'True' }], ...status },
});

async function artifact(revision: string, ...entries: readonly Given[]): Promise<object> {
  const archive = await tarGzOf(...entries);
  artifacts.on(`/${revision}.tar.gz`, archive);
  return { artifact: { url: `${artifacts.url}/${revision}.tar.gz`, digest: sha256(archive), revision } };
}

async function known(): Promise<SourceTree> {
  await eventually(() => expect(f.source.tree(REF).state).toBe('known'));
  const fact = f.source.tree(REF);
  if (fact.state !== 'known') throw new Error('no tree');
  return fact.value;
}

test('a tree arrives, and its readers are told', async () => {
  f.watchLists(
    PATH,
    stream(put(repository('5', await artifact('one', ['README.md', 'one']))), bookmark('5', true)),
  );
  expect(f.source.tree(REF).state).toBe('pending');
  const tree = await known();
  expect(tree.revision).toBe('one');
  expect(tree.files.get('README.md')?.text).toBe('one');
  expect(f.changes.at(-1)).toMatchObject({
    kind: 'GitRepository',
    read: { kind: KIND, namespace: 'flux-system', name: 'flux-system' },
  });
  expect(f.source.tree(REF)).toEqual({ state: 'known', value: tree });
});

test('while a new revision is fetched, the old one is not judged as if it were new', async () => {
  const second = gate();
  const [one, two] = [
    await artifact('one', ['README.md', 'one'], ['same.md', 'same']),
    await artifact('two', ['README.md', 'two'], ['same.md', 'same']),
  ];
  f.watchLists(
    PATH,
    stream(put(repository('5', one)), bookmark('5', true), second.opened, modified(repository('6', two))),
  );
  const before = await known();
  second.open(undefined);
  await eventually(() => expect(f.source.tree(REF).state).toBe('pending'));
  const after = await known();
  expect(after.revision).toBe('two');
  expect(after.files.get('README.md')?.text).toBe('two');
  expect(after.files.get('same.md')).toBe(before.files.get('same.md'));
});

test('a source that is not there is absent', async () => {
  f.watchLists(PATH, stream(bookmark('5', true)));
  await eventually(() => expect(f.source.tree(REF)).toEqual({ state: 'absent', served: true }));
});

test('where Flux is not installed, no source is there', async () => {
  f.server.on('/apis', {}, json({ kind: 'APIGroupDiscoveryList', items: [] }));
  await eventually(() => expect(f.source.tree(REF)).toEqual({ state: 'absent', served: false }));
});

test('what nobody reads any more is dropped, and fetched again when somebody does', async () => {
  f.watchLists(
    PATH,
    stream(put(repository('5', await artifact('one', ['README.md', 'one']))), bookmark('5', true)),
  );
  await known();
  f.source.release({ kind: KIND, namespace: 'flux-system', name: 'other' });
  expect(f.source.tree(REF).state).toBe('known');
  f.source.release({ kind: KIND, namespace: 'flux-system', name: 'flux-system' });
  expect(f.source.tree(REF).state).toBe('pending');
  await known();
  expect(artifacts.asked).toEqual(['/one.tar.gz', '/one.tar.gz']);
});

test('a source that is deleted is absent at once, its files are dropped, and one of the same name is another', async () => {
  const one = await artifact('one', ['README.md', 'one']);
  const [removed, back] = [gate(), gate()];
  f.watchLists(
    PATH,
    stream(
      put(repository('5', one)),
      bookmark('5', true),
      removed.opened,
      deleted(repository('6', one)),
      back.opened,
      put(repository('7', {})),
      put(repository('8', one)),
    ),
  );
  const before = new WeakRef(await known());
  removed.open(undefined);
  await eventually(() => expect(f.source.tree(REF).state).toBe('absent'));
  f.changes.length = 0;
  await eventually(() => {
    collectGarbage();
    expect(before.deref()).toBeUndefined();
  });
  back.open(undefined);
  expect((await known()).revision).toBe('one');
  expect(artifacts.asked).toEqual(['/one.tar.gz', '/one.tar.gz']);
});

test('a tree is not held while its next revision does not come', async () => {
  const next = gate();
  const [one, two] = [await artifact('one', ['README.md', 'one']), await artifact('two')];
  artifacts.on('/two.tar.gz', () => {});
  f.watchLists(
    PATH,
    stream(put(repository('5', one)), bookmark('5', true), next.opened, modified(repository('6', two))),
  );
  const before = new WeakRef(await known());
  next.open(undefined);
  await eventually(() => expect(f.source.tree(REF).state).toBe('pending'));
  f.changes.length = 0;
  await eventually(() => {
    collectGarbage();
    expect(before.deref()).toBeUndefined();
  });
});

test('a source that fails or is suspended is judged by what it offers still, with a warning', async () => {
  const one = await artifact('one', ['README.md', 'one']);
  const change = gate();
  f.watchLists(
    PATH,
    stream(
      put(repository('5', one)),
      bookmark('5', true),
      change.opened,
      modified(repository('6', one, { suspend: true })),
    ),
  );
  const before = await known();
  expect(before.stale).toEqual([]);
  change.open(undefined);
  await eventually(() =>
    expect(f.source.tree(REF)).toMatchObject({ value: { stale: [expect.any(String)] } }),
  );
  const after = await known();
  expect(after.stale[0]).toContain('is suspended');
  expect(after.files).toBe(before.files);
  expect(artifacts.asked).toEqual(['/one.tar.gz']);
});

test('where Flux is older, a source that is served in an older version is not taken for none', async () => {
  const old = { ...FLUX, versions: FLUX.versions.map((each) => ({ ...each, version: 'v1beta2' })) };
  f.server.on('/apis', {}, discoveryOf(old));
  await eventually(() =>
    expect(f.source.tree(REF)).toMatchObject({
      state: 'failed',
      reason: 'NotServed',
      message: expect.stringContaining('as source.toolkit.fluxcd.io/v1beta2'),
    }),
  );
});

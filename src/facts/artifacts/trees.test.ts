// From the object of a source to its tree, with the clock in the test's hands.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../../kubernetes/testing/fake-clock.ts';
import { createGuardedFetch, type GuardedFetch } from '../network/guarded-fetch.ts';
import type { SourceRef } from '../view.ts';
import { type ArtifactServer, sha256, startArtifactServer, tarGzOf } from './testing/archives.ts';
import { createTrees, type Trees } from './trees.ts';

const REF: SourceRef = { kind: 'GitRepository', namespace: 'flux-system', name: 'home-ops' };
let server: ArtifactServer;
let network: GuardedFetch;
let clock: FakeClock;
let trees: Trees;
let changed: PromiseWithResolvers<void>;

beforeEach(async () => {
  server = await startArtifactServer();
  network = createGuardedFetch({ allow: ['127.0.0.0/8'] });
  clock = createFakeClock();
  changed = Promise.withResolvers();
  trees = createTrees({ open: network.open, clock, onChange: () => changed.resolve() });
});
afterEach(async () => {
  await trees.stop();
  await network.close();
  await server.close();
});

async function nextChange(): Promise<void> {
  await changed.promise;
  changed = Promise.withResolvers();
}

const source = (artifact: object, status: object = {}) => ({
  metadata: { ...REF, generation: 1 },
  status: { observedGeneration: 1, ...status, artifact },
});

test.each([
  ['it has made the artifact again', { lastUpdateTime: '2026-01-02T00:00:00Z' }, {}],
  ['it was asked to look again', {}, { lastHandledReconcileAt: '2026-01-02T00:00:00Z' }],
])('what source-controller did not hold is fetched without a wait when %s', async (_, again, status) => {
  const archive = await tarGzOf(['README.md', 'one']);
  const artifact = {
    url: `${server.url}/one.tar.gz`,
    digest: sha256(archive),
    revision: 'main@sha1:4ae1',
    lastUpdateTime: '2026-01-01T00:00:00Z',
  };
  server.on('/one.tar.gz', (_request, response) => void response.writeHead(401).end());
  trees.read(REF, source(artifact));
  await nextChange();
  expect(trees.read(REF, source(artifact)).state).toBe('failed');
  server.on('/one.tar.gz', archive);
  trees.read(REF, source({ ...artifact, ...again }, status));
  await nextChange();
  const tree = trees.read(REF, source({ ...artifact, ...again }, status));
  expect(tree).toMatchObject({ state: 'known', value: { revision: 'main@sha1:4ae1' } });
  expect(trees.read(REF, source({ ...artifact, ...again }, { lastHandledReconcileAt: 'later' }))).toEqual(
    tree,
  );
  expect(server.asked).toEqual(['/one.tar.gz', '/one.tar.gz']);
});

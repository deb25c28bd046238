// An artifact is used when it is whole, and its digest is what the source says.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { EvidenceError } from '../network/evidence-error.ts';
import { createGuardedFetch, type GuardedFetch } from '../network/guarded-fetch.ts';
import { createBudget } from './budget.ts';
import { fetchArtifact, type OpenUrl } from './fetch.ts';
import { type ArtifactServer, sha256, startArtifactServer, tarGzOf } from './testing/archives.ts';

let server: ArtifactServer;
let network: GuardedFetch;

beforeEach(async () => {
  server = await startArtifactServer();
  network = createGuardedFetch({ allow: ['127.0.0.0/8'] });
});
afterEach(async () => {
  await network.close();
  await server.close();
});

const { signal } = new AbortController();

test('the files of an artifact are here when its digest is right', async () => {
  const archive = await tarGzOf(
    ['README.md', '# Home\n'],
    [{ name: 'docs', type: 'directory' }],
    ['docs/a.md', 'über'],
    [{ name: 'empty', type: 'directory' }],
  );
  server.on('/a.tar.gz', archive);
  const found = await fetchArtifact(
    { url: `${server.url}/a.tar.gz`, digest: sha256(archive) },
    network.open,
    {
      signal,
    },
  );
  expect([...found.files.values()]).toEqual([
    { path: 'README.md', size: 7, text: '# Home\n' },
    { path: 'docs/a.md', size: 5, text: 'über' },
  ]);
  expect(found.emptyFolders).toEqual(['empty']);
  expect(found.notes).toEqual([]);
});

test('where nobody answers at all, what is usually in the way is said', async () => {
  const silent: OpenUrl = async () => {
    throw new EvidenceError('Unreachable', 'no answer', { code: 'UND_ERR_CONNECT_TIMEOUT' });
  };
  const asking = fetchArtifact(
    { url: `${server.url}/a.tar.gz`, digest: `sha256:${'0'.repeat(64)}` },
    silent,
    {
      signal,
    },
  );
  await expect(asking).rejects.toThrow("Flux's own NetworkPolicies let in its namespace only");
});

test('an artifact for which there is no room is left at the first file too many, though it does not end, and says how to make some', async () => {
  const archive = await tarGzOf(['a.md', 'a'.repeat(100)], ['b.md', 'b'.repeat(100)]);
  server.on('/a.tar.gz', (_request, response) => void response.write(archive.subarray(0, -1)));
  const waiting = createGuardedFetch({ allow: ['127.0.0.0/8'], idleTimeoutMs: 60_000 });
  const asking = fetchArtifact({ url: `${server.url}/a.tar.gz`, digest: sha256(archive) }, waiting.open, {
    signal,
    allowance: createBudget(400).allowance(),
  });
  await expect(asking).rejects.toMatchObject({
    reason: 'Unreadable',
    message: expect.stringMatching(/a\.tar\.gz: .*no room.*400 bytes.*resources\.limits\.memory/),
  });
  await waiting.close();
}, 20_000);

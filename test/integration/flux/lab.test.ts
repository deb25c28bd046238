// What the other suites of this folder stand on: Flux's source-controller and a
// Git server beside the cluster, which do what they do in a real one, and end.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identify, isAlive, kill, startDetached, waitGone } from '../../cluster/processes.ts';
import { sharedCluster } from '../../cluster/suite.ts';
import { TOKEN_USER } from '../../flux/git-server.ts';
import { type Flux, fluxPrograms, gitRepository, startFlux } from '../../flux/lab.ts';
import { apply, documents, eventually, getJson, ROOT } from '../support/cluster.ts';
import { namespaceObject } from '../support/scene.ts';
import { type GitRepository, secret, untilRevision } from './support.ts';

const cluster = sharedCluster()!;
const programs = fluxPrograms()!;
const SPACE = `flux-lab-${process.pid}`;

describe.skipIf(!cluster || !programs)('Flux beside the cluster', () => {
  let flux: Flux;

  beforeAll(async () => {
    await apply(cluster, documents(namespaceObject(SPACE)));
    flux = await startFlux(cluster, programs);
  });
  afterAll(async () => {
    await cluster.kubectl(['delete', 'namespace', SPACE, '--wait=false']);
    await cluster.kubectl(['delete', 'gitrepositories', '--all', '-n', SPACE]);
    await flux?.stop();
  });

  it('makes an artifact of every commit, and serves it with the digest that it says', async () => {
    const repository = await flux.git.create('open');
    const first = await repository.commit('Start', { 'README.md': '# Home\n' });
    await apply(cluster, documents(gitRepository({ namespace: SPACE, name: 'open', url: repository.url })));
    await untilRevision(cluster, SPACE, 'open', first);

    const second = await repository.commit('Say more', { 'README.md': '# Home\n\nMore.\n' });
    await flux.fetchNow(SPACE, 'open');
    const { artifact } = await untilRevision(cluster, SPACE, 'open', second);
    expect(artifact.revision).toBe(`main@sha1:${second}`);
    expect(new URL(artifact.url).host).toBe(flux.controller.artifactAddress);
    const bytes = Buffer.from(await (await fetch(artifact.url)).arrayBuffer());
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(artifact.digest);
  });

  it('fetches what a token guards with that token, and not with another', async () => {
    const repository = await flux.git.create('guarded', 'let-me-in');
    const commit = await repository.commit('Start', { 'README.md': '# Home\n' });
    const source = gitRepository({ namespace: SPACE, name: 'guarded', url: repository.url, secret: 'token' });
    await apply(cluster, documents(secret(SPACE, 'token', TOKEN_USER, 'let-me-out'), source));
    await eventually(async () => {
      const { status } = await getJson<GitRepository>(cluster, 'gitrepository', 'guarded', '-n', SPACE);
      const failed = status?.conditions?.find(({ type }) => type === 'FetchFailed');
      expect(failed?.message).toContain('authentication required');
      expect(status?.artifact).toBeUndefined();
    });
    await apply(cluster, documents(secret(SPACE, 'token', TOKEN_USER, 'let-me-in')));
    await flux.fetchNow(SPACE, 'guarded');
    await untilRevision(cluster, SPACE, 'guarded', commit);
  });

  it('keeps its artifacts while it is stopped, and serves them again', async () => {
    const { status } = await getJson<GitRepository>(cluster, 'gitrepository', 'open', '-n', SPACE);
    const url = String(status?.artifact?.url);
    await flux.controller.stop();
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    await flux.controller.start();
    expect((await fetch(url)).status).toBe(200);
  });

  it('ends a program whose owner was killed', async () => {
    const sleeper = startDetached('sleep', ['600'], '/', '/dev/null');
    const owner = spawn(process.execPath, [
      '--input-type=module-typescript',
      '--eval',
      `import { startWatchdog } from ${JSON.stringify(path.join(ROOT, 'test/flux/owner.ts'))};
       startWatchdog(${JSON.stringify(sleeper)});
       process.stdout.write('watched');
       setInterval(() => undefined, 1000);`,
    ]);
    try {
      await once(owner.stdout, 'data');
      expect(isAlive(sleeper)).toBe(true);
      const identity = identify(owner.pid!)!;
      await kill([identity]);
      expect(await waitGone([sleeper], 10_000)).toEqual([]);
    } finally {
      await kill([sleeper]);
    }
  });
});

// What a source goes through in its life: history that is written anew, a branch of
// another name, an origin that is away for long, a source-controller that has lost
// its storage. The verdict follows, and nothing is told that is not so.

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedCluster } from '../../cluster/suite.ts';
import { git } from '../../flux/git.ts';
import { fluxPrograms } from '../../flux/lab.ts';
import { eventually, SYSTEM, statusOf } from '../support/cluster.ts';
import { findingsOf, type Stage, setStage, wentThrough } from './stage.ts';
import { untilRevision } from './support.ts';
import { WITHOUT_SCAN, WORKFLOW } from './workflow.ts';

const cluster = sharedCluster()!;
const programs = fluxPrograms()!;

describe.skipIf(!cluster || !programs)('the life of a source', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await setStage(cluster, programs, 'lifecycle');
  });
  afterAll(() => stage?.end());

  it('goes back to what it was when a branch is pushed by force', async () => {
    const repository = await stage.implemented('forced');
    const first = await git(repository.folder, 'rev-parse', 'HEAD');
    await stage.fetched('forced', await repository.commit('Save minutes', { [WORKFLOW]: WITHOUT_SCAN }));
    await stage.reaches('forced', 'Drifted');
    await git(repository.folder, 'reset', '--hard', first);
    await git(repository.folder, 'push', '--quiet', '--force', 'origin', 'main');
    await stage.fetched('forced', first);
    await stage.reaches('forced', 'Implemented');
  });

  it('is one verdict while its branch gets another name', async () => {
    const repository = await stage.implemented('renamed');
    const item = await stage.followItem('renamed');
    await git(repository.folder, 'branch', '--move', 'main', 'trunk');
    await git(repository.folder, 'push', '--quiet', 'origin', 'trunk');
    await stage.patchSource('renamed', { spec: { ref: { branch: 'trunk' } } });
    await eventually(async () =>
      expect((await stage.source('renamed')).status?.artifact?.revision).toMatch(/^trunk@sha1:/),
    );
    // The operator has seen the new revision when it judges by it.
    await git(repository.folder, 'rm', '--quiet', WORKFLOW);
    await git(repository.folder, 'commit', '--quiet', '--message=Save more minutes');
    await git(repository.folder, 'push', '--quiet', 'origin', 'trunk');
    await stage.flux.fetchNow(stage.namespace, 'renamed');
    const [found] = findingsOf(await stage.reaches('renamed', 'Drifted'));
    expect(found?.location?.revision).toMatch(/^trunk@sha1:/);
    // Nothing was told between its first verdict and this one.
    await wentThrough(item, 'Drifted');
  });

  it('is told once while its origin is away, however often Flux tries', async () => {
    await stage.implemented('away');
    // Nobody listens there.
    await stage.patchSource('away', { spec: { url: 'http://127.0.0.1:9/away.git' } });
    await eventually(async () => {
      const [found] = findingsOf(await stage.reaches('away', 'Implemented'));
      expect(found).toMatchObject({ severity: 'Warning' });
      expect(found?.message).toContain('connection refused');
    });
    const before = await stage.transport.request<{ metadata: { resourceVersion: string } }>({
      path: `/apis/remediation.dev/v1alpha1/namespaces/${SYSTEM}/remediationitems/away`,
    });
    for (let times = 0; times < 3; times++) {
      const handled = (await stage.source('away')).status?.lastHandledReconcileAt;
      await stage.flux.fetchNow(stage.namespace, 'away');
      await eventually(async () =>
        expect((await stage.source('away')).status?.lastHandledReconcileAt).not.toBe(handled),
      );
    }
    // Words that change no verdict are written after a second.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const after = await stage.transport.request<{ metadata: { resourceVersion: string } }>({
      path: `/apis/remediation.dev/v1alpha1/namespaces/${SYSTEM}/remediationitems/away`,
    });
    expect(after.body.metadata.resourceVersion).toBe(before.body.metadata.resourceVersion);
  });

  it('is read again when source-controller has lost its storage and made the same artifact anew', async () => {
    const repository = await stage.implemented('lost');
    const commit = await git(repository.folder, 'rev-parse', 'HEAD');
    const { artifact: before } = await untilRevision(cluster, stage.namespace, 'lost', commit);
    const item = await stage.followItem('lost');
    await stage.flux.controller.stop();
    for (const each of readdirSync(stage.flux.controller.storage))
      rmSync(join(stage.flux.controller.storage, each), { recursive: true });
    // One that holds nothing yet, and finds nobody who answers.
    await stage.restartOperator();
    await stage.reaches('lost', 'Unknown');
    await stage.flux.controller.start();
    await stage.reaches('lost', 'Implemented');
    const { artifact } = await untilRevision(cluster, stage.namespace, 'lost', commit);
    expect(artifact).toMatchObject({ url: before.url, digest: before.digest });
    expect(findingsOf(await statusOf(stage.transport, SYSTEM, 'lost'))).toEqual([]);
    await wentThrough(item, 'Implemented', 'Unknown');
  });
});

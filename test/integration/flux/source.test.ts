// From a commit to a verdict: the operator reads what Flux's own
// source-controller makes of a Git repository, and tells by file, line and
// revision when it no longer says what it should.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { State } from '../../../src/api/status.ts';
import { sharedCluster } from '../../cluster/suite.ts';
import type { ServedRepository } from '../../flux/git-server.ts';
import { fluxPrograms } from '../../flux/lab.ts';
import { eventually } from '../support/cluster.ts';
import type { Follower } from './follow.ts';
import {
  findingsOf,
  type Item,
  KEEP_WORKFLOWS,
  type Stage,
  setStage,
  statesOf,
  wentThrough,
} from './stage.ts';
import { type GitRepository, untilRevision } from './support.ts';
import { WITH_SCAN, WITHOUT_SCAN, WORKFLOW } from './workflow.ts';

const cluster = sharedCluster()!;
const programs = fluxPrograms()!;

describe.skipIf(!cluster || !programs)('what Git says, as Flux applies it', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await setStage(cluster, programs, 'source');
  });
  afterAll(() => stage?.end());

  const breaks = (repository: ServedRepository) =>
    repository.commit('Save minutes', { [WORKFLOW]: WITHOUT_SCAN });

  describe('a commit that takes the scan away', () => {
    let repository: ServedRepository;
    let source: Follower<GitRepository>;
    let item: Follower<Item>;

    beforeAll(async () => {
      repository = await stage.implemented('home-ops');
      source = await stage.followSource('home-ops');
      item = await stage.followItem('home-ops');
    });
    afterAll(() => {
      source?.stop();
      item?.stop();
    });

    /** From the status of the GitRepository that shows the commit to the status of the item that follows from it, in milliseconds. */
    async function fromArtifactTo(state: State, commit: string, moment: number) {
      const revision = `main@sha1:${commit}`;
      await stage.flux.fetchNow(stage.namespace, 'home-ops');
      const offered = await source.firstAfter(
        moment,
        ({ status }) => status?.artifact?.revision === revision,
      );
      const judged = await item.firstAfter(offered.at, ({ status }) => status?.state === state);
      return { revision, took: judged.at - offered.at, status: judged.object.status! };
    }

    it('is drift within a second of the artifact, by file, line and revision, and its revert is none', async () => {
      const took: number[] = [];
      for (let round = 0; round < 5; round++) {
        const moment = performance.now();
        const broken = await fromArtifactTo('Drifted', await breaks(repository), moment);
        expect(broken.status.history?.[0]).toMatchObject({ reason: 'Regressed' });
        const [finding] = findingsOf(broken.status);
        expect(finding).toMatchObject({
          severity: 'Fail',
          subject: { kind: 'GitRepository', namespace: stage.namespace, name: 'home-ops' },
          location: { path: WORKFLOW, line: expect.any(Number), revision: broken.revision },
        });
        expect(finding?.message).toContain(WORKFLOW);

        const healed = await fromArtifactTo('Implemented', await repository.revert(), moment);
        expect(healed.status.history?.[0]).toMatchObject({ from: 'Drifted', to: 'Implemented' });
        took.push(broken.took, healed.took);
      }
      // Nothing in between: no Unknown while the archive is fetched.
      expect(statesOf(item)).toEqual(new Set(['Implemented', 'Drifted']));
      // The median: one hiccup of a busy machine is not the operator's doing.
      expect(took.sort((a, b) => a - b)[5], took.map(Math.round).join(' ')).toBeLessThan(1000);
    });

    it('is drift, too, when the file goes as a whole', async () => {
      const moment = performance.now();
      const gone = await repository.commit('Tidy up', { [WORKFLOW]: null });
      const { status } = await fromArtifactTo('Drifted', gone, moment);
      expect(status.checks?.[0]).toMatchObject({ reason: 'FileMissing' });
      await fromArtifactTo('Implemented', await repository.revert(), moment);
    });
  });

  it('follows Flux at its own interval, and says that source-controller brought the change', async () => {
    const repository = await stage.implemented('interval', { interval: '3s' });
    await breaks(repository);
    const { history } = await stage.reaches('interval', 'Drifted');
    expect(history?.[0]?.changedBy).toMatchObject({
      kind: 'GitRepository',
      namespace: stage.namespace,
      name: 'interval',
      manager: 'source-controller',
    });
  });

  describe('a source behind a token', () => {
    it('is read by Flux with the token, and its drift is seen', async () => {
      const repository = await stage.implemented('private', { token: 'let-me-in' });
      await stage.fetched('private', await breaks(repository));
      await stage.reaches('private', 'Drifted');
      await stage.fetched('private', await repository.revert());
      await stage.reaches('private', 'Implemented');
    });

    it('is Unknown while Flux has the wrong one and has never fetched it', async () => {
      const { url, commit } = await stage.flux.git.create('never', 'let-me-in');
      const hash = await commit('Scan every pull request', { [WORKFLOW]: WITH_SCAN });
      await stage.token('never', 'let-me-out');
      await stage.offer({ name: 'never', url, ignore: KEEP_WORKFLOWS, secret: 'never' });
      const item = await stage.followItem('never');
      await stage.claim('never');
      await eventually(async () => {
        const { checks } = await stage.reaches('never', 'Unknown');
        expect(checks?.[0]).toMatchObject({ verdict: 'Unknown' });
        expect(checks?.[0]?.message).toContain('authentication required');
      });
      await stage.token('never', 'let-me-in');
      await stage.fetched('never', hash);
      await stage.reaches('never', 'Implemented');
      // Nothing before its first verdict, and no drift.
      await wentThrough(item, undefined, 'Unknown', 'Implemented');
    });

    it('keeps its verdict, and says that it is of an old revision, when the token is revoked', async () => {
      const repository = await stage.implemented('revoked', { token: 'let-me-in' });
      await stage.token('revoked', 'let-me-out');
      const commit = await breaks(repository);
      await stage.flux.fetchNow(stage.namespace, 'revoked');
      await eventually(async () => {
        const [found] = findingsOf(await stage.reaches('revoked', 'Implemented'));
        expect(found).toMatchObject({ severity: 'Warning' });
        expect(found?.message).toContain('authentication required');
      });
      await stage.token('revoked', 'let-me-in');
      await stage.fetched('revoked', commit);
      await stage.reaches('revoked', 'Drifted');
    });
  });

  it('judges a suspended source by what the cluster deploys, and says that it is suspended', async () => {
    const repository = await stage.implemented('suspended');
    await stage.patchSource('suspended', { spec: { suspend: true } });
    await breaks(repository);
    await stage.flux.fetchNow(stage.namespace, 'suspended');
    await eventually(async () => {
      const [found] = findingsOf(await stage.reaches('suspended', 'Implemented'));
      expect(found).toMatchObject({ severity: 'Warning' });
      expect(found?.message).toContain(`flux resume source git suspended -n ${stage.namespace}`);
    });
    await stage.patchSource('suspended', { spec: { suspend: null } });
    await stage.reaches('suspended', 'Drifted');
  });

  it('is drift when the GitRepository is deleted, and none when it is back', async () => {
    const { url } = await stage.implemented('deleted');
    await cluster.kubectl(['delete', 'gitrepository', 'deleted', '-n', stage.namespace]);
    const status = await stage.reaches('deleted', 'Drifted');
    expect(status.checks?.[0]).toMatchObject({ reason: 'SubjectMissing' });
    await stage.offer({ name: 'deleted', url, ignore: KEEP_WORKFLOWS });
    await stage.reaches('deleted', 'Implemented');
  });

  it('does not take for missing what Flux leaves out, and the fix that it names is one', async () => {
    const { url, commit } = await stage.flux.git.create('ignored');
    const hash = await commit('Scan every pull request', { 'README.md': '# Home\n', [WORKFLOW]: WITH_SCAN });
    await stage.offer({ name: 'ignored', url });
    const before = await untilRevision(cluster, stage.namespace, 'ignored', hash);
    const item = await stage.followItem('ignored');
    await stage.claim('ignored');
    const [found] = findingsOf(await stage.reaches('ignored', 'Unknown'));
    expect(found).toMatchObject({ severity: 'Unknown', reason: 'LeftOut' });
    const [, keep] = /(!\/\.github\/\S*)/.exec(found?.message ?? '') ?? [];
    expect(keep, found?.message).toBeDefined();
    // The same commit at the same address, in another archive.
    await stage.patchSource('ignored', { spec: { ignore: keep } });
    await stage.reaches('ignored', 'Implemented');
    const after = await untilRevision(cluster, stage.namespace, 'ignored', hash);
    expect(after.artifact.url).toBe(before.artifact.url);
    expect(after.artifact.digest).not.toBe(before.artifact.digest);
    // Nothing before its first verdict, and no drift.
    await wentThrough(item, undefined, 'Unknown', 'Implemented');
  });
});

// From a commit to a verdict: the operator reads what Flux's own
// source-controller makes of a Git repository, and tells by file, line and
// revision when it no longer says what it should.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ItemStatus, State } from '../../../src/api/status.ts';
import type { KubeObject, Transport } from '../../../src/kubernetes/index.ts';
import { sharedCluster } from '../../cluster/suite.ts';
import { type ServedRepository, TOKEN_USER } from '../../flux/git-server.ts';
import { type Flux, gitRepository, sourceControllerProgram, startFlux } from '../../flux/lab.ts';
import {
  admin,
  apply,
  deleteItems,
  documents,
  eventually,
  installDefinition,
  installPermissions,
  SYSTEM,
  statusOf,
} from '../support/cluster.ts';
import { endOperators, type OperatorProcess, startOperatorProcess } from '../support/operator.ts';
import { item, namespaceObject } from '../support/scene.ts';
import { type Follower, follow } from './follow.ts';
import { type GitRepository, secret, untilRevision } from './support.ts';
import { scans, WITH_SCAN, WITHOUT_SCAN, WORKFLOW } from './workflow.ts';

const cluster = sharedCluster()!;
const program = sourceControllerProgram()!;
const suite = `source-${process.pid}`;
const SPACE = `flux-source-${process.pid}`;
const SOURCES = `/apis/source.toolkit.fluxcd.io/v1/namespaces/${SPACE}/gitrepositories`;
const ITEMS = `/apis/remediation.dev/v1alpha1/namespaces/${SYSTEM}/remediationitems`;
/** Takes `.github/` in, which Flux leaves out otherwise. */
const KEEP_WORKFLOWS = '!/.github/\n';

type Item = KubeObject & { readonly status?: ItemStatus };

describe.skipIf(!cluster || !program)('what Git says, as Flux applies it', () => {
  let transport: Transport;
  let flux: Flux;
  let operator: OperatorProcess;

  const startOperator = async () =>
    startOperatorProcess(cluster, await cluster.serviceAccountKubeconfig(SYSTEM, 'remediation-operator'), {
      leaseName: suite,
      more: ['--watch-label-selector', `suite=${suite}`, '--allow-evidence-from', '127.0.0.0/8'],
    });

  beforeAll(async () => {
    await installDefinition(cluster);
    await installPermissions(cluster);
    transport = await admin(cluster);
    await apply(cluster, documents(namespaceObject(SPACE)));
    flux = await startFlux(cluster, program);
    operator = await startOperator();
  });
  afterAll(async () => {
    await operator?.stop();
    endOperators();
    await deleteItems(transport, `suite=${suite}`, SYSTEM);
    await flux?.controller.start();
    await cluster.kubectl(['delete', 'gitrepositories', '--all', '-n', SPACE]);
    await cluster.kubectl(['delete', 'namespace', SPACE, '--wait=false']);
    await flux?.stop();
    await transport?.close();
  });

  /** An item of which everybody says that it is done: whatever fails it falsely would be Drifted. */
  const claim = (name: string, source = name) =>
    apply(
      cluster,
      documents(
        item({
          name,
          namespace: SYSTEM,
          suite,
          checks: [scans({ namespace: SPACE, name: source })],
          spec: { number: 3, claim: { status: 'Implemented' } },
        }),
      ),
    );
  const reaches = (name: string, state: State): Promise<ItemStatus> =>
    eventually(async () => {
      const status = await statusOf(transport, SYSTEM, name);
      expect(status.state, `${name}: ${status.summary}`).toBe(state);
      return status;
    });
  /** A repository with the scan in it, its GitRepository, and an item that is Implemented. */
  async function implemented(
    name: string,
    more: { token?: string; interval?: string } = {},
  ): Promise<ServedRepository> {
    const { token, ...rest } = more;
    const repository = await flux.git.create(name, token);
    const commit = await repository.commit('Scan every pull request', { [WORKFLOW]: WITH_SCAN });
    const source = {
      namespace: SPACE,
      name,
      url: repository.url,
      ignore: KEEP_WORKFLOWS,
      ...(token ? { secret: name } : {}),
      ...rest,
    };
    if (token) await apply(cluster, documents(secret(SPACE, name, TOKEN_USER, token)));
    await apply(cluster, documents(gitRepository(source)));
    await untilRevision(cluster, SPACE, name, commit);
    await claim(name);
    await reaches(name, 'Implemented');
    return repository;
  }
  const patchSource = (name: string, body: object) =>
    transport.request({
      method: 'PATCH',
      path: `${SOURCES}/${name}`,
      contentType: 'application/merge-patch+json',
      body,
    });
  const followItem = (name: string): Promise<Follower<Item>> => follow<Item>(transport, ITEMS, name);
  const states = ({ seen }: Follower<Item>) => new Set(seen.map(({ object }) => object.status?.state));
  const findingsOf = ({ checks = [] }: ItemStatus) => checks.flatMap(({ findings = [] }) => findings);

  describe('a commit that takes the scan away', () => {
    let repository: ServedRepository;
    let sources: Follower<GitRepository>;
    let items: Follower<Item>;

    beforeAll(async () => {
      repository = await implemented('home-ops');
      sources = await follow<GitRepository>(transport, SOURCES, 'home-ops');
      items = await followItem('home-ops');
    });
    afterAll(() => {
      sources?.stop();
      items?.stop();
    });

    /** From the status of the GitRepository that shows the commit to the status of the item that follows from it, in milliseconds. */
    async function fromArtifactTo(state: State, commit: string, moment: number) {
      const revision = `main@sha1:${commit}`;
      await flux.fetchNow(SPACE, 'home-ops');
      const offered = await sources.firstAfter(
        moment,
        ({ status }) => status?.artifact?.revision === revision,
      );
      const judged = await items.firstAfter(offered.at, ({ status }) => status?.state === state);
      return { revision, took: judged.at - offered.at, status: judged.object.status! };
    }

    it('is drift within a second of the artifact, by file, line and revision, and its revert is none', async () => {
      const took: number[] = [];
      for (let round = 0; round < 5; round++) {
        const broken = await fromArtifactTo(
          'Drifted',
          await repository.commit('Save minutes', { [WORKFLOW]: WITHOUT_SCAN }),
          performance.now(),
        );
        expect(broken.status.history?.[0]).toMatchObject({ reason: 'Regressed' });
        const [finding] = findingsOf(broken.status);
        expect(finding).toMatchObject({
          severity: 'Fail',
          subject: { kind: 'GitRepository', namespace: SPACE, name: 'home-ops' },
          location: { path: WORKFLOW, line: expect.any(Number), revision: broken.revision },
        });
        expect(finding?.message).toContain(WORKFLOW);

        const healed = await fromArtifactTo('Implemented', await repository.revert(), performance.now());
        expect(healed.status.history?.[0]).toMatchObject({ from: 'Drifted', to: 'Implemented' });
        took.push(broken.took, healed.took);
      }
      // Nothing in between: neither an Unknown while the archive is fetched nor a verdict on half of it.
      expect(states(items)).toEqual(new Set(['Implemented', 'Drifted']));
      // The median: one hiccup of a busy machine is not the operator's doing.
      expect(took.sort((a, b) => a - b)[5], took.map(Math.round).join(' ')).toBeLessThan(1000);
    });
  });

  it('follows Flux at its own interval, and says that source-controller brought the change', async () => {
    const repository = await implemented('interval', { interval: '3s' });
    await repository.commit('Save minutes', { [WORKFLOW]: WITHOUT_SCAN });
    const { history } = await reaches('interval', 'Drifted');
    expect(history?.[0]?.changedBy).toMatchObject({
      kind: 'GitRepository',
      namespace: SPACE,
      name: 'interval',
      manager: 'source-controller',
    });
  });

  describe('a source behind a token', () => {
    it('is read by Flux with the token, and its drift is seen', async () => {
      const repository = await implemented('private', { token: 'let-me-in' });
      await repository.commit('Save minutes', { [WORKFLOW]: WITHOUT_SCAN });
      await flux.fetchNow(SPACE, 'private');
      await reaches('private', 'Drifted');
      const commit = await repository.revert();
      await flux.fetchNow(SPACE, 'private');
      await untilRevision(cluster, SPACE, 'private', commit);
      await reaches('private', 'Implemented');
    });

    it('is Unknown while Flux has the wrong one and has never fetched it', async () => {
      const repository = await flux.git.create('never', 'let-me-in');
      await repository.commit('Scan every pull request', { [WORKFLOW]: WITH_SCAN });
      const source = gitRepository({
        namespace: SPACE,
        name: 'never',
        url: repository.url,
        ignore: KEEP_WORKFLOWS,
        secret: 'never',
      });
      await apply(cluster, documents(secret(SPACE, 'never', TOKEN_USER, 'let-me-out'), source));
      const follower = await followItem('never');
      await claim('never');
      const status = await eventually(async () => {
        const told = await reaches('never', 'Unknown');
        expect(told.checks?.[0]?.message).toContain('authentication required');
        return told;
      });
      expect(status.checks?.[0]).toMatchObject({ verdict: 'Unknown' });
      await apply(cluster, documents(secret(SPACE, 'never', TOKEN_USER, 'let-me-in')));
      await flux.fetchNow(SPACE, 'never');
      await reaches('never', 'Implemented');
      follower.stop();
      expect(states(follower)).not.toContain('Drifted');
    });

    it('keeps its verdict, and says that it is of an old revision, when the token is revoked', async () => {
      const repository = await implemented('revoked', { token: 'let-me-in' });
      await apply(cluster, documents(secret(SPACE, 'revoked', TOKEN_USER, 'let-me-out')));
      await repository.commit('Save minutes', { [WORKFLOW]: WITHOUT_SCAN });
      await flux.fetchNow(SPACE, 'revoked');
      const warning = await eventually(async () => {
        const [found] = findingsOf(await reaches('revoked', 'Implemented'));
        expect(found).toMatchObject({ severity: 'Warning' });
        return found!;
      });
      expect(warning.message).toContain('authentication required');
      await apply(cluster, documents(secret(SPACE, 'revoked', TOKEN_USER, 'let-me-in')));
      await flux.fetchNow(SPACE, 'revoked');
      await reaches('revoked', 'Drifted');
    });
  });

  it('judges a suspended source by what the cluster deploys, and says that it is suspended', async () => {
    const repository = await implemented('suspended');
    await patchSource('suspended', { spec: { suspend: true } });
    await repository.commit('Save minutes', { [WORKFLOW]: WITHOUT_SCAN });
    await flux.fetchNow(SPACE, 'suspended');
    await eventually(async () => {
      const [found] = findingsOf(await reaches('suspended', 'Implemented'));
      expect(found).toMatchObject({ severity: 'Warning' });
      expect(found?.message).toContain(`flux resume source git suspended -n ${SPACE}`);
    });
    await patchSource('suspended', { spec: { suspend: null } });
    await reaches('suspended', 'Drifted');
  });

  it('is drift when the GitRepository is deleted, and none when it is back', async () => {
    const repository = await implemented('deleted');
    await cluster.kubectl(['delete', 'gitrepository', 'deleted', '-n', SPACE]);
    const status = await reaches('deleted', 'Drifted');
    expect(status.checks?.[0]).toMatchObject({ reason: 'SubjectMissing' });
    const { url } = repository;
    await apply(
      cluster,
      documents(gitRepository({ namespace: SPACE, name: 'deleted', url, ignore: KEEP_WORKFLOWS })),
    );
    await reaches('deleted', 'Implemented');
  });

  it('does not take for missing what Flux leaves out, and the fix that it names is one', async () => {
    const repository = await flux.git.create('ignored');
    const commit = await repository.commit('Scan every pull request', {
      'README.md': '# Home\n',
      [WORKFLOW]: WITH_SCAN,
    });
    await apply(
      cluster,
      documents(gitRepository({ namespace: SPACE, name: 'ignored', url: repository.url })),
    );
    await untilRevision(cluster, SPACE, 'ignored', commit);
    const follower = await followItem('ignored');
    await claim('ignored');
    const [found] = findingsOf(await reaches('ignored', 'Unknown'));
    expect(found).toMatchObject({ severity: 'Unknown', reason: 'LeftOut' });
    const [, keep] = /(!\/\.github\/\S*)/.exec(found?.message ?? '') ?? [];
    expect(keep, found?.message).toBeDefined();
    // The same commit at the same address, in another archive.
    await patchSource('ignored', { spec: { ignore: keep } });
    await reaches('ignored', 'Implemented');
    follower.stop();
    expect(states(follower)).not.toContain('Drifted');
  });

  it('tells nothing false while source-controller is down, and recovers', async () => {
    await implemented('outage');
    const follower = await followItem('outage');
    await flux.controller.stop();
    // What it holds it goes on judging by; the next operator holds nothing.
    await operator.stop();
    operator = await startOperator();
    const { checks } = await reaches('outage', 'Unknown');
    expect(checks?.[0]).toMatchObject({ verdict: 'Unknown', reason: 'Unreachable' });
    expect(checks?.[0]?.message).toContain(flux.controller.artifactAddress);
    await flux.controller.start();
    await reaches('outage', 'Implemented');
    follower.stop();
    expect(states(follower)).toEqual(new Set(['Implemented', 'Unknown']));
  });
});

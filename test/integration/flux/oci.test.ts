// Flux also deploys from registries: what is pushed there is judged like what is
// committed, by file, line and digest.

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedCluster } from '../../cluster/suite.ts';
import { fluxPrograms } from '../../flux/lab.ts';
import { type Registry, startRegistry } from '../../flux/registry.ts';
import { createRepository, type Repository } from '../../flux/repository.ts';
import { apply, documents } from '../support/cluster.ts';
import { findingsOf, KEEP_WORKFLOWS, type Stage, setStage } from './stage.ts';
import { scans, WITH_SCAN, WITHOUT_SCAN, WORKFLOW } from './workflow.ts';

const cluster = sharedCluster()!;
const programs = fluxPrograms()!;

describe.skipIf(!cluster || !programs)('what a registry holds, as Flux applies it', () => {
  let stage: Stage;
  let registry: Registry;
  let repository: Repository;

  beforeAll(async () => {
    stage = await setStage(cluster, programs, 'oci');
    const folder = path.join(cluster.folder, 'oci');
    registry = await startRegistry(programs.registry, path.join(folder, 'registry'));
    repository = await createRepository(path.join(folder, 'bare'), path.join(folder, 'work'));
  });
  afterAll(async () => {
    await stage?.end();
    await registry?.stop();
  });

  /** Commits, and pushes the commit to the registry as `git archive` packs it. */
  async function release(name: string, message: string, workflow: string): Promise<string> {
    await repository.commit(message, { 'README.md': '# Home\n', [WORKFLOW]: workflow });
    const archive = execFileSync('git', ['archive', '--format=tar.gz', 'HEAD'], { cwd: repository.folder });
    return registry.push(name, archive);
  }
  const source = (name: string, more: object) => ({
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'OCIRepository',
    metadata: { namespace: stage.namespace, name },
    spec: {
      url: `oci://${registry.address}/${name}`,
      insecure: true,
      interval: '1h',
      ref: { tag: 'latest' },
      ...more,
    },
  });

  it.each([
    ['extracted', { ignore: KEEP_WORKFLOWS }],
    // As it was pushed, with what git archive puts in front.
    ['copied', { layerSelector: { operation: 'copy' } }],
  ])('is judged when its layer is %s', async (name, more) => {
    await release(name, 'Scan every pull request', WITH_SCAN);
    await apply(cluster, documents(source(name, more)));
    const ref = { kind: 'OCIRepository', namespace: stage.namespace, name } as const;
    await stage.claim(name, { checks: [scans(ref)] });
    await stage.reaches(name, 'Implemented');

    const digest = await release(name, 'Save minutes', WITHOUT_SCAN);
    await stage.flux.fetchNow(stage.namespace, name, 'OCIRepository');
    const [finding] = findingsOf(await stage.reaches(name, 'Drifted'));
    expect(finding).toMatchObject({
      subject: { kind: 'OCIRepository', namespace: stage.namespace, name },
      location: { path: WORKFLOW, line: expect.any(Number), revision: `latest@${digest}` },
    });

    await release(name, 'Scan again', WITH_SCAN);
    await stage.flux.fetchNow(stage.namespace, name, 'OCIRepository');
    await stage.reaches(name, 'Implemented');
    await cluster.kubectl(['delete', 'ocirepository', name, '-n', stage.namespace]);
    await stage.reaches(name, 'Drifted');
  });
});

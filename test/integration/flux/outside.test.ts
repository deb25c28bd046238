// From a laptop: `verify` knows the name of no Service, so it asks the API server
// for the artifacts, as its user may.

import { writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ItemStatus } from '../../../src/api/status.ts';
import { launch } from '../../../src/cli/testing/run.ts';
import type { KubeObject } from '../../../src/kubernetes/index.ts';
import { sharedCluster } from '../../cluster/suite.ts';
import type { ServedRepository } from '../../flux/git-server.ts';
import { type Flux, fluxPrograms, gitRepository, startFlux } from '../../flux/lab.ts';
import {
  apply,
  documents,
  eventually,
  getJson,
  installDefinition,
  installPermissions,
  SYSTEM,
} from '../support/cluster.ts';
import { item, namespaceObject } from '../support/scene.ts';
import { KEEP_WORKFLOWS } from './stage.ts';
import { untilRevision } from './support.ts';
import { scans, WITH_SCAN, WITHOUT_SCAN, WORKFLOW } from './workflow.ts';

const cluster = sharedCluster()!;
const programs = fluxPrograms()!;
const SPACE = `flux-outside-${process.pid}`;
/** The API server passes nobody on to its own loopback address. */
const host = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !each.internal)?.address;

describe.skipIf(!cluster || !programs || !host)('verify from outside the cluster', () => {
  let flux: Flux;
  let repository: ServedRepository;
  let file: string;

  beforeAll(async () => {
    await installDefinition(cluster);
    await installPermissions(cluster);
    await apply(cluster, documents(namespaceObject(SPACE)));
    const advertised = `source-controller.${SPACE}.svc.cluster.local.`;
    flux = await startFlux(cluster, programs, { host: host!, advertised });
    const port = Number(new URL(`http://${flux.controller.artifactAddress}`).port);
    await serve(port);
    repository = await flux.git.create('home-ops');
    const commit = await repository.commit('Scan every pull request', {
      'README.md': '# Home\n',
      [WORKFLOW]: WITH_SCAN,
    });
    const { url } = repository;
    await apply(
      cluster,
      documents(gitRepository({ namespace: SPACE, name: 'home-ops', url, ignore: KEEP_WORKFLOWS })),
    );
    const { artifact } = await untilRevision(cluster, SPACE, 'home-ops', commit);
    expect(new URL(artifact.url).host).toBe(advertised);
    file = path.join(cluster.folder, 'outside.yaml');
    const checks = [scans({ namespace: SPACE, name: 'home-ops' })];
    const spec = { claim: { status: 'Implemented' } };
    writeFileSync(
      file,
      documents(item({ name: 'outside', namespace: SYSTEM, suite: 'outside', checks, spec })),
    );
  });
  afterAll(async () => {
    await cluster.kubectl(['delete', 'gitrepository', '--ignore-not-found', '-n', SPACE, 'home-ops']);
    await cluster.kubectl(['delete', 'namespace', SPACE, '--wait=false']);
    await flux?.stop();
  });

  /**
   * As Flux is installed: a Service in front of a pod. The API server passes people
   * on to addresses of pods alone, so a pod has the address of this machine.
   */
  async function serve(port: number): Promise<void> {
    const metadata = { namespace: SPACE, name: 'source-controller', labels: { app: 'source-controller' } };
    await apply(
      cluster,
      documents(
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata,
          spec: { selector: metadata.labels, ports: [{ name: 'http', port: 80, targetPort: port }] },
        },
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata,
          spec: { containers: [{ name: 'manager', image: 'registry.example/source-controller:1' }] },
        },
      ),
    );
    const pod = ['pod/source-controller', '-n', SPACE];
    await cluster.kubectl(['wait', '--for=condition=Ready', '--timeout=60s', ...pod]);
    const status = { podIP: host, podIPs: [{ ip: host }] };
    await cluster.kubectl([
      'patch',
      ...pod,
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status }),
    ]);
    await eventually(async () => {
      const { subsets } = await getJson<KubeObject & { subsets?: unknown }>(
        cluster,
        ...['endpoints', 'source-controller', '-n', SPACE],
      );
      expect(subsets).toMatchObject([{ addresses: [{ ip: host }], ports: [{ port }] }]);
    });
  }
  async function verify(kubeconfig: string) {
    const { code, stdout, stderr } = await launch([
      ...['verify', file, '--kubeconfig', kubeconfig, '-o', 'json'],
    ]);
    expect(stdout, stderr).not.toBe('');
    const [judged] = (JSON.parse(stdout) as { items: { status: ItemStatus }[] }).items;
    return { code, status: judged!.status };
  }

  it('reads the artifact through the API server, and sees what a commit breaks', async () => {
    const right = await verify(cluster.kubeconfigPath);
    expect(right.status.state, right.status.summary).toBe('Implemented');
    expect(right.code).toBe(0);

    const commit = await repository.commit('Save minutes', { [WORKFLOW]: WITHOUT_SCAN });
    await flux.fetchNow(SPACE, 'home-ops');
    await untilRevision(cluster, SPACE, 'home-ops', commit);
    const wrong = await verify(cluster.kubeconfigPath);
    expect(wrong).toMatchObject({ code: 1, status: { state: 'Drifted' } });
    expect(wrong.status.checks?.[0]?.findings?.[0]?.location).toMatchObject({
      path: WORKFLOW,
      revision: `main@sha1:${commit}`,
    });
  });

  it('is Unknown for a user who may not, and says what is missing', async () => {
    const { code, status } = await verify(
      await cluster.serviceAccountKubeconfig(SYSTEM, 'remediation-operator'),
    );
    expect(code).toBe(3);
    expect(status.checks?.[0]).toMatchObject({ verdict: 'Unknown', reason: 'Forbidden' });
    expect(status.checks?.[0]?.message).toContain(`services/proxy in namespace ${SPACE}`);
  });
});

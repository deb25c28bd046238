// What is deployed, and what is given as an example, is accepted by a real API server.
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { sharedCluster } from '../cluster/suite.ts';

const shared = sharedCluster();
const root = join(import.meta.dirname, '../..');
const deploy = (folder: string) => join(root, 'deploy', folder);

describe.skipIf(!shared)('deploy', () => {
  const kubectl = (...args: string[]) => shared!.kubectl(args);

  beforeAll(async () => {
    // A dry run creates no namespace, and the API server refuses objects in one that is not there.
    await kubectl('apply', '-f', join(deploy('base'), 'namespace.yaml'));
  });

  it.each(['base', 'ha'])('kubectl apply -k deploy/%s --dry-run=server passes', async (folder) => {
    const said = await kubectl('apply', '-k', deploy(folder), '--dry-run=server');
    for (const kind of ['customresourcedefinition', 'deployment', 'ciliumnetworkpolicy', 'prometheusrule']) {
      expect(said).toContain(`${kind}.`);
    }
  });

  it('has a budget only where there is more than one replica', async () => {
    expect(await kubectl('kustomize', deploy('base'))).not.toContain('kind: PodDisruptionBudget');
    const two = await kubectl('kustomize', deploy('ha'));
    expect(two).toContain('kind: PodDisruptionBudget');
    expect(two).toContain('replicas: 2');
  });

  it('gives the operator a pod without privileges, on a root file system that it cannot write', async () => {
    const [pod] = (await kubectl('kustomize', deploy('base')))
      .split('---')
      .filter((each) => /kind: Deployment/.test(each));
    for (const needed of [
      'runAsNonRoot: true',
      'type: RuntimeDefault',
      'allowPrivilegeEscalation: false',
      'readOnlyRootFilesystem: true',
    ]) {
      expect(pod).toContain(needed);
    }
  });
});

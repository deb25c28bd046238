// What happens on ordinary days is no drift: rollouts, drains, restarts of the
// operator and of the API server, another leader, a CRD that is reinstalled. And
// where nothing changes, nothing is written.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ItemStatus } from '../../src/api/status.ts';
import type { KubeObject, LeaseSpec, Transport } from '../../src/kubernetes/index.ts';
import { type LocalCluster, startCluster } from '../cluster/index.ts';
import { localClusters, suiteName } from '../cluster/suite.ts';
import {
  admin,
  apply,
  documents,
  established,
  eventually,
  getJson,
  installDefinition,
  installPermissions,
  SYSTEM,
  statusOf,
} from './support/cluster.ts';
import { endOperators, type OperatorProcess, startOperatorProcess } from './support/operator.ts';
import { budget, CHECK, deployment, healthy, item, namespaceObject, policy } from './support/scene.ts';

const suite = 'calm';
const LEASE = 'remediation-operator';
const web = { namespace: 'shop', name: 'web' };
const api = { namespace: 'shop', name: 'api' };
const TENANT = 'tenant';
const POLICIES = 'ciliumnetworkpolicies.cilium.io';

describe.skipIf(!localClusters())('on an ordinary day', () => {
  let cluster: LocalCluster;
  let transport: Transport;
  let kubeconfig: string;
  let operator: OperatorProcess;

  const start = (identity: string) =>
    startOperatorProcess(cluster, kubeconfig, { leaseName: LEASE, identity });
  const names = ['web', 'api', 'policies', 'waiting'];
  const statuses = (): Promise<ItemStatus[]> =>
    Promise.all(names.map((name) => statusOf(transport, SYSTEM, name)));
  const lease = async () => (await getJson<{ spec: LeaseSpec }>(cluster, 'lease', LEASE, '-n', SYSTEM)).spec;

  beforeAll(async () => {
    cluster = await startCluster({ name: suiteName('calm') });
    await installDefinition(cluster);
    await installPermissions(cluster);
    transport = await admin(cluster);
    await apply(cluster, healthy(web));
    await apply(cluster, documents(deployment(api, 3), budget(api, '50%'), policy(api)));
    await rolledOut();
    kubeconfig = await cluster.serviceAccountKubeconfig(SYSTEM, 'remediation-operator');
    operator = await start('first');
    const input = { namespace: SYSTEM, suite };
    await apply(
      cluster,
      documents(
        item({ ...input, name: 'web', checks: [CHECK.budget(web), CHECK.probes(web)] }),
        item({ ...input, name: 'api', checks: [CHECK.budget(api), CHECK.probes(api)] }),
        item({
          ...input,
          name: 'policies',
          checks: [CHECK.policy(web), { ...CHECK.policy(api), name: 'api' }],
        }),
        item({
          ...input,
          name: 'waiting',
          checks: [CHECK.probes(web)],
          spec: { dependsOn: [{ name: 'web' }] },
        }),
      ),
    );
    await allImplemented();
  });
  afterAll(async () => {
    await operator?.stop();
    endOperators();
    await transport?.close();
    await cluster?.stop();
  });

  async function rolledOut(): Promise<void> {
    for (const name of ['web', 'api'])
      await cluster.kubectl(['rollout', 'status', `deployment/${name}`, '-n', 'shop', '--timeout=90s']);
  }

  /** Every item is Implemented, and was never anything worse than Unknown since it first was. */
  async function allImplemented(withinMs = 120_000): Promise<void> {
    await eventually(async () => {
      for (const [index, { state, summary }] of (await statuses()).entries())
        expect(state, `${names[index]}: ${summary}`).toBe('Implemented');
    }, withinMs);
    await noDrift();
  }

  async function noDrift(): Promise<void> {
    for (const [index, { history = [], regressions, driftedSince }] of (await statuses()).entries()) {
      const drifts = history.filter(({ to }) => to === 'Drifted');
      expect(drifts, names[index]).toEqual([]);
      expect({ regressions, driftedSince }).toEqual({ regressions: undefined, driftedSince: undefined });
    }
  }

  const asking = () => statusOf(transport, TENANT, 'asking');

  it('an item of a tenant waits for what its ServiceAccount may not read, spelled out', async () => {
    await apply(
      cluster,
      documents(
        namespaceObject(TENANT),
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: TENANT, name: 'reader' } },
        item({
          namespace: TENANT,
          name: 'asking',
          suite,
          checks: [CHECK.probes(web)],
          spec: { serviceAccountName: 'reader' },
        }),
      ),
    );
    const denied = await eventually(async () => {
      const status = await asking();
      expect(status.state).toBe('Unknown');
      return status;
    });
    expect(denied.checks?.[0]?.reason).toBe('Forbidden');
    expect(denied.summary).toMatch(
      /system:serviceaccount:tenant:reader may not (get|list) \S+ in namespace shop; grant it/,
    );
    await apply(
      cluster,
      documents({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { namespace: 'shop', name: 'reader' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'ServiceAccount', namespace: TENANT, name: 'reader' }],
      }),
    );
    // An answer is remembered for a minute: what was granted is looked at further down.
  });

  it('a CRD that is deleted with all its objects and installed again is no drift', async () => {
    const definition = await getJson(cluster, 'crd', POLICIES);
    await cluster.kubectl(['delete', 'crd', POLICIES, '--wait=true']);
    await eventually(async () => {
      const { state, checks = [] } = await statusOf(transport, SYSTEM, 'policies');
      expect(state).toBe('Unknown');
      expect(checks[0]?.message).toContain('CiliumNetworkPolicy');
    });
    const { managedFields, uid, resourceVersion, creationTimestamp, generation, ...metadata } =
      definition.metadata;
    await apply(cluster, documents({ ...definition, metadata, status: undefined }));
    await established(cluster, POLICIES);
    await eventually(() => apply(cluster, documents(policy(web), policy(api))));
    await eventually(async () => {
      const { checks = [] } = await statusOf(transport, SYSTEM, 'policies');
      expect(checks[0]?.message).toContain('was reinstalled a moment ago');
    });
    await noDrift();
    // Its objects are given a minute to come back; the other days go on meanwhile.
  });

  it('writes nothing and asks nothing while nothing changes', async () => {
    const versions = async () =>
      (await getJson<{ items: KubeObject[] }>(cluster, 'ri', '-A')).items.map(
        ({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`,
      );
    const requests = async () => {
      const metrics = await cluster.kubectl(['get', '--raw', '/metrics']);
      return metrics
        .split('\n')
        .filter((line) => line.startsWith('apiserver_request_total{'))
        .filter((line) => /resource="(remediationitems|events)"/.test(line) && !line.includes('verb="GET"'));
    };
    const before = await versions();
    const counted = await requests();
    expect(counted.length).toBeGreaterThan(0);
    await sleep(20_000);
    expect(await requests()).toEqual(counted);
    expect(await versions()).toEqual(before);
  });

  it('a rolling update is no drift', async () => {
    await cluster.kubectl(['rollout', 'restart', 'deployment/web', 'deployment/api', '-n', 'shop']);
    await cluster.kubectl(['set', 'image', 'deployment/api', 'main=registry.example/main:2', '-n', 'shop']);
    await rolledOut();
    await noDrift();
  });

  it('a node drain is no drift', async () => {
    const { items } = await getJson<{ items: KubeObject[] }>(cluster, 'pods', '-n', 'shop', '-l', 'app=web');
    const node = String((items[0]?.spec as { nodeName?: string } | undefined)?.nodeName);
    await cluster.kubectl(['drain', node, '--force', '--ignore-daemonsets', '--timeout=90s']);
    await cluster.kubectl(['uncordon', node]);
    await rolledOut();
    await noDrift();
  });

  it('pods that are killed, and a scaling up and down, are no drift', async () => {
    await cluster.kubectl(['delete', 'pod', '-n', 'shop', '-l', 'app=web', '--grace-period=0', '--force']);
    await cluster.kubectl(['scale', 'deployment/web', '-n', 'shop', '--replicas=4']);
    await rolledOut();
    await cluster.kubectl(['scale', 'deployment/web', '-n', 'shop', '--replicas=2']);
    await rolledOut();
    await allImplemented();
  });

  it('what was granted to the ServiceAccount of an item is seen a minute later', async () => {
    await eventually(async () => expect((await asking()).state).toBe('Implemented'), 100_000);
  });

  it('an operator that is told to stop gives the lease back, and its successor changes nothing', async () => {
    const before = await statuses();
    const { code, milliseconds } = await operator.stop();
    expect(code).toBe(0);
    expect(milliseconds).toBeLessThan(5000);
    expect((await lease()).holderIdentity).toBe('');
    operator = await start('second');
    await eventually(async () => expect((await lease()).holderIdentity).toMatch(/^second/), 30_000);
    await settled(operator);
    expect(await statuses()).toEqual(before);
  });

  /** Its first judgements are done. */
  async function settled({ get }: OperatorProcess): Promise<void> {
    await eventually(async () => expect(await get('/readyz')).toMatchObject({ status: 200 }));
    await sleep(1000);
  }

  it('a leader that is killed is followed by the next, which had its caches warm', async () => {
    const before = await statuses();
    const next = await start('third');
    await settled(next);
    await operator.kill();
    operator = next;
    await eventually(async () => expect((await lease()).holderIdentity).toMatch(/^third/), 60_000);
    expect(await statuses()).toEqual(before);
    // It leads indeed: a change becomes a verdict.
    await cluster.kubectl(['annotate', 'ri', 'web', '-n', SYSTEM, 'note=x']);
    await cluster.kubectl([
      'patch',
      'ri',
      'web',
      '-n',
      SYSTEM,
      '--type=merge',
      '-p',
      '{"spec":{"owner":"platform"}}',
    ]);
    await eventually(async () =>
      expect((await statusOf(transport, SYSTEM, 'web')).observedGeneration).toBe(2),
    );
    await noDrift();
  });

  it('an API server that restarts is no drift, and its watches go on', async () => {
    await cluster.restartApiServer();
    await allImplemented();
    await cluster.kubectl(['rollout', 'restart', 'deployment/web', '-n', 'shop']);
    await rolledOut();
    await cluster.kubectl([
      'patch',
      'ri',
      'web',
      '-n',
      SYSTEM,
      '--type=merge',
      '-p',
      '{"spec":{"owner":"somebody"}}',
    ]);
    await eventually(async () =>
      expect((await statusOf(transport, SYSTEM, 'web')).observedGeneration).toBe(3),
    );
    await allImplemented();
  });

  it('two operators have one leader, and hand over without a word', async () => {
    const other = await start('fourth');
    await settled(other);
    const holder = (await lease()).holderIdentity;
    const before = await statuses();
    expect((await operator.stop()).code).toBe(0);
    operator = other;
    await eventually(async () => expect((await lease()).holderIdentity).not.toBe(holder), 30_000);
    await settled(other);
    expect(await statuses()).toEqual(before);
    await noDrift();
  });

  it('an operator that is told to stop while the API server is away ends all the same', async () => {
    await cluster.stopApiServer();
    const { code, milliseconds } = await operator.stop();
    expect(code).toBe(0);
    expect(milliseconds).toBeLessThan(20_000);
    await cluster.startApiServer();
    operator = await start('fifth');
    await allImplemented();
  });

  it('and then a real drift is one', async () => {
    await cluster.kubectl(['delete', 'pdb', 'web', '-n', 'shop']);
    await eventually(async () =>
      expect(await statusOf(transport, SYSTEM, 'web')).toMatchObject({ state: 'Drifted', regressions: 1 }),
    );
  });
});

// What happens on ordinary days to workloads and permissions is no drift:
// rollouts, drains, a CRD that is reinstalled. And where nothing changes, nothing
// is written.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/kubernetes/index.ts';
import { localClusters } from '../cluster/suite.ts';
import { apply, documents, established, eventually, getJson, SYSTEM, statusOf } from './support/cluster.ts';
import { api, type OrdinaryDay, ordinaryDay, web } from './support/ordinary.ts';
import { CHECK, item, namespaceObject, policy } from './support/scene.ts';

const suite = 'calm';
const TENANT = 'tenant';
const POLICIES = 'ciliumnetworkpolicies.cilium.io';

describe.skipIf(!localClusters())('on an ordinary day', () => {
  let day: OrdinaryDay;
  beforeAll(async () => {
    day = await ordinaryDay(suite);
  });
  afterAll(() => day?.end());

  const asking = () => statusOf(day.transport, TENANT, 'asking');

  it('an item of a tenant waits for what its ServiceAccount may not read, spelled out', async () => {
    await apply(
      day.cluster,
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
      day.cluster,
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
    const definition = await getJson(day.cluster, 'crd', POLICIES);
    await day.cluster.kubectl(['delete', 'crd', POLICIES, '--wait=true']);
    await eventually(async () => {
      const { state, checks = [] } = await statusOf(day.transport, SYSTEM, 'policies');
      expect(state).toBe('Unknown');
      expect(checks[0]?.message).toContain('CiliumNetworkPolicy');
    });
    const { managedFields, uid, resourceVersion, creationTimestamp, generation, ...metadata } =
      definition.metadata;
    await apply(day.cluster, documents({ ...definition, metadata, status: undefined }));
    await established(day.cluster, POLICIES);
    await eventually(() => apply(day.cluster, documents(policy(web), policy(api))));
    await eventually(async () => {
      const { checks = [] } = await statusOf(day.transport, SYSTEM, 'policies');
      expect(checks[0]?.message).toContain('was reinstalled a moment ago');
    });
    await day.noDrift();
    // Its objects are given a minute to come back; the other days go on meanwhile.
  });

  it('writes nothing and asks nothing while nothing changes', async () => {
    const versions = async () =>
      (await getJson<{ items: KubeObject[] }>(day.cluster, 'ri', '-A')).items.map(
        ({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`,
      );
    const requests = async () => {
      const metrics = await day.cluster.kubectl(['get', '--raw', '/metrics']);
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
    await day.cluster.kubectl(['rollout', 'restart', 'deployment/web', 'deployment/api', '-n', 'shop']);
    await day.cluster.kubectl([
      'set',
      'image',
      'deployment/api',
      'main=registry.example/main:2',
      '-n',
      'shop',
    ]);
    await day.rolledOut();
    await day.noDrift();
  });

  it('a node drain is no drift', async () => {
    const { items } = await getJson<{ items: KubeObject[] }>(
      day.cluster,
      'pods',
      '-n',
      'shop',
      '-l',
      'app=web',
    );
    const node = String((items[0]?.spec as { nodeName?: string } | undefined)?.nodeName);
    await day.cluster.kubectl(['drain', node, '--force', '--ignore-daemonsets', '--timeout=90s']);
    await day.cluster.kubectl(['uncordon', node]);
    await day.rolledOut();
    await day.noDrift();
  });

  it('pods that are killed, and a scaling up and down, are no drift', async () => {
    await day.cluster.kubectl([
      'delete',
      'pod',
      '-n',
      'shop',
      '-l',
      'app=web',
      '--grace-period=0',
      '--force',
    ]);
    await day.cluster.kubectl(['scale', 'deployment/web', '-n', 'shop', '--replicas=4']);
    await day.rolledOut();
    await day.cluster.kubectl(['scale', 'deployment/web', '-n', 'shop', '--replicas=2']);
    await day.rolledOut();
    await day.allImplemented();
  });

  it('what was granted to the ServiceAccount of an item is seen a minute later', async () => {
    await eventually(async () => expect((await asking()).state).toBe('Implemented'), 100_000);
  });

  it('and then a real drift is one', async () => {
    await day.cluster.kubectl(['delete', 'pdb', 'web', '-n', 'shop']);
    await eventually(async () =>
      expect(await statusOf(day.transport, SYSTEM, 'web')).toMatchObject({
        state: 'Drifted',
        regressions: 1,
      }),
    );
  });
});

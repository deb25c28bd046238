// The operator on a real API server, as a process of its own and with no more
// permissions than deploy/base gives it: every state of the contract, who brought
// it about, and what an item may see.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ItemStatus, State } from '../../src/api/status.ts';
import { launch } from '../../src/cli/testing/run.ts';
import type { KubeObject, Transport } from '../../src/kubernetes/index.ts';
import { sharedCluster } from '../cluster/suite.ts';
import {
  apply,
  deleteItems,
  documents,
  eventually,
  getJson,
  install,
  SYSTEM,
  statusOf,
} from './support/cluster.ts';
import { endOperators, metric, type OperatorProcess, startOperatorOf } from './support/operator.ts';
import { budget, CHECK, deployment, item, namespaceObject, policy } from './support/scene.ts';

const cluster = sharedCluster()!;
const suite = `operator-${process.pid}`;
const SHOP = `shop-${process.pid}`;
const TENANT = `tenant-${process.pid}`;
const web = { namespace: SHOP, name: 'web' };

describe.skipIf(!cluster)('the operator', () => {
  let transport: Transport;
  let operator: OperatorProcess;

  beforeAll(async () => {
    transport = await install(cluster);
    await apply(
      cluster,
      documents(
        namespaceObject(SHOP),
        namespaceObject(TENANT),
        deployment(web),
        deployment({ namespace: TENANT, name: 'own' }),
        budget({ namespace: TENANT, name: 'own' }),
      ),
    );
    await cluster.kubectl(['rollout', 'status', 'deployment/web', '-n', SHOP, '--timeout=60s']);
    await cluster.kubectl(['rollout', 'status', 'deployment/own', '-n', TENANT, '--timeout=60s']);
    operator = await startOperatorOf(cluster, suite);
  });
  afterAll(async () => {
    await operator?.stop();
    endOperators();
    await deleteItems(transport, `suite=${suite}`, SYSTEM);
    await cluster.kubectl(['delete', 'clusterrole', '-l', `suite=${suite}`]);
    await cluster.kubectl(['delete', 'namespace', SHOP, TENANT, '--wait=false']);
    await transport?.close();
  });

  const put = (name: string, checks: readonly object[], spec: object = {}, namespace = SYSTEM) =>
    apply(cluster, documents(item({ name, namespace, suite, checks, spec })));
  const reaches = (name: string, state: State, namespace = SYSTEM): Promise<ItemStatus> =>
    eventually(async () => {
      const status = await statusOf(transport, namespace, name);
      expect(status.state, `${name}: ${status.summary}`).toBe(state);
      return status;
    });
  /** The states gone through, newest first. A budget's status lags its spec for a moment, which is Unknown. */
  const history = ({ history = [] }: ItemStatus) =>
    history.map(({ to }) => to).filter((to) => to !== 'Unknown');

  it('serves its health and its readiness', async () => {
    await eventually(async () => expect((await operator.get('/readyz')).status).toBe(200));
    expect(await operator.get('/healthz')).toEqual({ status: 200, body: 'ok' });
  });

  describe('one item through its life', () => {
    it('is Pending while there is no budget', async () => {
      await put('life', [CHECK.budget(web)]);
      const status = await reaches('life', 'Pending');
      expect(status).toMatchObject({ observedGeneration: 1, passing: 0, total: 1, progress: '0/1' });
      expect(status.checks?.[0]).toMatchObject({ verdict: 'Fail', reason: 'NoBudget' });
    });

    it('is Implemented when somebody makes it, and says who', async () => {
      await apply(cluster, documents(budget(web)), 'platform-team');
      const status = await reaches('life', 'Implemented');
      expect(status.history?.[0]).toMatchObject({
        to: 'Implemented',
        changedBy: { kind: 'PodDisruptionBudget', namespace: SHOP, name: 'web', manager: 'platform-team' },
      });
    });

    it('is Drifted when somebody edits it with kubectl, in the history and in an Event', async () => {
      const { stdout } = await promisify(execFile)(
        cluster.kubectlPath,
        [
          `--kubeconfig=${cluster.kubeconfigPath}`,
          ...['edit', 'pdb', 'web', '-n', SHOP, '--field-manager=night-shift'],
        ],
        { env: { ...process.env, KUBE_EDITOR: "sed -i 's/minAvailable: 1/minAvailable: 2/'" } },
      );
      expect(stdout).toContain('edited');
      const status = await reaches('life', 'Drifted');
      expect(status).toMatchObject({ regressions: 1, driftedSince: expect.any(String) });
      expect(status.checks?.[0]?.reason).toBe('BlocksDrains');
      expect(status.history?.[0]).toMatchObject({
        from: 'Implemented',
        reason: 'Regressed',
        changedBy: {
          kind: 'PodDisruptionBudget',
          namespace: SHOP,
          name: 'web',
          manager: 'night-shift',
          action: 'Changed',
        },
      });
      const event = await eventually(async () => {
        const { items } = await getJson<{
          items: (KubeObject & { reason: string; type: string; note: string })[];
        }>(cluster, ...['events.events.k8s.io', '-n', SYSTEM, '--field-selector', 'reason=Regressed']);
        const found = items.find(({ note }) => note.includes(`${SHOP}/web`));
        if (!found) throw new Error('no Event yet');
        return found;
      });
      expect(event).toMatchObject({ type: 'Warning', related: { kind: 'PodDisruptionBudget', name: 'web' } });
      expect(event.note).toContain('Implemented → Drifted');
      expect(event.note).toContain(`PodDisruptionBudget ${SHOP}/web was changed by night-shift`);
      const { body } = await operator.get('/metrics');
      expect(metric(body, `remediation_item_state{namespace="${SYSTEM}",name="life",state="Drifted"}`)).toBe(
        1,
      );
    });

    it('is Waived while a waiver is in force, and Drifted again when it has expired', async () => {
      const waiver = (expires: Date) => ({
        waivers: [
          {
            check: 'budget',
            subject: `Deployment/${SHOP}/*`,
            reason: 'agreed',
            expires: expires.toISOString(),
          },
        ],
      });
      await put('life', [CHECK.budget(web)], waiver(new Date(Date.now() + 6_000)));
      const waived = await reaches('life', 'Waived');
      expect(waived).not.toHaveProperty('driftedSince');
      const back = await reaches('life', 'Drifted'); // woken by the clock alone
      expect(back.history?.slice(0, 2).map(({ from, to }) => [from, to])).toEqual([
        ['Waived', 'Drifted'],
        ['Drifted', 'Waived'],
      ]);
    });

    it('is Implemented again when it is mended, and remembers', async () => {
      const before = await statusOf(transport, SYSTEM, 'life');
      await apply(cluster, documents(budget(web)));
      const status = await reaches('life', 'Implemented');
      expect(status).not.toHaveProperty('driftedSince');
      expect(status.firstImplementedAt).toBe(before.firstImplementedAt);
      expect(status.regressions).toBe(before.regressions);
      expect(history(status).slice(0, 2)).toEqual(['Implemented', 'Drifted']);
    });

    it('is Drifted when the budget is deleted, and names whose it was', async () => {
      await cluster.kubectl(['delete', 'pdb', 'web', '-n', SHOP]);
      const status = await reaches('life', 'Drifted');
      expect(status.history?.[0]?.changedBy).toMatchObject({
        kind: 'PodDisruptionBudget',
        name: 'web',
        action: 'Deleted',
      });
      await apply(cluster, documents(budget(web)));
      await reaches('life', 'Implemented');
    });

    it('is Suspended when told so, and judged again when told so', async () => {
      await put('life', [CHECK.budget(web)], { suspend: true });
      const status = await reaches('life', 'Suspended');
      expect(status.checks?.[0]?.verdict).toBe('Pass');
      await put('life', [CHECK.budget(web)]);
      await reaches('life', 'Implemented');
    });

    it('brings a change to its verdict within a second', async () => {
      const took: number[] = [];
      for (let round = 0; round < 5; round++) {
        for (const [minAvailable, state] of [
          [2, 'Drifted'],
          [1, 'Implemented'],
        ] as const) {
          await transport.request({
            method: 'PATCH',
            path: `/apis/policy/v1/namespaces/${SHOP}/poddisruptionbudgets/web`,
            contentType: 'application/merge-patch+json',
            body: { spec: { minAvailable } },
          });
          const start = performance.now();
          await reaches('life', state);
          took.push(performance.now() - start);
        }
      }
      // The median: one hiccup of a busy machine is not the operator's doing.
      expect(took.sort((a, b) => a - b)[5]).toBeLessThan(1000);
    });
  });

  describe('the other states', () => {
    const naked = { namespace: SHOP, name: 'naked' };
    beforeAll(() => apply(cluster, documents(deployment(naked))));

    it('Drifted by a claim that is refuted, which is no regression', async () => {
      await put('claimed', [CHECK.budget(naked)], { claim: { status: 'Implemented', date: '2026-01-03' } });
      const status = await reaches('claimed', 'Drifted');
      expect(status.history?.[0]).toMatchObject({ to: 'Drifted', reason: 'ClaimRefuted' });
      expect(status).not.toHaveProperty('regressions');
    });

    it('Blocked by a prerequisite, and by an item that it depends on, until that one is Implemented', async () => {
      await put('blocked', [CHECK.budget(web)], {
        prerequisites: [{ ...CHECK.budget(naked), name: 'first' }],
      });
      await put('needs', [CHECK.budget(web)], { dependsOn: [{ name: 'open' }] });
      await put('open', [CHECK.budget(naked)]);
      expect((await reaches('blocked', 'Blocked')).checks?.[0]?.verdict).toBe('Pass');
      await eventually(async () => {
        const status = await statusOf(transport, SYSTEM, 'needs');
        expect(status.summary).toContain(`${SYSTEM}/open is Pending, not Implemented`);
      });
      await apply(cluster, documents(budget(naked)));
      await reaches('open', 'Implemented');
      await reaches('needs', 'Implemented');
      await reaches('blocked', 'Implemented');
      expect(history(await reaches('claimed', 'Implemented'))).toEqual(['Implemented', 'Drifted']);
    });

    it('Invalid by a cycle and by an expression that does not compile, saying where', async () => {
      await put('ring', [CHECK.budget(web)], { dependsOn: [{ name: 'ring' }] });
      await put('cel', [
        { name: 'text', resource: { apiVersion: 'v1', kind: 'Service', expect: [{ cel: 'self.spec.(' }] } },
      ]);
      expect((await reaches('ring', 'Invalid')).summary).toContain(`${SYSTEM}/ring → ${SYSTEM}/ring`);
      const status = await reaches('cel', 'Invalid');
      expect(status.summary).toContain('spec.checks[text].resource.expect[0].cel');
      expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Stalled', status: 'True' }));
    });

    it('finds nothing of a kind that is not served', async () => {
      await put('unserved', [
        { name: 'ghost', resource: { apiVersion: 'ghosts.example.org/v1', kind: 'Ghost' } },
      ]);
      const status = await reaches('unserved', 'Pending');
      expect(status.summary).toContain('Ghost');
    });

    it('Unknown by a read that the operator may not make, until it is granted', async () => {
      await put('forbidden', [
        { name: 'jobs', resource: { apiVersion: 'batch/v1', kind: 'CronJob', count: { min: 0 } } },
      ]);
      const status = await reaches('forbidden', 'Unknown');
      expect(status.checks?.[0]?.reason).toBe('Forbidden');
      expect(status.summary).toContain('Grant get, list and watch on cronjobs.batch');
      await apply(
        cluster,
        documents({
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRole',
          metadata: {
            name: `${suite}-cronjobs`,
            labels: { 'rbac.remediation.dev/aggregate-to-operator': 'true', suite },
          },
          rules: [{ apiGroups: ['batch'], resources: ['cronjobs'], verbs: ['get', 'list', 'watch'] }],
        }),
      );
      await eventually(async () => {
        const after = await statusOf(transport, SYSTEM, 'forbidden');
        expect(after.checks?.[0]?.reason).not.toBe('Forbidden');
      }, 90_000);
    });
  });

  describe('an item outside of the cluster-wide namespaces', () => {
    const own = { namespace: TENANT, name: 'own' };

    it('sees its own namespace', async () => {
      await put('own', [CHECK.budget(own)], {}, TENANT);
      await reaches('own', 'Implemented', TENANT);
    });

    it('sees no other, and is told how it could', async () => {
      await put('curious', [CHECK.budget(web)], {}, TENANT);
      const status = await reaches('curious', 'Unknown', TENANT);
      expect(status.checks?.[0]?.reason).toBe('Forbidden');
      expect(status.summary).toContain(`an item in namespace ${TENANT} sees its own namespace only`);
      expect(status.summary).toContain('serviceAccountName');
    });
  });

  it('leaves 200 items alone when some of them cannot be judged', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `many-${index}`);
    const bad = new Set(['many-50', 'many-100', 'many-150']);
    const invalid = { name: 'a', resource: { apiVersion: 'v1', kind: 'Service', where: '((((' } };
    const checks = (name: string) => (bad.has(name) ? [invalid] : [CHECK.budget(web)]);
    await apply(
      cluster,
      documents(...names.map((name) => item({ name, namespace: SYSTEM, suite, checks: checks(name) }))),
    );
    await eventually(async () => {
      const { items } = await getJson<{ items: { metadata: { name: string }; status: ItemStatus }[] }>(
        cluster,
        ...['ri', '-n', SYSTEM, '-l', `suite=${suite}`],
      );
      const many = items.filter(({ metadata }) => metadata.name.startsWith('many-'));
      const states = new Map(many.map(({ metadata, status }) => [metadata.name, status.state]));
      expect(states).toEqual(
        new Map([...states.keys()].map((name) => [name, bad.has(name) ? 'Invalid' : 'Implemented'])),
      );
      expect(states.size).toBe(200);
    });
  });

  it('forgets the series of an item that is deleted', async () => {
    const series = `remediation_item_info{namespace="${SYSTEM}",name="many-7"`;
    expect((await operator.get('/metrics')).body).toContain(series);
    await cluster.kubectl(['delete', 'ri', 'many-7', '-n', SYSTEM]);
    await eventually(async () => {
      const { body } = await operator.get('/metrics');
      expect(body).not.toContain('name="many-7"');
      expect(body).toContain('name="many-8"');
    });
  });

  it('logs one line for each change of state, and nothing that went wrong by itself', () => {
    const of = operator.log.filter(({ msg }) => String(msg).startsWith(`${SYSTEM}/open: `));
    expect(of[0]).toMatchObject({ level: 'info', from: '', to: 'Pending' });
    expect(of.at(-1)).toMatchObject({ to: 'Implemented' });
    for (const [index, { from }] of of.slice(1).entries()) expect(from).toBe(of[index]?.to);
    expect(operator.log.filter(({ level, err }) => level === 'error' && err !== undefined)).toEqual([]);
  });

  it('judges a CiliumNetworkPolicy by what it means', async () => {
    await put('isolated', [CHECK.policy(web)]);
    await reaches('isolated', 'Pending');
    await apply(cluster, documents(policy(web)));
    await reaches('isolated', 'Implemented');
    await transport.request({
      method: 'PATCH',
      path: `/apis/cilium.io/v2/namespaces/${SHOP}/ciliumnetworkpolicies/web`,
      query: { fieldManager: 'firewall-ui' },
      contentType: 'application/merge-patch+json',
      body: { spec: { ingress: [{ fromEntities: ['all'] }] } },
    });
    const status = await reaches('isolated', 'Drifted');
    expect(status.checks?.[0]?.reason).toBe('WideOpen');
    expect(status.history?.[0]?.changedBy).toMatchObject({
      kind: 'CiliumNetworkPolicy',
      name: 'web',
      manager: 'firewall-ui',
    });
  });

  it('says of every item what verify says of it, from the same cluster', async () => {
    const args = ['verify', '--kubeconfig', cluster.kubeconfigPath, '-n', SYSTEM, '-l', `suite=${suite}`];
    const ran = await launch([...args, '-o', 'json']);
    const { items } = JSON.parse(ran.stdout) as {
      items: { metadata: { name: string }; status: ItemStatus }[];
    };
    expect(items.length).toBeGreaterThan(200);
    const told = items.map(({ metadata, status: { state, summary, checks } }) => [
      metadata.name,
      { state, summary, checks },
    ]);
    const written = await getJson<{ items: typeof items }>(
      cluster,
      ...['ri', '-n', SYSTEM, '-l', `suite=${suite}`],
    );
    expect(Object.fromEntries(told)).toEqual(
      Object.fromEntries(
        written.items.map(({ metadata, status: { state, summary, checks } }) => [
          metadata.name,
          { state, summary, checks },
        ]),
      ),
    );
    expect(ran.code).toBe(2); // some are Invalid
  });
});

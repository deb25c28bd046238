// The probes check over live rollouts: what it says at every stage, from the
// facts that it watches. The pods ask for a scheduler that does not exist, so
// that each stage lasts until the test lets pods run and become ready.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probes } from '../../../src/checks/probes/index.ts';
import { verdictOf } from '../../../src/checks/testing/cases.ts';
import { openCluster } from '../../../src/cli/sources.ts';
import { recordFacts } from '../../../src/facts/recording.ts';
import { sharedCluster, suiteName } from '../../cluster/suite.ts';
import { eventually } from '../support/cluster.ts';
import { openServer, pathOf, type Raw, type Server } from './server.ts';

const cluster = sharedCluster();
const MERGE = 'application/merge-patch+json';
const SETTLED_MS = 61_000;

describe.skipIf(!cluster)('the probes check over a live rollout', () => {
  const namespace = suiteName('rollouts');
  let server: Server;
  let opened: Awaited<ReturnType<typeof openCluster>>;

  beforeAll(async () => {
    server = await openServer(cluster!.kubeconfigPath);
    opened = await openCluster({ kubeconfig: cluster!.kubeconfigPath, timeout: 30 }, 'rollouts-test');
    await cluster!.kubectl(['create', 'namespace', namespace]);
    await cluster!.kubectl(['create', 'serviceaccount', 'default', '-n', namespace]).catch(() => '');
  });
  afterAll(async () => {
    await cluster?.kubectl(['delete', 'namespace', namespace, '--wait=false']);
    await opened?.close();
    await server?.close();
  });

  const template = (app: string, probed: boolean) => ({
    metadata: { labels: { app } },
    spec: {
      schedulerName: 'nobody',
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'main',
          image: 'registry.example/main:1',
          // null takes it away in a patch.
          readinessProbe: probed ? { tcpSocket: { port: 80 } } : null,
        },
      ],
    },
  });

  const create = (kind: string, name: string, spec: object) =>
    server.must('POST', pathOf('apps/v1', kind, namespace), {
      apiVersion: 'apps/v1',
      kind,
      metadata: { name },
      spec: { selector: { matchLabels: { app: name } }, ...spec },
    });
  const patch = (kind: string, name: string, spec: object) =>
    server.must('PATCH', pathOf('apps/v1', kind, namespace, name), { spec }, MERGE);
  const podsOf = async (app: string): Promise<Raw[]> => {
    const path = `${pathOf('v1', 'Pod', namespace)}?labelSelector=app%3D${app}`;
    return (await server.must<{ items: Raw[] }>('GET', path)).items;
  };
  const conditionsOf = (status: Raw['status']) =>
    (status?.conditions ?? []) as readonly { type: string; status: string; reason?: string }[];
  const isPending = ({ status }: Raw) => status?.phase === 'Pending';

  /** Waits for so many pods that do not run, and lets them run. */
  const start = (app: string, wanted: number, ready: boolean) =>
    eventually(async () => {
      const waiting = (await podsOf(app)).filter(isPending);
      expect(waiting.length).toBe(wanted);
      await Promise.all(waiting.map(({ metadata: { name } }) => report(name, ready)));
    });
  const report = (name: string, ready: boolean) =>
    server.must(
      'PATCH',
      `${pathOf('v1', 'Pod', namespace, name)}/status`,
      { status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] } },
      'application/strategic-merge-patch+json',
    );
  const remove = async (app: string) => {
    for (const { metadata } of await podsOf(app))
      await server.must('DELETE', pathOf('v1', 'Pod', namespace, metadata.name));
  };

  /** The verdict and the reasons of its findings, as it is now or when all has settled. */
  const judge = (kind: string, name: string, afterMs: number): string => {
    const params = probes.schema.parse({ workloads: [{ kind, namespace, name }], require: ['Readiness'] });
    const facts = recordFacts(opened.source);
    const judgement = probes.judge(params, { facts, namespace, now: new Date(Date.now() + afterMs) });
    const reasons = judgement.findings
      .map(({ reason }) => reason)
      .filter((reason) => reason !== 'UndeclaredPort');
    return [verdictOf(judgement), ...reasons].join(' ');
  };
  const says = (kind: string, name: string, expected: string, settled = SETTLED_MS) =>
    eventually(() => expect(judge(kind, name, settled)).toBe(expected));

  it('of a Deployment: old revision, surge, pause, resume, no replicas', async () => {
    const is = (expected: string, settled?: number) => says('Deployment', 'web', expected, settled);
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    await create('Deployment', 'web', { replicas: 2, strategy, template: template('web', true) });
    await is('Unknown NotRunning');
    await start('web', 2, true);
    await is('Pass');

    await patch('Deployment', 'web', { template: template('web', false) });
    await is('Fail MissingProbe', 0);
    await start('web', 1, true);
    await start('web', 1, true);
    await eventually(async () => expect((await podsOf('web')).length).toBe(2));
    await is('Fail MissingProbe');

    // The new revision surges, and the old one serves until it is ready.
    await patch('Deployment', 'web', { template: template('web', true) });
    await eventually(async () => expect((await podsOf('web')).filter(isPending).length).toBe(1));
    await is('Unknown Settling', 0);
    await is('Fail RolloutIncomplete');
    await start('web', 1, false);
    await is('Fail RolloutIncomplete');
    const [surged] = (await podsOf('web')).filter(({ status }) =>
      conditionsOf(status).some((c) => c.type === 'Ready' && c.status === 'False'),
    );
    await report(surged!.metadata.name, true);
    await eventually(async () => expect((await podsOf('web')).filter(isPending).length).toBe(1));
    await is('Fail RolloutIncomplete');
    await start('web', 1, true);
    await is('Pass');

    await patch('Deployment', 'web', { paused: true, template: template('web', false) });
    await is('Pass TemplateBehind');
    await patch('Deployment', 'web', { paused: false });
    await is('Fail MissingProbe', 0);
    await patch('Deployment', 'web', { replicas: 0 });
    await is('NotApplicable ScaledToZero');
  });

  it('of a Deployment that fails, and of one that is paused with the old revision', async () => {
    const is = (expected: string, settled?: number) => says('Deployment', 'stuck', expected, settled);
    await create('Deployment', 'stuck', {
      replicas: 1,
      progressDeadlineSeconds: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: template('stuck', false),
    });
    await start('stuck', 1, true);
    await is('Fail MissingProbe', 0);
    await patch('Deployment', 'stuck', { template: template('stuck', true) });
    await start('stuck', 1, false);
    await eventually(async () => {
      const { status } = await server.must('GET', pathOf('apps/v1', 'Deployment', namespace, 'stuck'));
      expect(conditionsOf(status).map(({ reason }) => reason)).toContain('ProgressDeadlineExceeded');
    });
    await is('Unknown Settling', 0);
    await is('Fail RolloutIncomplete');

    await create('Deployment', 'held', { replicas: 1, template: template('held', false) });
    await start('held', 1, true);
    await says('Deployment', 'held', 'Fail MissingProbe', 0);
    await patch('Deployment', 'held', { paused: true, template: template('held', true) });
    await says('Deployment', 'held', 'Unknown Settling', 0);
    await says('Deployment', 'held', 'Fail RolloutIncomplete');
  });

  it('of a StatefulSet: a partition holds back some pods, or all', async () => {
    const is = (expected: string, settled?: number) => says('StatefulSet', 'db', expected, settled);
    const strategy = (partition: number) => ({
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } },
    });
    await create('StatefulSet', 'db', {
      replicas: 3,
      serviceName: 'db',
      podManagementPolicy: 'Parallel',
      template: template('db', false),
      ...strategy(3),
    });
    await start('db', 3, true);
    await is('Fail MissingProbe');
    await patch('StatefulSet', 'db', { template: template('db', true) });
    await is('Fail RolloutIncomplete');
    await patch('StatefulSet', 'db', strategy(2));
    await start('db', 1, true);
    await is('Fail RolloutIncomplete');
    await patch('StatefulSet', 'db', strategy(0));
    await start('db', 1, true);
    await start('db', 1, true);
    await is('Pass');
    await patch('StatefulSet', 'db', { template: template('db', false), ...strategy(3) });
    await is('Pass TemplateBehind');
    await patch('StatefulSet', 'db', strategy(2));
    await is('Fail MissingProbe', 0);
  });

  it('of a DaemonSet with OnDelete: only pods that are deleted are replaced', async () => {
    const is = (expected: string, settled?: number) => says('DaemonSet', 'agent', expected, settled);
    await create('DaemonSet', 'agent', {
      updateStrategy: { type: 'OnDelete' },
      template: template('agent', false),
    });
    const nodes = await eventually(async () => {
      const { status } = await server.must('GET', pathOf('apps/v1', 'DaemonSet', namespace, 'agent'));
      expect(status?.currentNumberScheduled).toBeGreaterThan(0);
      expect(status?.currentNumberScheduled).toBe(status?.desiredNumberScheduled);
      return status?.desiredNumberScheduled as number;
    });
    await start('agent', nodes, true);
    await is('Fail MissingProbe');
    await patch('DaemonSet', 'agent', { template: template('agent', true) });
    await is('Fail RolloutIncomplete');
    await remove('agent');
    await start('agent', nodes, true);
    await is('Pass');
    await patch('DaemonSet', 'agent', { template: template('agent', false) });
    await is('Pass TemplateBehind');
    await remove('agent');
    await start('agent', nodes, true);
    await is('Fail MissingProbe');
  });
});

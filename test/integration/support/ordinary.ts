// A day on which nothing is wrong: two healthy workloads, four items that say so,
// and the operator that judges them, in a cluster of the suite's own.

import { expect } from 'vitest';
import type { ItemStatus } from '../../../src/api/status.ts';
import type { LeaseSpec, Transport } from '../../../src/kubernetes/index.ts';
import { type LocalCluster, startCluster } from '../../cluster/index.ts';
import { suiteName } from '../../cluster/suite.ts';
import { apply, documents, eventually, getJson, install, SYSTEM, statusOf } from './cluster.ts';
import { endOperators, type OperatorProcess, startOperatorProcess } from './operator.ts';
import { budget, CHECK, deployment, healthy, item, policy } from './scene.ts';

export const web = { namespace: 'shop', name: 'web' };
export const api = { namespace: 'shop', name: 'api' };
const LEASE = 'remediation-operator';
const NAMES = ['web', 'api', 'policies', 'waiting'];

export interface OrdinaryDay {
  readonly cluster: LocalCluster;
  readonly transport: Transport;
  /** The one that looks after the items; a test that ends it puts another in its place. */
  operator: OperatorProcess;
  /** One more operator, for the same lease. */
  start(identity: string): Promise<OperatorProcess>;
  lease(): Promise<LeaseSpec>;
  /** Of every item. */
  statuses(): Promise<ItemStatus[]>;
  /** Waits until both workloads are what their specs say. */
  rolledOut(): Promise<void>;
  /** No item has ever drifted. */
  noDrift(): Promise<void>;
  /** Waits until every item is Implemented; none has ever drifted. */
  allImplemented(): Promise<void>;
  end(): Promise<void>;
}

/** Resolves when every item is Implemented. `suite` labels them and names the cluster. */
export async function ordinaryDay(suite: string): Promise<OrdinaryDay> {
  const cluster = await startCluster({ name: suiteName(suite) });
  try {
    return await dawn(cluster, suite);
  } catch (error) {
    endOperators();
    await cluster.stop();
    throw error;
  }
}

async function dawn(cluster: LocalCluster, suite: string): Promise<OrdinaryDay> {
  const transport = await install(cluster);
  await apply(cluster, healthy(web));
  await apply(cluster, documents(deployment(api, 3), budget(api, '50%'), policy(api)));
  const kubeconfig = await cluster.serviceAccountKubeconfig(SYSTEM, 'remediation-operator');
  const start = (identity: string) =>
    startOperatorProcess(cluster, kubeconfig, { leaseName: LEASE, identity });
  const statuses = () => Promise.all(NAMES.map((name) => statusOf(transport, SYSTEM, name)));

  async function rolledOut(): Promise<void> {
    for (const name of ['web', 'api'])
      await cluster.kubectl(['rollout', 'status', `deployment/${name}`, '-n', 'shop', '--timeout=90s']);
  }
  async function noDrift(): Promise<void> {
    for (const [index, { history = [], regressions, driftedSince }] of (await statuses()).entries()) {
      const drifts = history.filter(({ to }) => to === 'Drifted');
      expect(drifts, NAMES[index]).toEqual([]);
      expect({ regressions, driftedSince }).toEqual({ regressions: undefined, driftedSince: undefined });
    }
  }
  async function allImplemented(): Promise<void> {
    await eventually(async () => {
      for (const [index, { state, summary }] of (await statuses()).entries())
        expect(state, `${NAMES[index]}: ${summary}`).toBe('Implemented');
    }, 120_000);
    await noDrift();
  }

  const day: OrdinaryDay = {
    cluster,
    transport,
    operator: await start('first'),
    start,
    lease: async () => (await getJson<{ spec: LeaseSpec }>(cluster, 'lease', LEASE, '-n', SYSTEM)).spec,
    statuses,
    rolledOut,
    noDrift,
    allImplemented,
    end: async () => {
      await day.operator.stop();
      endOperators();
      await transport.close();
      await cluster.stop();
    },
  };
  await rolledOut();
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
  return day;
}

// The podDisruptionBudget check against those who decide: random namespaces on a
// control plane of their own, whose disruption controller and eviction API are
// asked about every budget and every pod. `DIFFERENTIAL_COUNT` and
// `DIFFERENTIAL_SEED` choose others than the ones of every run.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalCluster, startCluster } from '../../cluster/index.ts';
import { localClusters, suiteName } from '../../cluster/suite.ts';
import { asText, search } from './pdb.ts';
import { proposeBudgets } from './pdb-legality.ts';
import { openServer, type Server } from './server.ts';

const count = Number(process.env.DIFFERENTIAL_COUNT ?? 100);
const seed = Number(process.env.DIFFERENTIAL_SEED ?? 20_260_117);

describe.skipIf(!localClusters())('random budgets', () => {
  let cluster: LocalCluster;
  let server: Server;

  beforeAll(async () => {
    cluster = await startCluster({ name: suiteName('budgets'), crds: 'none' });
    server = await openServer(cluster.kubeconfigPath);
  });
  afterAll(async () => {
    await server?.close();
    await cluster?.stop();
  });

  it('are refused by the check exactly where the API server refuses them', async () => {
    const tally = await proposeBudgets(server, 'default', { seed, count: 500 });
    expect(tally.disagreements).toEqual([]);
    expect(Math.min(tally.accepted, tally.refused)).toBeGreaterThan(50);
  });

  it('are computed, and answer evictions and drains, as the check says', { timeout: 600_000 }, async () => {
    const tally = await search(server, { seed, count, abreast: 25, shrinks: 30 });
    expect(tally.disagreements.map(asText)).toEqual([]);
    // A search that meets only one answer would prove little.
    expect([...tally.evictions.keys()].sort()).toEqual([201, 429, 500]);
    expect(tally.drains).toBeGreaterThan(count / 10);
  });
});

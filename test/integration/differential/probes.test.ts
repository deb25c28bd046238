// The probes check against the API server: what it refuses, and what it fills in.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedCluster, suiteName } from '../../cluster/suite.ts';
import { probePods } from './probes.ts';
import { openServer, type Server } from './server.ts';

const cluster = sharedCluster();

describe.skipIf(!cluster)('random probes', () => {
  const namespace = suiteName('probes');
  let server: Server;

  beforeAll(async () => {
    server = await openServer(cluster!.kubeconfigPath);
    await cluster!.kubectl(['create', 'namespace', namespace]);
    await cluster!.kubectl(['create', 'serviceaccount', 'default', '-n', namespace]).catch(() => '');
  });
  afterAll(async () => {
    await cluster?.kubectl(['delete', 'namespace', namespace, '--wait=false']);
    await server?.close();
  });

  it('are invalid where the API server refuses them, and read the same before and after its defaults', async () => {
    const tally = await probePods(server, namespace, {
      seed: Number(process.env.DIFFERENTIAL_SEED ?? 20_260_117),
      count: 500,
    });
    expect(tally.disagreements).toEqual([]);
    expect(Math.min(tally.accepted, tally.refused)).toBeGreaterThan(50);
  });
});

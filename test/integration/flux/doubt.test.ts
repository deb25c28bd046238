// What cannot be known is not told: whatever keeps the operator from the files of
// a source is Unknown and says why, and never a drift, though every item here is
// claimed to be done.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedCluster } from '../../cluster/suite.ts';
import { fluxPrograms } from '../../flux/lab.ts';
import { apply, deleteItems, documents, eventually, SYSTEM } from '../support/cluster.ts';
import { namespaceObject } from '../support/scene.ts';
import { type Stage, setStage, wentThrough } from './stage.ts';
import { scans } from './workflow.ts';

const cluster = sharedCluster()!;
const programs = fluxPrograms()!;

describe.skipIf(!cluster || !programs)('what cannot be known of a source', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await setStage(cluster, programs, 'doubt');
  });
  afterAll(() => stage?.end());

  /** Waits until the one check of the item is Unknown for this reason; answers its message. */
  const unknown = (name: string, reason: string, namespace?: string): Promise<string> =>
    eventually(async () => {
      const { checks } = await stage.reaches(name, 'Unknown', namespace);
      expect(checks?.[0]).toMatchObject({ verdict: 'Unknown', reason });
      return checks?.[0]?.message ?? '';
    });

  /** What is so while nobody answers for the artifacts. */
  async function duringOutage(claim: () => Promise<void>): Promise<void> {
    await stage.flux.controller.stop();
    try {
      await claim();
    } finally {
      await stage.flux.controller.start();
    }
  }

  it('is what source-controller would serve while it is down; it is judged when it is back', async () => {
    await stage.implemented('outage');
    const item = await stage.followItem('outage');
    await duringOutage(async () => {
      await stage.restartOperator();
      expect(await unknown('outage', 'Unreachable')).toContain(stage.flux.controller.artifactAddress);
    });
    await stage.reaches('outage', 'Implemented');
    await wentThrough(item, 'Implemented', 'Unknown');
  });

  it('is what a source-controller that hangs would serve; nobody else waits for it', async () => {
    await stage.implemented('hung');
    const item = await stage.followItem('hung');
    stage.flux.controller.pause();
    try {
      await stage.restartOperator();
      const at = new Date(Date.now() - 3_600_000).toISOString();
      const attestation = { statement: 'The drill was held', by: 'platform team', at, validFor: '2160h' };
      const moment = performance.now();
      await stage.claim('at-ease', { checks: [{ name: 'drill', attestation }] });
      await stage.reaches('at-ease', 'Implemented');
      expect(performance.now() - moment).toBeLessThan(10_000);
      expect(await unknown('hung', 'Unreachable')).toContain(stage.flux.controller.artifactAddress);
    } finally {
      stage.flux.controller.resume();
    }
    await stage.reaches('hung', 'Implemented');
    await wentThrough(item, 'Implemented', 'Unknown');
  });

  it('is not what is held already: that goes on being judged while source-controller is down', async () => {
    await stage.implemented('held');
    const item = await stage.followItem('held');
    const ref = { namespace: stage.namespace, name: 'held' };
    await duringOutage(async () => {
      const files = [{ path: 'docker-compose.yaml', exists: false }];
      await stage.claim('held', { checks: [scans(ref), { name: 'compose', source: { ref, files } }] });
      await item.firstAfter(0, ({ status }) => status?.progress === '2/2');
    });
    await wentThrough(item, 'Implemented');
  });

  it('is an artifact that is not what its digest says; source-controller mends it when it is asked', async () => {
    await stage.implemented('tampered');
    const item = await stage.followItem('tampered');
    const { artifact } = (await stage.source('tampered')).status!;
    // Another archive in its place, whole but for the scan: believed, it would be drift.
    const file = path.join(stage.flux.controller.storage, new URL(artifact!.url).pathname);
    const tar = gunzipSync(readFileSync(file)).toString('latin1');
    writeFileSync(file, gzipSync(Buffer.from(tar.replace('trivy-action', 'other-action'), 'latin1')));
    await stage.restartOperator();
    expect(await unknown('tampered', 'Unreadable')).toContain(artifact!.digest);
    await stage.flux.fetchNow(stage.namespace, 'tampered');
    await stage.reaches('tampered', 'Implemented');
    await wentThrough(item, 'Implemented', 'Unknown');
  });

  it('is an artifact on an address that evidence may not come from', async () => {
    await stage.implemented('loopback');
    const suite = `strict-${process.pid}`;
    const strict = await stage.startOperator(suite, []);
    try {
      const checks = [scans({ namespace: stage.namespace, name: 'loopback' })];
      await stage.claim('strict', { suite, checks });
      const message = await unknown('strict', 'Forbidden');
      expect(message).toContain('127.0.0.1');
      expect(message).toContain('--allow-evidence-from');
    } finally {
      await strict.stop();
      await deleteItems(stage.transport, `suite=${suite}`, SYSTEM);
    }
  });

  it('is a source in a namespace that the item may not look into', async () => {
    await stage.implemented('foreign');
    const tenant = `tenant-${process.pid}`;
    await apply(cluster, documents(namespaceObject(tenant)));
    const checks = [scans({ namespace: stage.namespace, name: 'foreign' })];
    await stage.claim('foreign', { namespace: tenant, checks });
    expect(await unknown('foreign', 'Forbidden', tenant)).toContain(stage.namespace);
    await cluster.kubectl(['delete', 'namespace', tenant, '--wait=false']);
  });
});

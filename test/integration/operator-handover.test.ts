// Whoever comes and goes, operators or API servers, nothing drifts by it, and the
// next goes on where the last one stopped.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localClusters } from '../cluster/suite.ts';
import { eventually, SYSTEM, statusOf } from './support/cluster.ts';
import type { OperatorProcess } from './support/operator.ts';
import { type OrdinaryDay, ordinaryDay } from './support/ordinary.ts';

describe.skipIf(!localClusters())('who comes and goes', () => {
  let day: OrdinaryDay;
  beforeAll(async () => {
    day = await ordinaryDay('handover');
  });
  afterAll(() => day?.end());

  it('an operator that is told to stop gives the lease back, and its successor changes nothing', async () => {
    const before = await day.statuses();
    const { code, milliseconds } = await day.operator.stop();
    expect(code).toBe(0);
    expect(milliseconds).toBeLessThan(5000);
    expect((await day.lease()).holderIdentity).toBe('');
    day.operator = await day.start('second');
    await eventually(async () => expect((await day.lease()).holderIdentity).toMatch(/^second/), 30_000);
    await settled(day.operator);
    expect(await day.statuses()).toEqual(before);
  });

  /** An edit of the spec of an item shows in its status. */
  async function isFollowed(generation: number, spec: object): Promise<void> {
    const patch = ['--type=merge', '-p', JSON.stringify({ spec })];
    await day.cluster.kubectl(['patch', 'ri', 'web', '-n', SYSTEM, ...patch]);
    await eventually(async () => {
      const { observedGeneration } = await statusOf(day.transport, SYSTEM, 'web');
      expect(observedGeneration).toBe(generation);
    });
  }

  /** Its first judgements are done. */
  async function settled({ get }: OperatorProcess): Promise<void> {
    await eventually(async () => expect(await get('/readyz')).toMatchObject({ status: 200 }));
    await sleep(1000);
  }

  it('a leader that is killed is followed by the next, which had its caches warm', async () => {
    const before = await day.statuses();
    const next = await day.start('third');
    await settled(next);
    await day.operator.kill();
    day.operator = next;
    await eventually(async () => expect((await day.lease()).holderIdentity).toMatch(/^third/), 60_000);
    expect(await day.statuses()).toEqual(before);
    // It leads indeed: a change becomes a verdict.
    await day.cluster.kubectl(['annotate', 'ri', 'web', '-n', SYSTEM, 'note=x']);
    await isFollowed(2, { owner: 'platform' });
    await day.noDrift();
  });

  it('an API server that restarts is no drift, and its watches go on', async () => {
    await day.cluster.restartApiServer();
    await day.allImplemented();
    await day.cluster.kubectl(['rollout', 'restart', 'deployment/web', '-n', 'shop']);
    await day.rolledOut();
    await isFollowed(3, { owner: 'somebody' });
    await day.allImplemented();
  });

  it('two operators have one leader, and hand over without a word', async () => {
    const other = await day.start('fourth');
    await settled(other);
    const holder = (await day.lease()).holderIdentity;
    const before = await day.statuses();
    expect((await day.operator.stop()).code).toBe(0);
    day.operator = other;
    await eventually(async () => expect((await day.lease()).holderIdentity).not.toBe(holder), 30_000);
    await settled(other);
    expect(await day.statuses()).toEqual(before);
    await day.noDrift();
  });

  it('an operator that is told to stop while the API server is away ends all the same', async () => {
    await day.cluster.stopApiServer();
    const { code, milliseconds } = await day.operator.stop();
    expect(code).toBe(0);
    expect(milliseconds).toBeLessThan(20_000);
    await day.cluster.startApiServer();
    day.operator = await day.start('fifth');
    await day.allImplemented();
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LeaseElector, startLeaseElection } from './lease.ts';
import { createFakeClock, type FakeClock } from './testing/fake-clock.ts';
import { createMemoryLease, type MemoryLease } from './testing/memory-lease.ts';
import type { Transport } from './transport.ts';

let clock: FakeClock;
let lease: MemoryLease;
let told: string[];
let electors: LeaseElector[];

beforeEach(() => {
  clock = createFakeClock();
  lease = createMemoryLease();
  told = [];
  electors = [];
});
afterEach(async () => {
  await Promise.all(electors.map((each) => each.stop()));
});

function candidate(identity: string, transport: Transport = lease.transport()): LeaseElector {
  const elector = startLeaseElection({
    transport,
    namespace: 'system',
    name: 'l',
    identity,
    onStarted: () => told.push(`${identity} leads`),
    onStopped: () => told.push(`${identity} lost`),
    clock,
    random: () => 0,
  });
  electors.push(elector);
  return elector;
}

describe('leader election', () => {
  it('creates the lease with the fields that client-go writes', async () => {
    const a = candidate('a');
    await clock.advance(0);
    expect(a.isLeader()).toBe(true);
    expect(lease.spec()).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
    await clock.advance(2000);
    expect(lease.spec()).toMatchObject({
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:02.000000Z',
    });
  });

  it('has one leader, and the other follows only a lease duration after the last change that it saw', async () => {
    const transport = lease.transport();
    const a = candidate('a', transport);
    await clock.advance(0);
    const b = candidate('b');
    await clock.advance(60_000);
    expect([a.isLeader(), b.isLeader(), b.holder()]).toEqual([true, false, 'a']);
    transport.down(true);
    await clock.advance(10_000);
    expect(told).toEqual(['a leads', 'a lost']);
    expect(b.isLeader()).toBe(false);
    await clock.advance(7_000);
    expect(told).toEqual(['a leads', 'a lost', 'b leads']);
    expect(lease.spec()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('does not trust the time stamps of a holder whose clock is wrong', async () => {
    lease.overwrite({
      holderIdentity: 'old',
      leaseDurationSeconds: 15,
      renewTime: '2001-01-01T00:00:00.000000Z',
    });
    const b = candidate('b');
    await clock.advance(14_000);
    expect(b.isLeader()).toBe(false);
    await clock.advance(4_000);
    expect(b.isLeader()).toBe(true);
  });

  it('does not lose the lease when the wall clock jumps', async () => {
    const a = candidate('a');
    const b = candidate('b');
    await clock.advance(0);
    clock.jump(3_600_000);
    await clock.advance(20_000);
    expect([a.isLeader(), b.isLeader()]).toEqual([true, false]);
  });

  it('gives the lease back on stop, so that the next leads within a retry', async () => {
    const a = candidate('a');
    await clock.advance(0);
    const b = candidate('b');
    await clock.advance(4000);
    await a.stop();
    expect(lease.spec()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await clock.advance(2000);
    expect(b.isLeader()).toBe(true);
    expect(told).toEqual(['a leads', 'a lost', 'b leads']);
  });

  it('gives nothing back that it never held', async () => {
    candidate('a');
    await clock.advance(0);
    const b = candidate('b');
    await clock.advance(2000);
    const writes = lease.writes();
    await b.stop();
    expect(lease.writes()).toBe(writes);
    expect(lease.spec()).toMatchObject({ holderIdentity: 'a' });
  });

  it('stops leading when somebody else has taken the lease', async () => {
    const a = candidate('a');
    await clock.advance(0);
    lease.overwrite({ holderIdentity: 'thief', leaseDurationSeconds: 15, leaseTransitions: 7 });
    await clock.advance(4000);
    expect(a.isLeader()).toBe(false);
    expect(told).toEqual(['a leads', 'a lost']);
  });

  it('keeps leading over a short outage and over a deleted lease', async () => {
    const transport = lease.transport();
    const a = candidate('a', transport);
    await clock.advance(0);
    transport.down(true);
    await clock.advance(7_000);
    transport.down(false);
    await clock.advance(5_000);
    lease.remove();
    await clock.advance(5_000);
    expect(a.isLeader()).toBe(true);
    expect(told).toEqual(['a leads']);
    expect(lease.spec()).toMatchObject({ holderIdentity: 'a' });
  });

  it('says what is wrong with durations that cannot work', () => {
    const wrong = () =>
      startLeaseElection({
        transport: lease.transport(),
        namespace: 'system',
        name: 'l',
        identity: 'a',
        leaseDurationMs: 10_000,
        onStarted: () => undefined,
        onStopped: () => undefined,
        clock,
      });
    expect(wrong).toThrow(/lease duration \(10000 ms\) must exceed renew deadline \(10000 ms\)/);
  });
});

// What an item remembers from one judgement to the next.

import { describe, expect, it } from 'vitest';
import type { State } from '../api/status.ts';
import { check, itemUnderTest, type Step, waiver } from './testing/item-under-test.ts';

const CLAIMED = { claim: { status: 'Implemented' } } as const;

describe('what an item remembers', () => {
  it('goes from Pending over Implemented to Drifted and back, counting the regression', () => {
    const item = itemUnderTest();
    expect(item.judge({ says: 'Fail' })).not.toHaveProperty('firstImplementedAt');
    item.judge({ says: 'Pass' });
    item.judge({ says: 'Fail' });
    expect(item.status).toMatchObject({
      state: 'Drifted',
      firstImplementedAt: '2026-01-03T10:01:00Z',
      lastImplementedAt: '2026-01-03T10:01:00Z',
      driftedSince: '2026-01-03T10:02:00Z',
      since: '2026-01-03T10:02:00Z',
      regressions: 1,
    });
    item.judge({ says: 'Pass' });
    expect(item.status).toMatchObject({
      state: 'Implemented',
      firstImplementedAt: '2026-01-03T10:01:00Z',
      lastImplementedAt: '2026-01-03T10:03:00Z',
      since: '2026-01-03T10:03:00Z',
      regressions: 1,
    });
    expect(item.status).not.toHaveProperty('driftedSince');
    expect(item.status.history?.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      ['Drifted', 'Implemented', 'ChecksPass'],
      ['Implemented', 'Drifted', 'Regressed'],
      ['Pending', 'Implemented', 'ChecksPass'],
      [undefined, 'Pending', 'ChecksFail'],
    ]);
  });

  it('counts every regression, and only regressions', () => {
    const item = itemUnderTest();
    for (const says of ['Pass', 'Fail', 'Fail', 'Pass', 'Fail', 'Pass', 'Pass', 'Fail'] as const)
      item.judge({ says });
    expect(item.status.regressions).toBe(3);
  });

  it('tells a claim that is refuted from a regression, and counts it as none', () => {
    const item = itemUnderTest();
    item.judge({ says: 'Fail', spec: CLAIMED });
    expect(item.status).toMatchObject({ state: 'Drifted', driftedSince: '2026-01-03T10:00:00Z' });
    expect(item.status).not.toHaveProperty('regressions');
    item.judge({ says: 'Pass', spec: CLAIMED });
    item.judge({ says: 'Fail', spec: CLAIMED });
    expect(item.status).toMatchObject({ regressions: 1 });
    expect(item.status.history?.[0]).toMatchObject({ to: 'Drifted', reason: 'Regressed' });
  });

  it('goes back to Pending when a refuted claim is taken back', () => {
    const item = itemUnderTest();
    item.judge({ says: 'Fail', spec: CLAIMED });
    item.judge({ says: 'Fail', spec: { claim: { status: 'InProgress' } } });
    expect(item.status.state).toBe('Pending');
    expect(item.status).not.toHaveProperty('driftedSince');
  });

  it('calls a drift Regressed even where nobody claimed anything', () => {
    const item = itemUnderTest();
    item.judge({ says: 'Pass' });
    item.judge({ says: 'Fail', spec: { claim: { status: 'Abandoned', note: 'no' } } });
    expect(item.status.history?.[0]).toMatchObject({ to: 'Drifted', reason: 'Regressed' });
  });

  const notCleared: { name: string; step: Step; state: State }[] = [
    { name: 'Unknown', step: { says: 'Unknown' }, state: 'Unknown' },
    { name: 'no check that applies any more', step: { says: 'NotApplicable' }, state: 'Unknown' },
    { name: 'Suspended', step: { spec: { suspend: true } }, state: 'Suspended' },
    {
      name: 'Invalid',
      step: { checks: [check('a', 'Pass', { problems: [{ field: 'where', message: 'no' }] })] },
      state: 'Invalid',
    },
    {
      name: 'Blocked with evidence away',
      step: { says: 'Unknown', spec: { prerequisites: [check('p', 'Fail')] } },
      state: 'Blocked',
    },
    {
      name: 'Blocked with nothing that applies',
      step: { says: 'NotApplicable', spec: { prerequisites: [check('p', 'Fail')] } },
      state: 'Blocked',
    },
  ];
  it.each(notCleared)('does not take a drift back for $name', ({ step, state }) => {
    const item = itemUnderTest();
    item.judge({ says: 'Pass' });
    item.judge({ says: 'Fail' });
    item.judge(step);
    expect(item.status).toMatchObject({ state, driftedSince: '2026-01-03T10:01:00Z', regressions: 1 });
    expect(item.status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Drifted',
        status: 'True',
        reason: 'Regressed',
        message: expect.stringContaining(`it drifted, and now it is ${state}, which clears nothing`),
      }),
    );
    item.judge({ says: 'Fail' });
    expect(item.status).toMatchObject({
      state: 'Drifted',
      driftedSince: '2026-01-03T10:01:00Z',
      regressions: 1,
    });
  });

  it('keeps a refuted claim through Unknown without making a regression of it', () => {
    const item = itemUnderTest();
    item.judge({ says: 'Fail', spec: CLAIMED });
    item.judge({ says: 'Unknown', spec: CLAIMED });
    expect(item.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Drifted', status: 'True', reason: 'ClaimRefuted' }),
    );
    item.judge({ says: 'Fail', spec: CLAIMED });
    expect(item.status).toMatchObject({ state: 'Drifted', driftedSince: '2026-01-03T10:00:00Z' });
    expect(item.status).not.toHaveProperty('regressions');
  });

  it.each(['Implemented', 'Pending'] as const)(
    'does not take Unknown for drift: from %s through Unknown',
    (from) => {
      const item = itemUnderTest();
      item.judge({ says: from === 'Implemented' ? 'Pass' : 'Fail' });
      item.judge({ says: 'Unknown' });
      expect(item.status.state).toBe('Unknown');
      expect(item.status).not.toHaveProperty('driftedSince');
      expect(item.status).not.toHaveProperty('regressions');
      item.judge({ says: from === 'Implemented' ? 'Pass' : 'Fail' });
      expect(item.status.state).toBe(from);
      expect(item.status).not.toHaveProperty('regressions');
    },
  );

  it('clears a drift when the failure is waived', () => {
    const item = itemUnderTest();
    item.judge({ says: 'Pass' });
    item.judge({ says: 'Fail' });
    item.judge({ says: 'Fail', spec: { waivers: [waiver()] } });
    expect(item.status).toMatchObject({ state: 'Waived', regressions: 1 });
    expect(item.status).not.toHaveProperty('driftedSince');
  });

  it('keeps what it showed while it is suspended', () => {
    const item = itemUnderTest();
    const before = item.judge({ checks: [check('a', 'Pass'), check('b', 'Fail')] });
    const after = item.judge({ checks: [check('a', 'Fail'), check('b', 'Fail')], spec: { suspend: true } });
    expect(after.checks).toEqual(before.checks);
    expect(after).toMatchObject({ passing: 1, total: 2, progress: '1/2' });
  });

  it('keeps the time when a verdict began for as long as it stays', () => {
    const item = itemUnderTest();
    item.judge({ checks: [check('a', 'Pass'), check('b', 'Fail')] });
    item.judge({ checks: [check('a', 'Fail'), check('b', 'Fail')] });
    expect(item.status.checks?.map(({ since }) => since)).toEqual([
      '2026-01-03T10:01:00Z',
      '2026-01-03T10:00:00Z',
    ]);
    expect(item.status.since).toBe('2026-01-03T10:00:00Z');
  });

  it('keeps the last 20 transitions, newest first', () => {
    const item = itemUnderTest();
    for (let step = 0; step < 30; step++) item.judge({ says: step % 2 === 0 ? 'Pass' : 'Fail' });
    expect(item.status.history).toHaveLength(20);
    expect(item.status.history?.[0]).toMatchObject({ at: '2026-01-03T10:29:00Z', to: 'Drifted' });
    expect(item.status.history?.[19]).toMatchObject({ at: '2026-01-03T10:10:00Z', to: 'Implemented' });
    expect(item.status.regressions).toBe(15);
  });
});

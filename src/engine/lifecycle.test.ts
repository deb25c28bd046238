// The state table of the contract, row by row, and what is remembered.

import { describe, expect, it } from 'vitest';
import type { State } from '../api/status.ts';
import { check, itemFacts, itemUnderTest, type Step, waiver } from './testing/item-under-test.ts';

const CLAIMED = { claim: { status: 'Implemented' } } as const;
const NEEDS_OTHER = { dependsOn: [{ name: 'other' }] };
const other = (state: string) => itemFacts({ 'team/other': { state } });

describe('the state of an item that was never judged before', () => {
  const rows: { name: string; step: Step; state: State; reason: string; summary: string }[] = [
    {
      name: 'every deciding check passes',
      step: { checks: [check('a', 'Pass'), check('b', 'Pass')] },
      state: 'Implemented',
      reason: 'ChecksPass',
      summary: '2 of 2 checks pass',
    },
    {
      name: 'one passes and the rest do not apply',
      step: { checks: [check('a', 'Pass'), check('b', 'NotApplicable')] },
      state: 'Implemented',
      reason: 'ChecksPass',
      summary: '1 of 1 check pass',
    },
    {
      name: 'a check fails and nobody claimed otherwise',
      step: { checks: [check('a', 'Pass'), check('b', 'Fail')] },
      state: 'Pending',
      reason: 'ChecksFail',
      summary: '1 of 2 checks fail: b: Fail of shop/web',
    },
    {
      name: 'a check fails although people claimed it done',
      step: { says: 'Fail', spec: CLAIMED },
      state: 'Drifted',
      reason: 'ClaimRefuted',
      summary: '1 of 1 check fail: a: Fail of shop/web',
    },
    {
      name: 'a check fails and people said they are working on it',
      step: { says: 'Fail', spec: { claim: { status: 'InProgress' } } },
      state: 'Pending',
      reason: 'ChecksFail',
      summary: '1 of 1 check fail',
    },
    {
      name: 'a check fails and another cannot be judged',
      step: { checks: [check('a', 'Unknown'), check('b', 'Fail')] },
      state: 'Pending',
      reason: 'ChecksFail',
      summary: '1 of 2 checks fail: b',
    },
    {
      name: 'no check fails and one cannot be judged',
      step: { checks: [check('a', 'Pass'), check('b', 'Unknown')] },
      state: 'Unknown',
      reason: 'UnknownReason',
      summary: '1 of 2 checks cannot be judged: b: Unknown of shop/web',
    },
    {
      name: 'a claim cannot be judged: it is not refuted',
      step: { says: 'Unknown', spec: CLAIMED },
      state: 'Unknown',
      reason: 'UnknownReason',
      summary: 'cannot be judged',
    },
    {
      name: 'the only failure is waived',
      step: { checks: [check('a', 'Fail'), check('b', 'Pass')], spec: { waivers: [waiver()] } },
      state: 'Waived',
      reason: 'Waived',
      summary: '1 of 2 checks waived: a: waived: Fail of shop/web',
    },
    {
      name: 'one is waived and another cannot be judged',
      step: { checks: [check('a', 'Fail'), check('b', 'Unknown')], spec: { waivers: [waiver()] } },
      state: 'Unknown',
      reason: 'UnknownReason',
      summary: 'b: Unknown',
    },
    {
      name: 'one is waived and another fails',
      step: { checks: [check('a', 'Fail'), check('b', 'Fail')], spec: { waivers: [waiver()] } },
      state: 'Pending',
      reason: 'ChecksFail',
      summary: '1 of 2 checks fail: b',
    },
    {
      name: 'no check applies',
      step: { checks: [check('a', 'NotApplicable'), check('b', 'NotApplicable')] },
      state: 'Unknown',
      reason: 'NothingApplies',
      summary: 'nothing to judge: NotApplicable of shop/web',
    },
    {
      name: 'every check is advisory',
      step: { checks: [check('a', 'Pass', { advisory: true })] },
      state: 'Unknown',
      reason: 'NothingApplies',
      summary: 'every check is advisory',
    },
    {
      name: 'an advisory check fails beside one that passes',
      step: { checks: [check('a', 'Pass'), check('b', 'Fail', { advisory: true })], spec: CLAIMED },
      state: 'Implemented',
      reason: 'ChecksPass',
      summary: '1 of 1 check pass',
    },
    {
      name: 'an advisory check passes beside one that does not apply',
      step: { checks: [check('a', 'NotApplicable'), check('b', 'Pass', { advisory: true })] },
      state: 'Unknown',
      reason: 'NothingApplies',
      summary: 'nothing to judge',
    },
    {
      name: 'a prerequisite fails',
      step: { says: 'Pass', spec: { prerequisites: [check('crd', 'Fail')] } },
      state: 'Blocked',
      reason: 'Blocked',
      summary: 'blocked: prerequisite crd: Fail of shop/web',
    },
    {
      name: 'a prerequisite cannot be judged',
      step: { says: 'Fail', spec: { prerequisites: [check('crd', 'Unknown')] } },
      state: 'Blocked',
      reason: 'Blocked',
      summary: 'blocked: prerequisite crd: Unknown',
    },
    {
      name: 'a prerequisite that does not apply blocks nothing',
      step: { says: 'Pass', spec: { prerequisites: [check('crd', 'NotApplicable')] } },
      state: 'Implemented',
      reason: 'ChecksPass',
      summary: '1 of 1 check pass',
    },
    {
      name: 'a waiver does not reach a prerequisite of the same name',
      step: {
        checks: [check('a', 'Pass')],
        spec: { prerequisites: [check('a', 'Fail')], waivers: [waiver()] },
      },
      state: 'Blocked',
      reason: 'Blocked',
      summary: 'prerequisite a',
    },
    {
      name: 'a refuted claim is Drifted even where something blocks',
      step: { says: 'Fail', spec: { ...CLAIMED, prerequisites: [check('crd', 'Fail')] } },
      state: 'Drifted',
      reason: 'ClaimRefuted',
      summary: '1 of 1 check fail',
    },
    {
      name: 'it depends on an item that is Pending',
      step: { says: 'Pass', spec: NEEDS_OTHER, facts: other('Pending') },
      state: 'Blocked',
      reason: 'Blocked',
      summary: 'dependsOn team/other is Pending, not Implemented',
    },
    {
      name: 'it depends on an item that is Implemented',
      step: { says: 'Pass', spec: NEEDS_OTHER, facts: other('Implemented') },
      state: 'Implemented',
      reason: 'ChecksPass',
      summary: '1 of 1 check pass',
    },
    {
      name: 'it depends on an item that is Waived',
      step: { says: 'Pass', spec: NEEDS_OTHER, facts: other('Waived') },
      state: 'Implemented',
      reason: 'ChecksPass',
      summary: '1 of 1 check pass',
    },
    {
      name: 'it is suspended',
      step: { says: 'Fail', spec: { ...CLAIMED, suspend: true } },
      state: 'Suspended',
      reason: 'Suspended',
      summary: 'suspended',
    },
    {
      name: 'an expression does not compile',
      step: {
        checks: [
          check('a', 'Pass'),
          check('b', 'Fail', { problems: [{ field: 'expect[0].cel', message: 'unexpected end' }] }),
        ],
        spec: CLAIMED,
      },
      state: 'Invalid',
      reason: 'Invalid',
      summary: 'spec.checks[b].scripted.expect[0].cel: unexpected end',
    },
    {
      name: 'an expression of a prerequisite does not compile',
      step: {
        spec: { prerequisites: [check('p', 'Pass', { problems: [{ field: 'where', message: 'no' }] })] },
      },
      state: 'Invalid',
      reason: 'Invalid',
      summary: 'spec.prerequisites[p].scripted.where: no',
    },
    {
      name: 'a suspended item is not called Invalid',
      step: {
        checks: [check('a', 'Pass', { problems: [{ field: 'where', message: 'no' }] })],
        spec: { suspend: true },
      },
      state: 'Suspended',
      reason: 'Suspended',
      summary: 'suspended',
    },
  ];
  it.each(rows)('$name: $state', ({ step, state, reason, summary }) => {
    const item = itemUnderTest();
    const status = item.judge(step);
    expect(status.state).toBe(state);
    expect(status.summary).toContain(summary);
    expect(status.history).toEqual([
      { at: '2026-01-03T10:00:00Z', to: state, reason, message: status.summary },
    ]);
  });

  it('judges and shows the checks of a Blocked item all the same', () => {
    const status = itemUnderTest().judge({
      checks: [check('a', 'Pass'), check('b', 'Fail')],
      spec: { prerequisites: [check('crd', 'Fail')] },
    });
    expect(status.checks?.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['a', 'Pass'],
      ['b', 'Fail'],
    ]);
    expect(status.prerequisites?.map(({ name, verdict }) => [name, verdict])).toEqual([['crd', 'Fail']]);
  });
});

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

// The state table of the contract, row by row.

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
      summary: '1 of 1 checks pass',
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
      summary: '1 of 1 checks fail: a: Fail of shop/web',
    },
    {
      name: 'a check fails and people said they are working on it',
      step: { says: 'Fail', spec: { claim: { status: 'InProgress' } } },
      state: 'Pending',
      reason: 'ChecksFail',
      summary: '1 of 1 checks fail',
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
      summary: '1 of 1 checks pass',
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
      summary: '1 of 1 checks pass',
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
      summary: '1 of 1 checks fail',
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
      summary: '1 of 1 checks pass',
    },
    {
      name: 'it depends on an item that is Waived',
      step: { says: 'Pass', spec: NEEDS_OTHER, facts: other('Waived') },
      state: 'Implemented',
      reason: 'ChecksPass',
      summary: '1 of 1 checks pass',
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

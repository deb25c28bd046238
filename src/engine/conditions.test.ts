// status.conditions: what kstatus, kubectl wait and Flux read.

import { describe, expect, it } from 'vitest';
import type { State } from '../api/status.ts';
import { check, conditionOf, itemUnderTest, type Step, waiver } from './testing/item-under-test.ts';

const BROKEN = check('a', 'Pass', { problems: [{ field: 'where', message: 'no' }] });

const rows: { state: State; step: Step; is: Record<string, string> }[] = [
  {
    state: 'Implemented',
    step: { says: 'Pass' },
    is: { Ready: 'True', Implemented: 'True', Drifted: 'False', Waived: 'False', Blocked: 'False' },
  },
  {
    state: 'Pending',
    step: { says: 'Fail' },
    is: { Ready: 'True', Implemented: 'False', Drifted: 'False', Waived: 'False', Blocked: 'False' },
  },
  {
    state: 'Drifted',
    step: { says: 'Fail', spec: { claim: { status: 'Implemented' } } },
    is: { Ready: 'True', Implemented: 'False', Drifted: 'True', Waived: 'False', Blocked: 'False' },
  },
  {
    state: 'Unknown',
    step: { says: 'Unknown' },
    is: { Ready: 'True', Implemented: 'Unknown', Drifted: 'False', Waived: 'False', Blocked: 'False' },
  },
  {
    state: 'Waived',
    step: { says: 'Fail', spec: { waivers: [waiver()] } },
    is: { Ready: 'True', Implemented: 'False', Drifted: 'False', Waived: 'True', Blocked: 'False' },
  },
  {
    state: 'Blocked',
    step: { says: 'Pass', spec: { prerequisites: [check('p', 'Fail')] } },
    is: { Ready: 'True', Implemented: 'False', Drifted: 'False', Waived: 'False', Blocked: 'True' },
  },
  {
    state: 'Suspended',
    step: { spec: { suspend: true } },
    is: { Ready: 'True', Implemented: 'Unknown', Drifted: 'False', Waived: 'False', Blocked: 'False' },
  },
  {
    state: 'Invalid',
    step: { checks: [BROKEN] },
    is: {
      Ready: 'False',
      Implemented: 'Unknown',
      Drifted: 'False',
      Waived: 'False',
      Blocked: 'False',
      Stalled: 'True',
    },
  },
];

describe('conditions', () => {
  it.each(rows)('of an item that is $state', ({ state, step, is }) => {
    const status = itemUnderTest().judge(step);
    expect(status.state).toBe(state);
    expect(Object.fromEntries((status.conditions ?? []).map((each) => [each.type, each.status]))).toEqual(is);
    for (const each of status.conditions ?? []) {
      expect(each.reason).toMatch(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/);
      expect(each.observedGeneration).toBe(status.observedGeneration);
      expect(each.message).not.toBe('');
    }
  });

  it('say at which generation it was judged', () => {
    const item = itemUnderTest();
    item.judge({});
    item.judge({ says: 'Fail' });
    expect(item.status.observedGeneration).toBe(2);
    expect(conditionOf(item.status, 'Ready')).toMatchObject({
      observedGeneration: 2,
      message: 'judged at generation 2: Drifted',
    });
  });

  it('keep the time of their last transition for as long as their status stays', () => {
    const item = itemUnderTest();
    item.judge({ says: 'Fail' });
    item.judge({ says: 'Pass' });
    expect(conditionOf(item.status, 'Ready')?.lastTransitionTime).toBe('2026-01-03T10:00:00Z');
    expect(conditionOf(item.status, 'Drifted')?.lastTransitionTime).toBe('2026-01-03T10:00:00Z');
    expect(conditionOf(item.status, 'Implemented')?.lastTransitionTime).toBe('2026-01-03T10:01:00Z');
    item.judge({ says: 'Fail' });
    expect(conditionOf(item.status, 'Drifted')?.lastTransitionTime).toBe('2026-01-03T10:02:00Z');
    item.judge({ says: 'Unknown' });
    expect(conditionOf(item.status, 'Drifted')?.lastTransitionTime).toBe('2026-01-03T10:02:00Z');
  });

  it('are no longer Stalled once the spec can be judged', () => {
    const item = itemUnderTest();
    item.judge({ checks: [BROKEN] });
    item.judge({ says: 'Pass' });
    expect(conditionOf(item.status, 'Stalled')).toBeUndefined();
    expect(conditionOf(item.status, 'Ready')).toMatchObject({ status: 'True' });
  });
});

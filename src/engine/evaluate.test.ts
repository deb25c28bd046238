// What holds for every item, whatever its checks say and whatever it remembers.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ItemStatus, STATES, statusSchema } from '../api/status.ts';
import type { Finding, Judgement } from '../checks/check.ts';
import { evaluate, invalidStatus } from './evaluate.ts';
import {
  CHECKS,
  check,
  conditionOf,
  itemFacts,
  itemUnderTest,
  itemWith,
  START,
  type Step,
  spec,
  WEB,
  waiver,
} from './testing/item-under-test.ts';

const level = fc.constantFrom<Finding['level']>('Fail', 'Unknown', 'Warning', 'NotApplicable', 'Note');
const anyFinding: fc.Arbitrary<Finding> = fc.record(
  {
    level,
    reason: fc.constantFrom('A', 'B'),
    message: fc.string({ unit: 'binary', maxLength: 1500 }),
    subject: fc.constantFrom(WEB, { kind: 'Namespace', name: 'shop' }),
    location: fc.record(
      {
        path: fc.string({ unit: 'binary', maxLength: 1500 }),
        line: fc.integer({ min: 1 }),
        revision: fc.string({ unit: 'binary', maxLength: 700 }),
      },
      { requiredKeys: ['path', 'revision'] },
    ),
  },
  { requiredKeys: ['level', 'reason', 'message', 'subject'] },
);
const judgement: fc.Arbitrary<Judgement> = fc.record({
  passed: fc.nat(2),
  findings: fc.array(anyFinding, { maxLength: 30 }),
});
const anyStep: fc.Arbitrary<Step> = fc.record({
  checks: fc
    .array(fc.tuple(judgement, fc.boolean()), { minLength: 1, maxLength: 3 })
    .map((list) => list.map(([says, advisory], index) => check(`c${index}`, says, { advisory }))),
  spec: fc.record({
    suspend: fc.boolean(),
    claim: fc.constantFrom({ status: 'Implemented' as const }, { status: 'Pending' as const }),
    waivers: fc.constantFrom(
      [],
      [waiver({ check: 'c0' })],
      [waiver({ check: 'c0', subject: 'Namespace/*' })],
    ),
    prerequisites: fc.constantFrom([], [check('p', 'Fail')], [check('p', 'Pass')]),
  }),
});
const lives = fc.array(anyStep, { minLength: 1, maxLength: 12 });

/** Runs a life and calls `claim` after every step. */
function everyStep(claim: (status: ItemStatus, before: ItemStatus, step: Step) => void): void {
  fc.assert(
    fc.property(lives, (steps) => {
      const item = itemUnderTest();
      for (const step of steps) {
        const before = item.status;
        item.judge(step);
        claim(item.status, before, step);
      }
    }),
    { numRuns: 60 },
  );
}

describe('every status', () => {
  it('fits the schema that the CRD is made from', () => {
    everyStep((status) => {
      const parsed = statusSchema.safeParse(status);
      expect(parsed.error?.issues ?? []).toEqual([]);
      expect(STATES).toContain(status.state);
      expect(JSON.stringify(status).isWellFormed()).toBe(true);
    });
  });

  it('is the same bytes for the same facts at the same time', () => {
    fc.assert(
      fc.property(lives, (steps) => {
        const [first, second] = [itemUnderTest(), itemUnderTest()];
        for (const step of steps)
          expect(JSON.stringify(second.judge(step))).toBe(JSON.stringify(first.judge(step)));
      }),
      { numRuns: 40 },
    );
  });

  it('does not change when the same is judged again, however much later: nothing is written', () => {
    everyStep((status, _before, step) => {
      const given = spec(step.checks ?? [], step.spec);
      const later = new Date(START.getTime() + 90 * 86_400_000);
      const again = evaluate(CHECKS, itemWith(given, status, status.observedGeneration ?? 0), itemFacts({}), {
        now: later,
        changes: [],
      });
      expect(JSON.parse(JSON.stringify(again.status))).toEqual(status);
    });
  });

  it('is Implemented only with a deciding check that passes and none that fails or is unknown', () => {
    everyStep(({ state, checks = [] }) => {
      if (state !== 'Implemented') return;
      const verdicts = checks.filter(({ advisory }) => !advisory).map(({ verdict }) => verdict);
      expect(verdicts).toContain('Pass');
      expect(verdicts.filter((verdict) => verdict !== 'Pass' && verdict !== 'NotApplicable')).toEqual([]);
    });
  });

  it('never counts a regression for an item that was not Implemented first', () => {
    everyStep(({ firstImplementedAt, regressions = 0, history = [] }, before) => {
      if (!firstImplementedAt) expect(regressions).toBe(0);
      expect(regressions - (before.regressions ?? 0)).toBeLessThanOrEqual(1);
      if (regressions > (before.regressions ?? 0))
        expect(history[0]).toMatchObject({ to: 'Drifted', reason: 'Regressed' });
    });
  });

  it('keeps driftedSince through everything that is no proof, and only together with the condition', () => {
    everyStep((status, before) => {
      const drifted = conditionOf(status, 'Drifted')?.status === 'True';
      expect(drifted).toBe(status.driftedSince !== undefined);
      if (status.state === 'Drifted') expect(drifted).toBe(true);
      if (before.driftedSince && ['Unknown', 'Suspended', 'Invalid', 'Drifted'].includes(status.state ?? ''))
        expect(status.driftedSince).toBe(before.driftedSince);
      if (status.state === 'Implemented' || status.state === 'Waived') expect(drifted).toBe(false);
    });
  });
});

describe('the status of a spec that this operator cannot read', () => {
  const drifted = () => {
    const item = itemUnderTest();
    item.judge({ says: 'Pass' });
    return item.judge({ says: 'Fail' });
  };

  it('is Invalid, says all that is wrong, and forgets nothing', () => {
    const past = drifted();
    const status = invalidStatus({ generation: 7 }, past, ['spec.title: too long', 'spec.x: unknown'], START);
    expect(status).toMatchObject({
      observedGeneration: 7,
      state: 'Invalid',
      summary: 'spec.title: too long; spec.x: unknown',
      checks: past.checks,
      firstImplementedAt: past.firstImplementedAt,
      driftedSince: past.driftedSince,
      regressions: 1,
    });
    expect(conditionOf(status, 'Stalled')?.status).toBe('True');
    expect(conditionOf(status, 'Ready')?.status).toBe('False');
    expect(conditionOf(status, 'Drifted')).toMatchObject({ status: 'True', reason: 'Regressed' });
    expect(statusSchema.safeParse(status).success).toBe(true);
  });

  it('shows the counts of the checks that it shows', () => {
    const status = invalidStatus({ generation: 7 }, drifted(), ['x'], START);
    expect(status).toMatchObject({ passing: 0, total: 1, progress: '0/1' });
  });
});

// An item that rests on an attestation drifts when that lapses, with nothing but
// the time changed, and heals when somebody looks again.

import { expect, it } from 'vitest';
import { evaluate } from '../../engine/evaluate.ts';
import { itemFacts, itemWith, spec } from '../../engine/testing/item-under-test.ts';
import { attestation } from './index.ts';

const CHECKS = new Map([[attestation.type, attestation]]);
const drill = (at: string) =>
  spec([
    {
      name: 'drill',
      advisory: false,
      attestation: { statement: 'Restored', by: 'alice', at, validFor: '720h' },
    },
  ]);
const judge = (given: ReturnType<typeof drill>, status: object, now: Date) =>
  evaluate(CHECKS, itemWith(given, status), itemFacts({}), { now, changes: [] });

it('drifts on the moment for which it asks to be judged again, and heals', () => {
  const item = drill('2026-01-03T14:00:00Z');
  const first = judge(item, {}, new Date('2026-01-10T00:00:00Z'));
  expect(first.status).toMatchObject({ state: 'Implemented' });
  expect(first.recheckAt).toEqual(new Date('2026-02-02T14:00:00Z'));

  const second = judge(item, first.status, first.recheckAt as Date);
  expect(second.status).toMatchObject({
    state: 'Drifted',
    regressions: 1,
    checks: [{ verdict: 'Fail', reason: 'Lapsed' }],
    history: [{ reason: 'Regressed' }, {}],
  });
  expect(second.recheckAt).toBeUndefined();

  const third = judge(drill('2026-02-03T09:00:00Z'), second.status, new Date('2026-02-03T10:00:00Z'));
  expect(third.status).toMatchObject({ state: 'Implemented' });
});

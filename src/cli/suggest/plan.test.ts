// What makes a suggestion one that is shown: judging with it applied, for the
// whole item.

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { RemediationItem } from '../../api/remediation-item.ts';
import { byType, type Check, type CheckContext, type Finding, type Way } from '../../checks/check.ts';
import type { Edit } from '../../facts/edits.ts';
import { manifestSource } from '../../facts/manifests.ts';
import type { Source } from '../../facts/source.ts';
import { planFor } from './plan.ts';

const NOW = new Date('2026-01-17T12:00:00Z');
const namespace = (name: string): Edit => ({
  action: 'Create',
  object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
});
const fail = (name: string): Finding => ({
  level: 'Fail',
  reason: 'Missing',
  subject: { kind: 'Namespace', name },
  message: `${name} is missing`,
});
const isThere = ({ facts }: CheckContext, name: string) =>
  facts.get('Namespace', undefined, name).state === 'known';

/** Wants namespaces to exist, or not to; mends by the ways that it was made with. */
function wanting(type: string, wants: readonly string[], ways: readonly Way[], forbids = false): Check {
  return {
    type,
    summary: '',
    schema: z.unknown(),
    reads: [],
    reasons: {},
    example: '',
    judge: (_, context) => {
      const bad = wants.filter((name) => isThere(context, name) === forbids);
      return { findings: bad.map(fail), passed: wants.length - bad.length };
    },
    remedies: (_, __, failing) => [{ mends: failing, ways, without: 'Ask somebody.' }],
  };
}
const way = (...names: string[]): Way => ({ edits: names.map(namespace), decide: [] });

function planOf(checks: readonly Check[], spec: object = {}) {
  const item = {
    metadata: { name: 'item', namespace: 'team' },
    spec: {
      checks: checks.map(({ type }) => ({ name: type, advisory: false, [type]: {} })),
      ...spec,
    },
  } as unknown as RemediationItem;
  return planFor(byType(checks), item, manifestSource([]), NOW).checks;
}

describe('a plan', () => {
  it('is not final while something is awaited that only a remedy reads', () => {
    const check: Check = {
      ...wanting('a', ['one'], []),
      remedies: (_, { facts }, failing) => {
        facts.list('Service');
        return [{ mends: failing, ways: [] }];
      },
    };
    const item = {
      metadata: { name: 'item', namespace: 'team' },
      spec: { checks: [{ name: 'a', advisory: false, a: {} }] },
    } as unknown as RemediationItem;
    const base = manifestSource([]);
    const slow: Source = { ...base, list: () => ({ state: 'pending', message: 'listing services' }) };
    expect(planFor(byType([check]), item, slow, NOW).pending).toEqual(['listing services']);
    expect(planFor(byType([check]), item, base, NOW).pending).toEqual([]);
  });
});

describe('a suggestion', () => {
  it('is the first way that mends everything', () => {
    const [check] = planOf([
      wanting('a', ['one', 'two'], [way('one'), way('one', 'two'), way('two', 'one')]),
    ]);
    expect(check).toMatchObject({ before: 'Fail', after: 'Pass', without: [] });
    expect(check?.suggestions.map(({ edits }) => edits)).toEqual([[namespace('one'), namespace('two')]]);
  });

  it('may mend a part where nothing mends it all, and says what is left and why', () => {
    const [check] = planOf([wanting('a', ['one', 'two'], [way('one')])]);
    expect(check).toMatchObject({ before: 'Fail', after: 'Fail' });
    expect(check?.suggestions).toMatchObject([{ mends: [{ message: 'one is missing' }] }]);
    expect(check?.without).toMatchObject([
      { finding: { message: 'two is missing' }, because: expect.stringContaining('Ask somebody.') },
    ]);
  });

  it('is not shown where judging does not confirm it', () => {
    const [check] = planOf([wanting('a', ['one'], [way('other')])]);
    expect(check).toMatchObject({ after: 'Fail', suggestions: [] });
    expect(check?.without[0]?.because).toContain('does not mend it');
  });

  it('is not shown where another check of the item gets worse by it', () => {
    const [check, other] = planOf([
      wanting('a', ['one'], [way('one', 'bad'), way('one')]),
      wanting('b', ['bad'], [], true),
    ]);
    expect(check?.suggestions.map(({ edits }) => edits)).toEqual([[namespace('one')]]);
    expect(other).toMatchObject({ before: 'Pass', after: 'Pass' });
    const [alone] = planOf([wanting('a', ['one'], [way('one', 'bad')]), wanting('b', ['bad'], [], true)]);
    expect(alone?.suggestions).toEqual([]);
    expect(alone?.without[0]?.because).toContain('check b says: bad is missing');
  });

  it('is not shown where it leaves a check with less to find good', () => {
    const vanishing: Check = {
      ...wanting('b', ['kept'], []),
      judge: (_, context) => ({ findings: [], passed: isThere(context, 'one') ? 0 : 1 }),
    };
    const [check] = planOf([wanting('a', ['one'], [way('one')]), vanishing]);
    expect(check?.suggestions).toEqual([]);
    expect(check?.without[0]?.because).toContain('check b finds only 0 good where it was 1');
  });

  it('counts what a check before it has suggested', () => {
    const [, second] = planOf([
      wanting('a', ['one'], [way('one')]),
      wanting('b', ['one', 'two'], [way('two')]),
    ]);
    expect(second).toMatchObject({ after: 'Pass' });
  });

  it('is not asked for what is waived', () => {
    const waivers = [{ check: 'a', reason: 'agreed', expires: '2026-02-01T00:00:00Z' }];
    const [check] = planOf([wanting('a', ['one'], [way('one')])], { waivers });
    expect(check).toMatchObject({ before: 'Waived', suggestions: [], without: [] });
  });

  it('is not made for a check that knows no remedies, and its advice is told', () => {
    const { remedies: _, ...check } = wanting('a', ['one'], []);
    const [planned] = planOf([check]);
    expect(planned?.without[0]?.because).toContain('For checks of type a nothing can be proposed.');
  });

  it('does not take what is not known for mended', () => {
    const unsure: Check = {
      ...wanting('a', ['one'], [way('one')]),
      judge: (_, context) => ({
        findings: [
          isThere(context, 'one') ? { ...fail('one'), level: 'Unknown', reason: 'Away' } : fail('one'),
        ],
        passed: 0,
      }),
    };
    const [check] = planOf([unsure]);
    expect(check).toMatchObject({ after: 'Fail', suggestions: [] });
  });
});

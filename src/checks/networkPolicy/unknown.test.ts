// What cannot be seen is never taken for absent: every read that fails or is
// still under way leads to Unknown, and nothing passes beside it.

import { describe, expect, it } from 'vitest';
import type { KindName } from '../../facts/kinds.ts';
import type { Facts, Unknowable } from '../../facts/view.ts';
import { networkPolicy } from './index.ts';

const KINDS: readonly KindName[] = [
  'Pod',
  'Namespace',
  'CiliumNetworkPolicy',
  'CiliumClusterwideNetworkPolicy',
  'NetworkPolicy',
  'ConfigMap',
];

function factsWithout(away: KindName, why: Unknowable, asked: string[] = []): Facts {
  return {
    get: (kind: KindName) => {
      asked.push(kind);
      return kind === away ? why : { state: 'absent', served: true };
    },
    list: (kind: KindName) => {
      asked.push(kind);
      return kind === away ? why : { state: 'known', value: [], served: true };
    },
  } as unknown as Facts;
}

const params = { endpoints: [{ namespace: 'shop' }], whenMissing: 'NotApplicable' };
const judge = (facts: Facts) =>
  networkPolicy.judge(networkPolicy.schema.parse(params), {
    facts,
    now: new Date('2026-01-17T12:00:00Z'),
    namespace: 'shop',
  });

describe('a read of', () => {
  it.each(KINDS)('%s that is forbidden leads to Unknown', (kind) => {
    const why = { state: 'failed', reason: 'Forbidden', message: `may not list ${kind}` } as const;
    expect(judge(factsWithout(kind, why))).toMatchObject({
      findings: [{ level: 'Unknown', reason: 'Forbidden', message: `may not list ${kind}` }],
      passed: 0,
    });
  });

  it.each(KINDS)('%s that is under way leads to Unknown, and all others are asked for at once', (kind) => {
    const asked: string[] = [];
    const judgement = judge(factsWithout(kind, { state: 'pending', message: 'not here yet' }, asked));
    expect(judgement).toMatchObject({ findings: [{ level: 'Unknown', reason: 'Pending' }], passed: 0 });
    expect(new Set(asked)).toEqual(new Set(KINDS));
  });
});

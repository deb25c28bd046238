// No flow is both as `allow` and as `deny` want it, whoever stands at its ends, and none makes the check throw.

import { describe, expect, it } from 'vitest';
import { contextOf, readCases, verdictOf } from '../testing/cases.ts';
import { networkPolicy } from './index.ts';

const PEERS = [
  undefined,
  { namespace: 'shop' },
  { namespace: 'shop', podSelector: { matchLabels: { app: 'api' } } },
  { namespaceSelector: {} },
  { namespace: 'kube-system', podSelector: { matchLabels: { app: 'agent' } } },
  { entity: 'world' },
  { entity: 'host' },
  { entity: 'remote-node' },
  { entity: 'kube-apiserver' },
  { entity: 'cluster' },
  { cidr: '192.0.2.0/24' },
  { cidr: '0.0.0.0/0' },
];

const shapes = readCases(import.meta.dirname).filter(({ file }) => file.startsWith('documentation-'));
/** Every fourth, which takes some of every sort. */
const some = shapes.filter((_, i) => i % 4 === 0);

describe('allow and deny contradict each other', () => {
  it.each(some.map((given) => [given.name, given] as const))('under %s', (_, given) => {
    const context = contextOf(given);
    for (const from of PEERS) {
      for (const to of PEERS.filter((peer) => peer ?? from)) {
        for (const ports of [undefined, ['8080/TCP']]) {
          const flow = { ...(from && { from }), ...(to && { to }), ...(ports && { ports }) };
          const verdictAs = (sort: 'allow' | 'deny') => {
            const params = { endpoints: [{ namespace: 'shop' }], isolated: [], [sort]: [flow] };
            return verdictOf(networkPolicy.judge(networkPolicy.schema.parse(params), context));
          };
          const verdicts = [verdictAs('allow'), verdictAs('deny')];
          expect({ flow, passed: verdicts.filter((verdict) => verdict === 'Pass').length > 1 }).toEqual({
            flow,
            passed: false,
          });
        }
      }
    }
  });
});

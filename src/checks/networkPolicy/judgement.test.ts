// What a judgement says beside its findings, and that what is remembered of one question is no answer to another.

import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../facts/manifest-files.ts';
import { manifestSource } from '../../facts/manifests.ts';
import { recordFacts } from '../../facts/recording.ts';
import { readCases, runCase } from '../testing/cases.ts';
import { networkPolicy } from './index.ts';
import { policySubject } from './subjects.ts';

const caseNamed = (name: string) => {
  const found = readCases(import.meta.dirname).find((given) => given.name === name);
  if (!found) throw new Error(`no case is named "${name}"`);
  return found;
};

describe('a judgement', () => {
  it('counts the pods that are isolated, beside those that are not', () => {
    const given = caseNamed(
      'a policy that Cilium refuses is told where some pod fails by it, though others are good',
    );
    expect(runCase(networkPolicy, given).passed).toBe(2);
  });

  it('is to be made again when a young pod has had its minute', () => {
    const { recheckAt } = runCase(networkPolicy, caseNamed('a pod made this very second is held back'));
    expect(recheckAt?.toISOString()).toBe('2026-01-17T12:01:00.000Z');
  });

  it('is final where nothing is held back', () => {
    const { recheckAt } = runCase(networkPolicy, caseNamed('a pod made a minute ago is not'));
    expect(recheckAt).toBeUndefined();
  });
});

describe('one cluster asked again', () => {
  const { objects } = caseNamed('two sorts of young pods settle with the younger');
  const ask = () => {
    const source = manifestSource(objects as unknown as Manifest[], { static: false });
    return (params: object) => {
      const { findings } = networkPolicy.judge(
        networkPolicy.schema.parse({ endpoints: [{ namespace: 'shop' }], ...params }),
        { facts: recordFacts(source), now: new Date('2026-02-01T00:00:00Z'), namespace: 'shop' },
      );
      return findings.map(({ reason, field, subject }) => `${reason} ${field} ${subject?.name}`);
    };
  };
  const questions = [
    { isolated: ['Ingress'] },
    { isolated: ['Egress'] },
    { isolated: ['Ingress'], except: [{ entity: 'world' }] },
    { endpoints: [{ namespace: 'shop', podSelector: { matchLabels: { app: 'api' } } }] },
    { endpoints: [{ namespace: 'nowhere' }] },
    { endpoints: [{ namespace: 'nowhere' }], whenMissing: 'NotApplicable' },
  ];

  it.each(questions)('answers %j as if it were the first question', (question) => {
    const again = ask();
    for (const other of questions) again(other);
    expect(again(question)).toEqual(ask()(question));
  });

  it('answers other questions otherwise', () => {
    const told = ask();
    expect(new Set(questions.slice(0, 5).map((question) => JSON.stringify(told(question)))).size).toBe(4);
  });
});

it('a policy for the whole cluster is told of without a namespace', () => {
  const kind = 'CiliumClusterwideNetworkPolicy';
  expect(policySubject({ kind, meta: { name: 'all', namespace: '' } })).toEqual({ kind, name: 'all' });
});

describe('blocks of addresses', () => {
  /** Every other address of 10.0.0.0/8, from its start. */
  const scattered = (count: number) =>
    Array.from({ length: count }, (_, i) => `10.${i >> 15}.${(i >> 7) & 255}.${(i << 1) & 255}/32`);
  const HALVES = ['0.0.0.0/1', '128.0.0.0/1'];
  const given = caseNamed('security/policy/layer3#IP/CIDR based: blocks at egress, with a hole');
  const judge = (params: object, egress: readonly object[]) => {
    const objects = given.objects.map((object) =>
      object.kind === 'CiliumNetworkPolicy' ? { ...object, spec: { endpointSelector: {}, egress } } : object,
    );
    const endpoints = [{ namespace: 'shop', podSelector: { matchLabels: { app: 'api' } } }];
    const { findings, passed } = runCase(networkPolicy, {
      ...given,
      objects,
      params: { endpoints, ...params },
    });
    return { passed, told: findings.map(({ reason, message }) => `${reason}: ${message}`) };
  };

  it('that policies cut too fine for a flow are not taken for denied', () => {
    const params = { isolated: [], deny: [{ to: { cidr: '10.0.0.0/8' }, ports: ['80/TCP'] }] };
    const allow = [
      { toCIDR: [...scattered(2_100)], toPorts: [{ ports: [{ port: '81', protocol: 'TCP' }] }] },
      { toCIDR: ['10.255.255.255/32'] },
    ];
    expect(judge(params, allow)).toEqual({
      passed: 0,
      told: [expect.stringContaining('NotModelled: The policies cut 10.0.0.0/8 into more than 2000 blocks')],
    });
  });

  it('that policies cut too fine for the world are not taken for isolated', () => {
    const open = [{ toCIDR: [...HALVES, ...scattered(2_100)] }];
    expect(judge({ isolated: ['Egress'] }, open)).toEqual({
      passed: 0,
      told: [expect.stringContaining('hangs on more than 2000 blocks of addresses')],
    });
  });

  it('however many there are, one that is closed keeps the world out', () => {
    const some = [{ toCIDR: ['128.0.0.0/1', ...scattered(2_100)] }];
    expect(judge({ isolated: ['Egress'] }, some)).toEqual({ passed: 1, told: [] });
  });
});

describe('parameters', () => {
  const problem = (params: object) =>
    networkPolicy.schema.safeParse({ endpoints: [{ namespace: 'shop' }], ...params }).error?.issues[0]
      ?.message;

  it.each<[string, object, string | undefined]>([
    ['a namespace', { endpoints: [{ namespace: 'shop' }] }, undefined],
    ['namespaces by label', { endpoints: [{ namespaceSelector: {} }] }, undefined],
    [
      'both',
      { endpoints: [{ namespace: 'shop', namespaceSelector: {} }] },
      'give namespace or namespaceSelector, not both',
    ],
    ['a flow from', { allow: [{ from: { namespace: 'shop' } }] }, undefined],
    ['a flow to', { allow: [{ to: { namespace: 'shop' } }] }, undefined],
    ['a flow of nobody', { allow: [{ ports: ['80'] }] }, 'give from, to or both'],
  ])('take or refuse %s', (_, params, told) => {
    expect(problem(params)).toBe(told);
  });
});

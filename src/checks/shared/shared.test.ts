// The parts that checks share: names, selectors, settling, patterns.

import { describe, expect, it } from 'vitest';
import type { Meta, Pod } from '../../facts/kinds.ts';
import { nameMatches } from './names.ts';
import { inNamespace, selectedPods } from './pods.ts';
import { compileRe2 } from './re2.ts';
import { remember } from './remember.ts';
import { describeSelector, matcher } from './selectors.ts';
import { lastChange, settle } from './settling.ts';

const meta = (name: string, more: Partial<Meta> = {}): Meta => ({
  name,
  namespace: 'a',
  uid: name,
  generation: 1,
  labels: {},
  annotations: {},
  creationTimestamp: '',
  owners: [],
  managers: [],
  ...more,
});

const pod = (name: string, more: Partial<Meta> = {}, status: Partial<Pod['status']> = {}): Pod => ({
  meta: meta(name, more),
  spec: { serviceAccountName: 'default', hostNetwork: false, containers: [], initContainers: [] },
  status: { phase: 'Running', ready: true, ...status },
});

it('what is remembered is worked out once for each object, whatever it is', () => {
  const asked: object[] = [];
  const isEmpty = remember((of: object) => {
    asked.push(of);
    return Object.keys(of).length === 0;
  });
  const [some, none] = [{ a: 1 }, {}];
  expect([some, none, some, none, {}].map(isEmpty)).toEqual([false, true, false, true, true]);
  expect(asked).toHaveLength(3);
});

describe('names', () => {
  it.each([
    ['vmsingle-*', 'vmsingle-main', true],
    ['vmsingle-*', 'vmsingle-', true],
    ['vmsingle-*', 'vmsingle', false],
    ['*', '', true],
    ['*-a-*', 'x-a-b-a-', true],
    ['a*b*c', 'aXbXbc', true],
    ['a*b*c', 'aXbX', false],
    ['a.b', 'axb', false],
    ['', '', true],
    ['', 'a', false],
  ])('%s and %s: %s', (pattern, name, expected) => expect(nameMatches(pattern, name)).toBe(expected));

  it('take no longer for hostile patterns', () => {
    expect(nameMatches(`${'*a'.repeat(120)}b`, 'a'.repeat(253))).toBe(false);
  });
});

describe('selectors', () => {
  it.each([
    ['null', undefined, false],
    ['{}', {}, true],
    ['matchLabels', { matchLabels: { app: 'a' } }, true],
    ['matchLabels that differ', { matchLabels: { app: 'a', tier: 'x' } }, false],
    ['In', { matchExpressions: [{ key: 'app', operator: 'In', values: ['b', 'a'] }] }, true],
    [
      'NotIn with an absent key',
      { matchExpressions: [{ key: 'x', operator: 'NotIn', values: ['a'] }] },
      true,
    ],
    ['NotIn', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a'] }] }, false],
    ['Exists', { matchExpressions: [{ key: 'app', operator: 'Exists' }] }, true],
    ['DoesNotExist', { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, false],
    [
      'In without values does not parse',
      { matchExpressions: [{ key: 'app', operator: 'In', values: [] }] },
      false,
    ],
    [
      'Exists with values does not parse',
      { matchExpressions: [{ key: 'app', operator: 'Exists', values: ['a'] }] },
      false,
    ],
    [
      'an unknown operator does not parse',
      { matchExpressions: [{ key: 'app', operator: 'Gt', values: ['1'] }] },
      false,
    ],
    ['a key of every object', { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, false],
  ])('%s', (_, selector, expected) => expect(matcher(selector)({ app: 'a' })).toBe(expected));

  it('are described as kubectl does', () => {
    expect(
      describeSelector({
        matchLabels: { app: 'a' },
        matchExpressions: [
          { key: 'tier', operator: 'NotIn', values: ['x', 'y'] },
          { key: 'z', operator: 'DoesNotExist' },
        ],
      }),
    ).toBe('app=a,tier notin (x,y),!z');
  });

  it('select the same pods through the index as one by one', () => {
    const pods = [pod('p1', { labels: { app: 'a' } }), pod('p2', { labels: { app: 'b' } }), pod('p3')];
    for (const selector of [undefined, {}, { matchLabels: { app: 'a' } }, { matchLabels: { app: 'c' } }]) {
      expect(selectedPods(selector, pods)).toEqual(pods.filter(({ meta: m }) => matcher(selector)(m.labels)));
    }
  });
});

it('a list of one namespace is its own list, others are told apart', () => {
  const one = [pod('p1'), pod('p2')];
  expect(inNamespace(one, 'a')).toBe(one);
  expect(inNamespace(one, 'b')).toEqual([]);
  const two = [pod('p1'), pod('p2', { namespace: 'b' })];
  expect(inNamespace(two, 'b')).toEqual([two[1]]);
  expect(inNamespace(two, 'b')).toBe(inNamespace(two, 'b'));
});

describe('settling', () => {
  const now = new Date('2026-01-17T12:00:00Z');
  const fail = { level: 'Fail', reason: 'R', message: 'm' } as const;

  it('holds a failure back until 60 s after the change, and not a moment longer', () => {
    const at = now.getTime() - 59_999;
    expect(settle(fail, at, now)).toMatchObject({
      finding: { level: 'Unknown', reason: 'Settling' },
      recheckAt: new Date(at + 60_000),
    });
    expect(settle(fail, now.getTime() - 60_000, now)).toEqual({ finding: fail });
  });

  it.each([
    ['creation of the workload', meta('w', { creationTimestamp: '2026-01-17T11:00:00Z' }), [], '11:00:00'],
    [
      'its managers',
      meta('w', { managers: [{ manager: 'm', operation: 'Update', time: '2026-01-17T11:01:00Z' }] }),
      [],
      '11:01:00',
    ],
    ['creation of a pod', meta('w'), [pod('p', { creationTimestamp: '2026-01-17T11:02:00Z' })], '11:02:00'],
    [
      'a pod that became ready',
      meta('w'),
      [pod('p', {}, { readySince: '2026-01-17T11:03:00Z' })],
      '11:03:00',
    ],
    [
      'a deletion that is past its grace',
      meta('w'),
      [pod('p', { deletionTimestamp: '2026-01-17T11:04:00Z' })],
      '11:04:00',
    ],
  ])('%s is a change', (_, workload, pods, time) => {
    expect(new Date(lastChange(workload, [], pods, now)).toISOString()).toBe(`2026-01-17T${time}.000Z`);
  });

  it.each([
    [
      'a status write',
      meta('w', {
        managers: [
          { manager: 'm', operation: 'Update', subresource: 'status', time: '2026-01-17T11:01:00Z' },
        ],
      }),
      [],
    ],
    [
      'a pod that became unready',
      meta('w'),
      [pod('p', {}, { ready: false, readySince: '2026-01-17T11:03:00Z' })],
    ],
    ['a deletion in its grace period', meta('w'), [pod('p', { deletionTimestamp: '2026-01-17T12:30:00Z' })]],
  ])('%s is none', (_, workload, pods) => expect(lastChange(workload, [], pods, now)).toBe(0));
});

describe('patterns', () => {
  it('are RE2, by lines where asked', () => {
    const compiled = compileRe2('^b$', { multiline: true });
    expect(compiled.state === 'compiled' && compiled.test('a\nb\nc')).toBe(true);
    expect(compileRe2('(?=a)')).toMatchObject({ state: 'invalid' });
    expect(compileRe2('(a)\\1')).toMatchObject({ state: 'invalid' });
  });

  it('are the same however many others were asked meanwhile', () => {
    const first = compileRe2('^(a|b)+$');
    for (let index = 0; index < 100; index++) {
      const other = compileRe2(`x${index}`);
      expect(other.state === 'compiled' && other.test(`ax${index}`)).toBe(true);
    }
    expect(compileRe2('^(a|b)+$')).toBe(first);
    expect(first.state === 'compiled' && first.test('abab')).toBe(true);
    expect(first.state === 'compiled' && first.test('a\nb')).toBe(false);
    const where = compileRe2('^b', { multiline: true });
    expect(where.state === 'compiled' && where.where('a\nb')).toBe(2);
    expect(where.state === 'compiled' && where.where('a')).toBe(undefined);
  });

  it('that explode are refused or left undecided', () => {
    expect(compileRe2('a'.repeat(1_025))).toMatchObject({ state: 'invalid' });
    expect(compileRe2('((a{100}){100}){100}')).toMatchObject({ state: 'invalid' });
    const wide = compileRe2('(x+x+)+y');
    expect(wide.state === 'compiled' && wide.test('x'.repeat(1_000))).toBe(false);
    expect(wide.state === 'compiled' && wide.test('x'.repeat(10_000_000))).toBe(undefined);
  });
});

// What the API server refuses, row by row, as test/integration/differential found it to answer.

import { describe, expect, it } from 'vitest';
import { KINDS } from '../../facts/projections.ts';
import { refusal } from './legality.ts';

const refused = (spec: object) =>
  refusal(KINDS.PodDisruptionBudget.project({ metadata: { name: 'b' }, spec }));
const labels = (key: string, value = 'a') => ({ selector: { matchLabels: { [key]: value } } });
const expression = (operator: string, values?: string[], key = 'app') => ({
  selector: { matchExpressions: [{ key, operator, ...(values ? { values } : {}) }] },
});
const long = 'x'.repeat(64);
const longest = long.slice(1);

describe('the API server takes', () => {
  it.each([
    ['neither field', {}],
    ['a number', { minAvailable: 0 }],
    ['the greatest number', { maxUnavailable: 2_147_483_647 }],
    ['a percentage', { maxUnavailable: '100%' }],
    ['a percentage with zeros before it', { minAvailable: '007%' }],
    ['IfHealthyBudget', { unhealthyPodEvictionPolicy: 'IfHealthyBudget' }],
    ['AlwaysAllow', { unhealthyPodEvictionPolicy: 'AlwaysAllow' }],
    ['an empty selector', { selector: {} }],
    ['a label', labels('app.kubernetes.io/name')],
    ['a label of one character', labels('a', 'b')],
    ['capitals and all', labels('A_b.c-D', 'A_b.c-D')],
    ['an empty value', labels('app', '')],
    ['the longest', labels(longest, longest)],
    ['the longest prefix', labels(`${Array(4).fill(longest).join('.').slice(0, 253)}/a`)],
    ['In', expression('In', ['a', ''])],
    ['NotIn', expression('NotIn', ['a'])],
    ['Exists', expression('Exists')],
    ['DoesNotExist with an empty list', expression('DoesNotExist', [])],
  ])('%s', (_, spec) => {
    expect(refused(spec)).toBeUndefined();
  });
});

describe('the API server refuses', () => {
  it.each([
    [
      'both fields',
      { minAvailable: 1, maxUnavailable: 1 },
      'spec',
      'has both minAvailable and maxUnavailable',
    ],
    ['less than none', { minAvailable: -1 }, 'spec.minAvailable', 'has minAvailable -1'],
    ['half a pod', { minAvailable: 0.5 }, 'spec.minAvailable', 'has minAvailable 0.5'],
    ['too many', { minAvailable: 2_147_483_648 }, 'spec.minAvailable', 'has minAvailable 2147483648'],
    ['more than all', { maxUnavailable: '101%' }, 'spec.maxUnavailable', 'has maxUnavailable "101%"'],
    ['a number as text', { maxUnavailable: '1' }, 'spec.maxUnavailable', 'has maxUnavailable "1"'],
    ['no number', { maxUnavailable: '%' }, 'spec.maxUnavailable', 'has maxUnavailable "%"'],
    ['a sign', { maxUnavailable: '-1%' }, 'spec.maxUnavailable', 'has maxUnavailable "-1%"'],
    ['a rest', { maxUnavailable: '1%!' }, 'spec.maxUnavailable', 'has maxUnavailable "1%!"'],
    [
      'another policy',
      { unhealthyPodEvictionPolicy: 'Never' },
      'spec.unhealthyPodEvictionPolicy',
      'has unhealthyPodEvictionPolicy Never',
    ],
    ['an empty key', labels(''), 'spec.selector', 'selects on label "", which no object can have'],
    [
      'a key that is too long',
      labels(long),
      'spec.selector',
      `selects on label "${long}", which no object can have`,
    ],
    ['two slashes', labels('a/b/c'), 'spec.selector', 'selects on label "a/b/c", which no object can have'],
    ['no name', labels('a/'), 'spec.selector', 'selects on label "a/", which no object can have'],
    ['no prefix', labels('/a'), 'spec.selector', 'selects on label "/a", which no object can have'],
    [
      'a prefix in capitals',
      labels('UP/a'),
      'spec.selector',
      'selects on label "UP/a", which no object can have',
    ],
    [
      'a prefix with a gap',
      labels('a..b/a'),
      'spec.selector',
      'selects on label "a..b/a", which no object can have',
    ],
    ['a hyphen before', labels('-a'), 'spec.selector', 'selects on label "-a", which no object can have'],
    ['a hyphen behind', labels('a-'), 'spec.selector', 'selects on label "a-", which no object can have'],
    [
      'a bad value',
      labels('app', 'a b'),
      'spec.selector',
      'selects label app "a b", which no object can have',
    ],
    [
      'a value that is too long',
      labels('app', long),
      'spec.selector',
      `selects label app "${long}", which no object can have`,
    ],
    ['another operator', expression('Like', ['a']), 'spec.selector', 'has operator Like in its selector'],
    [
      'In of nothing',
      expression('In', []),
      'spec.selector',
      'has operator In without values in its selector',
    ],
    [
      'NotIn of nothing',
      expression('NotIn'),
      'spec.selector',
      'has operator NotIn without values in its selector',
    ],
    [
      'Exists of values',
      expression('Exists', ['a']),
      'spec.selector',
      'has operator Exists with values in its selector',
    ],
    [
      'DoesNotExist of values',
      expression('DoesNotExist', ['a']),
      'spec.selector',
      'has operator DoesNotExist with values in its selector',
    ],
    [
      'a bad value among good ones',
      expression('In', ['a', '-']),
      'spec.selector',
      'selects label app "-", which no object can have',
    ],
    [
      'a bad key of an expression',
      expression('Exists', undefined, 'a b'),
      'spec.selector',
      'selects on label "a b", which no object can have',
    ],
  ])('%s', (_, spec, field, what) => {
    expect(refused(spec)).toEqual({ field, what });
  });

  it('a prefix of more than 253 characters', () => {
    expect(refused(labels(`${Array(4).fill(longest).join('.').slice(0, 252)}aa/a`))).toBeDefined();
  });
});

// What makes an identity, and what a selector over it means.

import { describe, expect, it } from 'vitest';
import { extendKey, labelFilter, matches, podLabels, requirements, selectorFault } from './labels.ts';
import { selector } from './raw.ts';

const pod = (labels: Record<string, string>) => ({
  k8s: podLabels(
    { labels, namespace: 'shop', serviceAccount: 'web' },
    { team: 'red' },
    'prod',
    labelFilter(''),
  ),
  reserved: new Set<string>(),
});

const selects = (written: unknown, labels: Record<string, string>) =>
  matches(requirements(selector(written, 'selector')), pod(labels));

describe('the source of a key', () => {
  it.each([
    ['app', 'any.app'],
    ['k8s:app', 'k8s.app'],
    ['any:app', 'any.app'],
    ['reserved:host', 'reserved.host'],
    ['reserved.host', 'reserved.host'],
    ['$host', 'reserved.host'],
    ['app.kubernetes.io/name', 'any.app.kubernetes.io/name'],
  ])('of %s is written %s', (written, extended) => expect(extendKey(written)).toBe(extended));
});

describe('the label filter', () => {
  it.each([
    ['app', true],
    ['app.kubernetes.io/name', true],
    ['kubernetes.io/name', false],
    ['k8s.io/name', false],
    ['my-kubernetes.io/zone', true],
    ['topology.kubernetes.io/zone', false],
    ['node.beta.kubernetes.io/x', false],
    ['pod-template-hash', false],
    ['my-pod-template-hash', true],
    ['controller-uid', false],
    ['batch.kubernetes.io/controller-uid', false],
    ['apps.kubernetes.io/pod-index', false],
    ['annotation.x', false],
    ['io.kubernetes.x', false],
    ['io.kubernetes.pod.namespace', true],
    ['io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name', true],
  ])('by default, of %s: %s', (key, kept) => expect(labelFilter('')(key)).toBe(kept));

  it('becomes a white list with the first word that includes', () => {
    const filter = labelFilter('k8s:team !tier');
    expect([filter('team'), filter('app'), filter('tier')]).toEqual([true, false, false]);
  });

  it('only leaves out more with words that exclude', () => {
    const filter = labelFilter('!tier');
    expect([filter('tier'), filter('app')]).toEqual([false, true]);
  });

  it('keeps what is included over a longer match than excluded', () => {
    const filter = labelFilter('k8s:tier-front !tier');
    expect([filter('tier-front'), filter('tier-back')]).toEqual([true, false]);
  });

  it('says so where a pattern does not compile', () => expect(() => labelFilter('k8s:(')).toThrow());
});

describe('the identity of a pod', () => {
  it('has its namespace, the labels of that, its service account and the cluster', () => {
    expect(Object.fromEntries(pod({ app: 'web', 'pod-template-hash': 'x' }).k8s)).toEqual({
      app: 'web',
      'io.kubernetes.pod.namespace': 'shop',
      'io.cilium.k8s.namespace.labels.team': 'red',
      'io.cilium.k8s.policy.serviceaccount': 'web',
      'io.cilium.k8s.policy.cluster': 'prod',
    });
  });

  it('cannot be forged by labels of the pod', () => {
    const { k8s } = pod({
      'io.cilium.k8s.policy.serviceaccount': 'admin',
      'io.kubernetes.pod.namespace': 'other',
    });
    expect(k8s.get('io.cilium.k8s.policy.serviceaccount')).toBe('web');
    expect(k8s.get('io.kubernetes.pod.namespace')).toBe('shop');
  });
});

describe('a selector', () => {
  const expression = (operator: string, values?: string[]) => ({
    matchExpressions: [{ key: 'app', operator, ...(values ? { values } : {}) }],
  });
  it.each([
    ['{} selects all', {}, true],
    ['matchLabels selects', { matchLabels: { app: 'web' } }, true],
    ['matchLabels of another source does not', { matchLabels: { 'reserved:app': 'web' } }, false],
    ['another value does not', { matchLabels: { app: 'db' } }, false],
    ['In', expression('In', ['db', 'web']), true],
    ['NotIn', expression('NotIn', ['web']), false],
    ['Exists', expression('Exists'), true],
    ['DoesNotExist', expression('DoesNotExist'), false],
    ['both must hold', { matchLabels: { app: 'web' }, ...expression('NotIn', ['web']) }, false],
  ])('%s', (_, written, selected) => expect(selects(written, { app: 'web' })).toBe(selected));

  it.each([
    ['a bare key of 59 characters', { matchLabels: { ['a'.repeat(59)]: 'x' } }, undefined],
    ['a bare key of 60 characters', { matchLabels: { ['a'.repeat(60)]: 'x' } }, 'is not a valid label key'],
    ['an upper case prefix', { matchLabels: { 'Example.org/x': 'x' } }, 'is not a valid label key'],
    ['a value of 64 characters', { matchLabels: { a: 'x'.repeat(64) } }, 'is not a valid label value'],
    ['In without values', expression('In'), 'needs values'],
    ['Exists with values', expression('Exists', ['x']), 'takes no values'],
    ['an operator that is none', expression('Gt', ['1']), 'not a valid operator'],
  ])('with %s: %s', (_, written, fault) => {
    const found = selectorFault(selector(written, 'selector'));
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(fault);
  });

  it('that is not valid selects everybody, where nobody has refused it', () => {
    expect(requirements(selector(expression('In'), 'selector'))).toEqual([]);
  });
});

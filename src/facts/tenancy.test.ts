// What an item may see: api.md, Tenancy.

import { describe, expect, it } from 'vitest';
import { kindRef, wholeRef } from './source.ts';
import { accessOf, type Permission, type Question, type Tenancy } from './tenancy.ts';

const DEPLOYMENT = kindRef('Deployment');
const SECRET = wholeRef({ apiVersion: 'v1', kind: 'Secret' });
const HELM_RELEASE = wholeRef({ apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease' });

const tenancy = (answer: Permission = { state: 'allowed' }, asked: Question[] = []): Tenancy => ({
  clusterWide: new Set(['remediation-system']),
  permission: (_tenant, question) => {
    asked.push(question);
    return answer;
  },
});
const access = (namespace: string, serviceAccountName?: string, answer?: Permission, asked?: Question[]) =>
  accessOf({ namespace, serviceAccountName }, tenancy(answer, asked));

describe('an item of an ordinary namespace', () => {
  const see = access('shop');

  it('sees its own namespace, its Secrets too', () => {
    expect(see(DEPLOYMENT, 'shop', 'web')).toBeUndefined();
    expect(see(DEPLOYMENT, 'shop', undefined)).toBeUndefined();
    expect(see(SECRET, 'shop', 'token')).toBeUndefined();
  });

  it('sees the Namespace object that it lives in, and no other', () => {
    expect(see(kindRef('Namespace'), undefined, 'shop')).toBeUndefined();
    expect(see(kindRef('Namespace'), undefined, 'kube-system')?.state).toBe('failed');
    expect(see(kindRef('Namespace'), undefined, undefined)?.state).toBe('failed');
  });

  it.each([
    ['an object elsewhere', DEPLOYMENT, 'bank', 'web', 'Deployment bank/web', 'may get'],
    ['a list elsewhere', DEPLOYMENT, 'bank', undefined, 'deployments in namespace bank', 'may list'],
    [
      'a list of the whole cluster',
      DEPLOYMENT,
      undefined,
      undefined,
      'deployments of the whole cluster',
      'may list',
    ],
    ['a foreign kind', HELM_RELEASE, 'bank', 'web', 'HelmRelease bank/web', 'may get'],
    [
      'a cluster-scoped object',
      kindRef('CiliumClusterwideNetworkPolicy'),
      undefined,
      'all',
      'CiliumClusterwideNetworkPolicy all',
      'may get',
    ],
  ] as const)('does not see %s, and is told what to do', (_what, kind, namespace, name, noun, verb) => {
    const answer = see(kind, namespace, name);
    expect(answer).toMatchObject({ state: 'failed', reason: 'Forbidden' });
    expect(answer?.message).toContain(`this one wants ${noun}`);
    expect(answer?.message).toContain(`give it a serviceAccountName that ${verb} them`);
    expect(answer?.message).toContain('(remediation-system)');
  });
});

describe('an item of a cluster-wide namespace', () => {
  const see = access('remediation-system');

  it('sees the whole cluster', () => {
    expect(see(DEPLOYMENT, 'bank', 'web')).toBeUndefined();
    expect(see(DEPLOYMENT, undefined, undefined)).toBeUndefined();
  });

  it('sees no Secret of another namespace all the same', () => {
    expect(see(SECRET, 'remediation-system', 'token')).toBeUndefined();
    expect(see(SECRET, 'bank', 'token')).toMatchObject({
      state: 'failed',
      reason: 'Forbidden',
      message: expect.stringContaining("Secrets are read only in the item's own namespace"),
    });
    expect(see(SECRET, undefined, undefined)?.state).toBe('failed');
  });
});

describe('an item with a ServiceAccount', () => {
  it('sees what that may read, whatever namespace the item is in', () => {
    const asked: Question[] = [];
    for (const namespace of ['shop', 'remediation-system'])
      expect(
        access(namespace, 'reader', { state: 'allowed' }, asked)(DEPLOYMENT, 'bank', 'web'),
      ).toBeUndefined();
    access('shop', 'reader', { state: 'allowed' }, asked)(DEPLOYMENT, 'shop', undefined);
    expect(asked.map(({ verb, kind, namespace, name }) => [verb, kind, namespace, name])).toEqual([
      ['get', 'Deployment', 'bank', 'web'],
      ['get', 'Deployment', 'bank', 'web'],
      ['list', 'Deployment', 'shop', undefined],
    ]);
  });

  it('is bound by it in its own namespace too, and in a cluster-wide one', () => {
    const denied: Permission = { state: 'denied', message: 'grant it' };
    for (const namespace of ['shop', 'remediation-system'])
      expect(access(namespace, 'reader', denied)(DEPLOYMENT, namespace, 'web')).toEqual({
        state: 'failed',
        reason: 'Forbidden',
        message: 'grant it',
      });
  });

  it('waits for the answer, and says when none can be had', () => {
    const pending: Permission = { state: 'pending', message: 'asking' };
    expect(access('shop', 'reader', pending)(DEPLOYMENT, 'bank', 'web')).toEqual(pending);
    const failed: Permission = { state: 'failed', reason: 'Unreachable', message: 'no answer' };
    expect(access('shop', 'reader', failed)(DEPLOYMENT, 'bank', 'web')).toEqual(failed);
  });

  it('sees no Secret of another namespace, although it may', () => {
    expect(access('shop', 'reader')(SECRET, 'bank', 'token')?.state).toBe('failed');
    expect(access('shop', 'reader')(SECRET, 'shop', 'token')).toBeUndefined();
  });
});

// The arithmetic of the disruption controller and the answers of the eviction
// API, row by row.

import { describe, expect, it } from 'vitest';
import type { Deployment, Pod, PodDisruptionBudget } from '../../facts/kinds.ts';
import { KINDS } from '../../facts/projections.ts';
import { budgetStatus, type Controllers, expectedScale, scaleOf } from './arithmetic.ts';
import { answerEviction, budgetsSelecting } from './eviction.ts';

const owned = (kind: string, uid: string, apiVersion = 'apps/v1') => [
  { apiVersion, kind, name: uid, uid, controller: true },
];

function pod(name: string, ownerReferences: unknown[] = owned('ReplicaSet', 'rs'), more: object = {}): Pod {
  return KINDS.Pod.project({
    metadata: { name, namespace: 'n', uid: name, labels: { app: 'a' }, ownerReferences },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    ...more,
  });
}

function controllers(replicas: number): Controllers {
  const deployment: Deployment = KINDS.Deployment.project({
    metadata: { name: 'd', uid: 'd' },
    spec: { replicas },
  });
  return {
    deployments: [deployment],
    replicaSets: [
      KINDS.ReplicaSet.project({
        metadata: { name: 'rs', uid: 'rs', ownerReferences: owned('Deployment', 'd') },
        spec: { replicas: 99 },
      }),
      KINDS.ReplicaSet.project({ metadata: { name: 'alone', uid: 'alone' }, spec: { replicas: 4 } }),
      KINDS.ReplicaSet.project({
        metadata: {
          name: 'rollout',
          uid: 'rollout',
          ownerReferences: owned('Rollout', 'r', 'argoproj.io/v1alpha1'),
        },
        spec: { replicas: 5 },
      }),
      KINDS.ReplicaSet.project({
        metadata: {
          name: 'namesake',
          uid: 'namesake',
          ownerReferences: owned('Deployment', 'other', 'example.dev/v1'),
        },
        spec: { replicas: 6 },
      }),
    ],
    statefulSets: [KINDS.StatefulSet.project({ metadata: { name: 's', uid: 's' }, spec: { replicas: 3 } })],
    replicationControllers: [
      KINDS.ReplicationController.project({ metadata: { name: 'rc', uid: 'rc' }, spec: { replicas: 2 } }),
    ],
  };
}

const status = (
  expectedPods: number,
  desiredHealthy: number,
  currentHealthy: number,
  disruptionsAllowed: number,
) => ({
  expectedPods,
  desiredHealthy,
  currentHealthy,
  disruptionsAllowed,
});

const two = [pod('1'), pod('2')];

describe('the disruption controller', () => {
  it.each([
    ['an integer minAvailable expects the pods that match', { minAvailable: 1 }, two, 5, status(2, 1, 2, 1)],
    ['a percentage of the scale rounds up', { minAvailable: '50%' }, two, 3, status(3, 2, 2, 0)],
    ['maxUnavailable counts from the scale', { maxUnavailable: 1 }, two, 3, status(3, 2, 2, 0)],
    [
      'a percentage of maxUnavailable rounds up as well',
      { maxUnavailable: '30%' },
      two,
      3,
      status(3, 2, 2, 0),
    ],
    ['maxUnavailable past the scale wants none healthy', { maxUnavailable: 9 }, two, 3, status(3, 0, 2, 2)],
    ['neither field allows nothing', {}, two, 2, status(0, 0, 2, 0)],
    ['no pods allow nothing', { minAvailable: 0 }, [], 2, status(0, 0, 0, 0)],
    ['minAvailable 0 allows all', { minAvailable: 0 }, two, 2, status(2, 0, 2, 2)],
    [
      'an ended pod is expected all the same',
      { minAvailable: 1 },
      [...two, pod('3', undefined, { status: { phase: 'Succeeded' } })],
      2,
      status(3, 1, 2, 1),
    ],
    [
      'a terminating pod is not healthy',
      { minAvailable: 1 },
      [
        pod('1'),
        pod('2', undefined, {
          metadata: { name: '2', namespace: 'n', deletionTimestamp: '2026-01-01T00:00:00Z' },
        }),
      ],
      2,
      status(2, 1, 1, 0),
    ],
    [
      'bare pods are left out of the scale',
      { maxUnavailable: 1 },
      [...two, pod('3', [])],
      2,
      status(2, 1, 3, 2),
    ],
    ['only bare pods expect nothing', { maxUnavailable: 1 }, [pod('1', [])], 2, status(0, 0, 1, 0)],
    [
      'a ReplicaSet of nobody counts by itself',
      { maxUnavailable: 1 },
      [pod('1', owned('ReplicaSet', 'alone'))],
      2,
      status(4, 3, 1, 0),
    ],
    [
      'so does one of a kind other than Deployment',
      { maxUnavailable: 1 },
      [pod('1', owned('ReplicaSet', 'rollout'))],
      2,
      status(5, 4, 1, 0),
    ],
    [
      'and one of a Deployment that is none of apps, or that is gone',
      { maxUnavailable: 1 },
      [pod('1', owned('ReplicaSet', 'namesake'))],
      2,
      status(6, 5, 1, 0),
    ],
    [
      'a pod that a Deployment controls without a ReplicaSet has its scale',
      { maxUnavailable: 1 },
      [pod('1', owned('Deployment', 'd'))],
      2,
      status(2, 1, 1, 0),
    ],
    [
      'distinct controllers are summed',
      { maxUnavailable: 1 },
      [...two, pod('3', owned('StatefulSet', 's')), pod('4', owned('ReplicationController', 'rc', 'v1'))],
      2,
      status(7, 6, 4, 0),
    ],
    [
      'a DaemonSet has no scale',
      { maxUnavailable: 1 },
      [...two, pod('3', owned('DaemonSet', 'ds'))],
      2,
      undefined,
    ],
    [
      'a controller that is gone fails the sync',
      { maxUnavailable: 1 },
      [pod('1', owned('ReplicaSet', 'gone'))],
      2,
      undefined,
    ],
    [
      'but not for an integer minAvailable',
      { minAvailable: 1 },
      [...two, pod('3', owned('DaemonSet', 'ds'))],
      2,
      status(3, 1, 3, 2),
    ],
  ] as const)('%s', (_, spec, pods, replicas, expected) => {
    expect(budgetStatus(spec, pods, controllers(replicas))).toEqual(expected);
  });
});

function budget(name: string, given: object, spec: object = {}): PodDisruptionBudget {
  return KINDS.PodDisruptionBudget.project({
    metadata: { name, namespace: 'n', generation: 1 },
    spec: { selector: { matchLabels: { app: 'a' } }, ...spec },
    status: {
      observedGeneration: 1,
      currentHealthy: 2,
      desiredHealthy: 1,
      expectedPods: 2,
      disruptionsAllowed: 1,
      ...given,
    },
  });
}

const unready = pod('u', undefined, {
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
});
const none = { disruptionsAllowed: 0 };

describe('the eviction API', () => {
  const ended = (phase: string) => pod('1', undefined, { status: { phase } });
  const leaving = pod('1', undefined, {
    metadata: { name: '1', namespace: 'n', labels: { app: 'a' }, deletionTimestamp: '2026-01-01T00:00:00Z' },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  });
  const two = [budget('b', none), budget('c', none)];
  const condition = (type: string, reason: string) => ({ conditions: [{ type, status: 'False', reason }] });
  it.each([
    ['lets a pod without a budget go', pod('1'), [], 201, 'NoBudget', undefined],
    ['lets one go while disruptions are left', pod('1'), [budget('b', {})], 201, 'SomeLeft', 'b'],
    ['refuses where none is left', pod('1'), [budget('b', none)], 429, 'NoneLeft', 'b'],
    [
      'refuses under a stale status',
      pod('1'),
      [budget('b', { observedGeneration: 0 })],
      429,
      'StatusStale',
      'b',
    ],
    ['does not support two budgets', pod('1'), two, 500, 'SeveralBudgets', undefined],
    [
      'passes over a null selector',
      pod('1'),
      [budget('b', none, { selector: undefined })],
      201,
      'NoBudget',
      undefined,
    ],
    ['knows an empty selector', pod('1'), [budget('b', none, { selector: {} })], 429, 'NoneLeft', 'b'],
    [
      'knows a selector of expressions',
      pod('1'),
      [budget('b', none, { selector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } })],
      429,
      'NoneLeft',
      'b',
    ],
    ['lets a pending pod go', ended('Pending'), two, 201, 'BypassesBudgets', undefined],
    ['lets a failed pod go', ended('Failed'), two, 201, 'BypassesBudgets', undefined],
    ['lets a pod go that is done', ended('Succeeded'), two, 201, 'BypassesBudgets', undefined],
    ['lets a pod go that is going', leaving, two, 201, 'BypassesBudgets', undefined],
    [
      'lets an unready pod go under AlwaysAllow',
      unready,
      [budget('b', { ...none, currentHealthy: 0 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' })],
      201,
      'Unhealthy',
      'b',
    ],
    [
      'lets one go while enough are healthy',
      unready,
      [budget('b', { ...none, currentHealthy: 1 })],
      201,
      'Unhealthy',
      'b',
    ],
    ['also under a stale status', unready, [budget('b', { observedGeneration: 0 })], 201, 'Unhealthy', 'b'],
    [
      'keeps one while too few are healthy',
      unready,
      [budget('b', { ...none, currentHealthy: 0 })],
      429,
      'NoneLeft',
      'b',
    ],
    [
      'keeps one where none need be healthy',
      unready,
      [budget('b', { ...none, desiredHealthy: 0 })],
      429,
      'NoneLeft',
      'b',
    ],
    [
      'refuses a negative status',
      pod('1'),
      [budget('b', { disruptionsAllowed: -1 })],
      403,
      'NegativeStatus',
      'b',
    ],
    [
      'tells that the sync failed',
      pod('1'),
      [budget('b', { ...none, ...condition('DisruptionAllowed', 'SyncFailed') })],
      429,
      'SyncFailed',
      'b',
    ],
    [
      'tells no failure of another condition',
      pod('1'),
      [budget('b', { ...none, ...condition('Other', 'SyncFailed') })],
      429,
      'NoneLeft',
      'b',
    ],
    [
      'nor of another reason',
      pod('1'),
      [budget('b', { ...none, ...condition('DisruptionAllowed', 'InsufficientPods') })],
      429,
      'NoneLeft',
      'b',
    ],
  ] as const)('%s', (_, subject, budgets, code, why, by) => {
    const answer = answerEviction(subject, budgets);
    expect([answer.code, answer.why, answer.budget?.meta.name]).toEqual([code, why, by]);
  });

  it('names budgets in the order of their names', () => {
    const over = budgetsSelecting({ app: 'a' }, [
      budget('c', {}),
      budget('a', {}),
      budget('b', {}, { selector: {} }),
    ]);
    expect(over.map(({ meta }) => meta.name)).toEqual(['a', 'b', 'c']);
  });
});

describe('behind a pod stands', () => {
  it.each([
    ['nobody', pod('1', []), { state: 'unmanaged' }],
    ['the Deployment of its ReplicaSet', pod('1'), { state: 'scaled', uid: 'd', replicas: 2 }],
    [
      'also by the old group',
      pod('1', owned('ReplicaSet', 'rs', 'extensions/v1beta1')),
      { state: 'scaled', uid: 'd', replicas: 2 },
    ],
    [
      'a ReplicaSet of nobody',
      pod('1', owned('ReplicaSet', 'alone')),
      { state: 'scaled', uid: 'alone', replicas: 4 },
    ],
    ['a StatefulSet', pod('1', owned('StatefulSet', 's')), { state: 'scaled', uid: 's', replicas: 3 }],
    [
      'a ReplicationController',
      pod('1', owned('ReplicationController', 'rc', 'v1')),
      { state: 'scaled', uid: 'rc', replicas: 2 },
    ],
    [
      'a ReplicaSet that is gone',
      pod('1', owned('ReplicaSet', 'gone')),
      { state: 'unscaled', controller: 'ReplicaSet n/gone' },
    ],
    ['a DaemonSet', pod('1', owned('DaemonSet', 's')), { state: 'unscaled', controller: 'DaemonSet n/s' }],
    ['a Job', pod('1', owned('Job', 's', 'batch/v1')), { state: 'unscaled', controller: 'Job n/s' }],
    [
      'a ConfigMap',
      pod('1', owned('ConfigMap', 'rc', 'v1')),
      { state: 'unscaled', controller: 'ConfigMap n/rc' },
    ],
    [
      'a StatefulSet of someone else',
      pod('1', owned('StatefulSet', 's', 'example.dev/v1')),
      { state: 'foreign', controller: 'StatefulSet n/s' },
    ],
    [
      'a Deployment of someone else',
      pod('1', owned('Deployment', 'd', 'example.dev/v1')),
      { state: 'foreign', controller: 'Deployment n/d' },
    ],
    [
      'a ReplicaSet of someone else',
      pod('1', owned('ReplicaSet', 'rs', 'example.dev/v1')),
      { state: 'foreign', controller: 'ReplicaSet n/rs' },
    ],
    [
      'a ReplicationController of someone else',
      pod('1', owned('ReplicationController', 'rc', 'example.dev/v1')),
      { state: 'foreign', controller: 'ReplicationController n/rc' },
    ],
  ] as const)('%s', (_, subject, expected) => {
    expect(scaleOf(subject, controllers(2))).toEqual(expected);
  });

  it('one that the sum names, where it has no scale', () => {
    const others = [pod('1', []), pod('2', owned('DaemonSet', 'ds')), pod('3')];
    expect(expectedScale(others, controllers(2))).toMatchObject({
      pod: { meta: { name: '2' } },
      foreign: false,
    });
    expect(expectedScale([pod('1', owned('Cluster', 'c', 'example.dev/v1'))], controllers(2))).toMatchObject({
      foreign: true,
    });
    expect(expectedScale([pod('1', []), pod('2', [])], controllers(2))).toEqual({ replicas: 0 });
  });
});

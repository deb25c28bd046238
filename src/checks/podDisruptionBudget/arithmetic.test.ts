// The arithmetic of the disruption controller and the answers of the eviction
// API, row by row.

import { describe, expect, it } from 'vitest';
import type { Deployment, Pod, PodDisruptionBudget } from '../../facts/kinds.ts';
import { KINDS } from '../../facts/projections.ts';
import { budgetStatus, type Controllers } from './arithmetic.ts';
import { answerEviction } from './eviction.ts';

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
  it.each([
    ['lets a pod without a budget go', pod('1'), [], 201],
    ['lets one go while disruptions are left', pod('1'), [budget('b', {})], 201],
    ['refuses where none is left', pod('1'), [budget('b', none)], 429],
    ['refuses under a stale status', pod('1'), [budget('b', { observedGeneration: 0 })], 429],
    ['does not support two budgets', pod('1'), [budget('b', {}), budget('c', {})], 500],
    ['passes over a null selector', pod('1'), [budget('b', none, { selector: undefined })], 201],
    [
      'lets a pending pod go',
      pod('1', undefined, { status: { phase: 'Pending' } }),
      [budget('b', none)],
      201,
    ],
    [
      'lets an ended pod go',
      pod('1', undefined, { status: { phase: 'Failed' } }),
      [budget('b', none), budget('c', none)],
      201,
    ],
    [
      'lets an unready pod go under AlwaysAllow',
      unready,
      [budget('b', { ...none, currentHealthy: 0 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' })],
      201,
    ],
    [
      'lets an unready pod go while enough are healthy',
      unready,
      [budget('b', { ...none, currentHealthy: 1 })],
      201,
    ],
    [
      'keeps an unready pod while too few are healthy',
      unready,
      [budget('b', { ...none, currentHealthy: 0 })],
      429,
    ],
    [
      'keeps an unready pod where none need be healthy',
      unready,
      [budget('b', { ...none, desiredHealthy: 0 })],
      429,
    ],
    ['refuses a negative status', pod('1'), [budget('b', { disruptionsAllowed: -1 })], 403],
  ])('%s', (_, subject, budgets, code) => {
    expect(answerEviction(subject, budgets).code).toBe(code);
  });
});

// How far a rollout has come, row by row.

import { describe, expect, it } from 'vitest';
import { KINDS } from '../../facts/projections.ts';
import type { MatchedWorkload } from '../shared/workloads.ts';
import { rolloutOf } from './rollout.ts';

type Kind = 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Pod';

function rollout(kind: Kind, spec: object, status: object, generation = 2) {
  const object = KINDS[kind].project({ metadata: { name: 'n', namespace: 'n', generation }, spec, status });
  return rolloutOf({ kind, object, subject: { kind, name: 'n' }, named: true } as MatchedWorkload);
}

const deployed = { observedGeneration: 2, replicas: 3, updatedReplicas: 3 };
const set = { observedGeneration: 2, updatedReplicas: 3 };
const daemon = { observedGeneration: 2, desiredNumberScheduled: 3, updatedNumberScheduled: 3 };

describe('a rollout is complete', () => {
  it.each([
    ['when every replica is updated', 'Deployment', { replicas: 3 }, deployed, true],
    ['also while there are more than wanted', 'Deployment', { replicas: 2 }, deployed, true],
    ['not before all are', 'Deployment', { replicas: 4 }, deployed, false],
    ['not while old ones are left', 'Deployment', { replicas: 3 }, { ...deployed, replicas: 4 }, false],
    [
      'not when the status is older',
      'Deployment',
      { replicas: 3 },
      { ...deployed, observedGeneration: 1 },
      false,
    ],
    ['when every pod of a set is updated', 'StatefulSet', { replicas: 3 }, set, true],
    ['not before', 'StatefulSet', { replicas: 4 }, set, false],
    ['not by an older status', 'StatefulSet', { replicas: 3 }, { ...set, observedGeneration: 1 }, false],
    ['when it is updated on every node', 'DaemonSet', {}, daemon, true],
    ['not on one node less', 'DaemonSet', {}, { ...daemon, updatedNumberScheduled: 2 }, false],
    ['not by an older status of it', 'DaemonSet', {}, { ...daemon, observedGeneration: 1 }, false],
    ['always, of a bare pod', 'Pod', {}, {}, true],
  ] as const)('%s', (_, kind, spec, status, complete) => {
    expect(rollout(kind, spec, status).complete).toBe(complete);
  });

  it('never in a manifest, which nobody has observed', () => {
    expect(rollout('Deployment', { replicas: 0 }, {}, 0).complete).toBe(false);
  });
});

describe('pods of an older template are left alone', () => {
  const partition = (value: number) => ({
    replicas: 3,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: value } },
  });
  const onDelete = { replicas: 3, updateStrategy: { type: 'OnDelete' } };
  it.each([
    ['by a paused Deployment', 'Deployment', { paused: true }, 'the Deployment is paused'],
    ['not by one that is not', 'Deployment', { paused: false }, undefined],
    ['by a set with OnDelete', 'StatefulSet', onDelete, 'its updateStrategy is OnDelete'],
    [
      'by a partition of all pods',
      'StatefulSet',
      partition(3),
      'its partition 3 keeps every pod at the old revision',
    ],
    ['not by a partition of some', 'StatefulSet', partition(2), undefined],
    ['by a DaemonSet with OnDelete', 'DaemonSet', onDelete, 'its updateStrategy is OnDelete'],
    ['not by one that rolls', 'DaemonSet', {}, undefined],
  ] as const)('%s', (_, kind, spec, heldBy) => {
    expect(rollout(kind, spec, {}).heldBy).toBe(heldBy);
  });
});

it.each([
  ['Deployment', { replicas: 4 }, deployed, 4, '3 of 4 replicas updated'],
  ['StatefulSet', { replicas: 4 }, set, 4, '3 of 4 replicas updated'],
  ['DaemonSet', {}, daemon, 3, '3 of 3 pods updated'],
  ['DaemonSet', {}, { ...daemon, desiredNumberScheduled: 0 }, 0, '3 of 0 pods updated'],
  ['DaemonSet', {}, {}, 1, '0 of 0 pods updated'],
  ['Pod', {}, {}, 1, ''],
] as const)('a %s with %o wants as many pods as it says', (kind, spec, status, desired, progress) => {
  expect(rollout(kind, spec, status)).toMatchObject({ desired, progress });
});

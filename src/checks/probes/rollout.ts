// How far a workload's rollout has come, and whether the pods that run now
// will ever be replaced by themselves. After kubectl's rollout status
// (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go).

import type { PodTemplate } from '../../facts/kinds.ts';
import type { MatchedWorkload } from '../shared/workloads.ts';

export interface Rollout {
  /** undefined for a bare pod, which is its own template. */
  readonly template?: PodTemplate;
  /** How many pods are wanted. */
  readonly desired: number;
  /** Does every pod that is not on its way out come from the current template? */
  readonly complete: boolean;
  /** Why the controller leaves pods of an older template alone, if it does. */
  readonly heldBy?: string;
  /** What is left to do, for messages. */
  readonly progress: string;
}

export function rolloutOf(workload: MatchedWorkload): Rollout {
  switch (workload.kind) {
    case 'Pod':
      return { desired: 1, complete: true, progress: '' };
    case 'Deployment': {
      const { spec, status, meta } = workload.object;
      const observed = isObserved(status.observedGeneration, meta.generation);
      return {
        template: spec.template,
        desired: spec.replicas,
        complete:
          observed && status.updatedReplicas >= spec.replicas && status.replicas <= status.updatedReplicas,
        ...(spec.paused ? { heldBy: 'the Deployment is paused' } : {}),
        progress: `${status.updatedReplicas} of ${spec.replicas} replicas updated`,
      };
    }
    case 'StatefulSet': {
      const { spec, status, meta } = workload.object;
      const observed = isObserved(status.observedGeneration, meta.generation);
      const { type, partition } = spec.updateStrategy;
      return {
        template: spec.template,
        desired: spec.replicas,
        complete: observed && status.updatedReplicas >= spec.replicas,
        ...statefulSetHold(type, partition, spec.replicas),
        progress: `${status.updatedReplicas} of ${spec.replicas} replicas updated`,
      };
    }
    case 'DaemonSet': {
      const { spec, status, meta } = workload.object;
      const observed = isObserved(status.observedGeneration, meta.generation);
      return {
        template: spec.template,
        desired: observed ? status.desiredNumberScheduled : Math.max(1, status.desiredNumberScheduled),
        complete: observed && status.updatedNumberScheduled >= status.desiredNumberScheduled,
        ...(spec.updateStrategy.type === 'OnDelete' ? { heldBy: 'its updateStrategy is OnDelete' } : {}),
        progress: `${status.updatedNumberScheduled} of ${status.desiredNumberScheduled} pods updated`,
      };
    }
    default:
      return workload satisfies never;
  }
}

/** With a partition, the pods below it keep the old template, even when they are made anew. */
function statefulSetHold(type: string, partition: number, replicas: number): { readonly heldBy?: string } {
  if (type === 'OnDelete') return { heldBy: 'its updateStrategy is OnDelete' };
  if (partition >= replicas)
    return { heldBy: `its partition ${partition} keeps every pod at the old revision` };
  return {};
}

/** Manifests have neither generation nor status: nothing has been observed of them. */
const isObserved = (observed: number, generation: number) => observed >= Math.max(1, generation);

// How much a budget must ask for to fit a workload, and how many replicas it
// takes where none fits.

import type { Edit } from '../../facts/edits.ts';
import type { HorizontalPodAutoscaler, Pod, PodDisruptionBudget, Selector } from '../../facts/kinds.ts';
import type { CheckContext, Subject, Way } from '../check.ts';
import { count, isUnknowable, refer, subjectOf } from '../shared/messages.ts';
import { podsOf } from '../shared/pods.ts';
import { patchOf } from '../shared/remedies.ts';
import type { Labels } from '../shared/selectors.ts';
import type { MatchedWorkload } from '../shared/workloads.ts';
import { scaledValue } from './arithmetic.ts';
import { guarantee, NO_OTHERS, replicaFloor } from './guarantee.ts';
import type { Params } from './schema.ts';

export type Amount = Pick<PodDisruptionBudget['spec'], 'minAvailable' | 'maxUnavailable'>;

/** A workload that a budget can be for. */
export interface Need {
  readonly subject: Subject;
  readonly selector: Selector;
  /** The labels of its pods to be. */
  readonly template: Labels;
  readonly replicas: number;
  /** The fewest that it runs with. */
  readonly floor: number;
  readonly autoscalers: readonly HorizontalPodAutoscaler[];
  /** Its own pods, and all of the namespace. */
  readonly own: ReadonlySet<Pod>;
  readonly pods: readonly Pod[];
}

/** Every workload of a namespace that has a scale; none where that cannot be known. */
export function needsOf({ facts }: CheckContext, namespace: string): readonly Need[] {
  const autoscalers = facts.list('HorizontalPodAutoscaler', namespace);
  const podList = facts.list('Pod', namespace);
  const setList = facts.list('ReplicaSet', namespace);
  const deployments = facts.list('Deployment', namespace);
  const statefulSets = facts.list('StatefulSet', namespace);
  if (isUnknowable(autoscalers) || isUnknowable(deployments) || isUnknowable(statefulSets)) return [];
  const pods = isUnknowable(podList) ? [] : podList.value;
  const sets = isUnknowable(setList) ? [] : setList.value;
  const made = (workload: Scaled): Need => {
    const { spec } = workload.object;
    const over = autoscalers.value.filter((each) => scales(each, workload));
    return {
      subject: workload.subject,
      selector: spec.selector,
      template: spec.template.labels,
      replicas: spec.replicas,
      floor: replicaFloor(workload, spec.replicas, over).replicas,
      autoscalers: over,
      own: new Set(podsOf(workload, pods, sets)),
      pods,
    };
  };
  return [
    ...deployments.value.map((object) =>
      made({ kind: 'Deployment', object, subject: subjectOf('Deployment', object.meta), named: true }),
    ),
    ...statefulSets.value.map((object) =>
      made({ kind: 'StatefulSet', object, subject: subjectOf('StatefulSet', object.meta), named: true }),
    ),
  ];
}

type Scaled = Extract<MatchedWorkload, { kind: 'Deployment' | 'StatefulSet' }>;

function scales({ spec }: HorizontalPodAutoscaler, { kind, subject }: Scaled): boolean {
  const { kind: target, name, apiVersion } = spec.scaleTargetRef;
  return target === kind && name === subject.name && apiVersion.startsWith('apps/');
}

export interface Fit {
  readonly amount: Amount;
  /** What it fits at: the floor, or the first number above it at which something fits. */
  readonly replicas: number;
}

/** More replicas than this are asked for by an integer alone. */
const MOST_REPLICAS = 10;

/** What the budget has, if that fits; else maxUnavailable 1, which grows with the workload; else what is asked. */
export function fitting(params: Params, { floor }: Need, existing: Amount | undefined): Fit | undefined {
  const asked: Amount = { minAvailable: params.minAvailable ?? 1 };
  const amounts: readonly Amount[] = [
    ...(existing ? [pick(existing)] : []),
    ...(params.minAvailable === undefined ? [{ maxUnavailable: 1 }, asked] : [asked, { maxUnavailable: 1 }]),
  ];
  const most = Math.max(
    floor,
    MOST_REPLICAS,
    typeof params.minAvailable === 'number' ? params.minAvailable + 1 : 0,
  );
  for (let replicas = floor; replicas <= most; replicas++) {
    const amount = amounts.find((each) => fits(params, each, replicas));
    if (amount) return { amount, replicas };
  }
  return undefined;
}

const pick = ({ minAvailable, maxUnavailable }: Amount): Amount => ({
  ...(minAvailable === undefined ? {} : { minAvailable }),
  ...(maxUnavailable === undefined ? {} : { maxUnavailable }),
});

function fits({ minAvailable, allowBlocking }: Params, amount: Amount, replicas: number): boolean {
  const asked = Math.max(1, scaledValue(minAvailable ?? 1, replicas));
  const { guaranteed, blocks } = guarantee(amount, replicas, NO_OTHERS);
  return guaranteed >= asked && (allowBlocking || !blocks);
}

/** More replicas, for the workload and for what scales it. */
export function raise({ subject, replicas, floor, autoscalers }: Need, wanted: number): Way {
  if (wanted <= floor) return { edits: [], decide: [] };
  const edits: Edit[] = [];
  if (replicas < wanted) edits.push(patchOf(subject, { spec: { replicas: wanted } }));
  for (const { meta, spec } of autoscalers) {
    if (spec.minReplicas >= wanted) continue;
    const most = spec.maxReplicas < wanted ? { maxReplicas: wanted } : {};
    edits.push(
      patchOf(subjectOf('HorizontalPodAutoscaler', meta), { spec: { minReplicas: wanted, ...most } }),
    );
  }
  return {
    edits,
    decide: [
      `whether ${refer(subject)} can run ${wanted} times at once: with ${count(floor, 'replica')} no budget both protects what is asked and lets a drain proceed. If it cannot, set allowBlocking: true on the check and let a budget block; a drain then waits for a person`,
    ],
  };
}

// A random namespace for the disruption budget check: workloads of every kind
// that the disruption controller tells apart, pods in every state that it or the
// eviction API looks at, and budgets of every shape over them.

import fc from 'fast-check';

const WORKLOADS = [
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'BarePods',
  // Pods that something without a scale controls.
  'ConfigMapPods',
  // The same, of a kind of someone's own.
  'GadgetPods',
  // Pods that a Deployment controls without a ReplicaSet between them.
  'DeploymentPods',
  // Pods that a custom resource with a scale controls.
  'WidgetPods',
  // ReplicaSets that a custom resource controls: one of any kind, and one whose kind is called Deployment, too.
  'WidgetReplicaSet',
  'NamesakeReplicaSet',
] as const;
export type WorkloadType = (typeof WORKLOADS)[number];

const POD_STATES = [
  'ready',
  'unready',
  'unreported',
  'pending',
  'succeeded',
  'failed',
  'terminating',
  'relabelled',
] as const;
export type PodState = (typeof POD_STATES)[number];

export interface Workload {
  readonly type: WorkloadType;
  readonly app: string;
  readonly tier?: string;
  readonly replicas: number;
  /** What becomes of its pods, by the order of their names; all others are ready. */
  readonly states: readonly PodState[];
  /** The minReplicas of an autoscaler over it. */
  readonly floor?: number;
  /** Made when the budgets have been computed without it. */
  readonly late: boolean;
}

export interface Budget {
  readonly minAvailable?: number | string;
  readonly maxUnavailable?: number | string;
  /** Left out: null, which selects nothing. */
  readonly selector?: object;
  readonly unhealthyPodEvictionPolicy?: 'IfHealthyBudget' | 'AlwaysAllow';
  /** What it is changed to when it has been computed as it is. */
  readonly later?: Pick<Budget, 'minAvailable' | 'maxUnavailable'>;
}

export interface Scenario {
  readonly workloads: readonly Workload[];
  readonly budgets: readonly Budget[];
  /** What the check is asked to prove. */
  readonly asked?: number | string;
}

export const nameOf = (index: number) => `w${index}`;
export const budgetName = (index: number) => `b${index}`;

const apps = fc.constantFrom('a', 'a', 'a', 'b');
const tiers = fc.option(fc.constantFrom('x', 'y'), { nil: undefined });

const types = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom<WorkloadType>('Deployment', 'StatefulSet') },
  {
    weight: 5,
    arbitrary: fc.constantFrom<WorkloadType>(
      'DaemonSet',
      'ReplicaSet',
      'ReplicationController',
      'Job',
      'BarePods',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<WorkloadType>(
      'ConfigMapPods',
      'GadgetPods',
      'DeploymentPods',
      'WidgetPods',
      'WidgetReplicaSet',
      'NamesakeReplicaSet',
    ),
  },
);

const states = fc.oneof(
  { weight: 3, arbitrary: fc.constant<PodState[]>([]) },
  {
    weight: 4,
    arbitrary: fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.constant<PodState>('ready') },
        { weight: 4, arbitrary: fc.constantFrom<PodState>('unready', 'pending') },
        {
          weight: 2,
          arbitrary: fc.constantFrom<PodState>(
            'unreported',
            'succeeded',
            'failed',
            'terminating',
            'relabelled',
          ),
        },
      ),
      { maxLength: 4 },
    ),
  },
);

/** Controllers that answer an ended pod by ending it altogether, again and again. */
const RESTLESS: ReadonlySet<WorkloadType> = new Set(['StatefulSet', 'DaemonSet', 'Job']);

const workload: fc.Arbitrary<Workload> = fc
  .record({
    type: types,
    app: apps,
    tier: tiers,
    replicas: fc.oneof(
      { weight: 1, arbitrary: fc.constant(0) },
      { weight: 12, arbitrary: fc.integer({ min: 1, max: 4 }) },
    ),
    states,
    floor: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined, freq: 6 }),
    late: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  })
  .map(({ tier, floor, ...given }) => ({
    ...given,
    ...(tier === undefined ? {} : { tier }),
    ...(floor !== undefined && floor <= given.replicas && isScaled(given.type) ? { floor } : {}),
    states: RESTLESS.has(given.type)
      ? given.states.map(
          (state): PodState => (state === 'succeeded' || state === 'failed' ? 'unready' : state),
        )
      : given.states,
  }));

export const isScaled = (type: WorkloadType): type is 'Deployment' | 'StatefulSet' =>
  type === 'Deployment' || type === 'StatefulSet';

const selector = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom({ matchLabels: { w: 'w0' } }, { matchLabels: { w: 'w1' } }) },
  { weight: 4, arbitrary: fc.constantFrom({ matchLabels: { app: 'a' } }, { matchLabels: { app: 'b' } }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<object | undefined>(
      {},
      undefined,
      { matchLabels: { app: 'a', tier: 'x' } },
      { matchLabels: { app: 'nobody' } },
      { matchExpressions: [{ key: 'tier', operator: 'Exists' }] },
      { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] },
      { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['x'] }] },
      { matchLabels: { app: 'a' }, matchExpressions: [{ key: 'w', operator: 'In', values: ['w0', 'w1'] }] },
    ),
  },
);

const amount = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 5 }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('0%', '1%', '25%', '33%', '34%', '50%', '66%', '67%', '99%', '100%'),
  },
);

const limits = fc.oneof(
  { weight: 8, arbitrary: amount.map((minAvailable) => ({ minAvailable })) },
  { weight: 8, arbitrary: amount.map((maxUnavailable) => ({ maxUnavailable })) },
  { weight: 1, arbitrary: fc.constant({}) },
);

const budget: fc.Arbitrary<Budget> = fc
  .record({
    limits,
    selector,
    policy: fc.option(fc.constantFrom('IfHealthyBudget' as const, 'AlwaysAllow' as const), {
      nil: undefined,
      freq: 1,
    }),
    later: fc.option(limits, { nil: undefined, freq: 8 }),
  })
  .map(({ limits, selector, policy, later }) => ({
    ...limits,
    ...(selector === undefined ? {} : { selector }),
    ...(policy === undefined ? {} : { unhealthyPodEvictionPolicy: policy }),
    ...(later === undefined ? {} : { later }),
  }));

export const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    workloads: fc.array(workload, { minLength: 1, maxLength: 3 }),
    budgets: fc.oneof(
      { weight: 5, arbitrary: fc.array(budget, { minLength: 1, maxLength: 1 }) },
      { weight: 2, arbitrary: fc.array(budget, { maxLength: 3 }) },
    ),
    asked: fc.option(fc.constantFrom<number | string>(1, 2, 3, '50%'), { nil: undefined, freq: 2 }),
  })
  .map(({ asked, ...given }) => (asked === undefined ? given : { ...given, asked }));

const FOREIGN: ReadonlySet<WorkloadType> = new Set([
  'GadgetPods',
  'WidgetPods',
  'WidgetReplicaSet',
  'NamesakeReplicaSet',
]);

/** Does it need the custom resources, which the controllers learn of only after a while? */
export const isForeign = ({ workloads }: Scenario): boolean =>
  workloads.some(({ type }) => FOREIGN.has(type));

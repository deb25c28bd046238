// The Kubernetes objects of a random namespace. Their pods ask for a scheduler
// that does not exist, so that no kubelet takes them and the test alone says
// what becomes of them.

import { type Budget, budgetName, nameOf, type Workload } from './pdb-scenario.ts';
import { FOREIGN_GROUP } from './server.ts';

export interface Made {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export interface Parts {
  /** What is made first: owners of what comes next. */
  readonly owner?: Made;
  readonly objects: readonly Made[];
}

export const HOLD = `${FOREIGN_GROUP}/hold`;

const podSpec = {
  schedulerName: 'nobody',
  terminationGracePeriodSeconds: 0,
  containers: [{ name: 'main', image: 'registry.example/main:1' }],
};

const labelsOf = (workload: Workload, name: string) => ({
  w: name,
  app: workload.app,
  ...(workload.tier === undefined ? {} : { tier: workload.tier }),
});

/** What makes the workload of this index. */
export function partsOf(workload: Workload, index: number): Parts {
  const name = nameOf(index);
  const { replicas } = workload;
  const labels = labelsOf(workload, name);
  const template = { metadata: { labels }, spec: podSpec };
  const selector = { matchLabels: { w: name } };
  const apps = (kind: string, spec: object): Made => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name },
    spec,
  });
  const replicaSet = apps('ReplicaSet', { replicas, selector, template });
  const pods: Made[] = Array.from({ length: replicas }, (_, ordinal) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name}-${ordinal}`, labels },
    spec: podSpec,
  }));
  switch (workload.type) {
    case 'Deployment':
      return {
        objects: [apps('Deployment', { replicas, selector, template }), ...autoscaler(workload, name)],
      };
    case 'StatefulSet':
      return {
        objects: [
          apps('StatefulSet', {
            replicas,
            selector,
            template,
            serviceName: name,
            podManagementPolicy: 'Parallel',
          }),
          ...autoscaler(workload, name),
        ],
      };
    case 'DaemonSet':
      return { objects: [apps('DaemonSet', { selector, template })] };
    case 'ReplicaSet':
      return { objects: [replicaSet] };
    case 'ReplicationController':
      return {
        objects: [
          {
            apiVersion: 'v1',
            kind: 'ReplicationController',
            metadata: { name },
            spec: { replicas, selector: { w: name }, template },
          },
        ],
      };
    case 'Job':
      return {
        objects: [
          {
            apiVersion: 'batch/v1',
            kind: 'Job',
            metadata: { name },
            spec: {
              parallelism: replicas,
              completions: Math.max(1, replicas),
              template: { metadata: { labels }, spec: { ...podSpec, restartPolicy: 'Never' } },
            },
          },
        ],
      };
    case 'BarePods':
      return { objects: pods };
    case 'ConfigMapPods':
      return { owner: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }, objects: pods };
    case 'GadgetPods':
      return { owner: foreign('Gadget', name, replicas), objects: pods };
    case 'DeploymentPods': {
      const own = { w: `${name}-owner` };
      return {
        owner: apps('Deployment', {
          replicas,
          paused: true,
          selector: { matchLabels: own },
          template: { metadata: { labels: own }, spec: podSpec },
        }),
        objects: pods,
      };
    }
    case 'WidgetPods':
      return { owner: foreign('Widget', name, replicas + 1), objects: pods };
    case 'WidgetReplicaSet':
      return { owner: foreign('Widget', name, replicas + 1), objects: [replicaSet] };
    case 'NamesakeReplicaSet':
      return { owner: foreign('Deployment', name, replicas + 1), objects: [replicaSet] };
    default:
      return workload.type satisfies never;
  }
}

const foreign = (kind: string, name: string, replicas: number): Made => ({
  apiVersion: `${FOREIGN_GROUP}/v1`,
  kind,
  metadata: { name },
  spec: { replicas },
});

function autoscaler({ type, floor }: Workload, name: string): readonly Made[] {
  if (floor === undefined) return [];
  return [
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: type, name },
        minReplicas: floor,
        maxReplicas: 10,
      },
    },
  ];
}

export function budgetOf(budget: Budget, index: number): Made {
  const { later: _, ...spec } = budget;
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: budgetName(index) },
    spec,
  };
}

const definition = (kind: string, plural: string, scale?: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${FOREIGN_GROUP}` },
  spec: {
    group: FOREIGN_GROUP,
    scope: 'Namespaced',
    names: { kind, plural, singular: plural.slice(0, -1), listKind: `${kind}List` },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
        subresources: { status: {}, ...(scale ? { scale } : {}) },
      },
    ],
  },
});

const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };

/** Kinds of someone's own, with a scale and without; one is called Deployment as well. */
export const definitions = [
  definition('Gadget', 'gadgets'),
  definition('Widget', 'widgets', scale),
  definition('Deployment', 'foreigndeployments', scale),
];

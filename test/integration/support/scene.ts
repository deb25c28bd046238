// The objects that the suites of the operator are about: a shop with a web
// server, its budget and its policy, and items that judge them.

import { documents } from './cluster.ts';

export interface Scene {
  readonly namespace: string;
  readonly name: string;
}

export const namespaceObject = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
});

const PROBES = {
  readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
  livenessProbe: { tcpSocket: { port: 80 } },
};

/** A Deployment whose container has both probes, or the fields that are given instead. */
export const deployment = ({ namespace, name }: Scene, replicas = 2, container: object = PROBES): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace, name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'main',
            image: 'registry.example/main:1',
            ports: [{ name: 'http', containerPort: 80 }],
            ...container,
          },
        ],
      },
    },
  },
});

export const budget = ({ namespace, name }: Scene, minAvailable: number | string = 1): object => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { namespace, name },
  spec: { minAvailable, selector: { matchLabels: { app: name } } },
});

/** Only the pods of the namespace itself may come in. */
export const policy = ({ namespace, name }: Scene): object => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { namespace, name },
  spec: {
    endpointSelector: { matchLabels: { app: name } },
    ingress: [{ fromEndpoints: [{ matchLabels: { app: name } }] }],
  },
});

/** Checks by what they are about. */
export const CHECK = {
  budget: ({ namespace, name }: Scene) => ({
    name: 'budget',
    podDisruptionBudget: { workloads: [{ kind: 'Deployment', namespace, name }] },
  }),
  probes: ({ namespace, name }: Scene) => ({
    name: 'probes',
    probes: { workloads: [{ kind: 'Deployment', namespace, name }] },
  }),
  policy: ({ namespace, name }: Scene) => ({
    name: 'policy',
    networkPolicy: { endpoints: [{ namespace, podSelector: { matchLabels: { app: name } } }] },
  }),
};

export interface ItemInput {
  readonly name: string;
  readonly namespace: string;
  readonly suite: string;
  readonly checks: readonly object[];
  readonly spec?: object;
}

export const item = ({ name, namespace, suite, checks, spec }: ItemInput): object => ({
  apiVersion: 'remediation.dev/v1alpha1',
  kind: 'RemediationItem',
  metadata: { name, namespace, labels: { suite, 'remediation.dev/review': 'january-2026' } },
  spec: { title: `Item ${name}`, number: 13, checks, ...spec },
});

/** A shop in which everything is as the items want it. */
export const healthy = (scene: Scene): string =>
  documents(namespaceObject(scene.namespace), deployment(scene), budget(scene), policy(scene));

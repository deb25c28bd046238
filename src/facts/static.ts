// `--static`: what a cluster would make of the manifests, had it rolled them out
// and found them healthy. Pods, their owners, and the status of workloads and
// budgets are made from the templates; objects that a cluster wrote stay as they are.

import { createHash } from 'node:crypto';
import { isFromCluster, type Manifest } from './manifest-files.ts';

type Fields = Record<string, unknown>;

const WORKLOADS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet']);

/** Adds what controllers would make. Never changes what has a uid. */
export function rollOut(objects: readonly Manifest[]): Manifest[] {
  const nodes = Math.max(1, objects.filter((o) => o.kind === 'Node').length);
  const made: Manifest[] = [];
  for (const object of objects) {
    if (isFromCluster(object)) made.push(object);
    else if (WORKLOADS.has(object.kind)) made.push(...workload(object, nodes));
    else if (object.kind === 'Pod') made.push(running(withIdentity(object), 0));
    else made.push(withIdentity(object));
  }
  const pods = made.filter((object) => object.kind === 'Pod');
  return made.map((object) =>
    object.kind === 'PodDisruptionBudget' && object.status === undefined
      ? withBudgetStatus(object, pods)
      : object,
  );
}

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/** A uid that is the same for the same object, and generation 1. */
function withIdentity(object: Manifest): Manifest {
  const { namespace = '', name } = object.metadata;
  const uid = createHash('sha256').update(`${object.kind}/${namespace}/${name}`).digest('hex').slice(0, 32);
  return { ...object, metadata: { ...object.metadata, uid, generation: 1 } };
}

function workload(object: Manifest, nodes: number): Manifest[] {
  const owner = withIdentity(object);
  const spec = fields(object.spec);
  const template = fields(spec.template);
  const replicas =
    object.kind === 'DaemonSet' ? nodes : typeof spec.replicas === 'number' ? spec.replicas : 1;
  const revision = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
  const judged: Manifest = {
    ...owner,
    status: statusOf(object.kind, replicas, `${object.metadata.name}-${revision}`),
  };
  if (object.kind === 'Deployment') {
    const set = replicaSetOf(owner, spec, replicas, revision);
    const deployment: Manifest = {
      ...judged,
      metadata: {
        ...judged.metadata,
        annotations: { ...fields(judged.metadata.annotations), 'deployment.kubernetes.io/revision': '1' },
      },
    };
    return [deployment, set, ...podsOf(set, template, replicas, { 'pod-template-hash': revision })];
  }
  if (object.kind === 'ReplicaSet') return [judged, ...podsOf(owner, template, replicas, {})];
  const hash = object.kind === 'StatefulSet' ? `${object.metadata.name}-${revision}` : revision;
  return [
    judged,
    revisionOf(owner, hash),
    ...podsOf(owner, template, replicas, { 'controller-revision-hash': hash }),
  ];
}

function statusOf(kind: string, replicas: number, revision: string): Fields {
  const counts = {
    replicas,
    readyReplicas: replicas,
    availableReplicas: replicas,
    updatedReplicas: replicas,
  };
  switch (kind) {
    case 'Deployment':
      return { observedGeneration: 1, ...counts, conditions: [{ type: 'Available', status: 'True' }] };
    case 'StatefulSet':
      return {
        observedGeneration: 1,
        ...counts,
        currentReplicas: replicas,
        currentRevision: revision,
        updateRevision: revision,
      };
    case 'DaemonSet':
      return {
        observedGeneration: 1,
        desiredNumberScheduled: replicas,
        currentNumberScheduled: replicas,
        updatedNumberScheduled: replicas,
        numberAvailable: replicas,
        numberReady: replicas,
      };
    default:
      return { observedGeneration: 1, ...counts };
  }
}

const ownedBy = (owner: Manifest): Fields => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  controller: true,
});

function replicaSetOf(deployment: Manifest, spec: Fields, replicas: number, hash: string): Manifest {
  const selector = fields(spec.selector);
  const template = fields(spec.template);
  const metadata = fields(template.metadata);
  return withIdentity({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      ...(deployment.metadata.namespace ? { namespace: deployment.metadata.namespace } : {}),
      labels: { ...(fields(metadata.labels) as Record<string, string>), 'pod-template-hash': hash },
      annotations: { 'deployment.kubernetes.io/revision': '1' },
      ownerReferences: [ownedBy(deployment)],
    },
    spec: {
      replicas,
      selector: { ...selector, matchLabels: { ...fields(selector.matchLabels), 'pod-template-hash': hash } },
      template,
    },
    status: { observedGeneration: 1, replicas, readyReplicas: replicas, availableReplicas: replicas },
  });
}

function revisionOf(owner: Manifest, hash: string): Manifest {
  return withIdentity({
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: owner.kind === 'StatefulSet' ? hash : `${owner.metadata.name}-${hash}`,
      ...(owner.metadata.namespace ? { namespace: owner.metadata.namespace } : {}),
      labels: { 'controller-revision-hash': hash },
      ownerReferences: [ownedBy(owner)],
    },
    revision: 1,
  });
}

function podsOf(
  owner: Manifest,
  template: Fields,
  replicas: number,
  extra: Record<string, string>,
): Manifest[] {
  const metadata = fields(template.metadata);
  return Array.from({ length: replicas }, (_, index) =>
    running(
      withIdentity({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: `${owner.metadata.name}-${index}`,
          ...(owner.metadata.namespace ? { namespace: owner.metadata.namespace } : {}),
          labels: { ...(fields(metadata.labels) as Record<string, string>), ...extra },
          annotations: fields(metadata.annotations),
          ownerReferences: [ownedBy(owner)],
        },
        spec: fields(template.spec),
      }),
      index,
    ),
  );
}

function running(pod: Manifest, index: number): Manifest {
  const spec = fields(pod.spec);
  return {
    ...pod,
    spec: { ...spec, nodeName: typeof spec.nodeName === 'string' ? spec.nodeName : `static-${index}` },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

/** The status counts as observed: all pods healthy. What it allows, the check works out from the pods. */
function withBudgetStatus(budget: Manifest, pods: readonly Manifest[]): Manifest {
  const here = pods.filter((pod) => pod.metadata.namespace === budget.metadata.namespace).length;
  return {
    ...budget,
    status: {
      observedGeneration: 1,
      currentHealthy: here,
      expectedPods: here,
      desiredHealthy: 0,
      disruptionsAllowed: here,
    },
  };
}

// Raw objects → the projected kinds of kinds.ts, and where each kind is served.
// Everything here runs for every object of every watch event, so it copies only
// what is kept and shares what repeats.

import type {
  Condition,
  ConfigMap,
  Container,
  ControllerRevision,
  DaemonSet,
  Deployment,
  HorizontalPodAutoscaler,
  Item,
  KindName,
  Kinds,
  Manager,
  Meta,
  Namespace,
  Pod,
  PodDisruptionBudget,
  PodSpec,
  PodTemplate,
  Policy,
  Probe,
  ReplicaSet,
  ReplicationController,
  Selector,
  Service,
  StatefulSet,
} from './kinds.ts';

type Raw = Record<string, unknown>;

/** Where a kind is served, and how it is projected. */
export interface KindEntry<K extends KindName> {
  readonly apiVersion: string;
  readonly plural: string;
  readonly namespaced: boolean;
  project(raw: Raw): Kinds[K];
}

export const KINDS: { readonly [K in KindName]: KindEntry<K> } = {
  Pod: { apiVersion: 'v1', plural: 'pods', namespaced: true, project: pod },
  Deployment: { apiVersion: 'apps/v1', plural: 'deployments', namespaced: true, project: deployment },
  ReplicaSet: { apiVersion: 'apps/v1', plural: 'replicasets', namespaced: true, project: replicaSet },
  StatefulSet: { apiVersion: 'apps/v1', plural: 'statefulsets', namespaced: true, project: statefulSet },
  DaemonSet: { apiVersion: 'apps/v1', plural: 'daemonsets', namespaced: true, project: daemonSet },
  ControllerRevision: {
    apiVersion: 'apps/v1',
    plural: 'controllerrevisions',
    namespaced: true,
    project: controllerRevision,
  },
  ReplicationController: {
    apiVersion: 'v1',
    plural: 'replicationcontrollers',
    namespaced: true,
    project: replicationController,
  },
  HorizontalPodAutoscaler: {
    apiVersion: 'autoscaling/v2',
    plural: 'horizontalpodautoscalers',
    namespaced: true,
    project: autoscaler,
  },
  PodDisruptionBudget: {
    apiVersion: 'policy/v1',
    plural: 'poddisruptionbudgets',
    namespaced: true,
    project: budget,
  },
  Namespace: {
    apiVersion: 'v1',
    plural: 'namespaces',
    namespaced: false,
    project: (raw): Namespace => ({ meta: meta(raw) }),
  },
  ConfigMap: { apiVersion: 'v1', plural: 'configmaps', namespaced: true, project: configMap },
  Service: { apiVersion: 'v1', plural: 'services', namespaced: true, project: service },
  NetworkPolicy: {
    apiVersion: 'networking.k8s.io/v1',
    plural: 'networkpolicies',
    namespaced: true,
    project: policy('networking.k8s.io/v1', 'NetworkPolicy'),
  },
  CiliumNetworkPolicy: {
    apiVersion: 'cilium.io/v2',
    plural: 'ciliumnetworkpolicies',
    namespaced: true,
    project: policy('cilium.io/v2', 'CiliumNetworkPolicy'),
  },
  CiliumClusterwideNetworkPolicy: {
    apiVersion: 'cilium.io/v2',
    plural: 'ciliumclusterwidenetworkpolicies',
    namespaced: false,
    project: policy('cilium.io/v2', 'CiliumClusterwideNetworkPolicy'),
  },
  RemediationItem: {
    apiVersion: 'remediation.dev/v1alpha1',
    plural: 'remediationitems',
    namespaced: true,
    project: item,
  },
};

/** Kinds of which checks read single objects only: one watch per object, never the whole kind. */
export const READ_SINGLY: ReadonlySet<KindName> = new Set(['ConfigMap']);

const EMPTY: Readonly<Record<string, string>> = Object.freeze({});
const NONE: readonly never[] = Object.freeze([]);

/** Annotations that some check reads; the rest (last-applied-configuration) would fill the memory. */
const KEPT_ANNOTATIONS = [
  'deployment.kubernetes.io/revision',
  'kustomize.toolkit.fluxcd.io/reconcile',
  'config.kubernetes.io/origin',
];

function object(raw: unknown): Raw {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? (raw as Raw) : {};
}
function array(raw: unknown): readonly unknown[] {
  return Array.isArray(raw) ? raw : NONE;
}
function string(raw: unknown, fallback = ''): string {
  return typeof raw === 'string' ? raw : fallback;
}
function number(raw: unknown, fallback = 0): number {
  return typeof raw === 'number' ? raw : fallback;
}
function map(raw: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(object(raw)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return entries.length === 0 ? EMPTY : Object.fromEntries(entries);
}
const intOrString = (raw: unknown): number | string | undefined =>
  typeof raw === 'number' || typeof raw === 'string' ? raw : undefined;

/** Reads metadata. Managers come newest first. */
export function meta(raw: Raw): Meta {
  const m = object(raw.metadata);
  const all = object(m.annotations);
  const kept = KEPT_ANNOTATIONS.filter((key) => typeof all[key] === 'string');
  return {
    name: string(m.name),
    namespace: string(m.namespace),
    uid: string(m.uid),
    generation: number(m.generation),
    labels: map(m.labels),
    annotations: kept.length === 0 ? EMPTY : Object.fromEntries(kept.map((key) => [key, string(all[key])])),
    creationTimestamp: string(m.creationTimestamp),
    ...(typeof m.deletionTimestamp === 'string' ? { deletionTimestamp: m.deletionTimestamp } : {}),
    owners: array(m.ownerReferences).map((entry) => {
      const owner = object(entry);
      return {
        apiVersion: string(owner.apiVersion),
        kind: string(owner.kind),
        name: string(owner.name),
        uid: string(owner.uid),
        controller: owner.controller === true,
      };
    }),
    managers: managers(m.managedFields),
  };
}

/** managedFields without the fields: who, how and when, newest first. */
export function managers(raw: unknown): readonly Manager[] {
  return array(raw)
    .map((entry) => {
      const field = object(entry);
      return {
        manager: string(field.manager),
        operation: string(field.operation),
        ...(typeof field.subresource === 'string' && field.subresource !== ''
          ? { subresource: field.subresource }
          : {}),
        ...(typeof field.time === 'string' ? { time: field.time } : {}),
      };
    })
    .sort((a, b) => (a.time === b.time ? 0 : (a.time ?? '') < (b.time ?? '') ? 1 : -1));
}

function conditions(raw: unknown): readonly Condition[] {
  return array(raw).map((entry) => {
    const c = object(entry);
    return {
      type: string(c.type),
      status: string(c.status),
      ...(typeof c.reason === 'string' ? { reason: c.reason } : {}),
      ...(typeof c.message === 'string' ? { message: c.message } : {}),
      ...(typeof c.observedGeneration === 'number' ? { observedGeneration: c.observedGeneration } : {}),
      ...(typeof c.lastTransitionTime === 'string' ? { lastTransitionTime: c.lastTransitionTime } : {}),
      ...(typeof c.lastUpdateTime === 'string' ? { lastUpdateTime: c.lastUpdateTime } : {}),
    };
  });
}

function selector(raw: unknown): Selector | undefined {
  return typeof raw === 'object' && raw !== null ? (raw as Selector) : undefined;
}

function container(raw: unknown): Container {
  const c = object(raw);
  return {
    name: string(c.name),
    ...(typeof c.restartPolicy === 'string' ? { restartPolicy: c.restartPolicy } : {}),
    ports: array(c.ports).map((entry) => {
      const port = object(entry);
      return {
        ...(typeof port.name === 'string' && port.name !== '' ? { name: port.name } : {}),
        containerPort: number(port.containerPort),
        protocol: string(port.protocol, 'TCP'),
      };
    }),
    ...(typeof c.readinessProbe === 'object' && c.readinessProbe !== null
      ? { readinessProbe: c.readinessProbe as Probe }
      : {}),
    ...(typeof c.livenessProbe === 'object' && c.livenessProbe !== null
      ? { livenessProbe: c.livenessProbe as Probe }
      : {}),
    ...(typeof c.startupProbe === 'object' && c.startupProbe !== null
      ? { startupProbe: c.startupProbe as Probe }
      : {}),
  };
}

/** Pods of one template have equal containers: they are kept once. Bounded, so that it cannot leak. */
const shared = new Map<string, readonly Container[]>();
const SHARED_MAX = 20_000;

function containers(raw: unknown): readonly Container[] {
  const list = array(raw);
  if (list.length === 0) return NONE;
  const projected = list.map(container);
  const key = JSON.stringify(projected);
  const known = shared.get(key);
  if (known) return known;
  if (shared.size >= SHARED_MAX) shared.clear();
  shared.set(key, projected);
  return projected;
}

export function podSpec(raw: unknown): PodSpec {
  const spec = object(raw);
  return {
    serviceAccountName: string(spec.serviceAccountName) || string(spec.serviceAccount) || 'default',
    hostNetwork: spec.hostNetwork === true,
    ...(typeof spec.nodeName === 'string' ? { nodeName: spec.nodeName } : {}),
    containers: containers(spec.containers),
    initContainers: containers(spec.initContainers),
  };
}

export function podTemplate(raw: unknown): PodTemplate {
  const template = object(raw);
  return { labels: map(object(template.metadata).labels), spec: podSpec(template.spec) };
}

function pod(raw: Raw): Pod {
  const status = object(raw.status);
  const ready = array(status.conditions)
    .map(object)
    .find((c) => c.type === 'Ready');
  const isReady = ready?.status === 'True';
  const reason = isReady ? undefined : notReadyReason(status, ready);
  return {
    meta: meta(raw),
    spec: podSpec(raw.spec),
    status: {
      phase: string(status.phase, 'Pending'),
      ready: isReady,
      ...(typeof ready?.lastTransitionTime === 'string' ? { readySince: ready.lastTransitionTime } : {}),
      ...(reason ? { notReadyReason: reason } : {}),
    },
  };
}

/** The most telling word that a pod has for not being ready. */
function notReadyReason(status: Raw, ready: Raw | undefined): string | undefined {
  for (const entry of [...array(status.initContainerStatuses), ...array(status.containerStatuses)]) {
    const waiting = object(object(object(entry).state).waiting);
    if (typeof waiting.reason === 'string') return waiting.reason;
  }
  return string(ready?.message) || string(ready?.reason) || undefined;
}

function deployment(raw: Raw): Deployment {
  const spec = object(raw.spec);
  const status = object(raw.status);
  const strategy = object(spec.strategy);
  const rolling = object(strategy.rollingUpdate);
  const maxSurge = intOrString(rolling.maxSurge);
  const maxUnavailable = intOrString(rolling.maxUnavailable);
  return {
    meta: meta(raw),
    spec: {
      replicas: number(spec.replicas, 1),
      paused: spec.paused === true,
      selector: selector(spec.selector) ?? {},
      strategy: {
        type: string(strategy.type, 'RollingUpdate'),
        ...(maxSurge !== undefined ? { maxSurge } : {}),
        ...(maxUnavailable !== undefined ? { maxUnavailable } : {}),
      },
      template: podTemplate(spec.template),
    },
    status: {
      observedGeneration: number(status.observedGeneration),
      replicas: number(status.replicas),
      updatedReplicas: number(status.updatedReplicas),
      readyReplicas: number(status.readyReplicas),
      availableReplicas: number(status.availableReplicas),
      conditions: conditions(status.conditions),
    },
  };
}

function replicaSet(raw: Raw): ReplicaSet {
  const spec = object(raw.spec);
  return {
    meta: meta(raw),
    spec: { replicas: number(spec.replicas, 1), selector: selector(spec.selector) ?? {} },
    status: { replicas: number(object(raw.status).replicas) },
  };
}

function statefulSet(raw: Raw): StatefulSet {
  const spec = object(raw.spec);
  const status = object(raw.status);
  const strategy = object(spec.updateStrategy);
  return {
    meta: meta(raw),
    spec: {
      replicas: number(spec.replicas, 1),
      selector: selector(spec.selector) ?? {},
      updateStrategy: {
        type: string(strategy.type, 'RollingUpdate'),
        partition: number(object(strategy.rollingUpdate).partition),
      },
      template: podTemplate(spec.template),
    },
    status: {
      observedGeneration: number(status.observedGeneration),
      replicas: number(status.replicas),
      readyReplicas: number(status.readyReplicas),
      updatedReplicas: number(status.updatedReplicas),
      availableReplicas: number(status.availableReplicas),
      currentRevision: string(status.currentRevision),
      updateRevision: string(status.updateRevision),
    },
  };
}

function daemonSet(raw: Raw): DaemonSet {
  const spec = object(raw.spec);
  const status = object(raw.status);
  return {
    meta: meta(raw),
    spec: {
      selector: selector(spec.selector) ?? {},
      updateStrategy: { type: string(object(spec.updateStrategy).type, 'RollingUpdate') },
      template: podTemplate(spec.template),
    },
    status: {
      observedGeneration: number(status.observedGeneration),
      desiredNumberScheduled: number(status.desiredNumberScheduled),
      currentNumberScheduled: number(status.currentNumberScheduled),
      updatedNumberScheduled: number(status.updatedNumberScheduled),
      numberAvailable: number(status.numberAvailable),
      numberReady: number(status.numberReady),
    },
  };
}

function controllerRevision(raw: Raw): ControllerRevision {
  return { meta: meta(raw), revision: number(raw.revision) };
}

function replicationController(raw: Raw): ReplicationController {
  const spec = object(raw.spec);
  return { meta: meta(raw), spec: { replicas: number(spec.replicas, 1), selector: map(spec.selector) } };
}

function autoscaler(raw: Raw): HorizontalPodAutoscaler {
  const spec = object(raw.spec);
  const target = object(spec.scaleTargetRef);
  return {
    meta: meta(raw),
    spec: {
      scaleTargetRef: {
        apiVersion: string(target.apiVersion),
        kind: string(target.kind),
        name: string(target.name),
      },
      minReplicas: number(spec.minReplicas, 1),
      maxReplicas: number(spec.maxReplicas, 1),
    },
  };
}

function budget(raw: Raw): PodDisruptionBudget {
  const spec = object(raw.spec);
  const status = object(raw.status);
  const minAvailable = intOrString(spec.minAvailable);
  const maxUnavailable = intOrString(spec.maxUnavailable);
  const chosen = selector(spec.selector);
  return {
    meta: meta(raw),
    spec: {
      ...(minAvailable !== undefined ? { minAvailable } : {}),
      ...(maxUnavailable !== undefined ? { maxUnavailable } : {}),
      ...(chosen !== undefined ? { selector: chosen } : {}),
      ...(typeof spec.unhealthyPodEvictionPolicy === 'string'
        ? { unhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy }
        : {}),
    },
    status: {
      observedGeneration: number(status.observedGeneration),
      currentHealthy: number(status.currentHealthy),
      desiredHealthy: number(status.desiredHealthy),
      expectedPods: number(status.expectedPods),
      disruptionsAllowed: number(status.disruptionsAllowed),
      conditions: conditions(status.conditions),
    },
  };
}

function configMap(raw: Raw): ConfigMap {
  return { meta: meta(raw), data: map(raw.data) };
}

function service(raw: Raw): Service {
  const spec = object(raw.spec);
  const chosen = map(spec.selector);
  return {
    meta: meta(raw),
    spec: {
      type: string(spec.type, 'ClusterIP'),
      ...(typeof spec.clusterIP === 'string' ? { clusterIP: spec.clusterIP } : {}),
      ...(chosen === EMPTY ? {} : { selector: chosen }),
      ports: array(spec.ports).map((entry) => {
        const port = object(entry);
        const targetPort = intOrString(port.targetPort);
        return {
          ...(typeof port.name === 'string' ? { name: port.name } : {}),
          port: number(port.port),
          ...(targetPort !== undefined ? { targetPort } : {}),
          protocol: string(port.protocol, 'TCP'),
        };
      }),
    },
  };
}

function policy(apiVersion: string, kind: Policy['kind']) {
  return (raw: Raw): Policy => ({
    meta: meta(raw),
    apiVersion,
    kind,
    ...(raw.spec !== undefined ? { spec: raw.spec } : {}),
    ...(raw.specs !== undefined ? { specs: raw.specs } : {}),
    conditions: conditions(object(raw.status).conditions),
  });
}

function item(raw: Raw): Item {
  const status = object(raw.status);
  return {
    meta: meta(raw),
    dependsOn: array(object(raw.spec).dependsOn).map((entry) => {
      const ref = object(entry);
      return {
        name: string(ref.name),
        ...(typeof ref.namespace === 'string' ? { namespace: ref.namespace } : {}),
      };
    }),
    state: string(status.state),
    observedGeneration: number(status.observedGeneration, -1),
  };
}

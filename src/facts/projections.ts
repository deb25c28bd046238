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
import { type Sharing, unshared } from './sharing.ts';

type Raw = Record<string, unknown>;

/** Where a kind is served, and how it is projected. */
export interface KindEntry<K extends KindName> {
  readonly apiVersion: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** `sharing` belongs to whoever keeps the objects. */
  project(raw: Raw, sharing?: Sharing): Kinds[K];
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
    project: (raw, sharing): Namespace => ({ meta: meta(raw, sharing) }),
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
function map(raw: unknown, { text }: Sharing): Readonly<Record<string, string>> {
  const entries = Object.entries(object(raw)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  if (entries.length === 0) return EMPTY;
  return Object.fromEntries(entries.map(([key, value]) => [key, text(value)]));
}
const intOrString = (raw: unknown): number | string | undefined =>
  typeof raw === 'number' || typeof raw === 'string' ? raw : undefined;

/** Reads metadata. Managers come newest first. */
export function meta(raw: Raw, sharing: Sharing = unshared): Meta {
  const { text } = sharing;
  const m = object(raw.metadata);
  const all = object(m.annotations);
  const kept = KEPT_ANNOTATIONS.filter((key) => typeof all[key] === 'string');
  return {
    name: string(m.name),
    namespace: text(string(m.namespace)),
    uid: string(m.uid),
    generation: number(m.generation),
    labels: map(m.labels, sharing),
    annotations:
      kept.length === 0 ? EMPTY : Object.fromEntries(kept.map((key) => [key, text(string(all[key]))])),
    creationTimestamp: text(string(m.creationTimestamp)),
    ...(typeof m.deletionTimestamp === 'string' ? { deletionTimestamp: m.deletionTimestamp } : {}),
    owners: array(m.ownerReferences).map((entry) => {
      const owner = object(entry);
      return {
        apiVersion: text(string(owner.apiVersion)),
        kind: text(string(owner.kind)),
        name: text(string(owner.name)),
        uid: text(string(owner.uid)),
        controller: owner.controller === true,
      };
    }),
    managers: managers(m.managedFields, sharing),
  };
}

/** managedFields without the fields: who, how and when, newest first. */
export function managers(raw: unknown, { text }: Sharing = unshared): readonly Manager[] {
  return array(raw)
    .map((entry) => {
      const field = object(entry);
      return {
        manager: text(string(field.manager)),
        operation: text(string(field.operation)),
        ...(typeof field.subresource === 'string' && field.subresource !== ''
          ? { subresource: text(field.subresource) }
          : {}),
        ...(typeof field.time === 'string' ? { time: text(field.time) } : {}),
      };
    })
    .sort((a, b) => (a.time === b.time ? 0 : (a.time ?? '') < (b.time ?? '') ? 1 : -1));
}

function conditions(raw: unknown, { text }: Sharing): readonly Condition[] {
  return array(raw).map((entry) => {
    const c = object(entry);
    return {
      type: text(string(c.type)),
      status: text(string(c.status)),
      ...(typeof c.reason === 'string' ? { reason: text(c.reason) } : {}),
      ...(typeof c.message === 'string' ? { message: text(c.message) } : {}),
      ...(typeof c.observedGeneration === 'number' ? { observedGeneration: c.observedGeneration } : {}),
      ...(typeof c.lastTransitionTime === 'string' ? { lastTransitionTime: text(c.lastTransitionTime) } : {}),
      ...(typeof c.lastUpdateTime === 'string' ? { lastUpdateTime: text(c.lastUpdateTime) } : {}),
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

/** Pods of one template have equal containers: they are kept once. */
function containers(raw: unknown, sharing: Sharing): readonly Container[] {
  const list = array(raw);
  return list.length === 0 ? NONE : sharing.part(list.map(container));
}

export function podSpec(raw: unknown, sharing: Sharing = unshared): PodSpec {
  const spec = object(raw);
  return {
    serviceAccountName: sharing.text(
      string(spec.serviceAccountName) || string(spec.serviceAccount) || 'default',
    ),
    hostNetwork: spec.hostNetwork === true,
    ...(typeof spec.nodeName === 'string' ? { nodeName: sharing.text(spec.nodeName) } : {}),
    containers: containers(spec.containers, sharing),
    initContainers: containers(spec.initContainers, sharing),
  };
}

export function podTemplate(raw: unknown, sharing: Sharing = unshared): PodTemplate {
  const template = object(raw);
  return { labels: map(object(template.metadata).labels, sharing), spec: podSpec(template.spec, sharing) };
}

function pod(raw: Raw, sharing: Sharing = unshared): Pod {
  const status = object(raw.status);
  const ready = array(status.conditions)
    .map(object)
    .find((c) => c.type === 'Ready');
  const isReady = ready?.status === 'True';
  const reason = isReady ? undefined : notReadyReason(status, ready);
  return {
    meta: meta(raw, sharing),
    spec: podSpec(raw.spec, sharing),
    status: {
      phase: sharing.text(string(status.phase, 'Pending')),
      ready: isReady,
      ...(typeof ready?.lastTransitionTime === 'string'
        ? { readySince: sharing.text(ready.lastTransitionTime) }
        : {}),
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

function deployment(raw: Raw, sharing: Sharing = unshared): Deployment {
  const spec = object(raw.spec);
  const status = object(raw.status);
  const strategy = object(spec.strategy);
  const rolling = object(strategy.rollingUpdate);
  const maxSurge = intOrString(rolling.maxSurge);
  const maxUnavailable = intOrString(rolling.maxUnavailable);
  return {
    meta: meta(raw, sharing),
    spec: {
      replicas: number(spec.replicas, 1),
      paused: spec.paused === true,
      selector: selector(spec.selector) ?? {},
      strategy: {
        type: string(strategy.type, 'RollingUpdate'),
        ...(maxSurge !== undefined ? { maxSurge } : {}),
        ...(maxUnavailable !== undefined ? { maxUnavailable } : {}),
      },
      template: podTemplate(spec.template, sharing),
    },
    status: {
      observedGeneration: number(status.observedGeneration),
      replicas: number(status.replicas),
      updatedReplicas: number(status.updatedReplicas),
      readyReplicas: number(status.readyReplicas),
      availableReplicas: number(status.availableReplicas),
      conditions: conditions(status.conditions, sharing),
    },
  };
}

function replicaSet(raw: Raw, sharing: Sharing = unshared): ReplicaSet {
  const spec = object(raw.spec);
  return {
    meta: meta(raw, sharing),
    spec: { replicas: number(spec.replicas, 1), selector: selector(spec.selector) ?? {} },
    status: { replicas: number(object(raw.status).replicas) },
  };
}

function statefulSet(raw: Raw, sharing: Sharing = unshared): StatefulSet {
  const spec = object(raw.spec);
  const status = object(raw.status);
  const strategy = object(spec.updateStrategy);
  return {
    meta: meta(raw, sharing),
    spec: {
      replicas: number(spec.replicas, 1),
      selector: selector(spec.selector) ?? {},
      updateStrategy: {
        type: string(strategy.type, 'RollingUpdate'),
        partition: number(object(strategy.rollingUpdate).partition),
      },
      template: podTemplate(spec.template, sharing),
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

function daemonSet(raw: Raw, sharing: Sharing = unshared): DaemonSet {
  const spec = object(raw.spec);
  const status = object(raw.status);
  return {
    meta: meta(raw, sharing),
    spec: {
      selector: selector(spec.selector) ?? {},
      updateStrategy: { type: string(object(spec.updateStrategy).type, 'RollingUpdate') },
      template: podTemplate(spec.template, sharing),
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

function controllerRevision(raw: Raw, sharing: Sharing = unshared): ControllerRevision {
  return { meta: meta(raw, sharing), revision: number(raw.revision) };
}

function replicationController(raw: Raw, sharing: Sharing = unshared): ReplicationController {
  const spec = object(raw.spec);
  return {
    meta: meta(raw, sharing),
    spec: { replicas: number(spec.replicas, 1), selector: map(spec.selector, sharing) },
  };
}

function autoscaler(raw: Raw, sharing: Sharing = unshared): HorizontalPodAutoscaler {
  const spec = object(raw.spec);
  const target = object(spec.scaleTargetRef);
  return {
    meta: meta(raw, sharing),
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

function budget(raw: Raw, sharing: Sharing = unshared): PodDisruptionBudget {
  const spec = object(raw.spec);
  const status = object(raw.status);
  const minAvailable = intOrString(spec.minAvailable);
  const maxUnavailable = intOrString(spec.maxUnavailable);
  const chosen = selector(spec.selector);
  return {
    meta: meta(raw, sharing),
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
      conditions: conditions(status.conditions, sharing),
    },
  };
}

function configMap(raw: Raw, sharing: Sharing = unshared): ConfigMap {
  return { meta: meta(raw, sharing), data: map(raw.data, unshared) };
}

function service(raw: Raw, sharing: Sharing = unshared): Service {
  const spec = object(raw.spec);
  const chosen = map(spec.selector, sharing);
  return {
    meta: meta(raw, sharing),
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
  return (raw: Raw, sharing: Sharing = unshared): Policy => ({
    meta: meta(raw, sharing),
    apiVersion,
    kind,
    ...(raw.spec !== undefined ? { spec: raw.spec } : {}),
    ...(raw.specs !== undefined ? { specs: raw.specs } : {}),
    conditions: conditions(object(raw.status).conditions, sharing),
  });
}

function item(raw: Raw, sharing: Sharing = unshared): Item {
  const status = object(raw.status);
  return {
    meta: meta(raw, sharing),
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

// Pods, and the workloads that make them, projected to what checks read.

import type {
  Container,
  ControllerRevision,
  DaemonSet,
  Deployment,
  Pod,
  PodSpec,
  PodTemplate,
  Probe,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from './kinds.ts';
import {
  array,
  conditions,
  intOrString,
  map,
  meta,
  NONE,
  number,
  object,
  type Raw,
  selector,
  string,
} from './raw.ts';
import { type Sharing, unshared } from './sharing.ts';

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

function podTemplate(raw: unknown, sharing: Sharing = unshared): PodTemplate {
  const template = object(raw);
  return { labels: map(object(template.metadata).labels, sharing), spec: podSpec(template.spec, sharing) };
}

export function pod(raw: Raw, sharing: Sharing = unshared): Pod {
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

export function deployment(raw: Raw, sharing: Sharing = unshared): Deployment {
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

export function replicaSet(raw: Raw, sharing: Sharing = unshared): ReplicaSet {
  const spec = object(raw.spec);
  return {
    meta: meta(raw, sharing),
    spec: { replicas: number(spec.replicas, 1), selector: selector(spec.selector) ?? {} },
    status: { replicas: number(object(raw.status).replicas) },
  };
}

export function statefulSet(raw: Raw, sharing: Sharing = unshared): StatefulSet {
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

export function daemonSet(raw: Raw, sharing: Sharing = unshared): DaemonSet {
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

export function controllerRevision(raw: Raw, sharing: Sharing = unshared): ControllerRevision {
  return { meta: meta(raw, sharing), revision: number(raw.revision) };
}

export function replicationController(raw: Raw, sharing: Sharing = unshared): ReplicationController {
  const spec = object(raw.spec);
  return {
    meta: meta(raw, sharing),
    spec: { replicas: number(spec.replicas, 1), selector: map(spec.selector, sharing) },
  };
}

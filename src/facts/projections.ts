// Raw objects → the projected kinds of kinds.ts, and where each kind is served.
// Everything here runs for every object of every watch event, so it copies only
// what is kept and shares what repeats.

import type {
  ConfigMap,
  HorizontalPodAutoscaler,
  Item,
  KindName,
  Kinds,
  Namespace,
  PodDisruptionBudget,
  Policy,
  Service,
} from './kinds.ts';
import {
  controllerRevision,
  daemonSet,
  deployment,
  pod,
  replicaSet,
  replicationController,
  statefulSet,
} from './project-workloads.ts';
import {
  array,
  conditions,
  EMPTY,
  intOrString,
  map,
  meta,
  number,
  object,
  type Raw,
  selector,
  string,
} from './raw.ts';
import { type Sharing, unshared } from './sharing.ts';

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

// The kinds that checks read by name, each projected to the fields that some
// check reads. A change outside these fields is no change and wakes nobody.

/** Who wrote a field set of the object last (from managedFields). Never compared. */
export interface Manager {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  /** RFC 3339. */
  readonly time?: string;
}

export interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
}

export interface Meta {
  readonly name: string;
  /** '' for cluster-scoped objects. */
  readonly namespace: string;
  readonly uid: string;
  readonly generation: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339, '' in manifests. */
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly owners: readonly Owner[];
  /** Newest last change first. Left out of every comparison. */
  readonly managers: readonly Manager[];
}

export interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string;
  readonly lastUpdateTime?: string;
}

export interface Probe {
  readonly httpGet?: {
    readonly path?: string;
    readonly port: number | string;
    readonly scheme?: string;
    readonly host?: string;
  };
  readonly tcpSocket?: { readonly port: number | string; readonly host?: string };
  readonly grpc?: { readonly port: number; readonly service?: string };
  readonly exec?: { readonly command?: readonly string[] };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
  readonly terminationGracePeriodSeconds?: number | null;
}

export interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol: string;
}

export interface Container {
  readonly name: string;
  /** `Always` on a sidecar (an init container that keeps running). */
  readonly restartPolicy?: string;
  readonly ports: readonly ContainerPort[];
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly startupProbe?: Probe;
}

export interface PodSpec {
  readonly serviceAccountName: string;
  readonly hostNetwork: boolean;
  readonly nodeName?: string;
  readonly containers: readonly Container[];
  readonly initContainers: readonly Container[];
}

export interface PodTemplate {
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

export interface Pod {
  readonly meta: Meta;
  readonly spec: PodSpec;
  readonly status: {
    /** Pending | Running | Succeeded | Failed | Unknown. */
    readonly phase: string;
    /** The Ready condition. */
    readonly ready: boolean;
    readonly readySince?: string;
    /** Why it is not ready: the condition's reason or message, a container's waiting reason. */
    readonly notReadyReason?: string;
  };
}

export interface Deployment {
  readonly meta: Meta;
  readonly spec: {
    readonly replicas: number;
    readonly paused: boolean;
    readonly selector: Selector;
    readonly strategy: {
      readonly type: string;
      readonly maxSurge?: number | string;
      readonly maxUnavailable?: number | string;
    };
    readonly template: PodTemplate;
  };
  readonly status: {
    readonly observedGeneration: number;
    readonly replicas: number;
    readonly updatedReplicas: number;
    readonly readyReplicas: number;
    readonly availableReplicas: number;
    readonly conditions: readonly Condition[];
  };
}

export interface ReplicaSet {
  readonly meta: Meta;
  readonly spec: { readonly replicas: number; readonly selector: Selector };
  readonly status: { readonly replicas: number };
}

export interface StatefulSet {
  readonly meta: Meta;
  readonly spec: {
    readonly replicas: number;
    readonly selector: Selector;
    readonly updateStrategy: { readonly type: string; readonly partition: number };
    readonly template: PodTemplate;
  };
  readonly status: {
    readonly observedGeneration: number;
    readonly replicas: number;
    readonly readyReplicas: number;
    readonly updatedReplicas: number;
    readonly availableReplicas: number;
    readonly currentRevision: string;
    readonly updateRevision: string;
  };
}

export interface DaemonSet {
  readonly meta: Meta;
  readonly spec: {
    readonly selector: Selector;
    readonly updateStrategy: { readonly type: string };
    readonly template: PodTemplate;
  };
  readonly status: {
    readonly observedGeneration: number;
    readonly desiredNumberScheduled: number;
    readonly currentNumberScheduled: number;
    readonly updatedNumberScheduled: number;
    readonly numberAvailable: number;
    readonly numberReady: number;
  };
}

/** Which template a StatefulSet's or DaemonSet's pods were made from. */
export interface ControllerRevision {
  readonly meta: Meta;
  readonly revision: number;
}

/** Other controllers with a scale (ReplicationController), for budgets over their pods. */
export interface ReplicationController {
  readonly meta: Meta;
  readonly spec: { readonly replicas: number; readonly selector: Readonly<Record<string, string>> };
}

export interface HorizontalPodAutoscaler {
  readonly meta: Meta;
  readonly spec: {
    readonly scaleTargetRef: { readonly apiVersion: string; readonly kind: string; readonly name: string };
    readonly minReplicas: number;
    readonly maxReplicas: number;
  };
}

export interface PodDisruptionBudget {
  readonly meta: Meta;
  readonly spec: {
    readonly minAvailable?: number | string;
    readonly maxUnavailable?: number | string;
    /** undefined is the null selector: it selects nothing; {} selects all pods of the namespace. */
    readonly selector?: Selector;
    readonly unhealthyPodEvictionPolicy?: string;
  };
  readonly status: {
    readonly observedGeneration: number;
    readonly currentHealthy: number;
    readonly desiredHealthy: number;
    readonly expectedPods: number;
    readonly disruptionsAllowed: number;
    readonly conditions: readonly Condition[];
  };
}

export interface Namespace {
  readonly meta: Meta;
}

export interface ConfigMap {
  readonly meta: Meta;
  readonly data: Readonly<Record<string, string>>;
}

export interface Service {
  readonly meta: Meta;
  readonly spec: {
    readonly type: string;
    readonly clusterIP?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports: readonly {
      readonly name?: string;
      readonly port: number;
      readonly targetPort?: number | string;
      readonly protocol: string;
    }[];
  };
}

/** NetworkPolicy, CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy: kept as written. */
export interface Policy {
  readonly meta: Meta;
  readonly apiVersion: string;
  readonly kind: 'NetworkPolicy' | 'CiliumNetworkPolicy' | 'CiliumClusterwideNetworkPolicy';
  /** As written; undefined when the object has none. */
  readonly spec?: unknown;
  /** CiliumNetworkPolicy and its cluster-wide form only. */
  readonly specs?: unknown;
  /** status.conditions; carries no generation for Cilium's Valid condition. */
  readonly conditions: readonly Condition[];
}

/** What one item reads of another (dependsOn). */
export interface Item {
  readonly meta: Meta;
  readonly dependsOn: readonly { readonly name: string; readonly namespace?: string }[];
  /** '' before the first judgement. */
  readonly state: string;
  readonly observedGeneration: number;
}

export interface Kinds {
  Pod: Pod;
  Deployment: Deployment;
  ReplicaSet: ReplicaSet;
  StatefulSet: StatefulSet;
  DaemonSet: DaemonSet;
  ControllerRevision: ControllerRevision;
  ReplicationController: ReplicationController;
  HorizontalPodAutoscaler: HorizontalPodAutoscaler;
  PodDisruptionBudget: PodDisruptionBudget;
  Namespace: Namespace;
  ConfigMap: ConfigMap;
  Service: Service;
  NetworkPolicy: Policy;
  CiliumNetworkPolicy: Policy;
  CiliumClusterwideNetworkPolicy: Policy;
  RemediationItem: Item;
}

export type KindName = keyof Kinds;

/**
 * What the oracle is asked and what it answers: a small cluster as JSON, and who can reach whom in it according to
 * Cilium's own policy engine. One scenario is one line on the oracle's stdin, one answer one line on its stdout, in
 * the same order. The Go side (scenario.go) declares the same shapes; a field unknown there is an error, not ignored.
 * A scenario that the oracle cannot judge is answered by `{"error": "..."}`.
 */

/** The entities that stand beside the pods in the matrix, by the names that a policy and `remediation reach` use. */
const entities = ['world', 'host', 'remote-node', 'kube-apiserver'] as const;
export type Entity = (typeof entities)[number];

export type Protocol = 'TCP' | 'UDP' | 'SCTP' | 'ICMP' | 'ICMPv6';

export interface Scenario {
  namespaces: ScenarioNamespace[];
  pods: ScenarioPod[];
  /**
   * CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, NetworkPolicy and CiliumCIDRGroup objects as the API server
   * would give them.
   */
  policies: KubernetesObject[];
  /** `data` of ConfigMap kube-system/cilium-config: strings, whatever they mean. A key left out has the agent's default. */
  config: Record<string, string>;
  /** Services and EndpointSlices, for toServices. */
  services?: KubernetesObject[];
  /** Nodes by name, for nodeSelector under the host firewall. A pod on a node that is not listed is on one without labels. */
  nodes?: ScenarioNode[];
  /** Addresses outside the cluster that join the matrix as peers, by their text. */
  addresses?: ScenarioAddress[];
  /** Ports to ask; for ICMP the port is the type of the message (8: echo request; 128 in ICMPv6). */
  queries: Query[];
}

export interface ScenarioNamespace {
  name: string;
  /** As the API server shows them; kubernetes.io/metadata.name is added when absent, as the API server does. */
  labels: Record<string, string>;
}

export interface ScenarioPod {
  namespace: string;
  name: string;
  labels: Record<string, string>;
  /** Default: `default`. */
  serviceAccount?: string;
  /** Ports of spec.containers, all together. Not of sidecars: the agent does not look at init containers. */
  ports?: ContainerPort[];
  /** Not an endpoint: as a peer it is `host` towards pods of its node and `remote-node` towards others. */
  hostNetwork?: boolean;
  /** Default: one node named `node` for all. */
  node?: string;
}

export interface ContainerPort {
  name?: string;
  containerPort: number;
  /** Default TCP. */
  protocol?: 'TCP' | 'UDP' | 'SCTP';
}

export interface ScenarioNode {
  name: string;
  labels: Record<string, string>;
}

export interface ScenarioAddress {
  /** IPv4 or IPv6, outside every pod and node. */
  ip: string;
  /** DNS names that some pod has looked up and that led to this address. */
  names?: string[];
}

export interface Query {
  port: number;
  protocol: Protocol;
}

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; [field: string]: unknown };
  [field: string]: unknown;
}

export type Decision = 'allow' | 'deny';

export interface Answer {
  /** Objects that Cilium refuses, whole: nothing of them is enforced. */
  invalid: { kind: string; namespace: string; name: string; error: string }[];
  /**
   * Subjects whose policy Cilium fails to compute, with its error: in life they keep the policy that they had before,
   * or none. They are left out of `pods` and `flows`. Pods by "namespace/name", nodes by "node:name".
   */
  unresolved?: Record<string, string>;
  /**
   * By "namespace/name"; pods that are endpoints only, so none on the host's network. Default deny as it is enforced:
   * false where enable-policy or policy-audit-mode turns enforcement off, true under enable-policy: always.
   */
  pods: Record<string, { ingressDefaultDeny: boolean; egressDefaultDeny: boolean }>;
  /**
   * Every ordered pair of different peers of which at least one is an endpoint, by every query. Peers: pods
   * ("namespace/name"), entities, addresses. `host` is the node of the pod on the other side.
   * The side that is no endpoint always reads "allow" (under the host firewall `host` is an endpoint as well).
   */
  flows: Flow[];
}

export interface Flow {
  src: string;
  dst: string;
  port: number;
  protocol: Protocol;
  /** What the source's own policies say. */
  egress: Decision;
  /** What the destination's own policies say. */
  ingress: Decision;
}

// The ends of flows that `reach` reports: pods or the workloads that they are
// folded into, entities and addresses, each with what the engine knows it by.

import {
  defaultDeny,
  type Endpoint,
  HOST,
  type Identity,
  KUBE_APISERVER,
  type Model,
  nodeSubject,
  type Party,
  REMOTE_NODE,
  worldFaces,
} from '../../checks/networkPolicy/engine/index.ts';
import { workloadOf } from '../../checks/networkPolicy/subjects.ts';
import type { Pod } from '../../facts/kinds.ts';
import type { ReachEnd } from '../../report/reach/index.ts';
import { addressPeer, ENTITIES, type Entity, type PortQuery } from './peers.ts';
import { createSides, type Sides } from './sides.ts';

/** What policies cannot tell apart, and what is asked of it as a destination. */
export interface Unit {
  /** Whose policies are asked; undefined where none apply. */
  readonly own: Party | undefined;
  /** Or those of nodes, which hang on who is at the other end. */
  readonly nodesFor?: (self: End, other: End) => NodeSide;
  /** Places among the peers: as seen from another node, and from its own. */
  readonly far: number;
  readonly near: number;
  /** The other face of the world, where there are two families of addresses. */
  readonly otherFamily?: number;
  readonly ports: readonly PortQuery[];
}

/** Nodes whose policies are asked; several must agree. */
export interface NodeSide {
  readonly own: readonly Party[];
  /** The labels of some of them are not known. */
  readonly unknown: boolean;
}

export interface End {
  readonly shown: ReachEnd;
  readonly unit: Unit;
  readonly pods: readonly Pod[];
  /** The node of all its pods, if they share one. */
  readonly node: string | undefined;
  /** Kind/name of what runs its pods; '' without pods. */
  readonly workload: string;
  readonly entity?: Entity;
}

export interface Ends {
  readonly ends: readonly End[];
  readonly sides: Sides;
}

export interface EndOptions {
  readonly fold: 'none' | 'workload';
  /** Asked of every destination; undefined asks each for the ports that it declares. */
  readonly ports: readonly PortQuery[] | undefined;
  /** Addresses outside the cluster to report as ends. */
  readonly addresses: readonly string[];
  /** The labels of nodes by name, where policies over them are enforced. */
  readonly nodes: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

/** Asked of a destination that declares no port. */
export const COMMON_PORTS: readonly PortQuery[] = [
  { port: 80, protocol: 'TCP' },
  { port: 443, protocol: 'TCP' },
];

const NO_PORTS = new Map();

export function findEnds(model: Model<Pod>, options: EndOptions): Ends {
  const peers: Party[] = [];
  const peer = (identity: Identity, ports: Party['ports'] = NO_PORTS) => peers.push({ identity, ports }) - 1;
  const queries = createQueries(options.ports);
  const nodes = hasNodePolicies(model) ? nodeSides(options.nodes) : undefined;

  const entityUnit = (entity: Entity): Unit => {
    const ports = queries.common;
    switch (entity) {
      case 'world': {
        const [first, second] = worldFaces(model.settings.families).map((face) => peer(face));
        const at = first as number;
        const other = second === undefined ? {} : { otherFamily: second };
        return { own: undefined, far: at, near: at, ports, ...other };
      }
      case 'host':
      case 'remote-node':
      case 'kube-apiserver': {
        const at = peer(NODES[entity]);
        const nodesFor = entity === 'host' ? nodes?.ofOther : nodes?.others;
        return { own: undefined, ...(nodesFor ? { nodesFor } : {}), far: at, near: at, ports };
      }
      default:
        return entity satisfies never;
    }
  };
  const unitsOf = (endpoint: Endpoint<Pod>): [Unit, readonly Pod[]][] => {
    const { hostNetwork, identity, ports: names } = endpoint;
    const far = peer(hostNetwork ? REMOTE_NODE : identity, names);
    const near = hostNetwork ? peer(HOST, names) : far;
    const own = hostNetwork
      ? { own: undefined, ...(nodes ? { nodesFor: nodes.ofSelf } : {}) }
      : { own: endpoint };
    const byPorts = Map.groupBy(endpoint.pods, queries.declared);
    return [...byPorts].map(([ports, pods]) => [{ ...own, far, near, ports }, pods]);
  };

  const units = model.endpoints.flatMap(unitsOf);
  const entities = ENTITIES.map((entity) => ({ entity, unit: entityUnit(entity) }));
  const addresses = options.addresses.map((address) => {
    const at = peer(addressPeer(address, model.settings));
    return { address, unit: { own: undefined, far: at, near: at, ports: queries.common } };
  });
  // Every peer is known by now.
  const sides = createSides(model, peers);
  const pods = options.fold === 'none' ? units.flatMap(podEnds(model)) : workloadEnds(model, units, sides);
  return {
    sides,
    ends: [
      ...pods.sort(
        (a, b) => compare(a.shown.namespace, b.shown.namespace) || compare(a.shown.name, b.shown.name),
      ),
      ...entities.map(({ entity, unit }) => ({ ...outside(entity, unit), entity })),
      ...addresses.map(({ address, unit }) => outside(address, unit)),
    ],
  };
}

const NODES = { host: HOST, 'remote-node': REMOTE_NODE, 'kube-apiserver': KUBE_APISERVER };

/** Nodes have policies under the host firewall only, and go by the labels of their Node objects. */
function nodeSides(labels: EndOptions['nodes']) {
  const parties = new Map([...labels].map(([name, own]) => [name, nodeSubject(own)]));
  const side = (pods: readonly Pod[]): NodeSide => {
    const found = [...new Set(pods.map(({ spec }) => parties.get(spec.nodeName ?? '')))];
    const own = found.filter((party) => party !== undefined);
    return { own, unknown: own.length < found.length || own.length === 0 };
  };
  return {
    /** Of pods on the host's network: the nodes that they are on. */
    ofSelf: (self: End) => side(self.pods),
    /** Of host: the node of the pod at the other end. */
    ofOther: (_: End, other: End) => side(other.pods),
    /** Of remote-node and kube-apiserver: any other node; without any there is nobody to ask. */
    others: (_: End, other: End): NodeSide => {
      const own = [...parties].filter(([name]) => name !== other.node).map(([, party]) => party);
      return { own, unknown: parties.size === 0 };
    },
  };
}

/** Are there policies over nodes that are enforced? */
export function hasNodePolicies({ settings, policies }: Model): boolean {
  return settings.hostFirewall && policies.some(({ rules }) => rules.some((rule) => rule.node));
}

/** The same query object for the same port, and the same list for the same ports. */
function createQueries(given: readonly PortQuery[] | undefined) {
  const queries = new Map<string, PortQuery>();
  const lists = new Map<string, readonly PortQuery[]>();
  const listOf = (wanted: readonly PortQuery[]) => {
    const sorted = wanted.map((query) => {
      const key = `${query.port}/${query.protocol}`;
      const before = queries.get(key);
      if (before) return before;
      queries.set(key, query);
      return query;
    });
    const unique = [...new Set(sorted)];
    const key = unique.map(({ port, protocol }) => `${port}/${protocol}`).join(',');
    const before = lists.get(key);
    if (before) return before;
    lists.set(key, unique);
    return unique;
  };
  const common = listOf(given ?? COMMON_PORTS);
  return {
    common,
    declared: (pod: Pod): readonly PortQuery[] => {
      if (given) return common;
      const ports = declaredPorts(pod);
      return ports.length === 0 ? common : listOf(ports);
    },
  };
}

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;

/** Of its containers and sidecars, in order. */
function declaredPorts({ spec }: Pod): readonly PortQuery[] {
  const sidecars = spec.initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...spec.containers, ...sidecars]
    .flatMap(({ ports }) => ports)
    .flatMap(({ containerPort, protocol: written }) => {
      const protocol = PROTOCOLS.find((known) => known === written);
      return protocol && containerPort > 0 && containerPort <= 65535
        ? [{ port: containerPort, protocol }]
        : [];
    })
    .sort((a, b) => a.port - b.port || compare(a.protocol, b.protocol));
}

function outside(name: string, unit: Unit): End {
  const isolated = { ingress: false, egress: false };
  const shown = { name, namespace: '', label: name, kind: '', pods: 0, onHost: false, isolated };
  return { shown, unit, pods: [], node: undefined, workload: '' };
}

type Isolated = ReachEnd['isolated'];

function isolation(model: Model, { own }: Unit): Isolated {
  const holds = (direction: 'ingress' | 'egress') =>
    own !== undefined && !model.settings.audit && defaultDeny(model, own.identity, direction).holds;
  return { ingress: holds('ingress'), egress: holds('egress') };
}

function nodeOf(pods: readonly Pod[]): string | undefined {
  const [first, ...rest] = new Set(pods.map(({ spec }) => spec.nodeName));
  return rest.length === 0 ? first : undefined;
}

const podEnds =
  (model: Model) =>
  ([unit, pods]: [Unit, readonly Pod[]]): End[] => {
    const isolated = isolation(model, unit);
    return pods.map((pod) => {
      const { namespace, name } = pod.meta;
      const onHost = pod.spec.hostNetwork;
      const shown = {
        name: `${namespace}/${name}`,
        namespace,
        label: name,
        kind: 'Pod',
        pods: 1,
        onHost,
        isolated,
      };
      const { kind, name: workload } = workloadOf(pod);
      return { shown, unit, pods: [pod], node: nodeOf([pod]), workload: `${kind}/${workload}` };
    });
  };

/** One end for each workload; several, numbered, where policies treat its pods differently. */
function workloadEnds(model: Model, units: readonly [Unit, readonly Pod[]][], sides: Sides): End[] {
  const parts = new Map<string, { kind: string; name: string; unit: Unit; pods: Pod[] }[]>();
  for (const [unit, pods] of units) {
    for (const pod of pods) {
      const { kind, name } = workloadOf(pod);
      const key = JSON.stringify([pod.meta.namespace, kind, name]);
      const known = parts.get(key);
      const part = known?.find((one) => one.unit === unit);
      if (part) part.pods.push(pod);
      else if (known) known.push({ kind, name, unit, pods: [pod] });
      else parts.set(key, [{ kind, name, unit, pods: [pod] }]);
    }
  }
  return [...parts.values()].flatMap((found) => {
    const apart = found.length === 1 ? found : merged(model, found, sides);
    return apart.map(({ kind, name, unit, pods }, index) => {
      const namespace = pods[0]?.meta.namespace ?? '';
      const onHost = pods[0]?.spec.hostNetwork ?? false;
      const part = apart.length > 1 ? `#${index + 1}` : '';
      const whole = kind === 'Pod' ? name : `${kind}/${name}`;
      const shown: ReachEnd = {
        name: `${namespace}/${whole}${part}`,
        namespace,
        label: `${name}${part}`,
        kind,
        pods: pods.length,
        onHost,
        isolated: isolation(model, unit),
      };
      return { shown, unit, pods, node: nodeOf(pods), workload: `${kind}/${name}` };
    });
  });
}

type Part = { kind: string; name: string; unit: Unit; pods: Pod[] };

/** Parts of a workload whose labels differ and that no rule tells apart are one: the pods of a StatefulSet, revisions. */
function merged(model: Model, parts: readonly Part[], sides: Sides): readonly Part[] {
  const rules = model.policies.flatMap((policy) => policy.rules);
  const places = new Map(rules.map((rule, place) => [rule, place]));
  const aboutSubject = ({ identity, ports }: Party) => [
    [...ports],
    (['ingress', 'egress'] as const).map((direction) => {
      const { holds, rules: over } = defaultDeny(model, identity, direction);
      return [holds, over.map((rule) => places.get(rule))];
    }),
    ['host', 'init'].map((name) => identity.k8s.has(name)),
  ];
  const key = ({ unit }: Part) => {
    const own = unit.own && aboutSubject(unit.own);
    return JSON.stringify([own, unit.ports, sides.peerKey(unit.far), sides.peerKey(unit.near)]);
  };
  return [...Map.groupBy(parts, key).values()].flatMap((same) => {
    const [first] = same;
    return first ? [{ ...first, pods: same.flatMap(({ pods }) => pods) }] : [];
  });
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

// The ends of a flow: the pods, entities and addresses that a peer stands for.

import type { Peer } from '../../api/selectors.ts';
import type { Namespace, Pod } from '../../facts/kinds.ts';
import type { CheckContext } from '../check.ts';
import { refer } from '../shared/messages.ts';
import {
  addressesOf,
  addressIdentity,
  HOST,
  KUBE_APISERVER,
  type Model,
  type Party,
  REMOTE_NODE,
  worldFaces,
} from './engine/index.ts';
import type { Params } from './schema.ts';
import { podsMeant, workloadOf } from './subjects.ts';

/** One end of a flow. */
export interface End {
  readonly party: Party;
  /** Of an endpoint; none for an entity, an address, or pods on the host's network. */
  readonly pods: readonly Pod[];
  readonly name: string;
  /** The pods on the host's network that stand behind it. */
  readonly hostPods: readonly Pod[];
}

export interface FlowContext {
  readonly params: Params;
  readonly model: Model<Pod>;
  readonly pods: readonly Pod[];
  readonly namespaces: readonly Namespace[];
  readonly judged: ReadonlySet<Pod>;
  readonly context: CheckContext;
}

/** The pods, or the entity or addresses, that a peer stands for; without a peer the pods of `endpoints`. */
export function endsOf(peer: Peer | undefined, given: FlowContext): readonly End[] {
  const { model, judged, pods, namespaces, context } = given;
  if (!peer) return podEnds(model, judged);
  if (peer.entity && peer.entity !== 'cluster') return entityEnds(peer.entity, model);
  if (peer.cidr) return addressEnds(peer.cidr, model);
  if (peer.entity === 'cluster') {
    const nodes = (['host', 'remote-node', 'kube-apiserver'] as const).flatMap((e) => entityEnds(e, model));
    return [...podEnds(model, new Set(pods)), ...nodes];
  }
  return podEnds(model, new Set(podsMeant(peer, pods, namespaces, context)));
}

function podEnds(model: Model<Pod>, meant: ReadonlySet<Pod>): readonly End[] {
  const ends: End[] = [];
  for (const endpoint of model.endpoints) {
    const pods = endpoint.pods.filter((pod) => meant.has(pod));
    const [first] = pods;
    if (!first) continue;
    const name = refer(workloadOf(first));
    if (endpoint.hostNetwork) ends.push({ party: endpoint, pods: [], name, hostPods: pods });
    else ends.push({ party: endpoint, pods, name, hostPods: [] });
  }
  return ends;
}

const NO_PORTS = new Map();

function entityEnds(
  entity: 'world' | 'host' | 'remote-node' | 'kube-apiserver',
  { settings }: Model,
): readonly End[] {
  const end = (identity: Party['identity']): End => ({
    party: { identity, ports: NO_PORTS },
    pods: [],
    name: entity,
    hostPods: [],
  });
  switch (entity) {
    case 'world':
      return worldFaces(settings.families).map(end);
    case 'host':
      return [end(HOST)];
    case 'remote-node':
      return [end(REMOTE_NODE)];
    case 'kube-apiserver':
      return [end(KUBE_APISERVER)];
    default:
      return entity satisfies never;
  }
}

/** Enough addresses of the block that no policy can treat another one differently. */
function addressEnds(cidr: string, model: Model): readonly End[] {
  return addressesOf(
    cidr,
    model.policies.flatMap(({ rules }) => rules),
  ).map((address) => ({
    party: { identity: addressIdentity(address, model.settings.families), ports: NO_PORTS },
    pods: [],
    name: cidr,
    hostPods: [],
  }));
}

export function isSelf(a: End, b: End): boolean {
  return a.pods.length === 1 && b.pods.length === 1 && a.pods[0] === b.pods[0];
}

/** Pods on the host's network are their node: `host` to pods of that node, `remote-node` to others. */
export function pairs(source: End, target: End): { source: End; target: End }[] {
  if (source.hostPods.length === 0 && target.hostPods.length === 0) return [{ source, target }];
  if (source.hostPods.length > 0) {
    return faces(source, target).map((face) => ({ source: face, target }));
  }
  return faces(target, source).map((face) => ({ source, target: face }));
}

function faces(onHost: End, other: End): readonly End[] {
  const nodes = new Set(other.pods.map((pod) => pod.spec.nodeName));
  const near = onHost.hostPods.some(({ spec }) => spec.nodeName !== undefined && nodes.has(spec.nodeName));
  const oneNode = new Set(onHost.hostPods.map(({ spec }) => spec.nodeName)).size === 1 && nodes.size === 1;
  const as = (identity: Party['identity']): End => ({
    ...onHost,
    party: { identity, ports: onHost.party.ports },
  });
  return [...(near ? [as(HOST)] : []), ...(near && oneNode ? [] : [as(REMOTE_NODE)])];
}

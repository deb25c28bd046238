// Who may stand at either end of a flow, as the policy engine sees them, and
// whether a rule's peers mean them.

import { type Address, contains, type Prefix } from './addresses.ts';
import type { Doubt } from './doubt.ts';
import { type LabelSet, matches, type Requirements } from './labels.ts';

/** One identity: everything that a policy can tell apart about an endpoint or an entity. */
export interface Identity extends LabelSet {
  /** Of a pod; '' for everything else. */
  readonly namespace: string;
  /** An address outside the cluster. */
  readonly address?: Address;
  /** DNS names that led to the address; undefined when nobody knows. */
  readonly names?: readonly string[];
}

/** One alternative of the peers of a rule. */
export type PeerSelector =
  | {
      readonly kind: 'labels';
      readonly requirements: Requirements;
      /** Why those that it means may not be meant after all. */
      readonly doubt?: Doubt;
    }
  | { readonly kind: 'cidr'; readonly prefix: Prefix; readonly except: readonly Prefix[] }
  | { readonly kind: 'fqdn'; readonly pattern: string }
  /** Addresses that are written down elsewhere (a CiliumCIDRGroup, the backends of a Service without selector). */
  | ({ readonly kind: 'elsewhere' } & Doubt)
  /** Nodes by their labels, which are not among the facts. */
  | ({ readonly kind: 'nodes' } & Doubt)
  /** Everybody, or only addresses that are written down elsewhere: it cannot be known which. */
  | ({ readonly kind: 'doubt' } & Doubt);

const NOTHING: ReadonlyMap<string, string> = new Map();

function reservedIdentity(...names: string[]): Identity {
  return { k8s: NOTHING, reserved: new Set(names), namespace: '' };
}

/** The families of addresses that the agents handle. */
export interface Families {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** The label of what lies outside, for an address of 32 or 128 bits (pkg/labels/cidr.go getWorldLabel). */
function worldLabel(bits: 32 | 128, families: Families): string {
  if (bits === 32 && families.ipv6) return 'world-ipv4';
  if (bits === 128 && families.ipv4) return 'world-ipv6';
  return 'world';
}

/** What lies outside: in a cluster of one address family everything at once, else a face for each. */
export const WORLD = reservedIdentity('world');
const WORLD_V4 = reservedIdentity('world-ipv4');
export const WORLD_V6 = reservedIdentity('world-ipv6');
/** The faces that the world shows where these families are on. */
export function worldFaces({ ipv4, ipv6 }: Families): readonly Identity[] {
  return ipv4 && ipv6 ? [WORLD_V4, WORLD_V6] : [WORLD];
}

export const HOST = reservedIdentity('host');
export const REMOTE_NODE = reservedIdentity('remote-node');
/** Identity 7 (pkg/identity/numericidentity.go): an API server that runs on a node of the cluster. */
export const KUBE_APISERVER = reservedIdentity('kube-apiserver', 'remote-node');

/** An address outside the cluster. */
export function addressIdentity(address: Address, families: Families, names?: readonly string[]): Identity {
  const identity = {
    k8s: NOTHING,
    reserved: new Set([worldLabel(address.bits, families)]),
    namespace: '',
    address,
  };
  return names === undefined ? identity : { ...identity, names };
}

/** Does it lie outside the cluster? */
function isWorld({ reserved }: Identity): boolean {
  return reserved.has('world') || reserved.has('world-ipv4') || reserved.has('world-ipv6');
}

/**
 * Do these peers mean that identity? `undefined` where that cannot be known. An empty list is everybody.
 * CIDRs never mean pods or nodes; a prefix of length 0 means the world (pkg/labels/cidr.go).
 */
export function selects(
  peers: readonly PeerSelector[],
  identity: Identity,
  families: Families,
): boolean | undefined {
  if (peers.length === 0) return true;
  let doubt = false;
  for (const peer of peers) {
    const answer = selectsOne(peer, identity, families);
    if (answer === true) return true;
    if (answer === undefined) doubt = true;
  }
  return doubt ? undefined : false;
}

function selectsOne(peer: PeerSelector, identity: Identity, families: Families): boolean | undefined {
  switch (peer.kind) {
    case 'labels':
      return matches(peer.requirements, identity) ? (peer.doubt ? undefined : true) : false;
    case 'cidr':
      return (
        inPrefix(peer.prefix, identity, families) && !peer.except.some((p) => inPrefix(p, identity, families))
      );
    case 'fqdn': {
      if (!identity.address) return false;
      return identity.names === undefined
        ? undefined
        : identity.names.some((name) => nameMatches(peer.pattern, name));
    }
    case 'elsewhere':
      return isWorld(identity) ? undefined : false;
    case 'nodes':
      return identity.reserved.has('remote-node') ? undefined : false;
    case 'doubt':
      return undefined;
    default:
      return peer satisfies never;
  }
}

function inPrefix(prefix: Prefix, identity: Identity, families: Families): boolean {
  if (prefix.length === 0) {
    return identity.reserved.has(worldLabel(prefix.bits, families));
  }
  return identity.address !== undefined && contains(prefix, identity.address);
}

/** pkg/fqdn/matchpattern: `*` is any run of characters without a dot; alone it is every name; `**.` any depth. */
export function nameMatches(pattern: string, name: string): boolean {
  const clean = (text: string) => text.trim().toLowerCase().replace(/\.$/, '');
  const wanted = clean(pattern);
  const asked = clean(name);
  if (wanted === '*' || wanted === '') return wanted === '*';
  const deep = /^\*{2,}\./.test(wanted);
  const rest = (deep ? wanted.replace(/^\*{2,}\./, '') : wanted)
    .split(/\*+/)
    .map((part) => part.replaceAll('.', '[.]'))
    .join('[-a-z0-9_]*');
  return new RegExp(`^${deep ? '([-a-z0-9_]+[.])+' : ''}${rest}$`).test(asked);
}

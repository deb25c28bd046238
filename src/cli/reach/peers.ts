// How ends of flows and ports are written on the command line of `reach`.

import {
  addressesOf,
  addressIdentity,
  type Protocol,
  type Settings,
} from '../../checks/networkPolicy/engine/index.ts';
import { UsageError } from '../exit.ts';
import { labelTest } from '../label-selector.ts';

/** What `reach` reports besides pods. */
export const ENTITIES = ['world', 'host', 'remote-node', 'kube-apiserver'] as const;
export type Entity = (typeof ENTITIES)[number];

export interface PortQuery {
  readonly port: number;
  /** As it is printed. */
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'ICMP' | 'ICMPv6';
}

/** One end as someone wrote it. */
export type PeerText =
  | { readonly kind: 'entity'; readonly entity: Entity }
  | { readonly kind: 'address'; readonly address: string }
  | {
      readonly kind: 'pods';
      readonly namespace: (name: string) => boolean;
      readonly pod: (pod: PodNames) => boolean;
    };

export interface PodNames {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Kind/name of what runs it. */
  readonly workload: string;
}

export const PEER_SYNTAX =
  'a pod (shop/web-0), the pods of a workload (shop/Deployment/web), of a namespace (shop or shop/*), with labels (shop:app=web, or :app=web in every namespace), an entity (world, host, remote-node, kube-apiserver) or an address outside the cluster (203.0.113.7)';

const anything = () => true;

/** Throws a UsageError, which begins with `option`, about what is no peer. */
export function parsePeer(text: string, option: string): PeerText {
  const written = text.trim();
  const entity = ENTITIES.find((name) => name === written);
  if (entity) return { kind: 'entity', entity };
  if (isAddress(written)) return { kind: 'address', address: written };
  const colon = written.indexOf(':');
  if (colon >= 0) {
    const labels = labelTest(written.slice(colon + 1), `${option} ${text}`);
    return {
      kind: 'pods',
      namespace: colon === 0 ? anything : wildcard(written.slice(0, colon)),
      pod: (pod) => labels(pod.labels),
    };
  }
  const parts = written.split('/');
  if (parts.some((part) => part === '') || parts.length > 3) {
    throw new UsageError(`${option} "${text}" is none of: ${PEER_SYNTAX}`);
  }
  const [namespace = '', ...rest] = parts;
  const inNamespace = wildcard(namespace);
  const wanted = wildcard(rest.join('/') || '*');
  if (rest.length === 2) {
    return { kind: 'pods', namespace: inNamespace, pod: ({ workload }) => wanted(workload.toLowerCase()) };
  }
  return { kind: 'pods', namespace: inNamespace, pod: ({ name }) => wanted(name) };
}

/** `*` is the only wildcard in names. Workloads are asked for in any case of their kind. */
function wildcard(pattern: string): (name: string) => boolean {
  if (pattern === '*') return anything;
  const wanted = pattern.includes('/') ? pattern.toLowerCase() : pattern;
  const parts = wanted.split('*');
  if (parts.length === 1) return (name) => name === wanted;
  const [first = '', ...rest] = parts;
  const last = rest.pop() ?? '';
  return (name) => {
    if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length)
      return false;
    let at = first.length;
    for (const part of rest) {
      const found = name.indexOf(part, at);
      if (found < 0 || found + part.length > name.length - last.length) return false;
      at = found + part.length;
    }
    return true;
  };
}

const wholePrefix = (address: string) => `${address}/${address.includes(':') ? 128 : 32}`;

function isAddress(text: string): boolean {
  return (
    /^[0-9a-fA-F.:]+$/.test(text) && /[.:].*[.:]/.test(text) && addressesOf(wholePrefix(text), []).length > 0
  );
}

/** The identity of an address that parsePeer accepted. */
export function addressPeer(address: string, { families }: Settings) {
  const [parsed] = addressesOf(wholePrefix(address), []);
  if (!parsed) throw new Error(`${address} is no address`);
  return addressIdentity(parsed, families);
}

const PROTOCOLS = ['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6'] as const;

/** `80/TCP`, or `80` for TCP; the type of the message for ICMP. Throws a UsageError. */
export function parsePort(text: string, option: string): PortQuery {
  const [number = '', name = 'TCP', ...more] = text.trim().split('/');
  const protocol = PROTOCOLS.find((known) => known.toUpperCase() === name.toUpperCase());
  if (!protocol || more.length > 0) {
    throw new UsageError(
      `${option} "${text}": write a port as 80/TCP; the protocols are ${PROTOCOLS.join(', ')}`,
    );
  }
  const icmp = protocol.startsWith('ICMP');
  const [lowest, highest] = icmp ? [0, 255] : [1, 65535];
  const port = Number(number);
  if (!/^[0-9]+$/.test(number) || port < lowest || port > highest) {
    throw new UsageError(
      `${option} "${text}": ${number === '' ? 'the number is missing' : `"${number}" is no ${icmp ? 'type of message' : 'port'}`}; it is a number from ${lowest} to ${highest}`,
    );
  }
  return { port, protocol };
}

/** The protocol by the engine's name. */
export const engineProtocol = ({ protocol }: PortQuery): Protocol =>
  protocol === 'ICMPv6' ? 'ICMPV6' : protocol;

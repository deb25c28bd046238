// Sets of ports, and what the ports of a rule come to: numbers, ranges, names,
// protocols (pkg/policy/api/l4.go, pkg/policy/portrange.go, pkg/types/portmap.go).

/** Every protocol that a policy tells apart, and OTHER for those that it does not. */
const PROTOCOLS = ['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPV6', 'VRRP', 'IGMP', 'OTHER'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** Both ends included. */
export type Range = readonly [low: number, high: number];

/** Ports by protocol; ranges are sorted and do not touch. For ICMP a port is the type of the message. */
export type PortSet = ReadonlyMap<Protocol, readonly Range[]>;

const FULL: Range = [0, 65535];

export const noPorts: PortSet = new Map();
/** What a rule without ports opens: every protocol, ICMP included. */
export const allPorts: PortSet = new Map(PROTOCOLS.map((protocol) => [protocol, [FULL]]));

export function onePort(protocol: Protocol, port: number): PortSet {
  return new Map([[protocol, [[port, port]]]]);
}

export function isEmpty(set: PortSet): boolean {
  return set.size === 0;
}

export function has(set: PortSet, protocol: Protocol, port: number): boolean {
  return set.get(protocol)?.some(([low, high]) => low <= port && port <= high) ?? false;
}

export function union(a: PortSet, b: PortSet): PortSet {
  if (isEmpty(a) || b === allPorts) return b;
  if (isEmpty(b) || a === allPorts) return a;
  const sum = new Map(a);
  for (const [protocol, ranges] of b) sum.set(protocol, merge([...(sum.get(protocol) ?? []), ...ranges]));
  return sum;
}

function merge(ranges: readonly Range[]): Range[] {
  const merged: [number, number][] = [];
  for (const [low, high] of [...ranges].sort((x, y) => x[0] - y[0])) {
    const last = merged.at(-1);
    if (last && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else merged.push([low, high]);
  }
  return merged;
}

export function subtract(a: PortSet, b: PortSet): PortSet {
  if (isEmpty(a) || isEmpty(b)) return a;
  const rest = new Map<Protocol, readonly Range[]>();
  for (const [protocol, ranges] of a) {
    let left: Range[] = [...ranges];
    for (const [low, high] of b.get(protocol) ?? []) {
      left = left.flatMap(([from, to]): Range[] => {
        if (high < from || low > to) return [[from, to]];
        const parts: Range[] = [];
        if (from < low) parts.push([from, low - 1]);
        if (to > high) parts.push([high + 1, to]);
        return parts;
      });
    }
    if (left.length > 0) rest.set(protocol, left);
  }
  return rest;
}

export function intersect(a: PortSet, b: PortSet): PortSet {
  return subtract(a, subtract(a, b));
}

/** For people: `every port`, `80/TCP`, `8000-8010/TCP and every UDP port`; at most three parts. */
export function describe(set: PortSet): string {
  if (PROTOCOLS.every((protocol) => isFull(set.get(protocol)))) return 'every port';
  const parts: string[] = [];
  for (const [protocol, ranges] of set) {
    const ported = protocol === 'TCP' || protocol === 'UDP' || protocol === 'SCTP';
    if (isFull(ranges)) parts.push(ported ? `every ${protocol} port` : (WITHOUT_PORTS[protocol] ?? protocol));
    else
      for (const [low, high] of ranges)
        parts.push(portText(protocol, low === high ? `${low}` : `${low}-${high}`));
  }
  if (parts.length === 0) return 'no port';
  if (parts.length > 3) return `${parts.slice(0, 3).join(', ')} and ${parts.length - 3} more`;
  return parts.join(', ');
}

/** For ICMP the number is the type of the message. */
function portText(protocol: Protocol, numbers: string): string {
  if (protocol === 'ICMP' || protocol === 'ICMPV6')
    return `${WITHOUT_PORTS[protocol] ?? protocol} type ${numbers}`;
  return `${numbers}/${protocol}`;
}

const WITHOUT_PORTS: Partial<Record<Protocol, string>> = { ICMPV6: 'ICMPv6', OTHER: 'other protocols' };

function isFull(ranges: readonly Range[] | undefined): boolean {
  return ranges !== undefined && ranges.length === 1 && ranges[0]?.[0] === 0 && ranges[0]?.[1] === 65535;
}

/** One port of a rule: by number (with a range's end), or by name. `parser` is what looks into layer 7, if anything. */
export type PortSpec =
  | { readonly protocol: Protocol; readonly low: number; readonly high: number; readonly parser?: string }
  | {
      readonly parser?: string;
      readonly protocol: Protocol;
      readonly name: string;
      /** The end of a range that begins at the port so named; 0 without one. */
      readonly end: number;
    };

/** A numbered port. Port 0 is all of them; an end at or below the port is no range (PortRangeToMaskedPorts). */
export function numbered(protocol: Protocol, port: number, end: number): PortSpec {
  if (port === 0 && (end === 0 || end === 65535)) return { protocol, low: 0, high: 65535 };
  return { protocol, low: port, high: Math.max(port, end) };
}

/** Finds the number behind a name. */
export type NamedPorts = (name: string, protocol: Protocol) => number | undefined;

/** The end of the range that a name stands for, by `name/protocol`. */
export type RangeEnds = ReadonlyMap<string, number>;

/**
 * Cilium keeps one filter for each name and protocol of a subject, so the first rule that speaks of a name decides
 * where its range ends, for all of them (pkg/policy/l4.go addL4Filter, ExactLookup).
 */
export function rangeEnds(specs: Iterable<PortSpec>): RangeEnds {
  const ends = new Map<string, number>();
  for (const spec of specs) {
    if (!('name' in spec)) continue;
    const key = `${spec.name}/${spec.protocol}`;
    if (!ends.has(key)) ends.set(key, spec.end);
  }
  return ends;
}

/** What the ports of a rule open; `undefined` are all. A name that resolves to nothing opens nothing. */
export function portSet(
  specs: readonly PortSpec[] | undefined,
  names: NamedPorts,
  ends: RangeEnds = NO_ENDS,
): PortSet {
  if (specs === undefined) return allPorts;
  const byProtocol = new Map<Protocol, Range[]>();
  for (const spec of specs) {
    let range: Range;
    if ('name' in spec) {
      const number = names(spec.name, spec.protocol);
      if (number === undefined) continue;
      range = [number, Math.max(number, ends.get(`${spec.name}/${spec.protocol}`) ?? spec.end)];
    } else {
      range = [spec.low, spec.high];
    }
    byProtocol.set(spec.protocol, [...(byProtocol.get(spec.protocol) ?? []), range]);
  }
  return new Map([...byProtocol].map(([protocol, ranges]) => [protocol, merge(ranges)]));
}

const NO_ENDS: RangeEnds = new Map();

/** IANA service names, which is what Cilium takes for a port's name (pkg/iana/svcname.go). */
export function isPortName(text: string): boolean {
  return text.length > 0 && text.length <= 15 && /^([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*$/.test(text);
}

export interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol?: string;
}

/** A pod's ports by name. Of two that share a name the last one counts, whatever their protocols. */
export type PodPorts = ReadonlyMap<string, { readonly protocol: Protocol; readonly port: number }>;

export function podPorts(ports: readonly ContainerPort[]): PodPorts {
  const named = new Map<string, { protocol: Protocol; port: number }>();
  for (const { name, containerPort, protocol } of ports) {
    if (name === undefined || !isPortName(name) || containerPort < 1 || containerPort > 65535) continue;
    named.set(name.toLowerCase(), {
      protocol: protocolOf(protocol ?? 'TCP') ?? 'OTHER',
      port: containerPort,
    });
  }
  return named;
}

export function protocolOf(text: string): Protocol | undefined {
  const upper = text.toUpperCase();
  return PROTOCOLS.find((protocol) => protocol === upper);
}

/** The subject's own ports, which is how names are resolved at ingress. */
export function ownPorts(ports: PodPorts): NamedPorts {
  return (name, protocol) => {
    const found = ports.get(name);
    return found?.protocol === protocol ? found.port : undefined;
  };
}

/**
 * The agent's one table over all pods, which is how names are resolved at egress: a name (for a protocol) with
 * one number has it; with two it has none (pkg/types/portmap.go namedPortMultiMap).
 */
export function portTable(pods: Iterable<PodPorts>): NamedPorts {
  const numbers = new Map<string, Set<number>>();
  for (const ports of pods) {
    for (const [name, { protocol, port }] of ports) {
      const key = `${name}/${protocol}`;
      const known = numbers.get(key);
      if (known) known.add(port);
      else numbers.set(key, new Set([port]));
    }
  }
  return (name, protocol) => {
    const found = numbers.get(`${name}/${protocol}`);
    return found?.size === 1 ? found.values().next().value : undefined;
  };
}

// Where evidence may be fetched from: anywhere but the machine itself, its link,
// and the services that hand out credentials of the cloud, unless the one who
// runs the operator has allowed a range by name.

import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ReturnType<typeof ipaddr.parse>;

/** A range of addresses in CIDR notation, parsed. */
export type Range = readonly [Address, number];

/**
 * What ipaddr.js calls the ranges that are ordinary places: everything else
 * (loopback, link-local, multicast, reserved, tunnels) is refused.
 */
const ORDINARY: ReadonlySet<string> = new Set(['unicast', 'private', 'uniqueLocal', 'carrierGradeNat']);

/**
 * Metadata services that are not on a link-local address: those of Alibaba,
 * Azure (WireServer), Oracle, AWS (instance metadata and EKS Pod Identity,
 * fd00:ec2::/32) and Google over IPv6.
 */
const METADATA: readonly Range[] = [
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  'fd00:ec2::/32',
  'fd00:c1::a9fe:a9fe/128',
  'fd20:ce::254/128',
].map((text) => ipaddr.parseCIDR(text));

/** IPv6 that carries an IPv4 address which nothing fixed says where to find: NAT64 prefixes of a site's own (RFC 8215). */
const LOCAL_NAT64 = ipaddr.parseCIDR('64:ff9b:1::/48');

/** Parses CIDR notation, or one address. Throws an Error that says what is wrong. */
export function parseRange(text: string): Range {
  const [address = '', prefix] = text.split('/');
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  const bits = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (version === 0 || !(bits <= longest) || text.split('/').length > 2)
    throw new Error(`${JSON.stringify(text)} is no range of addresses such as 10.0.0.0/8 or fd00::/8`);
  return [ipaddr.parse(address), bits];
}

/**
 * Why this address is not spoken to; undefined where it may be. `address` is
 * what a resolver or a URL gave, in any notation of IPv4 or IPv6.
 */
export function refusalOf(address: string, allowed: readonly Range[]): string | undefined {
  if (isIP(address) === 0) return 'no address';
  const parsed = ipaddr.process(address); // IPv4 in IPv6 (::ffff:1.2.3.4) is IPv4
  if (allowed.some((range) => contains(range, parsed))) return undefined;
  return unlessOrdinary(parsed);
}

function unlessOrdinary(address: Address): string | undefined {
  if (METADATA.some((range) => contains(range, address))) return 'the address of a cloud metadata service';
  if (contains(LOCAL_NAT64, address)) return 'a translated address';
  const inner = address instanceof ipaddr.IPv6 ? carriedBy(address) : undefined;
  if (inner) {
    const refusal = unlessOrdinary(inner);
    return refusal && `${refusal}, ${inner.toString()}, in IPv6`;
  }
  const range = address.range();
  if (ORDINARY.has(range) && !isCompatible(address)) return undefined;
  return NAMES[range] ?? `a special address (${range})`;
}

const NAMES: Readonly<Record<string, string>> = {
  loopback: 'a loopback address',
  linkLocal: 'a link-local address, where clouds have their metadata services',
  unspecified: 'the unspecified address, which is this machine',
  multicast: 'a multicast address',
  broadcast: 'the broadcast address',
  reserved: 'a reserved address',
};

/** The IPv4 address that packets to this one end up at: NAT64 (RFC 6052), SIIT (RFC 6145), 6to4 (RFC 3056). */
function carriedBy(address: InstanceType<typeof ipaddr.IPv6>): Address | undefined {
  const bytes = address.toByteArray();
  switch (address.range()) {
    case 'ipv4Mapped':
    case 'rfc6052':
    case 'rfc6145':
      return ipaddr.fromByteArray(bytes.slice(12));
    case '6to4':
      return ipaddr.fromByteArray(bytes.slice(2, 6));
    default:
      return undefined;
  }
}

/** ::1.2.3.4, deprecated by RFC 4291, and nowhere an ordinary place. */
const isCompatible = (address: Address) =>
  address instanceof ipaddr.IPv6 &&
  address
    .toByteArray()
    .slice(0, 12)
    .every((byte) => byte === 0);

const contains = ([network, bits]: Range, address: Address) =>
  network.kind() === address.kind() && address.match(network as never, bits);

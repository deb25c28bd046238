// Addresses and prefixes, IPv4 and IPv6, as numbers that can be compared.

export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

export interface Prefix {
  readonly bits: 32 | 128;
  readonly length: number;
  readonly low: bigint;
  readonly high: bigint;
}

/** An address, or undefined for what Go's netip.ParseAddr would refuse. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256n + BigInt(part);
  }
  return { bits: 32, value };
}

function parseV6(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] ?? '', true) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  let value = 0n;
  for (const group of [...head, ...Array<number>(missing).fill(0), ...tail]) {
    value = value * 65536n + BigInt(group);
  }
  return { bits: 128, value };
}

/** The 16-bit groups of one half of an IPv6 address; the last may be a dotted IPv4 address. */
function groups(text: string, dottedAllowed: boolean): number[] | undefined {
  if (text === '') return [];
  const found: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (dottedAllowed && index === parts.length - 1 && part.includes('.')) {
      const v4 = parseV4(part);
      if (!v4) return undefined;
      found.push(Number(v4.value >> 16n), Number(v4.value & 65535n));
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      found.push(Number.parseInt(part, 16));
    }
  }
  return found;
}

/** A prefix such as 10.0.0.0/8 (host bits are masked off), or undefined for what netip.ParsePrefix would refuse. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (!address || !/^(0|[1-9][0-9]{0,2})$/.test(digits) || Number(digits) > address.bits) return undefined;
  return prefixOf(address, Number(digits));
}

function prefixOf({ bits, value }: Address, length: number): Prefix {
  const size = 1n << BigInt(bits - length);
  const low = (value / size) * size;
  return { bits, length, low, high: low + size - 1n };
}

/** An address or a prefix; an address is the prefix of itself alone. */
export function parsePrefixOrAddress(text: string): Prefix | undefined {
  if (text.includes('/')) return parsePrefix(text);
  const address = parseAddress(text);
  return address && prefixOf(address, address.bits);
}

export function contains(prefix: Prefix, address: Address): boolean {
  return prefix.bits === address.bits && prefix.low <= address.value && address.value <= prefix.high;
}

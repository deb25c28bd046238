// A block of addresses cut into the pieces that no policy treats differently
// inside, each standing for itself with its first address.

import { type Address, type Prefix, parsePrefixOrAddress } from './addresses.ts';
import type { Rule } from './rules.ts';

/** So many pieces are judged; of a block that is cut into more, not everything is known. */
export const MOST_PIECES = 2_000;

/** One address of each piece that these rules tell apart: all, or more than MOST_PIECES. Empty for what is no CIDR. */
export function addressesOf(cidr: string, rules: Iterable<Rule>): readonly Address[] {
  const block = parsePrefixOrAddress(cidr);
  if (!block) return [];
  const starts = new Set<bigint>([block.low]);
  for (const prefix of prefixesOf(rules)) {
    if (prefix.bits !== block.bits || starts.size > MOST_PIECES) continue;
    for (const start of [prefix.low, prefix.high + 1n]) {
      if (block.low <= start && start <= block.high) starts.add(start);
    }
  }
  return [...starts].map((value) => ({ bits: block.bits, value }));
}

function* prefixesOf(rules: Iterable<Rule>): Iterable<Prefix> {
  for (const { peers } of rules) {
    for (const peer of peers ?? []) {
      if (peer.kind === 'cidr') yield* [peer.prefix, ...peer.except];
    }
  }
}

// Rules that Cilium cannot merge into one policy: two different L7 protocols on
// one port for one peer (pkg/policy/rule.go mergePortProto, pkg/policy/l4.go L7ParserType.Merge).

import type { PeerSelector } from './peers.ts';
import type { PortSpec } from './ports.ts';
import type { Rule } from './rules.ts';

export interface Conflict {
  readonly rule: Rule;
  /** For people. */
  readonly what: string;
}

/** The first conflict among the rules of one direction that select the same endpoint. */
export function conflictIn(rules: readonly Rule[]): Conflict | undefined {
  const looking = rules.filter(
    ({ deny, peers, ports }) => !deny && peers !== null && ports?.some(({ parser }) => parser),
  );
  if (looking.length === 0) return undefined;
  const parsers = new Map<string, { parser: string; rule: Rule }>();
  for (const rule of looking) {
    for (const spec of rule.ports ?? []) {
      if (spec.parser === undefined) continue;
      for (const peer of peerKeys(rule.peers ?? [])) {
        const key = `${portKey(spec)} ${peer}`;
        const before = parsers.get(key);
        if (before && !mergeable(before.parser, spec.parser)) {
          const what = `how Cilium merges ${before.parser} rules (${before.rule.path} of ${before.rule.policy.meta.name}) with ${spec.parser} rules (${rule.path}) on one port: it cannot, and keeps the policy that the pods had before`;
          return { rule, what };
        }
        if (!before || before.parser === 'tls') parsers.set(key, { parser: spec.parser, rule });
      }
    }
  }
  return undefined;
}

function portKey(spec: PortSpec): string {
  return 'name' in spec ? `${spec.name}/${spec.protocol}` : `${spec.low}-${spec.high}/${spec.protocol}`;
}

/** Equal for selectors that Cilium takes for the same one; everybody is one too. */
function peerKeys(peers: readonly PeerSelector[]): readonly string[] {
  if (peers.length === 0) return ['everybody'];
  return peers.map((peer) => {
    if (peer.kind === 'labels' && peer.requirements.length === 0) return 'everybody';
    return JSON.stringify(peer, (_, value) => {
      if (value instanceof Set) return [...value].sort();
      return typeof value === 'bigint' ? `${value}` : value;
    });
  });
}

/** TLS alone may become any parser but DNS and an Envoy listener. */
function mergeable(a: string, b: string): boolean {
  if (a === b) return true;
  const promotable = (from: string, to: string) => from === 'tls' && to !== 'dns' && to !== 'crd';
  return promotable(a, b) || promotable(b, a);
}

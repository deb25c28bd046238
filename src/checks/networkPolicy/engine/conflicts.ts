// What leaves the whole policy of an endpoint unknown: rules that Cilium cannot
// merge (two L7 protocols on one port for one peer: pkg/policy/rule.go mergePortProto,
// pkg/policy/l4.go L7ParserType.Merge), and a rule that selects it by chance.

import type { Doubt } from './doubt.ts';
import type { PeerSelector } from './peers.ts';
import type { PortSpec } from './ports.ts';
import type { Rule } from './rules.ts';

export interface Conflict {
  readonly rule: Rule;
  readonly doubt: Doubt;
}

/** The first conflict among the rules of one direction that select the same endpoint. */
export function conflictIn(rules: readonly Rule[]): Conflict | undefined {
  for (const rule of rules) if (rule.subjectDoubt) return { rule, doubt: rule.subjectDoubt };
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
          const { path, policy } = before.rule;
          const { namespace, name } = policy.meta;
          const where = `${path} of ${policy.kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
          const doubt = {
            what: `the policy that the pods had before, as Cilium cannot merge the ${before.parser} rules of ${where} with the ${spec.parser} rules of ${rule.path} on the same port`,
            mend: 'Leave rules of one protocol only on that port',
          };
          return { rule, doubt };
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

// The engine's verdicts of one side of flows, asked once for all peers that the
// subject's rules do not tell apart: 500 identities have 250,000 pairs, but each
// of them a handful of rules.

import {
  type Direction,
  decide,
  defaultDeny,
  type Model,
  type Party,
  type Rule,
  selects,
  type Verdict,
} from '../../checks/networkPolicy/engine/index.ts';
import { engineProtocol, type PortQuery } from './peers.ts';

export interface Sides {
  /** What the subject's policies say of a peer, which is given by its place in the list of peers. */
  verdict(subject: Party, direction: Direction, peer: number, query: PortQuery): Verdict;
  /** Equal for peers that no rule of the cluster tells apart. */
  peerKey(peer: number): string;
}

/** The peers of one subject in one direction, folded. */
interface Table {
  readonly classOf: Int32Array;
  /** Some peer of each class. */
  readonly examples: readonly number[];
  readonly verdicts: Map<PortQuery, (Verdict | undefined)[]>;
}

type Tables = Record<Direction, Table | undefined>;

/** Queries are told apart by identity: pass the same object for the same port. */
export function createSides(model: Model, peers: readonly Party[]): Sides {
  const vectors = new Map<Rule['peers'], Uint8Array>();
  const tables = new Map<Party, Tables>();
  const apart = apartVector(model, peers);

  /** What a rule's peers say of each peer: 0 not meant, 1 meant, 2 nobody knows. */
  function vectorOf(selectors: NonNullable<Rule['peers']>): Uint8Array {
    const before = vectors.get(selectors);
    if (before) return before;
    const vector = Uint8Array.from(peers, ({ identity }) => {
      const meant = selects(selectors, identity, model.settings.families);
      return meant === undefined ? 2 : Number(meant);
    });
    vectors.set(selectors, vector);
    return vector;
  }

  function tableOf(subject: Party, direction: Direction): Table {
    let both = tables.get(subject);
    if (!both) {
      both = { ingress: undefined, egress: undefined };
      tables.set(subject, both);
    }
    both[direction] ??= fold(subject, direction);
    return both[direction];
  }

  function fold(subject: Party, direction: Direction): Table {
    let classOf: Int32Array = apart.slice();
    let classes = classOf.reduce((most, one) => Math.max(most, one + 1), 0);
    for (const { peers: selectors } of defaultDeny(model, subject.identity, direction).rules) {
      if (selectors === null || selectors.length === 0) continue;
      [classOf, classes] = refine(classOf, classes, vectorOf(selectors));
    }
    const examples: number[] = [];
    for (const [peer, one] of classOf.entries()) examples[one] ??= peer;
    return { classOf, examples, verdicts: new Map() };
  }

  return {
    verdict(subject, direction, peer, query) {
      const { classOf, examples, verdicts } = tableOf(subject, direction);
      let row = verdicts.get(query);
      if (!row) {
        row = [];
        verdicts.set(query, row);
      }
      const one = classOf[peer] as number;
      const before = row[one];
      if (before) return before;
      const example = peers[examples[one] as number] as Party;
      const made = decide(model, subject, direction, example, engineProtocol(query), query.port);
      row[one] = made;
      return made;
    },
    peerKey(peer) {
      const rules = model.policies.flatMap((policy) => policy.rules);
      const meant = rules.map(({ peers: selectors }) => (selectors ? vectorOf(selectors)[peer] : 0));
      return `${apart[peer]} ${meant.join('')}`;
    },
  };
}

/** Peers that may be treated apart whatever the rules say: entities, and whose own ports give names their numbers. */
function apartVector({ settings }: Model, peers: readonly Party[]): Int32Array {
  const known = new Map<string, number>();
  return Int32Array.from(peers, ({ identity, ports }) => {
    const names = settings.enforcer === 'kubernetes' ? [...ports].map(([name, at]) => [name, at]) : [];
    const special = ['host', 'init'].filter((name) => identity.k8s.has(name));
    const key = JSON.stringify([[...identity.reserved], special, names, identity.address?.value.toString()]);
    const before = known.get(key);
    if (before !== undefined) return before;
    known.set(key, known.size);
    return known.size - 1;
  });
}

/** Splits classes by one more vector; numbers them anew, in the order of the peers. */
function refine(classOf: Int32Array, classes: number, vector: Uint8Array): [Int32Array, number] {
  const renamed = new Int32Array(classes * 3).fill(-1);
  let next = 0;
  const refined = classOf.map((one, peer) => {
    const split = one * 3 + (vector[peer] as number);
    if (renamed[split] === -1) renamed[split] = next++;
    return renamed[split] as number;
  });
  return [refined, next];
}

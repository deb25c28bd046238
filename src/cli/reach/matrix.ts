// What holds between every two ends: both sides' verdicts, and what of them
// cannot be said in allow and deny.

import type { Direction, Verdict } from '../../checks/networkPolicy/engine/index.ts';
import { type Answer, type PortAnswer, type ReachPair, verdictOf } from '../../report/reach/index.ts';
import type { End, Ends, NodeSide, Unit } from './ends.ts';
import type { PortQuery } from './peers.ts';
import type { Sides } from './sides.ts';
import type { SideVerdict } from './verdicts.ts';
import { doubtText } from './why.ts';

export interface Doubts {
  /** Flows of which some side is unknown. */
  count: number;
  /** The first of each cause: what it hangs on. */
  readonly causes: Map<string, string>;
  /** Flows with the world whose verdict is another one for IPv6. */
  otherFamily: number;
  otherFamilyExample: string;
}

export interface Matrix {
  readonly pairs: Iterable<ReachPair>;
  /** Filled while the pairs are read. */
  readonly doubts: Doubts;
}

export interface Scope {
  readonly from: (end: End) => boolean;
  readonly to: (end: End) => boolean;
  /** Is the end in the namespace that flows must have an end in? */
  readonly within: (end: End) => boolean;
}

export function matrixOf({ ends, sides }: Ends, scope: Scope): Matrix {
  const doubts: Doubts = { count: 0, causes: new Map(), otherFamily: 0, otherFamilyExample: '' };
  return { doubts, pairs: pairsOf() };

  function* pairsOf(): Generator<ReachPair> {
    const interned = internedAnswers();
    const rows = new Map<Unit, Map<Unit, readonly PortAnswer[]>[]>();
    const targets = ends.filter(scope.to).map((dst) => ({ dst, within: scope.within(dst) }));
    for (const src of ends.filter(scope.from)) {
      const within = scope.within(src);
      let byNearness = rows.get(src.unit);
      if (!byNearness) {
        byNearness = [new Map(), new Map()];
        rows.set(src.unit, byNearness);
      }
      for (const target of targets) {
        const { dst } = target;
        if (!(within || target.within) || !isFlow(src, dst)) continue;
        const row = byNearness[Number(isNear(src, dst))] as Map<Unit, readonly PortAnswer[]>;
        // Those of nodes hang on more than the units.
        const byUnit = !src.unit.nodesFor && !dst.unit.nodesFor;
        let answers = byUnit ? row.get(dst.unit) : undefined;
        if (!answers) {
          answers = interned(dst.unit.ports, (query) => flowOf(sides, src, dst, query));
          if (byUnit) row.set(dst.unit, answers);
        }
        for (const { egress, ingress } of answers) {
          if (egress === 'unknown' || ingress === 'unknown') note(src, dst);
        }
        if (src.entity === 'world' || dst.entity === 'world') compareFamilies(src, dst, answers);
        yield { src: src.shown, dst: dst.shown, answers };
      }
    }
  }

  function note(src: End, dst: End): void {
    doubts.count++;
    if (doubts.causes.size >= MOST_CAUSES) return;
    for (const query of dst.unit.ports) {
      const flow = flowOf(sides, src, dst, query);
      for (const { because } of [flow.egress, flow.ingress]) {
        const cause = doubtText(because);
        if (cause === undefined) continue;
        if (!doubts.causes.has(cause)) {
          doubts.causes.set(
            cause,
            `${src.shown.name} → ${dst.shown.name} on ${query.port}/${query.protocol}`,
          );
        }
      }
    }
  }

  function compareFamilies(src: End, dst: End, answers: readonly PortAnswer[]): void {
    if (src.unit.otherFamily === undefined && dst.unit.otherFamily === undefined) return;
    for (const [index, query] of dst.unit.ports.entries()) {
      const { egress, ingress } = flowOf(sides, src, dst, query, true);
      const other = verdictOf(egress.decision, ingress.decision);
      if (other === answers[index]?.verdict) continue;
      doubts.otherFamily++;
      doubts.otherFamilyExample ||= `${src.shown.name} → ${dst.shown.name} on ${query.port}/${query.protocol}: ${answers[index]?.verdict} for IPv4, ${other} for IPv6`;
    }
  }
}

/** Entities alone, and a pod and itself, make no flow. */
function isFlow(src: End, dst: End): boolean {
  return src === dst ? src.shown.pods > 1 : src.pods.length > 0 || dst.pods.length > 0;
}

const MOST_CAUSES = 10;

export interface Flow {
  readonly egress: SideVerdict;
  readonly ingress: SideVerdict;
}

/** Both sides of one flow; of the world's two faces the IPv4 one, or the other. */
export function flowOf(sides: Sides, src: End, dst: End, query: PortQuery, otherFamily = false): Flow {
  const near = isNear(src, dst);
  const side = (subject: End, direction: Direction, peer: End): SideVerdict => {
    const { unit } = peer;
    const place = (otherFamily ? unit.otherFamily : undefined) ?? (near ? unit.near : unit.far);
    const { own, nodesFor } = subject.unit;
    if (own) return sides.verdict(own, direction, place, query);
    if (!nodesFor) return NO_POLICY;
    const nodes = nodesFor(subject, peer);
    return together(
      nodes,
      nodes.own.map((node) => sides.verdict(node, direction, place, query)),
    );
  };
  return { egress: side(src, 'egress', dst), ingress: side(dst, 'ingress', src) };
}

const NO_POLICY: SideVerdict = { decision: 'allow', because: { kind: 'no-policy' } };

/** Who stands for several nodes says what all of them say. */
function together({ unknown }: NodeSide, verdicts: readonly Verdict[]): SideVerdict {
  const [first] = verdicts;
  if (unknown) return nodesUnknown('the labels of the node: its Node object is not known');
  if (!first) return NO_POLICY;
  if (verdicts.every(({ decision }) => decision === first.decision)) return first;
  return nodesUnknown('which node it is: their policies differ');
}

const nodesUnknown = (what: string): SideVerdict => ({
  decision: 'unknown',
  because: { kind: 'nodes', what },
});

/**
 * Pods on the host's network are `host` to pods of their node and `remote-node` to all others. Folded, they are
 * taken for the latter unless every two of them share a node.
 */
function isNear(a: End, b: End): boolean {
  return (a.shown.onHost || b.shown.onHost) && a.node !== undefined && a.node === b.node;
}

const CODES: Readonly<Record<Answer, number>> = { allow: 0, deny: 1, unknown: 2 };

/** Equal answers to the same questions are one array of the same objects, so that reports can remember their text. */
function internedAnswers() {
  const known = new Map<readonly PortQuery[], Map<string, readonly PortAnswer[]>>();
  const single = new Map<PortQuery, PortAnswer[]>();
  return (queries: readonly PortQuery[], ask: (query: PortQuery) => Flow): readonly PortAnswer[] => {
    let lists = known.get(queries);
    if (!lists) {
      lists = new Map();
      known.set(queries, lists);
    }
    let key = '';
    const answers = queries.map((query) => {
      const { egress, ingress } = ask(query);
      const code = CODES[egress.decision] * 3 + CODES[ingress.decision];
      key += code;
      let ofQuery = single.get(query);
      if (!ofQuery) {
        ofQuery = [];
        single.set(query, ofQuery);
      }
      ofQuery[code] ??= answerTo(query, egress.decision, ingress.decision);
      return ofQuery[code];
    });
    const before = lists.get(key);
    if (before) return before;
    lists.set(key, answers);
    return answers;
  };
}

const answerTo = (query: PortQuery, egress: Answer, ingress: Answer): PortAnswer => ({
  ...query,
  egress,
  ingress,
  verdict: verdictOf(egress, ingress),
});

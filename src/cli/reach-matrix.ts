// What holds between every two ends: both sides' verdicts, and what of them
// cannot be said in allow and deny.

import type { Direction, Verdict } from '../checks/networkPolicy/engine/index.ts';
import { type PortAnswer, type ReachPair, verdictOf } from '../report/reach.ts';
import type { End, Ends, Unit } from './reach-ends.ts';
import type { PortQuery } from './reach-peers.ts';
import type { Sides } from './reach-sides.ts';
import type { SideVerdict } from './reach-verdicts.ts';
import { doubtText } from './reach-why.ts';

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

/** Is this flow asked for? Entities alone, and a pod and itself, make no flow. */
export function inScope({ from, to, within }: Scope, src: End, dst: End): boolean {
  if (src === dst && src.shown.pods < 2) return false;
  if (src.pods.length === 0 && dst.pods.length === 0) return false;
  return from(src) && to(dst) && (within(src) || within(dst));
}

export function matrixOf({ ends, sides }: Ends, scope: Scope): Matrix {
  const doubts: Doubts = { count: 0, causes: new Map(), otherFamily: 0, otherFamilyExample: '' };
  return { doubts, pairs: pairsOf() };

  function* pairsOf(): Generator<ReachPair> {
    const interned = internedAnswers();
    const rows = new Map<Unit, Map<Unit, readonly PortAnswer[]>[]>();
    for (const src of ends) {
      if (!scope.from(src)) continue;
      let byNearness = rows.get(src.unit);
      if (!byNearness) {
        byNearness = [new Map(), new Map()];
        rows.set(src.unit, byNearness);
      }
      for (const dst of ends) {
        if (!inScope(scope, src, dst)) continue;
        const row = byNearness[Number(isNear(src, dst))] as Map<Unit, readonly PortAnswer[]>;
        let answers = row.get(dst.unit);
        if (!answers) {
          answers = interned(dst.unit.ports.map((query) => answer(src, dst, query)));
          row.set(dst.unit, answers);
        }
        for (const { egress, ingress } of answers) {
          if (egress === 'unknown' || ingress === 'unknown') note(src, dst);
        }
        if (src.entity === 'world' || dst.entity === 'world') compareFamilies(src, dst, answers);
        yield { src: src.shown, dst: dst.shown, answers };
      }
    }
  }

  function answer(src: End, dst: End, query: PortQuery): PortAnswer {
    const { egress, ingress } = flowOf(sides, src, dst, query);
    const [out, into] = [egress.decision, ingress.decision];
    return { ...query, egress: out, ingress: into, verdict: verdictOf(out, into) };
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
    return together(
      subject.unit,
      subject.unit.own.map((own) => sides.verdict(own, direction, place, query)),
    );
  };
  return { egress: side(src, 'egress', dst), ingress: side(dst, 'ingress', src) };
}

const NO_POLICY: SideVerdict = { decision: 'allow', because: { kind: 'no-policy' } };

/** Who stands for several nodes says what all of them say. */
function together({ ownUnknown }: Unit, verdicts: readonly Verdict[]): SideVerdict {
  const [first] = verdicts;
  if (!first) return ownUnknown ? nodesUnknown('the labels of the nodes, which are not known') : NO_POLICY;
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

/** Equal answers are one object, and equal lists of them one array, so that reports can remember their text. */
function internedAnswers(): (answers: readonly PortAnswer[]) => readonly PortAnswer[] {
  const single = new Map<string, PortAnswer>();
  const lists = new Map<string, readonly PortAnswer[]>();
  const keyOf = ({ port, protocol, egress, ingress }: PortAnswer) =>
    `${port}/${protocol} ${egress} ${ingress}`;
  return (answers) => {
    const listKey = answers.map(keyOf).join(',');
    const before = lists.get(listKey);
    if (before) return before;
    const list = answers.map((one) => {
      const known = single.get(keyOf(one));
      if (known) return known;
      single.set(keyOf(one), one);
      return one;
    });
    lists.set(listKey, list);
    return list;
  };
}

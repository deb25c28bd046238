// The sides of the flows that the check allows or denies: whose policies have a
// say, who is at the other end, and what they say now.

import type { LabelSelector, Peer } from '../../api/selectors.ts';
import type { Pod } from '../../facts/kinds.ts';
import { type End, endsOf, type FlowContext, isSelf, pairs } from './ends.ts';
import { type Direction, decide, type Protocol, type Rule, reach } from './engine/index.ts';
import { holdsPods } from './evidence.ts';
import type { Flow } from './schema.ts';

export interface Side {
  readonly direction: Direction;
  /** Whose policies decide; undefined is the pods of `endpoints`. */
  readonly subject: Peer | undefined;
  readonly subjectPods: ReadonlySet<Pod>;
  readonly other: Peer | undefined;
  readonly otherPods: ReadonlySet<Pod>;
  /** Do all of them share the network of their node? Policies see the node alone. */
  readonly isOtherOnHost: boolean;
  readonly ports: readonly string[] | undefined;
  /** Is some of it denied at this side now? */
  readonly isDenied: boolean;
  /** A rule that denies it explicitly: no allow can help. */
  readonly denying?: Rule;
}

/** Both sides of a flow, as far as pods with policies of their own stand there. */
export function sidesOf(flow: Flow, given: FlowContext): readonly Side[] {
  const from = endsOf(flow.from, given);
  const to = endsOf(flow.to, given);
  return [
    ...sideOf('egress', flow.from, flow.to, from, to, flow, given),
    ...sideOf('ingress', flow.to, flow.from, to, from, flow, given),
  ];
}

function sideOf(
  direction: Direction,
  subject: Peer | undefined,
  other: Peer | undefined,
  ends: readonly End[],
  others: readonly End[],
  { ports }: Flow,
  given: FlowContext,
): readonly Side[] {
  if (subject && (subject.entity !== undefined || !holdsPods(subject))) return [];
  const subjectPods = new Set(ends.flatMap(({ pods }) => pods));
  if (subjectPods.size === 0) return [];
  const verdicts = ends.flatMap((end) =>
    others.flatMap((far) => (isSelf(end, far) ? [] : deniedBetween(direction, end, far, ports, given))),
  );
  const denying = verdicts.find(({ rule }) => rule?.deny)?.rule;
  return [
    {
      direction,
      subject,
      subjectPods,
      other,
      otherPods: new Set(others.flatMap(({ pods, hostPods }) => [...pods, ...hostPods])),
      isOtherOnHost: others.length > 0 && others.every(({ hostPods }) => hostPods.length > 0),
      ports,
      isDenied: verdicts.length > 0,
      ...(denying ? { denying } : {}),
    },
  ];
}

/** What is denied between two ends, with the rule where one decides. */
function deniedBetween(
  direction: Direction,
  end: End,
  far: End,
  ports: readonly string[] | undefined,
  { model }: FlowContext,
): readonly { readonly rule?: Rule }[] {
  const flows = direction === 'egress' ? pairs(end, far) : pairs(far, end);
  return flows.flatMap(({ source, target }) => {
    const [own, peer] = direction === 'egress' ? [source, target] : [target, source];
    if (own.pods.length === 0) return [];
    if (!ports) {
      const open = reach(model, own.party, direction, peer.party).open.get('TCP') ?? [];
      const [first] = open;
      return open.length === 1 && first && first[0] <= 1 && first[1] === 65_535 ? [] : [{}];
    }
    return ports.flatMap((written) => {
      const [number = '', protocol = 'TCP'] = written.split('/');
      const verdict = decide(model, own.party, direction, peer.party, protocol as Protocol, Number(number));
      if (verdict.decision !== 'deny') return [];
      return [verdict.because.kind === 'rule' ? { rule: verdict.because.rule } : {}];
    });
  });
}

/** The labels of a selector as a name: its first value. */
export function nameOf(selector: LabelSelector | undefined, otherwise: string): string {
  const [value] = Object.values(selector?.matchLabels ?? {});
  const name = (value ?? selector?.matchExpressions?.[0]?.values?.[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return name === '' ? otherwise : name;
}

/** The keys of labels that a selector goes by. */
export function keysOf(selector: LabelSelector | undefined): readonly string[] {
  const expressions = selector?.matchExpressions ?? [];
  return [...Object.keys(selector?.matchLabels ?? {}), ...expressions.map(({ key }) => key)];
}

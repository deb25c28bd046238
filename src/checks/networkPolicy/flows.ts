// Flows that must work, and flows that must not: both ends' policies together.

import type { Peer } from '../../api/selectors.ts';
import type { CheckContext, Finding, Subject } from '../check.ts';
import { count, finding, refer } from '../shared/messages.ts';
import { type End, endsOf, type FlowContext, isSelf, pairs } from './ends.ts';
import {
  type Because,
  type Direction,
  decide,
  describePorts,
  intersect,
  MOST_PIECES,
  type Model,
  type Protocol,
  type Rule,
  reach,
  union,
  type Verdict,
} from './engine/index.ts';
import { judgeBeside } from './flows-of-nodes.ts';
import type { Flow } from './schema.ts';
import { describePods, policySubject, workloadOf } from './subjects.ts';

export interface Flows {
  readonly findings: readonly Finding[];
  /** Flows of the parameters that hold as wanted. */
  readonly passed: number;
}

export function judgeFlows(given: FlowContext): Flows {
  const findings: Finding[] = [];
  let passed = 0;
  for (const sort of ['allow', 'deny'] as const) {
    for (const [i, flow] of (given.params[sort] ?? []).entries()) {
      const found = judgeFlow(sort, `${sort}[${i}]`, flow, given);
      findings.push(...found);
      if (found.length === 0) passed++;
    }
  }
  return { findings, passed };
}

function judgeFlow(sort: 'allow' | 'deny', path: string, flow: Flow, given: FlowContext): readonly Finding[] {
  const from = endsOf(flow.from, given);
  const to = endsOf(flow.to, given);
  if (from.length === 0) return [noSuchPeer(`${path}.from`, flow.from, given.context)];
  if (to.length === 0) return [noSuchPeer(`${path}.to`, flow.to, given.context)];
  for (const [side, ends] of [
    ['from', from],
    ['to', to],
  ] as const) {
    const block = flow[side]?.cidr;
    if (block && ends.length > MOST_PIECES) return [tooFine(`${path}.${side}`, block)];
  }
  const wrong = new Map<string, Wrong>();
  let judged = 0;
  let beside: Finding | undefined;
  for (const [one, other] of meetings(from, to)) {
    judged++;
    for (const { source, target } of pairs(one, other)) {
      if (sidesOf(source, target).length === 0) {
        beside ??= judgeBeside(sort, path, flow.ports, source, target, given.model);
        continue;
      }
      for (const found of wrongs(sort, flow, source, target, given.model)) {
        const key = `${found.reason} ${found.side} ${because(found.verdict.because)}`;
        const before = wrong.get(key);
        if (before) before.more++;
        else wrong.set(key, found);
      }
    }
  }
  if (judged === 0) return [noOther(path, from[0])];
  return [...[...wrong.values()].map((found) => tell(sort, path, found)), ...(beside ? [beside] : [])];
}

/** Each of the one with each of the other, and nobody with itself. */
function* meetings(from: readonly End[], to: readonly End[]): Generator<readonly [End, End]> {
  for (const source of from) for (const target of to) if (!isSelf(source, target)) yield [source, target];
}

interface Wrong {
  readonly reason: 'FlowDenied' | 'FlowAllowed' | 'NotModelled';
  readonly side: Direction;
  readonly verdict: Verdict;
  readonly source: End;
  readonly target: End;
  readonly ports: string;
  /** How many further pairs are wrong for the same reason. */
  more: number;
}

/** What is wrong between two ends, once for each port that was asked for. */
function wrongs(
  sort: 'allow' | 'deny',
  flow: Flow,
  source: End,
  target: End,
  model: Model,
): readonly Wrong[] {
  if (!flow.ports) return wrongsOnAll(sort, source, target, model);
  return flow.ports.flatMap((written) => {
    const [number = '', protocol = 'TCP'] = written.split('/');
    const sides = sidesOf(source, target).map(({ side, subject, peer }) => ({
      side,
      verdict: decide(model, subject.party, side, peer.party, protocol as Protocol, Number(number)),
    }));
    const found = sort === 'allow' ? notAllowed(sides) : notDenied(sides);
    return found ? [{ ...found, source, target, ports: `${number}/${protocol}`, more: 0 }] : [];
  });
}

interface SideVerdict {
  readonly side: Direction;
  readonly verdict: Verdict;
}

function sidesOf(source: End, target: End) {
  return [
    ...(source.pods.length > 0 ? [{ side: 'egress' as const, subject: source, peer: target }] : []),
    ...(target.pods.length > 0 ? [{ side: 'ingress' as const, subject: target, peer: source }] : []),
  ];
}

function notAllowed(sides: readonly SideVerdict[]): Pick<Wrong, 'reason' | 'side' | 'verdict'> | undefined {
  const denied = sides.find(({ verdict }) => verdict.decision === 'deny');
  if (denied) return { reason: 'FlowDenied', ...denied };
  const doubtful = sides.find(
    ({ verdict }) => verdict.decision === 'unknown' || caveat(verdict) !== undefined,
  );
  return doubtful && { reason: 'NotModelled', ...doubtful };
}

function notDenied(sides: readonly SideVerdict[]): Pick<Wrong, 'reason' | 'side' | 'verdict'> | undefined {
  if (sides.some(({ verdict }) => verdict.decision === 'deny')) return undefined;
  const doubtful = sides.find(({ verdict }) => verdict.decision === 'unknown');
  if (doubtful) return { reason: 'NotModelled', ...doubtful };
  // Both ends let it through; an end where a rule does so is told, else the one that is reached.
  const told = sides.findLast(({ verdict }) => verdict.because.kind === 'rule') ?? sides.at(-1);
  return told && { reason: 'FlowAllowed', ...told };
}

/** What beyond ports and peers decides whether an allowed flow works. */
function caveat({ because }: Verdict): string | undefined {
  return because.kind === 'rule' ? because.rule.caveats[0] : undefined;
}

function wrongsOnAll(sort: 'allow' | 'deny', source: End, target: End, model: Model): readonly Wrong[] {
  const sides = sidesOf(source, target).map(({ side, subject, peer }) => ({
    side,
    reached: reach(model, subject.party, side, peer.party),
    subject,
    peer,
  }));
  const found = sort === 'allow' ? shut(sides, model) : ajar(sides);
  return found ? [{ ...found, source, target, more: 0 }] : [];
}

interface SideReach {
  readonly side: Direction;
  readonly reached: ReturnType<typeof reach>;
  readonly subject: End;
  readonly peer: End;
}

type Found = Pick<Wrong, 'reason' | 'side' | 'verdict' | 'ports'>;

/** allow without ports: every TCP port must be open. */
function shut(sides: readonly SideReach[], model: Model): Found | undefined {
  for (const { side, reached, subject, peer } of sides) {
    const closed = firstClosed(reached.open.get('TCP') ?? []);
    if (closed === undefined) continue;
    const verdict = decide(model, subject.party, side, peer.party, 'TCP', closed);
    const reason = verdict.decision === 'unknown' ? 'NotModelled' : 'FlowDenied';
    return { reason, side, verdict, ports: `${closed}/TCP and others` };
  }
  return undefined;
}

function firstClosed(open: readonly (readonly [number, number])[]): number | undefined {
  let next = 1;
  for (const [low, high] of open) {
    if (low > next) return next;
    next = Math.max(next, high + 1);
  }
  return next > 65535 ? undefined : next;
}

/** deny without ports: no port may be open at both ends. */
function ajar(sides: readonly SideReach[]): Found | undefined {
  const common = sides.map(({ reached }) => reached.open).reduce((a, b) => intersect(a, b));
  const possible = sides
    .map(({ reached }) => union(reached.open, reached.doubtful))
    .reduce((a, b) => intersect(a, b));
  if (possible.size === 0) return undefined;
  const certain = common.size > 0;
  const last =
    sides.findLast(({ reached }) => reached.by.some((one) => one.certain === certain)) ?? sides.at(-1);
  if (!last) return undefined;
  const by = last.reached.by.find((one) => one.certain === certain) ?? last.reached.by[0];
  const verdict: Verdict = by?.doubt
    ? { decision: 'unknown', because: { kind: 'not-modelled', rule: by.rule, ...by.doubt } }
    : by
      ? { decision: 'allow', because: { kind: 'rule', rule: by.rule } }
      : last.reached.base;
  return {
    reason: certain ? 'FlowAllowed' : 'NotModelled',
    side: last.side,
    verdict,
    ports: describePorts(certain ? common : possible),
  };
}

function because(why: Because): string {
  switch (why.kind) {
    case 'rule':
    case 'not-modelled':
      return `${refer(policySubject(why.rule.policy))} ${why.rule.path}`;
    case 'default-deny':
      return why.rule ? `default deny of ${refer(policySubject(why.rule.policy))}` : 'enable-policy: always';
    case 'no-policy':
      return 'no policy';
    case 'no-default-deny':
      return 'no default deny';
    case 'local-host':
      return 'a node reaches its own pods whatever the policies say';
    case 'not-enforced':
      return why.setting;
    default:
      return why satisfies never;
  }
}

function tell(sort: 'allow' | 'deny', path: string, wrong: Wrong): Finding {
  const { reason, side, verdict, source, target, ports, more } = wrong;
  const [end, other] = side === 'egress' ? [source, target] : [target, source];
  const [pod] = end.pods;
  const why = verdict.because;
  const rule =
    why.kind === 'rule' || why.kind === 'not-modelled' || why.kind === 'default-deny' ? why.rule : undefined;
  const subject: Subject | undefined = pod && workloadOf(pod);
  const others = more > 0 ? ` (and ${count(more, 'more pair')} for the same reason)` : '';
  const flow = `${source.name} → ${target.name} on ${ports}${others}`;
  const base = {
    level: reason === 'NotModelled' ? ('Unknown' as const) : ('Fail' as const),
    reason,
    ...(subject ? { subject } : {}),
    ...(rule ? { field: rule.path, culprits: [policySubject(rule.policy)] } : {}),
  };
  switch (reason) {
    case 'FlowDenied':
      return finding({
        ...base,
        what: `${path} must work, but ${side} of ${end.name} denies ${flow}: ${sentence(why, side, end)}.`,
        fix:
          why.kind === 'rule'
            ? `Narrow ${why.rule.path} of ${refer(policySubject(why.rule.policy))}: a deny beats every allow.`
            : `Name ${other.name} and the port under ${side} in a policy that selects ${end.name}.`,
      });
    case 'FlowAllowed':
      return finding({
        ...base,
        what: `${path} must not be possible, but ${flow} is let through: ${sentence(why, side, end)}.`,
        fix: howToClose(why, side, end),
      });
    case 'NotModelled':
      return finding({
        ...base,
        what: `Whether ${path} holds for ${flow} cannot be known: it hangs on ${doubtful(verdict)}${rule ? `, in ${refer(policySubject(rule.policy))}` : ''}.`,
        fix: howToKnow(sort, why, rule),
      });
    default:
      return reason satisfies never;
  }
}

function howToClose(why: Because, side: Direction, end: End): string {
  switch (why.kind) {
    case 'rule':
      return `Narrow ${why.rule.path} of ${refer(policySubject(why.rule.policy))}, or deny the flow.`;
    case 'local-host':
      return 'Only an ingressDeny that covers host keeps it out, and the probes of the kubelet with it.';
    case 'no-default-deny':
      return `Remove enableDefaultDeny.${side}: false from a policy that selects ${end.name}, or deny the flow.`;
    default:
      return `Put ${end.name} under default deny for ${side}, or deny the flow.`;
  }
}

function howToKnow(sort: 'allow' | 'deny', why: Because, rule: Rule | undefined): string {
  if (why.kind === 'not-modelled' && why.mend)
    return `${why.mend}, in ${refer(policySubject(why.rule.policy))}.`;
  if (sort === 'allow' || !rule) return 'Prove it by other means.';
  return `Rewrite ${rule.path} of ${refer(policySubject(rule.policy))} without it, or prove it by other means.`;
}

function doubtful(verdict: Verdict): string {
  if (verdict.because.kind === 'not-modelled') return verdict.because.what;
  return caveat(verdict) ?? because(verdict.because);
}

function sentence(why: Because, side: Direction, end: End): string {
  switch (why.kind) {
    case 'rule':
      return `${why.rule.path} of ${refer(policySubject(why.rule.policy))} ${why.rule.deny ? 'denies' : 'allows'} it`;
    case 'default-deny':
      return `${because(why)} holds and no rule lets it through`;
    case 'no-policy':
      return `no policy with ${side === 'ingress' ? 'an ingress' : 'an egress'} section selects ${end.name}`;
    case 'no-default-deny':
      return `no policy that selects ${end.name} sets default deny for ${side}`;
    case 'local-host':
    case 'not-enforced':
    case 'not-modelled':
      return because(why);
    default:
      return why satisfies never;
  }
}

function tooFine(path: string, block: string): Finding {
  return finding({
    level: 'Unknown',
    reason: 'NotModelled',
    field: path,
    what: `The policies cut ${block} into more than ${MOST_PIECES} blocks of addresses, which is more than this check looks at.`,
    fix: `Give a smaller block in ${path}.cidr.`,
  });
}

function noOther(path: string, only: End | undefined): Finding {
  return finding({
    level: 'Warning',
    reason: 'NoSuchPeer',
    field: path,
    what: `${path} means ${only?.name ?? 'a pod'} at both ends and no other pod, so the flow was not judged.`,
    fix: 'Name another peer, or deploy it.',
  });
}

function noSuchPeer(path: string, peer: Peer | undefined, context: CheckContext): Finding {
  return finding({
    level: 'Warning',
    reason: 'NoSuchPeer',
    field: path,
    what: peer
      ? `${path} matches no running pod ${describePods(peer, context)}, so the flow was not judged.`
      : `None of the pods of endpoints can be ${path}: the flow was not judged.`,
    fix: 'Correct the selector, or deploy the peer.',
  });
}

// What the policies say of one side of a flow: default deny, one port, or every
// port at once (pkg/policy/repository.go, resolve.go, mapstate.go).

import type { Conflict } from './conflicts.ts';
import type { Doubt } from './doubt.ts';
import type { Model, Party } from './model.ts';
import { type Families, HOST, type Identity, selects } from './peers.ts';
import { allPorts, has, isEmpty, noPorts, type PortSet, type Protocol, subtract, union } from './ports.ts';
import type { Direction, Rule } from './rules.ts';

export type Because =
  /** An allow or a deny rule decides. */
  | { readonly kind: 'rule'; readonly rule: Rule }
  /** Default deny holds and nothing lets it through. */
  | { readonly kind: 'default-deny'; readonly rule: Rule | undefined }
  /** No policy selects the subject in this direction. */
  | { readonly kind: 'no-policy' }
  /** Policies select it, but none of them sets default deny. */
  | { readonly kind: 'no-default-deny' }
  /** The node reaches its own pods. */
  | { readonly kind: 'local-host' }
  /** Nothing is enforced at all. */
  | { readonly kind: 'not-enforced'; readonly setting: string }
  /** It hangs on something that is not modelled. */
  | ({ readonly kind: 'not-modelled'; readonly rule: Rule } & Doubt);

export interface Verdict {
  readonly decision: 'allow' | 'deny' | 'unknown';
  readonly because: Because;
}

/** Is the subject under default deny, and by which rule? */
export function defaultDeny(
  model: Model,
  identity: Identity,
  direction: Direction,
): { readonly holds: boolean; readonly rule?: Rule; readonly rules: readonly Rule[] } {
  const { settings } = model;
  if (settings.enforcement === 'never' || isExempt(model, identity)) return { holds: false, rules: [] };
  const rules = model.rulesFor(identity)[direction];
  const rule = rules.find((candidate) => candidate.defaultDeny);
  if (rule) return { holds: true, rule, rules };
  // An endpoint without labels yet is always enforced; a pod with a label named init is taken for one.
  const init = settings.enforcer === 'cilium' && carries(identity, 'init');
  return { holds: settings.enforcement === 'always' || init, rules };
}

/**
 * The node, and any pod with a label named host, has no policies while the host firewall is off
 * (pkg/policy/repository.go computePolicyEnforcementAndRules: `Has` looks for the key in any source).
 */
export function isExempt({ settings }: Model, identity: Identity): boolean {
  return settings.enforcer === 'cilium' && carries(identity, 'host') && !settings.hostFirewall;
}

const carries = ({ k8s, reserved }: Identity, name: string) => k8s.has(name) || reserved.has(name);

/** What the subject's policies say of one port. A deny beats every allow. */
export function decide(
  model: Model,
  subject: Party,
  direction: Direction,
  peer: Party,
  protocol: Protocol,
  port: number,
): Verdict {
  const off = notEnforced(model);
  if (off) return { decision: 'allow', because: { kind: 'not-enforced', setting: off } };
  const conflict = conflictOf(model, subject.identity);
  if (conflict) return unknown(conflict.rule, conflict.doubt);
  const { holds, rule: denying, rules } = defaultDeny(model, subject.identity, direction);
  const portsOf = model.portsFor(subject, peer, direction);
  const { families } = model.settings;
  const doubtful = (rule: Rule) => unknown(rule, doubtOf(rule, peer.identity, families));
  let allowing: Rule | undefined;
  let doubtfulAllow: Rule | undefined;
  let doubtfulDeny: Rule | undefined;
  for (const rule of rules) {
    if (rule.peers === null || !has(portsOf(rule), protocol, port)) continue;
    const meant = selects(rule.peers, peer.identity, families);
    if (meant === false) continue;
    if (rule.deny) {
      if (meant) return { decision: 'deny', because: { kind: 'rule', rule } };
      doubtfulDeny ??= rule;
    } else if (meant) allowing ??= rule;
    else doubtfulAllow ??= rule;
  }
  const base = baseline(model, subject.identity, direction, peer.identity, holds, denying, rules);
  const open = allowing !== undefined || base.decision === 'allow';
  if (doubtfulDeny && (open || doubtfulAllow)) return doubtful(doubtfulDeny);
  if (allowing) return { decision: 'allow', because: { kind: 'rule', rule: allowing } };
  if (base.decision === 'deny' && doubtfulAllow) return doubtful(doubtfulAllow);
  return base;
}

function conflictOf(model: Model, identity: Identity): Conflict | undefined {
  return isExempt(model, identity) ? undefined : model.rulesFor(identity).conflict;
}

const unknown = (rule: Rule, why: Doubt): Verdict => ({
  decision: 'unknown',
  because: { kind: 'not-modelled', rule, ...why },
});

/** What a rule hangs on towards a peer that it may mean. */
function doubtOf(rule: Rule, peer: Identity, families: Families): Doubt {
  const doubted = rule.peers?.find((one) => selects([one], peer, families) === undefined);
  const unexplained = { what: rule.path };
  switch (doubted?.kind) {
    case 'elsewhere':
    case 'nodes':
    case 'doubt': {
      const { kind: _, ...why } = doubted;
      return why;
    }
    case 'fqdn':
      return { what: `which addresses ${doubted.pattern} has led to (${rule.path}.toFQDNs)` };
    case 'labels':
      return doubted.doubt ?? unexplained;
    case 'cidr':
    case undefined:
      return unexplained;
    default:
      return doubted satisfies never;
  }
}

function notEnforced({ settings }: Model): string | undefined {
  if (settings.enforcement === 'never') return 'enable-policy: never';
  if (settings.audit) return 'policy-audit-mode: true';
  return undefined;
}

/** What holds where no rule speaks. */
function baseline(
  model: Model,
  subject: Identity,
  direction: Direction,
  peer: Identity,
  denies: boolean,
  denying: Rule | undefined,
  rules: readonly Rule[],
): Verdict {
  if (!denies) {
    return { decision: 'allow', because: { kind: rules.length > 0 ? 'no-default-deny' : 'no-policy' } };
  }
  const local = direction === 'ingress' || model.settings.enforcer === 'kubernetes';
  const toEndpoint = !subject.reserved.has('host');
  if (local && toEndpoint && peer.reserved.has('host') && model.settings.localHostAllowed) {
    return { decision: 'allow', because: { kind: 'local-host' } };
  }
  return { decision: 'deny', because: { kind: 'default-deny', rule: denying } };
}

/** What one rule does to a reach. */
export interface Part {
  readonly rule: Rule;
  readonly ports: PortSet;
  readonly certain: boolean;
  /** What makes it uncertain. */
  readonly doubt?: Doubt;
}

/** Every port at once. */
export interface Reach {
  /** Ports that are open for certain. */
  readonly open: PortSet;
  /** Ports of which it cannot be known. */
  readonly doubtful: PortSet;
  /** The rules behind both, each with the ports that are left of it. */
  readonly by: readonly Part[];
  /** Why everything is open, where no rule is needed for it. */
  readonly base: Verdict;
}

/** Which ports the subject's policies leave open towards, or from, a peer. */
export function reach(model: Model, subject: Party, direction: Direction, peer: Party): Reach {
  const off = notEnforced(model);
  if (off) {
    const base: Verdict = { decision: 'allow', because: { kind: 'not-enforced', setting: off } };
    return { open: allPorts, doubtful: noPorts, by: [], base };
  }
  const conflict = conflictOf(model, subject.identity);
  if (conflict) {
    const { rule, doubt } = conflict;
    const base = unknown(rule, doubt);
    return {
      open: noPorts,
      doubtful: allPorts,
      by: [{ rule, ports: allPorts, certain: false, doubt }],
      base,
    };
  }
  const { holds, rule: denying, rules } = defaultDeny(model, subject.identity, direction);
  const portsOf = model.portsFor(subject, peer, direction);
  const { families } = model.settings;
  const doubtIn = (rule: Rule) => doubtOf(rule, peer.identity, families);
  const base = baseline(model, subject.identity, direction, peer.identity, holds, denying, rules);
  let closed = noPorts;
  let maybeClosed = noPorts;
  const allows: { rule: Rule; ports: PortSet; certain: boolean }[] = [];
  const denies: { rule: Rule; ports: PortSet }[] = [];
  for (const rule of rules) {
    if (rule.peers === null) continue;
    const meant = selects(rule.peers, peer.identity, families);
    if (meant === false) continue;
    const ports = portsOf(rule);
    if (!rule.deny) allows.push({ rule, ports, certain: meant === true });
    else if (meant) closed = union(closed, ports);
    else {
      maybeClosed = union(maybeClosed, ports);
      denies.push({ rule, ports });
    }
  }
  let open = base.decision === 'allow' ? allPorts : noPorts;
  let doubtful = noPorts;
  for (const { ports, certain } of allows) {
    if (certain) open = union(open, ports);
    else doubtful = union(doubtful, ports);
  }
  open = subtract(open, closed);
  doubtful = subtract(subtract(doubtful, closed), open);
  const lost = subtract(open, subtract(open, maybeClosed));
  doubtful = union(doubtful, lost);
  open = subtract(open, maybeClosed);
  const by = allows
    .map(({ rule, ports, certain }): Part => {
      const left = { rule, ports: subtract(ports, closed), certain };
      return certain ? left : { ...left, doubt: doubtIn(rule) };
    })
    .filter(({ ports }) => !isEmpty(ports));
  const doubts = isEmpty(lost)
    ? []
    : denies.map(({ rule, ports }): Part => ({ rule, ports, certain: false, doubt: doubtIn(rule) }));
  return { open, doubtful, by: [...by, ...doubts], base };
}

/** The node as a subject, under the host firewall, with the labels that nodeSelector goes by. */
export function nodeSubject(labels: Readonly<Record<string, string>>): Party {
  return { identity: { ...HOST, k8s: new Map(Object.entries(labels)) }, ports: new Map() };
}

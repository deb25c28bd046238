// Isolation by meaning: default deny holds, and a stranger is denied on every port.

import type { Peer } from '../../api/selectors.ts';
import type { Pod } from '../../facts/kinds.ts';
import type { CheckContext, Finding } from '../check.ts';
import { finding, refer, someOf } from '../shared/messages.ts';
import { matcher } from '../shared/selectors.ts';
import { earliest, lastChange, settle } from '../shared/settling.ts';
import {
  addressesOf,
  addressIdentity,
  type Direction,
  type Doubt,
  defaultDeny,
  describePorts,
  type Endpoint,
  type Group,
  intersect,
  isExempt,
  MOST_PIECES,
  type Model,
  type Party,
  type PortSet,
  type Reach,
  type Rule,
  reach,
  union,
  WORLD_V6,
  worldFaces,
} from './engine/index.ts';
import { type Fault, policySubject, tellOf, workloadOf } from './subjects.ts';

export interface Isolation {
  readonly findings: readonly Finding[];
  /** Pods that are not isolated in some direction asked for. */
  readonly bad: ReadonlySet<Pod>;
  readonly recheckAt?: Date;
}

interface Stranger {
  /** Tells apart strangers that have the same name. */
  readonly key: string;
  readonly party: Party;
  readonly name: string;
  /** All of its addresses, where it has some. */
  readonly block?: string;
}

export function judgeIsolation(
  directions: readonly Direction[],
  except: readonly Peer[],
  model: Model<Pod>,
  judged: ReadonlySet<Pod>,
  context: CheckContext,
): Isolation {
  const strangers = strangersFor(model, except);
  const faults = model.groups.flatMap((group) => groupFaults(group, directions, strangers, model, judged));
  const bad = new Set(faults.flatMap(({ pods }) => pods));
  const { held, reported } = partition(faults, bad, judged, context);
  const young = held.flatMap(({ pods }) => pods);
  const changed = lastChange(undefined, [], young, context.now);
  const settled = tellOf(held, judged).map((found) => settle(found, changed, context.now));
  return {
    findings: [...tellOf(reported, judged), ...settled.map((one) => one.finding)],
    bad,
    recheckAt: settled.reduce<Date | undefined>((at, one) => earliest(at, one.recheckAt), undefined),
  };
}

interface KnownFaults {
  readonly parts: unknown;
  readonly names: unknown;
  readonly key: string;
  readonly byEndpoint: Map<Endpoint, readonly Faulty[]>;
}

const knownFaults = new WeakMap<Group, KnownFaults>();

/** Of one namespace. What is known of an endpoint holds until its pods or a policy that can select there change. */
function groupFaults(
  group: Group<Pod>,
  directions: readonly Direction[],
  strangers: readonly Stranger[],
  model: Model,
  judged: ReadonlySet<Pod>,
): readonly Fault[] {
  const parts = model.partsFor(group.namespace);
  const names = directions.includes('egress') ? model.egressNames() : undefined;
  const { compileKey, enforcement } = model.settings;
  const key = `${directions} ${strangers.map((stranger) => stranger.key)} ${enforcement} ${compileKey}`;
  let known = knownFaults.get(group);
  if (known?.parts !== parts || known.names !== names || known.key !== key) {
    known = { parts, names, key, byEndpoint: new Map() };
    knownFaults.set(group, known);
  }
  const { byEndpoint } = known;
  return group.endpoints.flatMap((endpoint) => {
    if (endpoint.hostNetwork || !endpoint.pods.some((pod) => judged.has(pod))) return [];
    let faults = byEndpoint.get(endpoint);
    if (!faults) {
      faults = directions.flatMap((direction) => judgeEndpoint(endpoint, direction, strangers, model));
      byEndpoint.set(endpoint, faults);
    }
    if (faults.length === 0) return [];
    const pods = endpoint.pods.filter((pod) => judged.has(pod));
    return faults.map((fault) => ({ ...fault, pods }));
  });
}

const SETTLE_MS = 60_000;

/**
 * Pods that no policy selects, all young, of workloads whose other pods are
 * isolated: a rollout that changes labels, or a policy that is just being
 * applied to them. A change of policy is never held back.
 */
function partition(
  faults: readonly Fault[],
  bad: ReadonlySet<Pod>,
  judged: ReadonlySet<Pod>,
  { now }: CheckContext,
) {
  const young = ({ meta }: Pod) => {
    const age = now.getTime() - Date.parse(meta.creationTimestamp);
    return age >= 0 && age < SETTLE_MS;
  };
  const suspects = faults.filter(({ key, pods }) => key.startsWith('NotEnforced') && pods.every(young));
  if (suspects.length === 0) return { held: [], reported: faults };
  const sound = new Set<string>();
  for (const pod of judged) if (!bad.has(pod)) sound.add(refer(workloadOf(pod)));
  const held = new Set(suspects.filter(({ pods }) => pods.every((pod) => sound.has(refer(workloadOf(pod))))));
  return { held: [...held], reported: faults.filter((fault) => !held.has(fault)) };
}

/** A pod that nobody has named in a namespace that nobody has named, and the world; less those of `except`. */
function strangersFor(model: Model, except: readonly Peer[]): readonly Stranger[] {
  const pod = { labels: STRANGE_LABELS, namespace: STRANGE_NAMESPACE, serviceAccount: 'stranger-b41f' };
  const identity = model.identityOf(pod);
  const strangers: Stranger[] = [];
  if (!except.some(exceptsStrangePod)) {
    strangers.push({
      key: 'pod',
      party: { identity, ports: NO_PORTS },
      name: 'any pod of any other namespace',
    });
  }
  const faces = worldFaces(model.settings.families);
  for (const face of faces) {
    const block = face === WORLD_V6 ? '::/0' : '0.0.0.0/0';
    if (except.some(({ entity, cidr }) => entity === 'world' || cidr === block)) continue;
    strangers.push({
      key: block,
      party: { identity: face, ports: NO_PORTS },
      name: 'the world outside the cluster',
      block,
    });
  }
  return strangers;
}

const NO_PORTS = new Map();
const STRANGE_NAMESPACE = 'stranger-7c2e';
const STRANGE_LABELS = { 'stranger-5f0d': 'stranger-93a8' };

function exceptsStrangePod({ entity, namespaceSelector, podSelector, namespace }: Peer): boolean {
  if (entity === 'cluster') return true;
  if (entity !== undefined || namespace !== undefined || !namespaceSelector) return false;
  const there = matcher(namespaceSelector)({ 'kubernetes.io/metadata.name': STRANGE_NAMESPACE });
  return there && (podSelector === undefined || matcher(podSelector)(STRANGE_LABELS));
}

type Faulty = Omit<Fault, 'pods'>;

function judgeEndpoint(
  endpoint: Endpoint<Pod>,
  direction: Direction,
  strangers: readonly Stranger[],
  model: Model,
): readonly Faulty[] {
  if (isExempt(model, endpoint.identity)) return [takenForHost(direction)];
  const { holds, rules } = defaultDeny(model, endpoint.identity, direction);
  if (!holds) return [notEnforced(direction, rules, model)];
  const opening = new Map<Rule, { names: Set<string>; ports: PortSet }>();
  const doubts = new Map<Rule, { stranger: Stranger; doubt: Doubt }>();
  for (const stranger of strangers) {
    const { by, open, doubtful } = reachOf(endpoint, direction, stranger, model);
    if (open.size > 0) {
      for (const { rule, ports } of by.filter(({ certain }) => certain)) {
        const known = opening.get(rule) ?? { names: new Set<string>(), ports };
        known.names.add(stranger.name);
        opening.set(rule, { names: known.names, ports: union(known.ports, ports) });
      }
    } else if (doubtful.size > 0) {
      const doubted = by.find(({ certain }) => !certain) ?? by[0];
      if (doubted && !doubts.has(doubted.rule)) {
        doubts.set(doubted.rule, { stranger, doubt: doubted.doubt ?? { what: doubted.rule.path } });
      }
    }
  }
  return [
    ...[...opening].map(([rule, { names, ports }]) =>
      wideOpen(direction, [...names].join(' and '), rule, describePorts(ports)),
    ),
    ...[...doubts].map(([rule, { stranger, doubt }]) => notModelled(direction, stranger, rule, doubt)),
  ];
}

/** What a stranger reaches. The world is let in too if rules let in every piece of it. */
function reachOf(endpoint: Endpoint<Pod>, direction: Direction, stranger: Stranger, model: Model): Reach {
  const whole = reach(model, endpoint, direction, stranger.party);
  if (stranger.block === undefined || whole.open.size > 0) return whole;
  const pieces = addressesOf(stranger.block, model.rulesFor(endpoint.identity)[direction]);
  if (pieces.length === 1) return whole;
  let open: PortSet | undefined;
  let by: Reach['by'] = [];
  for (const address of pieces) {
    const party = { identity: addressIdentity(address, model.settings.families), ports: NO_PORTS };
    const piece = reach(model, endpoint, direction, party);
    open = open ? intersect(open, piece.open) : piece.open;
    by = [...by, ...piece.by];
    if (open.size === 0) return whole;
  }
  if (pieces.length <= MOST_PIECES) return { ...whole, open: open ?? whole.open, by };
  const doubt = { what: `more than ${MOST_PIECES} blocks of addresses, of which the rest was not looked at` };
  return {
    ...whole,
    doubtful: open ?? whole.open,
    by: by.map((part) => ({ ...part, certain: false, doubt })),
  };
}

/** A quirk of Cilium: the name of the label is enough. */
function takenForHost(direction: Direction): Faulty {
  return {
    key: `NotEnforced host label ${direction}`,
    tell: (subject, name) =>
      finding({
        level: 'Fail',
        reason: 'NotEnforced',
        subject,
        field: 'metadata.labels.host',
        what: `Nothing is enforced on ${name}: Cilium takes a pod with a label named host for the node itself, which has no policies while enable-host-firewall is off.`,
        fix: 'Rename that label of the pods.',
      }),
  };
}

function notEnforced(direction: Direction, rules: readonly Rule[], model: Model): Faulty {
  const policies = [...new Set(rules.map(({ policy }) => policy))];
  const culprits = policies.map(policySubject);
  const because =
    policies.length === 0
      ? `no policy with ${direction === 'ingress' ? 'an ingress' : 'an egress'} section selects it`
      : `${someOf(culprits.map(refer))} select${culprits.length === 1 ? 's' : ''} it but set${culprits.length === 1 ? 's' : ''} enableDefaultDeny.${direction}: false`;
  const open = direction === 'ingress' ? 'anybody can reach it' : 'it can reach anything';
  return {
    key: `NotEnforced ${direction} ${because}`,
    tell: (subject, name) =>
      finding({
        level: 'Fail',
        reason: 'NotEnforced',
        subject,
        field: policies.length === 0 ? `spec.${direction}` : `spec.enableDefaultDeny.${direction}`,
        culprits,
        what: `${capital(name)} has no default deny for ${direction}: ${because}, so ${open} on every port.`,
        fix:
          policies.length === 0
            ? howToEnforce(direction, subject.namespace ?? subject.name, model)
            : `Remove enableDefaultDeny.${direction}: false from ${policies.length === 1 ? 'it' : 'one of them'}, or add a policy that sets default deny.`,
      }),
  };
}

function howToEnforce(direction: Direction, namespace: string, { settings }: Model): string {
  if (settings.enforcer === 'kubernetes') {
    const type = direction === 'ingress' ? 'Ingress' : 'Egress';
    return `Add a NetworkPolicy to namespace ${namespace} that selects its pods, with policyTypes: [${type}].`;
  }
  return `Add a CiliumNetworkPolicy to namespace ${namespace} that selects its pods and names who may pass under ${direction}; "${direction}: [{}]" lets nobody pass.`;
}

function wideOpen(direction: Direction, strangers: string, rule: Rule, ports: string): Faulty {
  const policy = policySubject(rule.policy);
  return {
    key: `WideOpen ${refer(policy)} ${rule.path}`,
    tell: (subject, name) =>
      finding({
        level: 'Fail',
        reason: 'WideOpen',
        subject,
        field: rule.path,
        culprits: [policy],
        what:
          direction === 'ingress'
            ? `${refer(policy)} lets ${strangers} reach ${name} on ${ports}: ${rule.path}.`
            : `${refer(policy)} lets ${name} reach ${strangers} on ${ports}: ${rule.path}.`,
        fix: `Name the peers in ${rule.path} of ${refer(policy)}, or list them under except if they may pass.`,
      }),
  };
}

function notModelled(direction: Direction, stranger: Stranger, rule: Rule, doubt: Doubt): Faulty {
  const policy = policySubject(rule.policy);
  return {
    key: `NotModelled ${refer(policy)} ${rule.path}`,
    tell: (subject, name) =>
      finding({
        level: 'Unknown',
        reason: 'NotModelled',
        subject,
        field: rule.path,
        culprits: [policy],
        what: `Whether ${stranger.name} ${direction === 'ingress' ? `can reach ${name}` : `can be reached by ${name}`} cannot be known: it hangs on ${doubt.what}, in ${refer(policy)}.`,
        fix: doubt.mend
          ? `${doubt.mend}, in ${refer(policy)}.`
          : `Rewrite ${rule.path} of ${refer(policy)} without it, or prove isolation by other means.`,
      }),
  };
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

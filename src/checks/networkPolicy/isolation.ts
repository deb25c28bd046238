// Isolation by meaning: default deny holds, and a stranger is denied on every port.

import type { Peer } from '../../api/selectors.ts';
import type { Pod } from '../../facts/kinds.ts';
import type { CheckContext, Finding } from '../check.ts';
import { finding, refer, someOf } from '../shared/messages.ts';
import { matcher } from '../shared/selectors.ts';
import { earliest, lastChange, settle } from '../shared/settling.ts';
import {
  type Direction,
  defaultDeny,
  describePorts,
  doubtOf,
  type Endpoint,
  type Model,
  type Party,
  type Rule,
  reach,
  WORLD_V6,
  worldFaces,
} from './engine/index.ts';
import { type Fault, policySubject, tellOf, workloadOf } from './subjects.ts';

export interface Isolation {
  readonly findings: readonly Finding[];
  /** Pods that are isolated in every direction asked for. */
  readonly good: ReadonlySet<Pod>;
  readonly recheckAt?: Date;
}

interface Stranger {
  readonly party: Party;
  readonly name: string;
}

export function judgeIsolation(
  directions: readonly Direction[],
  except: readonly Peer[],
  model: Model<Pod>,
  judged: ReadonlySet<Pod>,
  context: CheckContext,
): Isolation {
  const strangers = strangersFor(model, except);
  const faults: Fault[] = [];
  const bad = new Set<Pod>();
  for (const endpoint of model.endpoints) {
    const pods = endpoint.pods.filter((pod) => judged.has(pod));
    if (endpoint.hostNetwork || pods.length === 0) continue;
    for (const direction of directions) {
      const found = faultsOf(endpoint, pods, direction, strangers, model);
      faults.push(...found);
      if (found.length > 0) for (const pod of pods) bad.add(pod);
    }
  }
  const good = new Set([...judged].filter((pod) => !bad.has(pod)));
  const { held, reported } = partition(faults, good, context);
  const settled = tellOf(held, judged).map((found) =>
    settle(
      found,
      lastChange(
        undefined,
        [],
        held.flatMap(({ pods }) => pods),
        context.now,
      ),
      context.now,
    ),
  );
  return {
    findings: [...tellOf(reported, judged), ...settled.map((one) => one.finding)],
    good,
    recheckAt: settled.reduce<Date | undefined>((at, one) => earliest(at, one.recheckAt), undefined),
  };
}

const SETTLE_MS = 60_000;

/**
 * Pods that no policy selects, all young, of workloads whose other pods are
 * isolated: a rollout that changes labels, or a policy that is just being
 * applied to them. A change of policy is never held back.
 */
function partition(faults: readonly Fault[], good: ReadonlySet<Pod>, { now }: CheckContext) {
  const sound = new Set([...good].map((pod) => refer(workloadOf(pod))));
  const young = ({ meta }: Pod) => {
    const age = now.getTime() - Date.parse(meta.creationTimestamp);
    return age >= 0 && age < SETTLE_MS;
  };
  const held: Fault[] = [];
  const reported: Fault[] = [];
  for (const fault of faults) {
    const passing = (pod: Pod) => young(pod) && sound.has(refer(workloadOf(pod)));
    const holds = fault.key.startsWith('NotEnforced') && fault.pods.every(passing);
    (holds ? held : reported).push(fault);
  }
  return { held, reported };
}

/** A pod that nobody has named in a namespace that nobody has named, and the world; less those of `except`. */
function strangersFor(model: Model, except: readonly Peer[]): readonly Stranger[] {
  const pod = { labels: STRANGE_LABELS, namespace: STRANGE_NAMESPACE, serviceAccount: 'stranger-b41f' };
  const identity = model.identityOf(pod);
  const strangers: Stranger[] = [];
  if (!except.some(exceptsStrangePod)) {
    strangers.push({ party: { identity, ports: NO_PORTS }, name: 'any pod of any other namespace' });
  }
  const faces = worldFaces(model.settings.families);
  for (const face of faces) {
    const block = face === WORLD_V6 ? '::/0' : '0.0.0.0/0';
    if (except.some(({ entity, cidr }) => entity === 'world' || cidr === block)) continue;
    strangers.push({ party: { identity: face, ports: NO_PORTS }, name: 'the world outside the cluster' });
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

function faultsOf(
  endpoint: Endpoint<Pod>,
  pods: readonly Pod[],
  direction: Direction,
  strangers: readonly Stranger[],
  model: Model,
): readonly Fault[] {
  const { holds, rules } = defaultDeny(model, endpoint.identity, direction);
  if (!holds) return [notEnforced(pods, direction, rules, model)];
  const faults: Fault[] = [];
  for (const stranger of strangers) {
    const { by, open, doubtful } = reach(model, endpoint, direction, stranger.party);
    if (open.size > 0) {
      for (const { rule, ports } of by.filter(({ certain }) => certain)) {
        faults.push(wideOpen(pods, direction, stranger, rule, describePorts(ports)));
      }
    } else if (doubtful.size > 0) {
      const doubted = by.find(({ certain }) => !certain) ?? by[0];
      if (doubted) faults.push(notModelled(pods, direction, stranger, doubted.rule));
    }
  }
  // A rule that lets in both strangers is told once.
  return [...new Map(faults.map((fault) => [fault.key, fault])).values()];
}

function notEnforced(
  pods: readonly Pod[],
  direction: Direction,
  rules: readonly Rule[],
  model: Model,
): Fault {
  const policies = [...new Set(rules.map(({ policy }) => policy))];
  const culprits = policies.map(policySubject);
  const because =
    policies.length === 0
      ? `no policy selects it with ${direction === 'ingress' ? 'an ingress' : 'an egress'} section`
      : `${someOf(culprits.map(refer))} select${culprits.length === 1 ? 's' : ''} it but set${culprits.length === 1 ? 's' : ''} enableDefaultDeny.${direction}: false`;
  const open = direction === 'ingress' ? 'anybody can reach it' : 'it can reach anything';
  return {
    pods,
    key: `NotEnforced ${direction} ${because}`,
    tell: (subject, name) =>
      finding({
        level: 'Fail',
        reason: 'NotEnforced',
        subject,
        field: policies.length === 0 ? `spec.${direction}` : `spec.enableDefaultDeny.${direction}`,
        culprits,
        what: `${capital(name)} is not under default deny for ${direction}: ${because}, so ${open} on every port.`,
        fix:
          policies.length === 0
            ? howToEnforce(direction, subject.namespace ?? subject.name, model)
            : `Remove enableDefaultDeny.${direction}: false from one of them, or add a policy that sets default deny.`,
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

function wideOpen(
  pods: readonly Pod[],
  direction: Direction,
  stranger: Stranger,
  rule: Rule,
  ports: string,
): Fault {
  const policy = policySubject(rule.policy);
  return {
    pods,
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
            ? `${refer(policy)} lets ${stranger.name} reach ${name} on ${ports}: ${rule.path}.`
            : `${refer(policy)} lets ${name} reach ${stranger.name} on ${ports}: ${rule.path}.`,
        fix: `Name the peers in ${rule.path} of ${refer(policy)}, or list them under except if they may pass.`,
      }),
  };
}

function notModelled(pods: readonly Pod[], direction: Direction, stranger: Stranger, rule: Rule): Fault {
  const policy = policySubject(rule.policy);
  return {
    pods,
    key: `NotModelled ${refer(policy)} ${rule.path}`,
    tell: (subject, name) =>
      finding({
        level: 'Unknown',
        reason: 'NotModelled',
        subject,
        field: rule.path,
        culprits: [policy],
        what: `Whether ${stranger.name} ${direction === 'ingress' ? `can reach ${name}` : `can be reached by ${name}`} hangs on ${doubtOf(rule)} in ${refer(policy)}, which this check does not know.`,
        fix: 'Write the addresses into the rule, or prove isolation by other means.',
      }),
  };
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

// A cluster as the policy engine sees it: pods folded to the identities that
// policies can tell apart, and rules found by the identity that they bear on.

import { speaksOfServices } from './cilium-peers.ts';
import { compileCilium, specsOf } from './cilium-rules.ts';
import type { Settings } from './config.ts';
import { type LabelFilter, matches, POD_NAMESPACE, podLabels, requirements } from './labels.ts';
import { compileNetworkPolicy } from './network-policy.ts';
import { HOST, type Identity } from './peers.ts';
import {
  type ContainerPort,
  type NamedPorts,
  ownPorts,
  type PodPorts,
  type PortSet,
  podPorts,
  portSet,
  portTable,
  type RangeEnds,
  rangeEnds,
} from './ports.ts';
import { selector } from './raw.ts';
import type { CompiledPolicy, Direction, PolicyInput, Rule, ServiceInput } from './rules.ts';

export interface NamespaceInput {
  readonly meta: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
}

export interface PodInput {
  readonly meta: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly hostNetwork: boolean;
    readonly nodeName?: string;
    readonly containers: readonly { readonly ports: readonly ContainerPort[] }[];
  };
}

export interface ModelInput<P extends PodInput = PodInput> {
  readonly settings: Settings;
  readonly namespaces: readonly NamespaceInput[];
  readonly pods: readonly P[];
  /** Lists are remembered by identity: pass the same array until its content changes. */
  readonly policyLists: readonly (readonly PolicyInput[])[];
  readonly services?: readonly ServiceInput[];
  /** Every pod of the cluster, for the table of named ports at egress; default: `pods`. */
  readonly allPods?: readonly PodInput[];
}

/** Pods that no policy can tell apart, whose ports have the same names. */
export interface Endpoint<P extends PodInput = PodInput> {
  readonly identity: Identity;
  readonly ports: PodPorts;
  /** Not an endpoint of Cilium: it is its node. */
  readonly hostNetwork: boolean;
  readonly pods: readonly P[];
}

/** Either side of a flow. The one whose policies are asked is the subject, an endpoint; the other the peer. */
export interface Party {
  readonly identity: Identity;
  readonly ports: PodPorts;
}

export interface Model<P extends PodInput = PodInput> {
  readonly settings: Settings;
  readonly endpoints: readonly Endpoint<P>[];
  /** Every policy that is enforced at all under these settings. */
  readonly policies: readonly CompiledPolicy[];
  /** The rules that select this identity, in this direction. */
  rulesFor(identity: Identity, direction: Direction): readonly Rule[];
  /** What the ports of rules come to for a subject: names are resolved as its enforcer would. */
  portsFor(subject: Party, peer: Party, direction: Direction): (rule: Rule) => PortSet;
  /** The identity that a pod with these labels would have. */
  identityOf(pod: {
    labels: Readonly<Record<string, string>>;
    namespace: string;
    serviceAccount: string;
  }): Identity;
}

export function buildModel<P extends PodInput>(input: ModelInput<P>): Model<P> {
  const { settings, policyLists, services = [] } = input;
  const spaces = new Map(input.namespaces.map(({ meta }) => [meta.name, meta.labels]));
  const indexes = policyLists.map((policies) => indexOf(policies, settings, services));
  const found = new Map<Identity, SelectedRules>();
  const rulesOf = (identity: Identity) => {
    const known = found.get(identity);
    if (known) return known;
    const rules = indexes.flatMap((index) => selecting(index, identity, settings));
    const ingress = rules.filter(({ direction }) => direction === 'ingress');
    const egress = rules.filter(({ direction }) => direction === 'egress');
    const selected = { ingress, egress, ends: { ingress: endsOf(ingress), egress: endsOf(egress) } };
    found.set(identity, selected);
    return selected;
  };
  let table: NamedPorts | undefined;
  const egressNames = () => {
    table ??= portTable((input.allPods ?? input.pods).filter((pod) => !pod.spec.hostNetwork).map(portsOf));
    return table;
  };
  return {
    settings,
    endpoints: fold(input.pods, spaces, settings),
    policies: indexes.flatMap(({ policies }) => policies),
    rulesFor: (identity, direction) => rulesOf(identity)[direction],
    portsFor(subject, peer, direction) {
      // Kubernetes means the ports of whichever pod is reached; Cilium's agent has one table for all.
      const own = settings.enforcer === 'kubernetes' ? peer.ports : undefined;
      const names: NamedPorts =
        direction === 'ingress'
          ? ownPorts(subject.ports)
          : own
            ? ownPorts(own)
            : (name, protocol) => egressNames()(name, protocol);
      const { ends } = rulesOf(subject.identity);
      return ({ ports }) => portSet(ports, names, ends[direction]);
    },
    identityOf: (pod) => identityOf(pod, spaces.get(pod.namespace), settings).identity,
  };
}

interface SelectedRules extends Record<Direction, readonly Rule[]> {
  readonly ends: Record<Direction, RangeEnds | undefined>;
}

/** Where ranges that begin at a name end. Nearly always there are none, and no order is needed. */
function endsOf(rules: readonly Rule[]): RangeEnds | undefined {
  const ranges = rules.some(({ ports }) => ports?.some((spec) => 'name' in spec && spec.end > 0));
  if (!ranges) return undefined;
  const inOrder = rules.filter(({ peers }) => peers !== null).sort((a, b) => compare(orderOf(a), orderOf(b)));
  return rangeEnds(inOrder.flatMap(({ ports }) => ports ?? []));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const ORDER = { CiliumClusterwideNetworkPolicy: 'ccnp', CiliumNetworkPolicy: 'cnp', NetworkPolicy: 'netpol' };

/** The resource by which Cilium sorts the rules of a subject (pkg/policy/rules.go). */
function orderOf({ policy }: Rule): string {
  return `${ORDER[policy.kind]}/${policy.meta.namespace}/${policy.meta.name}`;
}

// Pods -----------------------------------------------------------------------

interface Known {
  readonly filter: LabelFilter;
  readonly spaceLabels: object | undefined;
  readonly cluster: string;
  readonly key: string;
  readonly identity: Identity;
}

// Remembered for as long as the pod object or the filter lives.
const knownPods = new WeakMap<object, Known>();
const knownPorts = new WeakMap<object, { readonly ports: PodPorts; readonly key: string }>();
const identitiesOf = new WeakMap<LabelFilter, Map<string, Identity>>();
const MOST_IDENTITIES = 100_000;

function fold<P extends PodInput>(
  pods: readonly P[],
  spaces: ReadonlyMap<string, Readonly<Record<string, string>>>,
  settings: Settings,
): Endpoint<P>[] {
  const folded = new Map<string, { identity: Identity; ports: PodPorts; hostNetwork: boolean; pods: P[] }>();
  for (const pod of pods) {
    const { key, identity } = known(pod, spaces.get(pod.meta.namespace), settings);
    const named = portsWithKey(pod);
    const hostNetwork = pod.spec.hostNetwork;
    const whole = `${hostNetwork ? 'host' : ''}|${named.key}|${key}`;
    const same = folded.get(whole);
    if (same) same.pods.push(pod);
    else {
      folded.set(whole, {
        identity: hostNetwork ? HOST : identity,
        ports: named.ports,
        hostNetwork,
        pods: [pod],
      });
    }
  }
  return [...folded.values()];
}

function known(
  pod: PodInput,
  spaceLabels: Readonly<Record<string, string>> | undefined,
  settings: Settings,
): Known {
  const before = knownPods.get(pod);
  if (
    before &&
    before.filter === settings.filter &&
    before.spaceLabels === spaceLabels &&
    before.cluster === settings.cluster
  ) {
    return before;
  }
  const { labels, namespace } = pod.meta;
  const { key, identity } = identityOf(
    { labels, namespace, serviceAccount: pod.spec.serviceAccountName },
    spaceLabels,
    settings,
  );
  const now = { filter: settings.filter, spaceLabels, cluster: settings.cluster, key, identity };
  knownPods.set(pod, now);
  return now;
}

/** The same identity object for the same labels, so that what is remembered of it stays valid. */
function identityOf(
  pod: { labels: Readonly<Record<string, string>>; namespace: string; serviceAccount: string },
  spaceLabels: Readonly<Record<string, string>> | undefined,
  { cluster, filter }: Settings,
): { key: string; identity: Identity } {
  const named = { 'kubernetes.io/metadata.name': pod.namespace, ...spaceLabels };
  const k8s = podLabels(pod, named, cluster, filter);
  const key = [...k8s]
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(',');
  let identities = identitiesOf.get(filter);
  if (!identities || identities.size > MOST_IDENTITIES) {
    identities = new Map();
    identitiesOf.set(filter, identities);
  }
  const before = identities.get(key);
  if (before) return { key, identity: before };
  const identity = { k8s, reserved: new Set<string>(), namespace: pod.namespace };
  identities.set(key, identity);
  return { key, identity };
}

function portsWithKey(pod: PodInput): { readonly ports: PodPorts; readonly key: string } {
  const before = knownPorts.get(pod);
  if (before) return before;
  const ports = podPorts(pod.spec.containers.flatMap((container) => container.ports));
  const key = [...ports]
    .map(([name, { protocol, port }]) => `${name}:${port}/${protocol}`)
    .sort()
    .join(',');
  const now = { ports, key };
  knownPorts.set(pod, now);
  return now;
}

const portsOf = (pod: PodInput) => portsWithKey(pod).ports;

// Policies -------------------------------------------------------------------

interface Index {
  readonly policies: readonly CompiledPolicy[];
  readonly byNamespace: ReadonlyMap<string, readonly Rule[]>;
  /** Rules whose subject names no namespace. */
  readonly anywhere: readonly Rule[];
  /** Rules about nodes. */
  readonly nodes: readonly Rule[];
}

interface Remembered<T> {
  readonly key: string;
  readonly services: readonly ServiceInput[] | undefined;
  readonly value: T;
}

const compiledPolicies = new WeakMap<PolicyInput, Remembered<CompiledPolicy>>();
const builtIndexes = new WeakMap<readonly PolicyInput[], Remembered<Index>>();

function indexOf(
  policies: readonly PolicyInput[],
  settings: Settings,
  services: readonly ServiceInput[],
): Index {
  const key = `${settings.compileKey} ${enforced(settings)}`;
  const before = builtIndexes.get(policies);
  if (before && before.key === key && before.services === services) return before.value;
  const compiled = policies
    .filter(({ kind }) => isEnforced(kind, settings))
    .map((policy) => compile(policy, settings, services));
  const byNamespace = new Map<string, Rule[]>();
  const anywhere: Rule[] = [];
  const nodes: Rule[] = [];
  for (const rule of compiled.flatMap(({ rules }) => rules)) {
    const namespaces = rule.node ? undefined : subjectNamespaces(rule);
    if (rule.node) nodes.push(rule);
    else if (!namespaces) anywhere.push(rule);
    else {
      for (const namespace of namespaces) {
        const there = byNamespace.get(namespace);
        if (there) there.push(rule);
        else byNamespace.set(namespace, [rule]);
      }
    }
  }
  const value = { policies: compiled, byNamespace, anywhere, nodes };
  builtIndexes.set(policies, { key, services, value });
  return value;
}

function enforced({ networkPolicies, ciliumPolicies, clusterwidePolicies }: Settings): string {
  return `${networkPolicies} ${ciliumPolicies} ${clusterwidePolicies}`;
}

function isEnforced(kind: PolicyInput['kind'], settings: Settings): boolean {
  switch (kind) {
    case 'NetworkPolicy':
      return settings.networkPolicies;
    case 'CiliumNetworkPolicy':
      return settings.ciliumPolicies;
    case 'CiliumClusterwideNetworkPolicy':
      return settings.clusterwidePolicies;
    default:
      return kind satisfies never;
  }
}

/** Compiles a policy, once for as long as the object and the settings that bear on it stay the same. */
export function compile(
  policy: PolicyInput,
  settings: Settings,
  services: readonly ServiceInput[],
): CompiledPolicy {
  const before = compiledPolicies.get(policy);
  const sameServices = before?.services === undefined || before.services === services;
  if (before && before.key === settings.compileKey && sameServices) return before.value;
  const value =
    policy.kind === 'NetworkPolicy'
      ? compileNetworkPolicy(policy, settings)
      : compileCilium(policy, settings, services);
  compiledPolicies.set(policy, {
    key: settings.compileKey,
    services: readsServices(policy) ? services : undefined,
    value,
  });
  return value;
}

/** Does what the policy means depend on the services there are? */
export function readsServices(policy: PolicyInput): boolean {
  if (policy.kind === 'NetworkPolicy') return false;
  try {
    return specsOf(policy).some(({ spec }) => speaksOfServices(spec));
  } catch {
    return false;
  }
}

function subjectNamespaces(rule: Rule): ReadonlySet<string> | undefined {
  return rule.subject.find(
    ({ source, key, operator }) => source === 'k8s' && key === POD_NAMESPACE && operator === 'In',
  )?.values;
}

function selecting(index: Index, identity: Identity, { filter }: Settings): readonly Rule[] {
  if (identity.reserved.has('host')) {
    // Labels of nodes pass the same filter (pkg/endpoint/endpoint.go InitWithNodeLabels).
    const node = { ...identity, k8s: new Map([...identity.k8s].filter(([key]) => filter(key))) };
    return index.nodes.filter(({ subject }) => matches(subject, node));
  }
  const there = identity.namespace === '' ? [] : (index.byNamespace.get(identity.namespace) ?? []);
  return [...there, ...index.anywhere].filter(({ subject }) => matches(subject, identity));
}

/** Might the policy bear on this identity if it were valid? True where its selectors cannot be read. */
export function mightSelect(policy: PolicyInput, identity: Identity): boolean {
  const { namespace } = policy.meta;
  if (policy.kind !== 'CiliumClusterwideNetworkPolicy' && namespace !== identity.namespace) return false;
  if (policy.kind === 'NetworkPolicy') return true;
  try {
    return specsOf(policy).some(({ spec, path }) => {
      if (spec.endpointSelector === undefined) return spec.nodeSelector === undefined;
      return matches(requirements(selector(spec.endpointSelector, path)), identity);
    });
  } catch {
    return true;
  }
}

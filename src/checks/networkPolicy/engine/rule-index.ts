// Policies compiled once, and found by the namespace that they can select in.
// What one policy changes leaves what is remembered of other namespaces alone.

import { speaksOfServices } from './cilium-peers.ts';
import { compileCilium, specsOf } from './cilium-rules.ts';
import type { Settings } from './config.ts';
import { type Conflict, conflictIn } from './conflicts.ts';
import { sameElements } from './identities.ts';
import { matches, POD_NAMESPACE, requirements } from './labels.ts';
import { compileNetworkPolicy } from './network-policy.ts';
import type { Identity } from './peers.ts';
import { type RangeEnds, rangeEnds } from './ports.ts';
import { selector } from './raw.ts';
import type { CompiledPolicy, Direction, PolicyInput, Rule, ServiceInput } from './rules.ts';

/** Rules that can only select in one namespace, or anywhere. */
interface Part {
  readonly rules: readonly Rule[];
  /** What of them selects an identity. */
  readonly known: WeakMap<Identity, readonly Rule[]>;
}

export interface Index {
  readonly policies: readonly CompiledPolicy[];
  readonly byNamespace: ReadonlyMap<string, Part>;
  /** Rules whose subject names no namespace. */
  readonly anywhere: Part | undefined;
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
/** Parts by the first policy of theirs. */
const builtParts = new WeakMap<
  PolicyInput,
  { readonly compiled: readonly CompiledPolicy[]; readonly part: Part }
>();

/** The index of a list; the same one for the same list and settings. */
export function indexOf(
  policies: readonly PolicyInput[],
  settings: Settings,
  services: readonly ServiceInput[],
): Index {
  const { networkPolicies, ciliumPolicies, clusterwidePolicies } = settings;
  const key = `${settings.compileKey} ${networkPolicies} ${ciliumPolicies} ${clusterwidePolicies}`;
  const before = builtIndexes.get(policies);
  if (before && before.key === key && before.services === services) return before.value;
  const value = build(
    policies
      .filter(({ kind }) => isEnforced(kind, settings))
      .map((policy) => compile(policy, settings, services)),
  );
  builtIndexes.set(policies, { key, services, value });
  return value;
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

function build(compiled: readonly CompiledPolicy[]): Index {
  const namespaced = compiled.filter(({ policy }) => policy.kind !== 'CiliumClusterwideNetworkPolicy');
  const clusterwide = compiled.filter(({ policy }) => policy.kind === 'CiliumClusterwideNetworkPolicy');
  const byNamespace = new Map<string, Part>();
  for (const [namespace, group] of Map.groupBy(
    namespaced,
    ({ policy }) => policy.meta.namespace || 'default',
  )) {
    byNamespace.set(namespace, partOf(group));
  }
  const rules = clusterwide.flatMap((one) => one.rules);
  const anywhere: Rule[] = [];
  const bound = new Map<string, Rule[]>();
  for (const rule of rules.filter(({ node }) => !node)) {
    const namespaces = subjectNamespaces(rule);
    if (!namespaces) anywhere.push(rule);
    for (const namespace of namespaces ?? []) bound.set(namespace, [...(bound.get(namespace) ?? []), rule]);
  }
  for (const [namespace, more] of bound) {
    const there = byNamespace.get(namespace)?.rules ?? [];
    byNamespace.set(namespace, { rules: [...there, ...more], known: new WeakMap() });
  }
  return {
    policies: compiled,
    byNamespace,
    anywhere: anywhere.length > 0 ? { rules: anywhere, known: new WeakMap() } : undefined,
    nodes: rules.filter(({ node }) => node),
  };
}

/** The same part for the same compiled policies, so that what it remembers stays found. */
function partOf(compiled: readonly CompiledPolicy[]): Part {
  const [first] = compiled;
  const before = first && builtParts.get(first.policy);
  if (before && sameElements(before.compiled, compiled)) return before.part;
  const part = { rules: compiled.flatMap(({ rules }) => rules), known: new WeakMap() };
  if (first) builtParts.set(first.policy, { compiled, part });
  return part;
}

function subjectNamespaces(rule: Rule): ReadonlySet<string> | undefined {
  return rule.subject.find(
    ({ source, key, operator }) => source === 'k8s' && key === POD_NAMESPACE && operator === 'In',
  )?.values;
}

/** Compiles a policy, once for as long as the object and the settings that bear on it stay the same. */
function compile(policy: PolicyInput, settings: Settings, services: readonly ServiceInput[]): CompiledPolicy {
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

/** Might the policy bear on this identity if it were valid? True where its selectors cannot be read. */
export function mightSelect(policy: PolicyInput, identity: Identity): boolean {
  const { namespace } = policy.meta;
  if (policy.kind !== 'CiliumClusterwideNetworkPolicy' && namespace !== identity.namespace) return false;
  if (policy.kind === 'NetworkPolicy') return true;
  try {
    return specsOf(policy).some(({ spec, path }) => {
      if (spec.endpointSelector === undefined) return namespace !== '' || spec.nodeSelector === undefined;
      return matches(requirements(selector(spec.endpointSelector, path)), identity);
    });
  } catch {
    return true;
  }
}

/** The rules that select an identity, by direction. */
export interface SelectedRules extends Record<Direction, readonly Rule[]> {
  readonly ends: Record<Direction, RangeEnds | undefined>;
  /** Rules that Cilium cannot merge: it keeps whatever policy the endpoint had before. */
  readonly conflict: Conflict | undefined;
}

/** Everything that can select in one namespace; the same object until a policy of it changes. */
export type Parts = readonly Part[];

const NO_PARTS: Parts = [];
const knownParts = new WeakMap<Part, Parts>();

export function partsFor(indexes: readonly Index[], namespace: string): Parts {
  const parts = indexes.flatMap(({ byNamespace, anywhere }) => {
    const there = byNamespace.get(namespace);
    return [...(there ? [there] : []), ...(anywhere ? [anywhere] : [])];
  });
  const [first] = parts;
  if (!first) return NO_PARTS;
  const before = knownParts.get(first);
  if (before && sameElements(before, parts)) return before;
  knownParts.set(first, parts);
  return parts;
}

interface Selection {
  readonly parts: Parts;
  readonly rules: readonly Rule[];
  readonly selected: SelectedRules;
}

const knownSelections = new WeakMap<Identity, Selection>();

/** The rules that select a pod's identity; the same object for as long as they are the same. */
export function selectedRules(parts: Parts, identity: Identity): SelectedRules {
  const before = knownSelections.get(identity);
  if (before && before.parts === parts) return before.selected;
  const rules =
    parts.length === 1 && parts[0]
      ? ofPart(parts[0], identity)
      : parts.flatMap((part) => ofPart(part, identity));
  const selected = before && sameElements(before.rules, rules) ? before.selected : byDirection(rules);
  knownSelections.set(identity, { parts, rules, selected });
  return selected;
}

/** The rules that select the node itself. Its labels pass the filter too (pkg/endpoint/endpoint.go InitWithNodeLabels). */
export function nodeRules(
  indexes: readonly Index[],
  identity: Identity,
  { filter }: Settings,
): SelectedRules {
  const node = { ...identity, k8s: new Map([...identity.k8s].filter(([key]) => filter(key))) };
  return byDirection(indexes.flatMap(({ nodes }) => nodes.filter(({ subject }) => matches(subject, node))));
}

function byDirection(rules: readonly Rule[]): SelectedRules {
  const ingress = rules.filter(({ direction }) => direction === 'ingress');
  const egress = rules.filter(({ direction }) => direction === 'egress');
  return {
    ingress,
    egress,
    ends: { ingress: endsOf(ingress), egress: endsOf(egress) },
    conflict: conflictIn(ingress) ?? conflictIn(egress),
  };
}

function ofPart({ rules, known }: Part, identity: Identity): readonly Rule[] {
  const before = known.get(identity);
  if (before) return before;
  const found = rules.filter(({ subject }) => matches(subject, identity));
  known.set(identity, found);
  return found;
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

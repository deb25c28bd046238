// Labels as Cilium's identities carry them: which labels make an identity, and
// what a selector over them means, with sources (k8s:, any:, reserved:).

import { RE2JS } from 're2js';
import type { Doubt } from './doubt.ts';

export const POD_NAMESPACE = 'io.kubernetes.pod.namespace';
export const NAMESPACE_LABELS = 'io.cilium.k8s.namespace.labels';
export const POLICY_CLUSTER = 'io.cilium.k8s.policy.cluster';
const SERVICE_ACCOUNT = 'io.cilium.k8s.policy.serviceaccount';
const CILIUM_PREFIX = 'io.cilium.k8s';

/** A selector that is still a Kubernetes label selector, its keys extended with a source: `k8s.app`, `any.app`. */
export interface ExtendedSelector {
  readonly labels: ReadonlyMap<string, string>;
  readonly expressions: readonly Expression[];
  /** Keys that matchLabels gives twice, with different values. */
  readonly twice?: ReadonlyMap<string, Twice>;
}

/**
 * `app` and `any:app` are one key to Cilium, which goes through matchLabels in no order: which value counts is left
 * to chance in every agent anew (pkg/policy/api/selector.go NewESFromK8sLabelSelectorWithExtender).
 */
export interface Twice {
  /** The keys as written. */
  readonly written: readonly string[];
  readonly values: readonly string[];
}

/** What a selector hangs on that is left to chance; undefined for one that is certain. */
export function chanceOf({ twice }: ExtendedSelector, path: string): Doubt | undefined {
  const [first] = twice?.values() ?? [];
  if (!first) return undefined;
  const keys = first.written.join(' and ');
  return {
    what: `chance: ${keys} in ${path}.matchLabels are one key to Cilium and have different values, of which each agent takes either`,
    mend: `Write one of ${keys} into ${path}.matchLabels`,
  };
}

export interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** One demand of a selector on a label. */
export interface Requirement {
  /** k8s, reserved, any and so on. */
  readonly source: string;
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: ReadonlySet<string>;
}

/** All must hold. The empty list is the wildcard: it holds for everything, world included. */
export type Requirements = readonly Requirement[];

/** The labels of an identity, by source. */
export interface LabelSet {
  readonly k8s: ReadonlyMap<string, string>;
  /** reserved:host, reserved:world and so on; they have no values. */
  readonly reserved: ReadonlySet<string>;
}

/** Adds the source to a key as written: `k8s:app` → `k8s.app`, `app` → `any.app` (pkg/labels GetExtendedKeyFrom). */
export function extendKey(written: string): string {
  const [source, rest] = splitSource(written);
  const key = rest.split('=', 1)[0] ?? '';
  return `${source === '' ? 'any' : source}.${key}`;
}

function splitSource(written: string): [source: string, rest: string] {
  if (written.startsWith('$')) return ['reserved', written.slice(1)];
  const colon = written.indexOf(':');
  if (colon >= 0) return [written.slice(0, colon), written.slice(colon + 1)];
  if (written.startsWith('reserved.')) return ['reserved', written.slice('reserved.'.length)];
  return ['', written];
}

export function hasKey(selector: ExtendedSelector, key: string): boolean {
  return selector.labels.has(key) || selector.expressions.some((e) => e.key === key);
}

export function hasKeyPrefix(selector: ExtendedSelector, prefix: string): boolean {
  for (const key of selector.labels.keys()) if (key.startsWith(prefix)) return true;
  return selector.expressions.some((e) => e.key.startsWith(prefix));
}

export function withLabel(selector: ExtendedSelector, key: string, value: string): ExtendedSelector {
  return { ...selector, labels: new Map([...selector.labels, [key, value]]) };
}

export function withExists(selector: ExtendedSelector, key: string): ExtendedSelector {
  return { ...selector, expressions: [...selector.expressions, { key, operator: 'Exists', values: [] }] };
}

const NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * Why a selector would be refused, or undefined (pkg/k8s/slim/…/validation ValidateLabelSelector). The key is
 * judged with its source in front, so a bare key of more than 59 characters is too long: `any.` counts.
 */
export function selectorFault(selector: ExtendedSelector): string | undefined {
  for (const [key, value] of selector.labels) {
    const fault = keyFault(key) ?? valueFault(value);
    if (fault) return fault;
  }
  for (const { key, operator, values } of selector.expressions) {
    const fault = keyFault(key) ?? operatorFault(operator, values) ?? firstFault(values);
    if (fault) return fault;
  }
  return undefined;
}

function firstFault(values: readonly string[]): string | undefined {
  for (const value of values) {
    const fault = valueFault(value);
    if (fault) return fault;
  }
  return undefined;
}

function keyFault(key: string): string | undefined {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  const sound =
    parts.length <= 2 &&
    name.length <= 63 &&
    NAME.test(name) &&
    (prefix === undefined || (prefix.length <= 253 && SUBDOMAIN.test(prefix)));
  return sound ? undefined : `invalid label selector: "${key}" is not a valid label key`;
}

function valueFault(value: string): string | undefined {
  if (value === '' || (value.length <= 63 && NAME.test(value))) return undefined;
  return `invalid label selector: "${value}" is not a valid label value`;
}

function operatorFault(operator: string, values: readonly string[]): string | undefined {
  if (operator === 'In' || operator === 'NotIn') {
    return values.length > 0 ? undefined : `invalid label selector: ${operator} needs values`;
  }
  if (operator === 'Exists' || operator === 'DoesNotExist') {
    return values.length === 0 ? undefined : `invalid label selector: ${operator} takes no values`;
  }
  return `invalid label selector: "${operator}" is not a valid operator`;
}

/**
 * The demands of a selector. One that is invalid demands nothing: Cilium logs an error and goes on with the
 * wildcard (pkg/policy/types LabelSelectorToRequirements). It can only happen to a NetworkPolicy, which nobody
 * sanitises: a namespaceSelector on a bare key of more than 28 characters selects every peer there is.
 */
export function requirements(selector: ExtendedSelector): Requirements {
  return selectorFault(selector) === undefined ? exactRequirements(selector) : [];
}

/**
 * The demands of a selector that somebody else has validated, whatever its keys. Of a key given twice either value
 * will do: what does not hold then does not hold for certain.
 */
export function exactRequirements(selector: ExtendedSelector): Requirements {
  const demands: Requirement[] = [];
  for (const [key, value] of selector.labels) {
    demands.push(requirement(key, 'In', selector.twice?.get(key)?.values ?? [value]));
  }
  for (const { key, operator, values } of selector.expressions) {
    demands.push(requirement(key, operator as Requirement['operator'], values));
  }
  return demands;
}

function requirement(
  extended: string,
  operator: Requirement['operator'],
  values: readonly string[],
): Requirement {
  const dot = extended.indexOf('.');
  return { source: extended.slice(0, dot), key: extended.slice(dot + 1), operator, values: new Set(values) };
}

export function matches(demands: Requirements, labels: LabelSet): boolean {
  for (const demand of demands) if (!holds(demand, labels)) return false;
  return true;
}

function holds({ source, key, operator, values }: Requirement, labels: LabelSet): boolean {
  const value = lookup(labels, source, key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.has(value);
    case 'NotIn':
      return value === undefined || !values.has(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return operator satisfies never;
  }
}

function lookup({ k8s, reserved }: LabelSet, source: string, key: string): string | undefined {
  switch (source) {
    case 'k8s':
      return k8s.get(key);
    case 'reserved':
      return reserved.has(key) ? '' : undefined;
    case 'any':
      return k8s.get(key) ?? (reserved.has(key) ? '' : undefined);
    default:
      return undefined;
  }
}

/** Says of a key of a Kubernetes label whether it is part of an identity. */
export type LabelFilter = (key: string) => boolean;

interface Prefix {
  readonly ignore: boolean;
  readonly pattern: RE2JS;
}

// pkg/labelsfilter/filter.go defaultLabelPrefixCfg. Each is matched at the start of the key.
const DEFAULT_PREFIXES = [
  'io\\.kubernetes\\.pod\\.namespace',
  'io\\.cilium\\.k8s\\.namespace\\.labels',
  'app\\.kubernetes\\.io',
  'io\\.cilium\\.k8s\\.policy\\.cluster',
  'io\\.cilium\\.k8s\\.policy\\.serviceaccount',
  '!io\\.kubernetes',
  '!kubernetes\\.io',
  '!statefulset\\.kubernetes\\.io/pod-name',
  '!apps\\.kubernetes\\.io/pod-index',
  '!batch\\.kubernetes\\.io/job-completion-index',
  '!batch\\.kubernetes\\.io/controller-uid',
  '!.*beta\\.kubernetes\\.io',
  '!k8s\\.io',
  '!pod-template-generation',
  '!pod-template-hash',
  '!controller-revision-hash',
  '!controller-uid',
  '!annotation.*',
  '!etcd_node',
  '!topology\\.kubernetes\\.io',
];

/**
 * The filter for the agent's `labels` option (words separated by white space; each `[source:]regexp`, with `!`
 * in front of the regexp to leave out). One word that includes makes the whole filter a white list. Of the
 * matching words the longest inclusion must be longer than the shortest exclusion. Throws on a pattern that
 * does not compile; the agent would not start with it.
 */
export function labelFilter(option: string): LabelFilter {
  const prefixes: Prefix[] = [];
  let whiteList = false;
  for (const word of DEFAULT_PREFIXES) prefixes.push(prefixOf(word).prefix);
  for (const word of option.split(/\s+/).filter((w) => w !== '')) {
    const { prefix, source } = prefixOf(word);
    whiteList ||= !prefix.ignore;
    if (source === '' || source === 'k8s') prefixes.push(prefix);
  }
  const known = new Map<string, boolean>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const kept = keeps(prefixes, whiteList, key);
    known.set(key, kept);
    return kept;
  };
}

function prefixOf(word: string): { prefix: Prefix; source: string } {
  const colon = word.indexOf(':');
  const source = colon < 0 ? '' : word.slice(0, colon);
  const written = word.slice(colon + 1);
  const ignore = written.startsWith('!');
  return { prefix: { ignore, pattern: RE2JS.compile(ignore ? written.slice(1) : written) }, source };
}

function keeps(prefixes: readonly Prefix[], whiteList: boolean, key: string): boolean {
  let included = 0;
  let ignored = 0;
  for (const { ignore, pattern } of prefixes) {
    const found = pattern.matcher(key);
    if (!found.find() || found.start() !== 0) continue;
    const length = found.end();
    if (!ignore) included = Math.max(included, length);
    else if (ignored === 0 || length < ignored) ignored = length;
  }
  return (!whiteList && ignored === 0) || included > ignored;
}

/** Everything is kept: NetworkPolicy as Kubernetes means it. */
export const keepAll: LabelFilter = () => true;

/** The labels of a pod's identity (pkg/k8s/utils SanitizePodLabels, then the filter). */
export function podLabels(
  pod: { labels: Readonly<Record<string, string>>; namespace: string; serviceAccount: string },
  namespaceLabels: Readonly<Record<string, string>>,
  cluster: string,
  filter: LabelFilter,
): Map<string, string> {
  const labels = new Map<string, string>();
  const add = (key: string, value: string) => {
    if (filter(key)) labels.set(key, value);
  };
  for (const [key, value] of Object.entries(pod.labels)) {
    if (!key.startsWith(CILIUM_PREFIX)) add(...asCiliumReads(key, value));
  }
  for (const [key, value] of Object.entries(namespaceLabels)) add(`${NAMESPACE_LABELS}.${key}`, value);
  add(POD_NAMESPACE, pod.namespace);
  if (pod.serviceAccount !== '') add(SERVICE_ACCOUNT, pod.serviceAccount);
  add(POLICY_CLUSTER, cluster);
  return labels;
}

const RESERVED_PREFIX = 'reserved.';

/** Cilium takes a leading `reserved.` for a source, drops it, and keeps source k8s (pkg/labels NewLabel, parseSource). */
function asCiliumReads(key: string, value: string): [string, string] {
  if (!key.startsWith(RESERVED_PREFIX) || key.includes(':')) return [key, value];
  const rest = key.slice(RESERVED_PREFIX.length);
  return rest === '' ? [value, ''] : [rest, value];
}

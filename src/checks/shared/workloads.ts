// From the `workloads` of a check to the objects that are meant, and the
// findings for what could not be found or seen.

import type { Workload, WorkloadKind } from '../../api/selectors.ts';
import type { DaemonSet, Deployment, Meta, Pod, StatefulSet } from '../../facts/kinds.ts';
import type { CheckContext, Finding, Subject } from '../check.ts';
import { finding, isUnknowable, subjectOf, unknownFinding } from './messages.ts';
import { isExact, nameMatches } from './names.ts';
import { controllerOf } from './owners.ts';
import { describeSelector, matcher } from './selectors.ts';

interface Match<K extends WorkloadKind, T> {
  readonly kind: K;
  readonly object: T;
  readonly subject: Subject;
  /** Was it asked for by its kind or exact name, and not swept up with its namespace? */
  readonly named: boolean;
}

export type MatchedWorkload =
  | Match<'Deployment', Deployment>
  | Match<'StatefulSet', StatefulSet>
  | Match<'DaemonSet', DaemonSet>
  | Match<'Pod', Pod>;

export interface Matching {
  /** Each workload once, in the order of the entries. */
  readonly matched: readonly MatchedWorkload[];
  readonly findings: readonly Finding[];
}

const DEFAULT_KINDS: readonly WorkloadKind[] = ['Deployment', 'StatefulSet', 'DaemonSet'];

/** Controllers whose pods are judged through them; any other pod counts as bare. */
const WORKLOAD_CONTROLLERS = new Set([
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'ReplicationController',
]);

/** Matches every entry; an entry that matches nothing, although all could be seen, is SubjectMissing. */
export function matchWorkloads(
  params: { readonly workloads: readonly Workload[]; readonly whenMissing: 'Fail' | 'NotApplicable' },
  context: CheckContext,
): Matching {
  const matched = new Map<string, MatchedWorkload>();
  const findings: Finding[] = [];
  for (const entry of params.workloads) {
    const outcome = matchEntry(entry, context);
    for (const found of outcome.matched) {
      const key = `${found.kind}/${found.subject.namespace}/${found.subject.name}`;
      if (!matched.has(key) || found.named) matched.set(key, found);
    }
    findings.push(...outcome.findings);
    if (outcome.matched.length === 0 && outcome.findings.length === 0) {
      findings.push(missing(entry, params.whenMissing, context.namespace));
    }
  }
  return { matched: [...matched.values()], findings };
}

/** The namespace that an entry looks in; undefined is the whole cluster, narrowed by its namespaceSelector. */
export function scopeOf(entry: Workload, context: CheckContext): string | undefined {
  if (entry.namespaceSelector) return undefined;
  return entry.namespace ?? context.namespace;
}

function matchEntry(entry: Workload, context: CheckContext): Matching {
  const scope = scopeOf(entry, context);
  const chosen = chosenNamespaces(entry, context);
  const kinds = entry.kind ? [entry.kind] : DEFAULT_KINDS;
  const reads = kinds.map((kind) => read(kind, entry, scope, context));
  if (chosen.findings.length > 0) return { matched: [], findings: chosen.findings };

  const wanted = entry.labelSelector ? matcher(entry.labelSelector) : undefined;
  const accepts = (meta: Meta) =>
    (entry.name === undefined || nameMatches(entry.name, meta.name)) &&
    (chosen.names === undefined || chosen.names.has(meta.namespace)) &&
    (wanted === undefined || wanted(meta.labels));
  return {
    matched: reads.flatMap(({ objects }) => objects.filter(({ object }) => accepts(object.meta))),
    findings: reads.flatMap(({ findings }) => findings),
  };
}

interface Read {
  readonly objects: readonly MatchedWorkload[];
  readonly findings: readonly Finding[];
}

/** One object where the entry names one, so that only its changes wake the item; a list otherwise. */
function read(kind: WorkloadKind, entry: Workload, scope: string | undefined, { facts }: CheckContext): Read {
  const exact = entry.name !== undefined && isExact(entry.name);
  const named = entry.kind !== undefined || exact;
  if (exact && scope !== undefined && kind !== 'Pod') {
    const fact = facts.get(kind, scope, entry.name as string);
    if (isUnknowable(fact)) return { objects: [], findings: [unknownFinding(fact)] };
    return { objects: fact.state === 'known' ? [made(kind, fact.value, named)] : [], findings: [] };
  }
  const fact = facts.list(kind, scope);
  if (isUnknowable(fact)) return { objects: [], findings: [unknownFinding(fact)] };
  const objects = kind === 'Pod' ? (fact.value as readonly Pod[]).filter(isBare) : fact.value;
  return { objects: objects.map((object) => made(kind, object, named)), findings: [] };
}

const made = (kind: WorkloadKind, object: { readonly meta: Meta }, named: boolean) =>
  ({ kind, object, subject: subjectOf(kind, object.meta), named }) as MatchedWorkload;

/** A pod that no built-in workload controller stands behind: bare, static, or of an operator's own kind. */
function isBare(pod: Pod): boolean {
  const controller = controllerOf(pod.meta);
  return controller === undefined || !WORKLOAD_CONTROLLERS.has(controller.kind);
}

function chosenNamespaces(
  entry: Workload,
  { facts }: CheckContext,
): { readonly names?: ReadonlySet<string>; readonly findings: readonly Finding[] } {
  if (!entry.namespaceSelector || describesEverything(entry.namespaceSelector)) return { findings: [] };
  const namespaces = facts.list('Namespace');
  if (isUnknowable(namespaces)) return { findings: [unknownFinding(namespaces)] };
  const matches = matcher(entry.namespaceSelector);
  const names = new Set<string>();
  for (const { meta } of namespaces.value) if (matches(meta.labels)) names.add(meta.name);
  return { names, findings: [] };
}

function describesEverything(selector: NonNullable<Workload['namespaceSelector']>): boolean {
  return (
    Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0
  );
}

function missing(entry: Workload, whenMissing: 'Fail' | 'NotApplicable', ownNamespace: string): Finding {
  const kind = entry.kind ?? 'Workload';
  const namespace = entry.namespaceSelector ? '*' : (entry.namespace ?? ownNamespace);
  const spaces = entry.namespaceSelector && describeSelector(entry.namespaceSelector, '');
  const where =
    spaces === undefined
      ? `in namespace ${namespace}`
      : spaces
        ? `in namespaces with ${spaces}`
        : 'in any namespace';
  const what = [
    entry.kind ?? 'Deployment, StatefulSet or DaemonSet',
    ...(entry.name ? [`named ${entry.name}`] : []),
    ...(entry.labelSelector ? [`with labels ${describeSelector(entry.labelSelector)}`] : []),
  ].join(' ');
  return finding({
    level: whenMissing,
    reason: 'SubjectMissing',
    subject: { kind, namespace, name: entry.name ?? '*' },
    what: `No ${what} exists ${where}.`,
    fix: 'Deploy it, or correct the entry of workloads.',
  });
}

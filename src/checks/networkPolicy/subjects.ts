// Which pods are meant, and the workloads and namespaces that findings are
// told of instead of single pods.

import type { LabelSelector } from '../../api/selectors.ts';
import type { Namespace, Pod } from '../../facts/kinds.ts';
import type { CheckContext, Finding, Subject } from '../check.ts';
import { finding, refer, someOf } from '../shared/messages.ts';
import { controllerOf } from '../shared/owners.ts';
import { isRunning } from '../shared/pods.ts';
import { remember } from '../shared/remember.ts';
import { describeSelector, matcher } from '../shared/selectors.ts';
import type { PolicyInput } from './engine/index.ts';
import type { Params } from './schema.ts';

export interface PodsOf {
  readonly namespace?: string;
  readonly namespaceSelector?: LabelSelector;
  readonly podSelector?: LabelSelector;
}

/** The pods that an entry means, whatever their state. */
export function podsMeant(
  entry: PodsOf,
  pods: readonly Pod[],
  namespaces: readonly Namespace[],
  context: CheckContext,
): readonly Pod[] {
  const wanted = entry.podSelector ? matcher(entry.podSelector) : undefined;
  const there = namespaceTest(entry, namespaces, context);
  return pods.filter(({ meta }) => there(meta.namespace) && (!wanted || wanted(meta.labels)));
}

function namespaceTest(
  entry: PodsOf,
  namespaces: readonly Namespace[],
  context: CheckContext,
): (namespace: string) => boolean {
  if (!entry.namespaceSelector) {
    const own = entry.namespace ?? context.namespace;
    return (namespace) => namespace === own;
  }
  const wanted = matcher(entry.namespaceSelector);
  const names = new Set(namespaces.filter(({ meta }) => wanted(meta.labels)).map(({ meta }) => meta.name));
  return (namespace) => names.has(namespace);
}

export interface Subjects {
  /** Running pods with policies of their own. */
  readonly judged: ReadonlySet<Pod>;
  readonly findings: readonly Finding[];
}

interface KnownSubjects {
  readonly namespaces: readonly Namespace[];
  readonly key: string;
  readonly subjects: Subjects;
}

const knownSubjects = new WeakMap<readonly Pod[], KnownSubjects>();

/**
 * The pods of `endpoints`; what is missing, does not run, or is no endpoint is told. The same object for the same
 * lists and parameters.
 */
export function subjectsOf(
  params: Params,
  pods: readonly Pod[],
  namespaces: readonly Namespace[],
  context: CheckContext,
): Subjects {
  const key = JSON.stringify([params.endpoints, params.whenMissing, context.namespace]);
  const before = knownSubjects.get(pods);
  if (before?.key === key && before.namespaces === namespaces) return before.subjects;
  const subjects = findSubjects(params, pods, namespaces, context);
  knownSubjects.set(pods, { namespaces, key, subjects });
  return subjects;
}

function findSubjects(
  params: Params,
  pods: readonly Pod[],
  namespaces: readonly Namespace[],
  context: CheckContext,
): Subjects {
  const judged = new Set<Pod>();
  const onHost: Pod[] = [];
  const findings: Finding[] = [];
  for (const entry of params.endpoints) {
    const meant = podsMeant(entry, pods, namespaces, context);
    const alive = meant.filter(isRunning);
    if (meant.length === 0) findings.push(missing(entry, params.whenMissing, context));
    else if (alive.length === 0) findings.push(notRunning(entry, meant, context));
    for (const pod of alive) {
      if (pod.spec.hostNetwork) onHost.push(pod);
      else judged.add(pod);
    }
  }
  return { judged, findings: [...findings, ...hostFindings(new Set(onHost))] };
}

/** `with app=web in namespace shop`, to stand after "pod". */
export function describePods(entry: PodsOf, context: CheckContext): string {
  const which = entry.podSelector ? describeSelector(entry.podSelector, '') : '';
  const spaces = entry.namespaceSelector ? describeSelector(entry.namespaceSelector, '') : '';
  const where = entry.namespaceSelector
    ? spaces === ''
      ? 'any namespace'
      : `namespaces with ${spaces}`
    : `namespace ${entry.namespace ?? context.namespace}`;
  return `${which === '' ? '' : `with ${which} `}in ${where}`;
}

function entrySubject(entry: PodsOf, context: CheckContext): Subject {
  return { kind: 'Namespace', name: entry.namespaceSelector ? '*' : (entry.namespace ?? context.namespace) };
}

function missing(entry: PodsOf, whenMissing: 'Fail' | 'NotApplicable', context: CheckContext): Finding {
  return finding({
    level: whenMissing,
    reason: 'SubjectMissing',
    subject: entrySubject(entry, context),
    what: `No pod ${describePods(entry, context)} exists.`,
    fix: 'Deploy it, or correct the entry of endpoints.',
  });
}

function notRunning(entry: PodsOf, pods: readonly Pod[], context: CheckContext): Finding {
  const states = [
    ...new Set(pods.map((pod) => (pod.meta.deletionTimestamp ? 'terminating' : pod.status.phase))),
  ];
  return finding({
    level: 'Unknown',
    reason: 'NoRunningPod',
    subject: entrySubject(entry, context),
    what: `No pod ${describePods(entry, context)} runs: ${pods.length === 1 ? 'the one there is is' : `all ${pods.length} are`} ${states.join(' or ')}.`,
    fix: 'See why they do not run.',
  });
}

function hostFindings(pods: ReadonlySet<Pod>): Finding[] {
  const workloads = new Map([...pods].map((pod) => [refer(workloadOf(pod)), workloadOf(pod)]));
  return [...workloads.values()].map((subject) =>
    finding({
      level: 'NotApplicable',
      reason: 'HostNetwork',
      subject,
      field: 'spec.hostNetwork',
      what:
        subject.kind === 'Pod'
          ? `${refer(subject)} is on the host's network: it is no endpoint, so no pod policy can isolate it.`
          : `The pods of ${refer(subject)} are on the host's network: they are not endpoints, so no pod policy can isolate them.`,
    }),
  );
}

/** The workload that a pod belongs to; the pod itself where nothing controls it. */
export const workloadOf = remember((pod: Pod): Subject => {
  const { namespace, name, labels } = pod.meta;
  const owner = controllerOf(pod.meta);
  if (!owner) return { kind: 'Pod', namespace, name };
  const suffix = `-${labels['pod-template-hash']}`;
  if (owner.kind === 'ReplicaSet' && owner.name.endsWith(suffix)) {
    return { kind: 'Deployment', namespace, name: owner.name.slice(0, -suffix.length) };
  }
  return { kind: owner.kind, namespace, name: owner.name };
});

/** What is wrong with some pods, before it is told of their workloads. */
export interface Fault {
  readonly pods: readonly Pod[];
  /** Faults with the same key are one. */
  readonly key: string;
  /** Makes the finding, for a subject and its name in a sentence. */
  readonly tell: (subject: Subject, name: string) => Finding;
}

/**
 * One finding for each workload that has the fault, in whole or in part; one for the namespace where all of its judged
 * pods have it.
 */
export function tellOf(faults: readonly Fault[], judged: Iterable<Pod>): readonly Finding[] {
  if (faults.length === 0) return [];
  const concerned = new Set(faults.flatMap(({ pods }) => pods.map((pod) => pod.meta.namespace)));
  const there = new Map<string, Map<string, number>>();
  for (const { meta, name } of named(judged)) {
    if (!concerned.has(meta.namespace)) continue;
    const counts = there.get(meta.namespace) ?? new Map<string, number>();
    counts.set(name, (counts.get(name) ?? 0) + 1);
    there.set(meta.namespace, counts);
  }
  const merged = Map.groupBy(faults, ({ key }) => key);
  return [...merged.values()].flatMap((same) => {
    const pods = Map.groupBy(
      same.flatMap((fault) => fault.pods),
      ({ meta }) => meta.namespace,
    );
    return [...pods].flatMap(([namespace, faulty]) =>
      same.slice(0, 1).flatMap(({ tell }) => tellNamespace(tell, namespace, faulty, there.get(namespace))),
    );
  });
}

function tellNamespace(
  tell: Fault['tell'],
  namespace: string,
  faulty: readonly Pod[],
  judged: ReadonlyMap<string, number> = new Map(),
): readonly Finding[] {
  const byWorkload = Map.groupBy(faulty, (pod) => refer(workloadOf(pod)));
  const whole = [...judged].every(([name, pods]) => byWorkload.get(name)?.length === pods);
  if (whole && byWorkload.size > 1) {
    const names = [...byWorkload.values()].flatMap(([pod]) => (pod ? [workloadOf(pod).name] : []));
    return [
      tell(
        { kind: 'Namespace', name: namespace },
        `every judged pod of namespace ${namespace} (${someOf(names)})`,
      ),
    ];
  }
  return [...byWorkload].flatMap(([name, pods]) => {
    const all = judged.get(name) ?? pods.length;
    const part = `part of ${name} (${pods.length} of ${all} pods: ${someOf(pods.map(({ meta }) => meta.name))})`;
    return pods.slice(0, 1).map((pod) => tell(workloadOf(pod), pods.length < all ? part : name));
  });
}

function* named(pods: Iterable<Pod>) {
  for (const pod of pods) yield { meta: pod.meta, name: refer(workloadOf(pod)) };
}

export function policySubject({ kind, meta }: PolicyInput): Subject {
  return meta.namespace === ''
    ? { kind, name: meta.name }
    : { kind, namespace: meta.namespace, name: meta.name };
}

// Proves that the containers that run have health probes: in the template, and
// in the pods that were made from it.

import type { Pod, PodSpec } from '../../facts/kinds.ts';
import { type CheckContext, defineCheck, type Finding, type Judgement } from '../check.ts';
import { gather, type Lookup } from '../shared/evidence.ts';
import { count, finding, isUnknowable, refer, someOf, unknownFinding } from '../shared/messages.ts';
import { isRunning, podsOf } from '../shared/pods.ts';
import { earliest, lastChange, settle } from '../shared/settling.ts';
import { type MatchedWorkload, matchWorkloads } from '../shared/workloads.ts';
import {
  probedContainers,
  type Reading,
  readContainers,
  unmatchedPatterns,
  type Violation,
} from './containers.ts';
import { reasons } from './reasons.ts';
import { remedies } from './remedy.ts';
import { type Rollout, rolloutOf } from './rollout.ts';
import { type Params, schema } from './schema.ts';

/** What one workload came to: good, unless a finding decides. */
interface Outcome {
  readonly findings: readonly Finding[];
  /** The names of all containers that it has. */
  readonly containers: readonly string[];
  readonly recheckAt?: Date;
}

/** A pod that runs so long without being Ready is worth a warning. */
const UNREADY_MS = 300_000;

export const probes = defineCheck<Params>({
  type: 'probes',
  summary:
    'The containers that run have the health probes asked for, with the paths, ports and times asked for.',
  schema,
  reads: ['Deployment', 'StatefulSet', 'DaemonSet', 'Pod', 'ReplicaSet', 'Namespace'],
  reasons,
  example: `probes:
  workloads:
  - {namespace: monitoring, name: "vmsingle-*"}
  exceptContainers: [config-reloader]
  require: [Readiness, Liveness]
  readiness: {path: /health, port: 8429, maxTimeoutSeconds: 10}
`,
  judge,
  remedies,
});

function judge(params: Params, context: CheckContext): Judgement {
  const look = gather(params.workloads, ['Pod', 'ReplicaSet'], context);
  const { matched, findings: unmatched } = matchWorkloads(params, context);
  const read = reader(params);
  const outcomes = matched.map((workload) => judgeWorkload(workload, read, look, context));
  const findings = [...unmatched, ...outcomes.flatMap((outcome) => outcome.findings)];
  const names = outcomes.flatMap(({ containers }) => containers);
  if (names.length > 0 && findings.every(({ reason }) => reason !== 'ContainerMissing')) {
    findings.push(...patternsWithout(params, names, matched));
  }
  const good = outcomes.filter((outcome) => outcome.findings.every(({ level }) => TOLD.has(level)));
  return {
    findings,
    passed: good.length,
    message: `${params.require.join(' and ')} probes are in effect in ${count(good.length, 'workload')}`,
    recheckAt: outcomes.reduce<Date | undefined>((at, outcome) => earliest(at, outcome.recheckAt), undefined),
  };
}

/** Levels that leave a workload good. */
const TOLD: ReadonlySet<string> = new Set(['Warning', 'Note']);

/** Reads a pod specification once: the pods of one template share their containers. */
function reader(params: Params): (spec: PodSpec) => Reading {
  const seen = new Map<PodSpec['containers'], { readonly of: PodSpec; readonly reading: Reading }>();
  return (spec) => {
    const known = seen.get(spec.containers);
    if (known && known.of.initContainers === spec.initContainers) return known.reading;
    const reading = readContainers(params, spec);
    seen.set(spec.containers, { of: spec, reading });
    return reading;
  };
}

function judgeWorkload(
  workload: MatchedWorkload,
  read: (spec: PodSpec) => Reading,
  look: Lookup,
  context: CheckContext,
): Outcome {
  const { subject } = workload;
  const rollout = rolloutOf(workload);
  const spec = workload.kind === 'Pod' ? workload.object.spec : workload.object.spec.template.spec;
  const containers = probedContainers(spec).map(({ name }) => name);
  const outcome = (findings: readonly Finding[], recheckAt?: Date): Outcome => ({
    findings,
    containers,
    recheckAt,
  });
  if (rollout.desired === 0) return outcome([scaledToZero(workload)]);

  const template = read(spec);
  if (template.judged.length === 0) return outcome([noContainer(workload, containers)]);
  const remarks = template.remarks.map(
    ({ reason, field, what }): Finding => ({
      level: 'Warning',
      reason,
      subject,
      field: fieldIn(workload, field),
      message: `${refer(subject)}: ${what}`,
    }),
  );
  const broken = template.violations.map((violation) => violated(workload, violation));
  if (broken.length > 0 && rollout.heldBy === undefined) return outcome([...broken, ...remarks]);

  const { namespace } = workload.object.meta;
  const pods = look('Pod', namespace);
  const replicaSets = look('ReplicaSet', namespace);
  const unknown = (workload.kind === 'Deployment' ? [pods, replicaSets] : [pods]).filter(isUnknowable);
  if (isUnknowable(pods) || unknown.length > 0) {
    return outcome(unknown.map((fact) => unknownFinding(fact, subject)));
  }
  const own = podsOf(workload, pods.value, isUnknowable(replicaSets) ? [] : replicaSets.value);
  const running = own.filter(isRunning);
  if (running.length === 0) return outcome([notRunning(workload), ...remarks]);

  const lacking = running.filter((pod) => read(pod.spec).violations.length > 0);
  if (lacking.length > 0) {
    const fails =
      broken.length > 0 ? broken : [...podsLack(workload, rollout, lacking, running, read, containers)];
    const conditions = workload.kind === 'Deployment' ? workload.object.status.conditions : [];
    const changed = broken.length > 0 ? 0 : lastChange(workload.object.meta, conditions, own, context.now);
    const settled = fails.map((fail) => settle(fail, changed, context.now));
    return outcome([...settled.map((result) => result.finding), ...remarks], settled[0]?.recheckAt);
  }
  const unready = notReady(workload, running, context.now);
  const behind = broken.length > 0 ? [templateBehind(workload, rollout, broken)] : [];
  return outcome([...behind, ...unready.findings, ...remarks], unready.recheckAt);
}

function fieldIn(workload: MatchedWorkload, field: string): string {
  return workload.kind === 'Pod' ? `spec.${field}` : `spec.template.spec.${field}`;
}

function violated(workload: MatchedWorkload, { reason, field, what, fix }: Violation): Finding {
  const { subject } = workload;
  return finding({
    level: 'Fail',
    reason,
    subject,
    field: fieldIn(workload, field),
    what: `${refer(subject)}: ${what}.`,
    fix,
  });
}

/** Pods that run without what the template has: of an older template, or changed on admission. */
function podsLack(
  workload: MatchedWorkload,
  rollout: Rollout,
  lacking: readonly Pod[],
  running: readonly Pod[],
  read: (spec: PodSpec) => Reading,
  templateContainers: readonly string[],
): readonly Finding[] {
  const { subject } = workload;
  const violations = lacking.flatMap((pod) => read(pod.spec).violations);
  const distinct = [...new Map(violations.map((violation) => [violation.what, violation])).values()];
  const which = `${lacking.length} of ${count(running.length, 'running pod')} (${someOf(lacking.map(({ meta }) => meta.name))})`;
  if (!rollout.complete) {
    const why = rollout.heldBy ?? rollout.progress;
    return [
      finding({
        level: 'Fail',
        reason: 'RolloutIncomplete',
        subject,
        field: 'spec.template',
        what: `${refer(subject)}: the template is right, but ${which} were made from an older one: ${distinct.map(({ what }) => what).join('; ')}. ${why[0]?.toUpperCase()}${why.slice(1)}.`,
        fix: rollout.heldBy
          ? 'Let the rollout go on, or delete these pods.'
          : `See kubectl rollout status ${subject.kind.toLowerCase()}/${subject.name} -n ${subject.namespace}.`,
      }),
    ];
  }
  return distinct.map(({ reason, container, field, what, fix }) => {
    const injected = !templateContainers.includes(container);
    return finding({
      level: 'Fail',
      reason,
      subject,
      field: `spec.${field}`,
      what: `${refer(subject)}: in ${which} ${what}, unlike in the template: ${injected ? 'the container was injected' : 'the pod was changed on admission'}.`,
      fix: injected ? `${fix} Or name ${container} in exceptContainers.` : fix,
    });
  });
}

function templateBehind(workload: MatchedWorkload, { heldBy }: Rollout, broken: readonly Finding[]): Finding {
  const { subject } = workload;
  return {
    level: 'Warning',
    reason: 'TemplateBehind',
    subject,
    field: 'spec.template',
    message: `${refer(subject)}: the pods that run are right and ${heldBy}, but they would be replaced by worse ones. ${broken[0]?.message}`,
  };
}

function notReady(
  workload: MatchedWorkload,
  running: readonly Pod[],
  now: Date,
): { readonly findings: readonly Finding[]; readonly recheckAt?: Date } {
  const unready: Pod[] = [];
  let recheckAt: Date | undefined;
  for (const pod of running) {
    if (pod.status.ready) continue;
    const since = Date.parse(pod.status.readySince ?? pod.meta.creationTimestamp) || 0;
    if (since + UNREADY_MS <= now.getTime()) unready.push(pod);
    else recheckAt = earliest(recheckAt, new Date(since + UNREADY_MS));
  }
  if (unready.length === 0) return { findings: [], recheckAt };
  const why = unready[0]?.status.notReadyReason;
  const { subject } = workload;
  return {
    recheckAt,
    findings: [
      {
        level: 'Warning',
        reason: 'NotReady',
        subject,
        field: 'status.conditions',
        message: `${refer(subject)}: ${someOf(unready.map(({ meta }) => meta.name))} ${unready.length === 1 ? 'runs' : 'run'} but ${unready.length === 1 ? 'has' : 'have'} not been Ready for more than 5 minutes${why ? `: ${why}` : ''}. The probes are there; see what they find.`,
      },
    ],
  };
}

function notRunning({ subject }: MatchedWorkload): Finding {
  return finding({
    level: 'Unknown',
    reason: 'NotRunning',
    subject,
    what: `${refer(subject)}: the template is right, but no pod of it runs.`,
    fix: 'See why its pods do not start.',
  });
}

function noContainer({ subject }: MatchedWorkload, containers: readonly string[]): Finding {
  return finding({
    level: 'Fail',
    reason: 'ContainerMissing',
    subject,
    field: 'spec.template.spec.containers',
    what: `${refer(subject)} has no container that containers and exceptContainers leave to judge; it has ${someOf(containers, 8)}.`,
    fix: 'Correct containers and exceptContainers.',
  });
}

/** Entries of `containers` that match in no workload at all: most likely misspelt. */
function patternsWithout(
  params: Params,
  names: readonly string[],
  matched: readonly MatchedWorkload[],
): readonly Finding[] {
  const [first] = matched;
  return unmatchedPatterns(params, names).map((pattern) =>
    finding({
      level: 'Fail',
      reason: 'ContainerMissing',
      subject: first?.subject,
      field: 'spec.template.spec.containers',
      what: `No container of ${matched.length === 1 && first ? refer(first.subject) : `the ${matched.length} workloads`} matches ${pattern}; there are ${someOf([...new Set(names)], 8)}.`,
      fix: 'Correct the entry of containers.',
    }),
  );
}

function scaledToZero({ subject, kind }: MatchedWorkload): Finding {
  const daemon = kind === 'DaemonSet';
  return {
    level: 'NotApplicable',
    reason: 'ScaledToZero',
    subject,
    field: daemon ? 'status.desiredNumberScheduled' : 'spec.replicas',
    message: daemon
      ? `${refer(subject)} is wanted on no node: there is no pod to probe.`
      : `${refer(subject)} has 0 replicas: there is no pod to probe.`,
  };
}

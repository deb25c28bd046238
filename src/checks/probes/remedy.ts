// What would mend containers without the probes asked for: one patch of the pod
// template for each workload.

import type { Container, PodSpec } from '../../facts/kinds.ts';
import type { CheckContext, Finding, Remedy, Subject, Way } from '../check.ts';
import { refer } from '../shared/messages.ts';
import { bySubject, difference, noRemedy, patchOf } from '../shared/remedies.ts';
import type { MatchedWorkload } from '../shared/workloads.ts';
import { isMeant, probedContainers, readContainers, type Violation } from './containers.ts';
import { FIELDS, proposeProbe } from './remedy-probe.ts';
import { rolloutOf } from './rollout.ts';
import { type Params, PROBES, type ProbeName } from './schema.ts';

type Fields = Readonly<Record<string, unknown>>;
type Templated = Exclude<MatchedWorkload, { kind: 'Pod' }>;

export function remedies(
  params: Params,
  context: CheckContext,
  failing: readonly Finding[],
): readonly Remedy[] {
  return bySubject(failing).map((findings) => remedyOf(params, context, findings));
}

function remedyOf(params: Params, context: CheckContext, findings: readonly Finding[]): Remedy {
  const [first] = findings;
  const why = first?.fix ?? 'Nothing is known that would mend it.';
  if (!first?.subject) return noRemedy(findings, why);
  if (first.reason === 'SubjectMissing') return noRemedy(findings, why);
  if (first.subject.kind === 'Pod') {
    return noRemedy(
      findings,
      `The probes of a pod that exists cannot be changed: change what makes ${refer(first.subject)}, and let it be made anew.`,
    );
  }
  const workload = workloadOf(first.subject, context);
  if (!workload) return noRemedy(findings, why);
  const { spec } = workload.object.spec.template;
  const { violations } = readContainers(params, spec);
  const { patch, decide, missing } = templatePatch(params, spec, violations);
  const released = release(workload);
  const ways: Way[] = [];
  if (patch) ways.push({ edits: [patchOf(workload.subject, { spec: patch })], decide });
  if (released && (patch || violations.length === 0)) {
    ways.push({
      edits: [patchOf(workload.subject, { spec: { ...released.patch, ...patch } })],
      decide: [...decide, released.decide],
    });
  }
  return { mends: findings, ways, without: missing.length === 0 ? why : [...new Set(missing)].join(' ') };
}

function workloadOf({ kind, namespace, name }: Subject, { facts }: CheckContext): Templated | undefined {
  if (kind !== 'Deployment' && kind !== 'StatefulSet' && kind !== 'DaemonSet') return undefined;
  const fact = facts.get(kind, namespace, name);
  if (fact.state !== 'known') return undefined;
  return {
    kind,
    object: fact.value,
    subject: { kind, ...(namespace ? { namespace } : {}), name },
    named: true,
  } as Templated;
}

interface TemplatePatch {
  /** Below spec of the workload; undefined where nothing can be changed for the better. */
  readonly patch?: Fields;
  readonly decide: readonly string[];
  readonly missing: readonly string[];
}

function templatePatch(params: Params, spec: PodSpec, violations: readonly Violation[]): TemplatePatch {
  const lists: Record<'containers' | 'initContainers', Fields[]> = { containers: [], initContainers: [] };
  const decide: string[] = [];
  const missing: string[] = [];
  for (const list of ['containers', 'initContainers'] as const) {
    for (const container of spec[list]) {
      const own = violations.filter((violation) => violation.field.startsWith(`${list}[${container.name}].`));
      const mended = own.length > 0 ? containerPatch(params, spec, container, own) : undefined;
      if (!mended) continue;
      decide.push(...mended.decide);
      missing.push(...mended.missing);
      if (Object.keys(mended.patch).length > 0) {
        lists[list].push({ name: container.name, ...mended.patch });
      }
    }
  }
  const meant = probedContainers(spec).filter(({ name }) => isMeant(params, name));
  if (meant.length > 1) {
    decide.push(
      `whether each of the containers ${meant.map(({ name }) => name).join(', ')} needs probes of its own: name those that do not in exceptContainers of the check`,
    );
  }
  const changed = Object.entries(lists).filter(([, list]) => list.length > 0);
  if (changed.length === 0) return { decide, missing };
  return { patch: { template: { spec: Object.fromEntries(changed) } }, decide, missing };
}

/** What changes of one container, by the names of its probes. */
function containerPatch(params: Params, spec: PodSpec, container: Container, own: readonly Violation[]) {
  const patch: Record<string, unknown> = {};
  const decide: string[] = [];
  const missing: string[] = [];
  const isProbed = probedContainers(spec).includes(container);
  for (const name of PROBES) {
    const field = FIELDS[name];
    if (!own.some((violation) => violation.field.includes(`.${field}`))) continue;
    const expected = params[EXPECTED[name]];
    const isAsked =
      isProbed && isMeant(params, container.name) && (params.require.includes(name) || expected);
    if (!isAsked) {
      patch[field] = null;
      decide.push(
        `the ${field} of container ${container.name} is taken away: nobody asks for it, and it cannot be`,
      );
      continue;
    }
    const proposed = proposeProbe(trusted(container, own, name), name, expected);
    if (proposed.missing !== undefined) missing.push(proposed.missing);
    decide.push(...proposed.decide);
    if (proposed.probe) patch[field] = difference({ ...container[field] }, { ...proposed.probe });
  }
  return { patch, decide, missing };
}

/** The container without its other probes that are wrong themselves: nothing is to be learnt from those. */
function trusted(container: Container, own: readonly Violation[], name: ProbeName): Container {
  const wrong = PROBES.filter(
    (other) => other !== name && own.some(({ field }) => field.includes(`.${FIELDS[other]}`)),
  );
  const kept = { ...container };
  for (const other of wrong) delete kept[FIELDS[other]];
  return kept;
}

const EXPECTED = { Readiness: 'readiness', Liveness: 'liveness', Startup: 'startup' } as const;

/** What lets a rollout go on that someone holds back. OnDelete is left alone: it is how the workload is run. */
function release(workload: Templated): { readonly patch: Fields; readonly decide: string } | undefined {
  const { heldBy } = rolloutOf(workload);
  if (heldBy === undefined) return undefined;
  const decide = `why the rollout is held back (${heldBy}): all that waits in the template rolls out as well`;
  if (workload.kind === 'Deployment') return { patch: { paused: false }, decide };
  if (workload.kind === 'StatefulSet' && workload.object.spec.updateStrategy.type === 'RollingUpdate') {
    return { patch: { updateStrategy: { rollingUpdate: { partition: 0 } } }, decide };
  }
  return undefined;
}

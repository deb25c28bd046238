// The steps that a workflow runs, its own and those of the workflows and actions
// of the same repository that it calls, however deep.
// https://docs.github.com/en/actions/reference/workflows-and-actions/reusable-workflows

import type { SourceFile } from '../../facts/view.ts';
import type { Finding } from '../check.ts';
import { finding } from '../shared/messages.ts';
import { notKept, unparsed } from './expectations.ts';
import type { Fields } from './fields.ts';
import { at, type Effort, located, type Place } from './tree.ts';
import { actionOf, type Permissions, type Script, type Step, type Workflow, workflowOf } from './workflow.ts';

/** A step as some workflow runs it. */
export interface Ran extends Step {
  readonly file: SourceFile;
  /** The files from the workflow that starts down to the one in which the step stands. */
  readonly through: readonly SourceFile[];
  /** The jobs on that way. */
  readonly jobs: readonly string[];
  /** What its token may is what all of these allow. */
  readonly grants: readonly Permissions[];
  readonly inputs: Inputs | undefined;
}

/** The inputs of what a step stands in: what they are unless given, and what whoever calls it gives. */
interface Inputs {
  readonly defaults: Fields;
  readonly given: Fields;
  readonly outer: Inputs | undefined;
  readonly found: Map<string, { readonly is?: string }>;
}

/** Something that is called and cannot be looked into. */
export interface Doubt {
  readonly jobs: readonly string[];
  /** It is of another repository, whatever else is known. */
  readonly elsewhere: boolean;
  readonly finding: Finding;
}

export interface Runs {
  readonly ran: readonly Ran[];
  readonly doubts: readonly Doubt[];
}

/** GitHub allows as many levels. */
const MAX_DEPTH = 10;
/** Calls of calls can make very many of few. */
const MAX_RAN = 10_000;
const MAX_DOUBTS = 100;

interface From {
  readonly through: readonly SourceFile[];
  readonly jobs: readonly string[];
  readonly grants: readonly Permissions[];
  /** The step that calls. */
  readonly by?: Step;
  readonly inputs: Inputs | undefined;
}

/** What a workflow runs once it is started. `field` is what findings are about. */
export function runsOf(file: SourceFile, script: Script, field: string, place: Place, effort: Effort): Runs {
  const ran: Ran[] = [];
  const doubts: Doubt[] = [];

  function run(script: Script, { through, jobs, grants, by, inputs }: From): void {
    const file = through.at(-1) as SourceFile;
    for (const each of script.steps) {
      if (ran.length >= MAX_RAN) return;
      const step = by ? called(each, by) : started(each, script);
      const inJobs = step.job === '' ? jobs : [...jobs, step.job];
      const allowed = by && step.permissions === undefined ? grants : [...grants, step.permissions];
      ran.push({ ...step, file, through, jobs: inJobs, grants: allowed, inputs });
      call(step, { through, jobs: inJobs, grants: allowed, by: step, inputs });
    }
  }

  function call(step: Step, from: From): void {
    const doubt = (finding: Finding, elsewhere: boolean) => {
      if (step.never === undefined && doubts.length < MAX_DOUBTS)
        doubts.push({ jobs: from.jobs, elsewhere, finding });
    };
    if (!step.uses.startsWith('./')) {
      if (step.isJob) doubt(ofOthers(step, from, field, place), true);
      return;
    }
    const path = step.uses.replace(/^\.\/+|\/+$/g, '');
    const paths = step.isJob
      ? [path]
      : ['action.yml', 'action.yaml'].map((name) => (path ? `${path}/${name}` : name));
    const target = paths.map((each) => place.tree.files.get(each)).find((each) => each !== undefined);
    if (!target) {
      if (!step.isJob && place.tree.files.has(path ? `${path}/Dockerfile` : 'Dockerfile')) return;
      const why = paths.map((each) => place.tree.leftOut(each)).find((each) => each !== undefined);
      // A workflow is always of the same commit: GitHub refuses one that is not there.
      if (why !== undefined || !step.isJob) doubt(notThere(step, from, why, field, place), why === undefined);
      return;
    }
    if (from.through.length > MAX_DEPTH || from.through.includes(target)) return; // refused by GitHub
    if (target.text === undefined) {
      doubt(notKept(target, field, place), false);
      return;
    }
    const script: Workflow = step.isJob ? workflowOf(target, effort) : actionOf(target, effort);
    if (script.state !== 'parsed') doubt(unparsed(script, field, target, place), false);
    else if (script.inputs) {
      const inputs = { defaults: script.inputs, given: step.with, outer: from.inputs, found: new Map() };
      run(script, { ...from, through: [...from.through, target], inputs });
    }
  }

  run(script, { through: [file], jobs: [], grants: [], inputs: undefined });
  if (ran.length >= MAX_RAN)
    doubts.unshift({ jobs: [], elsewhere: false, finding: tooMany(file, field, place) });
  return { ran, doubts };
}

/** The step where its workflow is not called. */
function started(step: Step, { onlyIf }: Script): Step {
  if (onlyIf.length === 0) return step;
  return { ...step, onlyIf: [...onlyIf, ...(step.onlyIf ? [step.onlyIf] : [])].join(', and ') };
}

/** The step as the one that calls it has it run. */
function called(step: Step, by: Step): Step {
  const never = by.never ?? step.never;
  const onlyIf = [by.onlyIf, step.onlyIf].filter((each) => each !== undefined).join(', and ');
  return {
    ...step,
    ...(never === undefined ? {} : { never }),
    ...(onlyIf === '' ? {} : { onlyIf }),
    ...(by.ignored || step.ignored ? { ignored: true } : {}),
  };
}

const INPUT = /\$\{\{\s*inputs\.([\w-]+)\s*\}\}/g;
/** Inputs within inputs can make very much of little. */
const MAX_VALUE = 2_000;

/** What a step sets an input to, with the inputs of what it stands in put in; undefined where it does not set it. */
export const inputOf = ({ with: own, inputs }: Pick<Ran, 'with' | 'inputs'>, name: string): unknown =>
  withInputs(entryOf(own, name), inputs);

/** GitHub tells no upper and lower case apart in the names of inputs. */
function entryOf(of: Fields, name: string): unknown {
  const key = Object.keys(of).find((each) => each.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : of[key];
}

function withInputs(value: unknown, inputs: Inputs | undefined): unknown {
  if (typeof value !== 'string' || value.length > MAX_VALUE || !inputs) return value;
  const made = value.replace(INPUT, (whole, name: string) => given(name.toLowerCase(), inputs) ?? whole);
  return made.length > MAX_VALUE ? value : made;
}

/** What an input is, found once; undefined where only a run can tell. */
function given(name: string, inputs: Inputs): string | undefined {
  const known = inputs.found.get(name);
  if (known) return known.is;
  const unlessGiven = entryOf(inputs.defaults, name);
  const is =
    unlessGiven === undefined
      ? undefined
      : String(withInputs(entryOf(inputs.given, name), inputs.outer) ?? unlessGiven);
  const found = is === undefined || is.length > MAX_VALUE ? {} : { is };
  inputs.found.set(name, found);
  return found.is;
}

const who = ({ uses, line }: Step, { through, jobs }: From, place: Place): string =>
  `Job ${jobs.join(' / ')} (${at(place, through.at(-1)?.path ?? '', line)}) uses ${uses}`;

const about = (step: Step, { through }: From, field: string, place: Place) => ({
  subject: place.subject,
  field,
  location: located(place, through.at(-1)?.path ?? '', step.line),
});

const ofOthers = (step: Step, from: From, field: string, place: Place): Finding =>
  finding({
    ...about(step, from, field, place),
    level: 'Unknown',
    reason: 'StepElsewhere',
    what: `${who(step, from, place)}, a workflow of another repository, whose steps are not seen here.`,
    fix: 'If it has the step, ask for that workflow in uses; if not, say in job where the step must stand.',
  });

function notThere(step: Step, from: From, why: string | undefined, field: string, place: Place): Finding {
  const found = { ...about(step, from, field, place), level: 'Unknown' as const };
  if (why !== undefined)
    return { ...found, reason: 'LeftOut', message: `${who(step, from, place)}, which is not seen: ${why}.` };
  return finding({
    ...found,
    reason: 'StepElsewhere',
    what: `${who(step, from, place)}, which is not in the repository: a run may fetch it.`,
    fix: 'If it has the step, put it into the workflow; if not, say in job where the step must stand.',
  });
}

const tooMany = (file: SourceFile, field: string, place: Place): Finding =>
  unparsed(
    { state: 'over', message: `with what it calls it runs more than ${MAX_RAN} steps` },
    field,
    file,
    place,
  );

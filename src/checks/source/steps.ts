// That a workflow uses an action as it must: pinned, with these inputs, these
// permissions, in this job, and ever run. One step that is so is enough, also
// one that stands in a workflow or an action of the same repository that it calls.

import type { SourceFile } from '../../facts/view.ts';
import type { Finding } from '../check.ts';
import { finding, someOf } from '../shared/messages.ts';
import { nameMatches } from '../shared/names.ts';
import { type Doubt, inputOf, type Ran, runsOf } from './calls.ts';
import { notKept, unparsed } from './expectations.ts';
import type { Lack } from './lack.ts';
import { permission } from './permissions.ts';
import type { FileParams } from './schema.ts';
import { at, type Effort, located, type Place, shortRevision, spend } from './tree.ts';
import { type Script, workflowOf } from './workflow.ts';

type Wanted = NonNullable<FileParams['workflowStep']>;

interface Candidate {
  readonly step: Ran;
  readonly lacks: readonly Lack[];
}

/** Workflows are read from here alone. */
const isWorkflow = ({ path }: SourceFile): boolean => WORKFLOW.test(path);
const WORKFLOW = /^\.(?:github|gitea|forgejo)\/workflows\/[^/]+\.ya?ml$/;

const MAX_USES = 1_000;

export interface Steps {
  readonly findings: readonly Finding[];
  /** Where the step stands that is as it must be, or nearly. */
  readonly file?: SourceFile;
}

/** workflowStep over the files of the glob; undefined where no step uses the action. */
export function judgeSteps(
  wanted: Wanted,
  entry: string,
  files: readonly SourceFile[],
  place: Place,
  effort: Effort,
): Steps | undefined {
  const field = `${entry}.workflowStep`;
  const { ran: all, doubts } = allOf(files.filter(isWorkflow), entry, place, effort);
  const ran = all.filter(({ uses }) => uses.length <= MAX_USES);
  const candidates = ran
    .filter(({ uses }) => isMeant(wanted.uses, uses))
    .map((step): Candidate => ({ step, lacks: lacksOf(wanted, step, effort) }));
  const [best] = candidates.sort((a, b) => badness(a) - badness(b));
  // A step in a file that cannot be read may be the one that is as it must be. What another repository may have
  // counts only where the action is not seen at all.
  const isSeen = ran.some(({ uses }) => isMeant(nameOf(wanted.uses), nameOf(uses)));
  const open = doubts.filter(
    ({ jobs, elsewhere }) => !(elsewhere && isSeen) && (jobs.length === 0 || inJob(wanted, jobs)),
  );
  if (
    best === undefined ||
    (best.lacks.length > 0 && open.some(({ finding }) => finding.level === 'Unknown'))
  )
    return open.length > 0 ? { findings: open.map(({ finding }) => finding) } : undefined;
  return { findings: told(best, candidates.length, field, place), file: best.step.file };
}

/** A step that a workflow of the glob runs, or that stands in one of the glob and is run by whatever calls it. */
type Meant = Ran & {
  /** It stands in a workflow that starts only when it is called, and nothing here calls it. */
  readonly uncalled?: boolean;
};

function allOf(
  files: readonly SourceFile[],
  entry: string,
  place: Place,
  effort: Effort,
): { readonly ran: readonly Meant[]; readonly doubts: readonly Doubt[] } {
  const field = `${entry}.workflowStep`;
  const ran: Meant[] = [];
  const doubts: Doubt[] = [];
  const asked = new Set(files);
  const unseen = (finding: Finding) => doubts.push({ jobs: [], elsewhere: false, finding });
  const read = (file: SourceFile): Script | undefined => {
    if (file.text === undefined) {
      if (asked.has(file)) unseen(notKept(file, `${entry}.path`, place));
      return undefined;
    }
    const script = workflowOf(file, effort);
    if (script.state === 'parsed') return script;
    if (asked.has(file)) unseen(unparsed(script, field, file, place));
    return undefined;
  };
  const scripts = new Map(files.map((file) => [file, read(file)]));
  const callable = files.filter((file) => scripts.get(file)?.inputs !== undefined);
  const callers =
    callable.length > 0
      ? [...place.tree.files.values()].filter((file) => isWorkflow(file) && !scripts.has(file))
      : [];
  for (const file of callers) scripts.set(file, read(file));
  const reached = new Set<SourceFile>();
  for (const [file, script] of scripts) {
    if (!script?.alone) continue;
    const runs = runsOf(file, script, field, place, effort);
    const isAsked = asked.has(file);
    for (const step of runs.ran) {
      for (const each of step.through) reached.add(each);
      if (isAsked || step.through.some((each) => asked.has(each))) ran.push(step);
    }
    if (isAsked) doubts.push(...runs.doubts);
  }
  for (const file of callable) {
    const script = scripts.get(file);
    if (!script || reached.has(file)) continue;
    const runs = runsOf(file, script, field, place, effort);
    ran.push(...runs.ran.map((step) => ({ ...step, uncalled: true })));
    doubts.push(...runs.doubts);
  }
  return { ran, doubts };
}

const inJob = ({ job }: Wanted, jobs: readonly string[]): boolean =>
  job === undefined || jobs.some((each) => nameMatches(job, each));

/** Those that are meant come first (same inputs, same job), then those that fail least, then those least in doubt. */
const badness = ({ step, lacks }: Candidate): number =>
  lacks.reduce(
    (sum, { level, reason }) => {
      if (level === 'Unknown') return sum + 1;
      return sum + (reason === 'StepDiffers' ? 10_000 : 100);
    },
    (step.onlyIf === undefined ? 0 : 0.1) + (step.ignored ? 0.2 : 0),
  );

function told({ step, lacks }: Candidate, among: number, field: string, place: Place): readonly Finding[] {
  const where = {
    subject: place.subject,
    location: located(place, step.file.path, step.line),
  };
  const [first] = step.through;
  const by = first && first !== step.file ? `, which ${first.path} calls,` : '';
  const job = `job ${step.jobs.join(' / ')}`;
  const from = at(place, step.file.path, step.line);
  const who = `${from}: ${nameOf(step.uses)} in ${job}${by}`;
  if (lacks.length === 0) {
    const about = { ...where, field };
    return [
      ...(step.onlyIf === undefined
        ? []
        : [
            {
              ...about,
              level: 'Note' as const,
              reason: 'OnlyIf',
              message: `${who} runs only if ${step.onlyIf}`,
            },
          ]),
      ...(step.ignored ? [ignored(who, about)] : []),
    ];
  }
  const nearest =
    among === 1
      ? who
      : `${from}: the nearest of ${among} steps that use ${nameOf(step.uses)}, in ${job}${by || ','}`;
  return lacks.map(({ what, field: part, ...lack }) =>
    finding({ ...where, ...lack, field: part ? `${field}.${part}` : field, what: `${nearest} ${what}.` }),
  );
}

const ignored = (who: string, about: Pick<Finding, 'subject' | 'location' | 'field'>): Finding =>
  finding({
    ...about,
    level: 'Warning',
    reason: 'FailureIgnored',
    what: `${who} stops nothing when it fails: continue-on-error is true.`,
    fix: 'If it must stop what it finds fault with, remove continue-on-error.',
  });

/** No step uses the action, in files that could all be read. */
export function stepMissing(
  { uses, job }: Wanted,
  entry: string,
  files: readonly SourceFile[],
  place: Place,
  effort: Effort,
): Finding {
  const workflows = files.filter(isWorkflow);
  const [read] = workflows;
  const paths = (read ? workflows : files).map(({ path }) => path);
  const workflow = read && workflowOf(read, effort);
  const line = workflow?.state === 'parsed' ? workflow.lineOf(job) : undefined;
  return finding({
    level: 'Fail',
    reason: 'StepMissing',
    subject: place.subject,
    field: `${entry}.workflowStep`,
    location: located(place, read?.path ?? paths[0] ?? '', line),
    what: read
      ? `No step of ${someOf(paths)} at ${shortRevision(place.tree.revision)} uses ${uses}.`
      : `${someOf(paths)} is no workflow: those stand in .github/workflows and end in .yaml or .yml, and others are never run.`,
    fix: read ? 'Add it (again), or correct uses.' : 'Correct path.',
  });
}

/** An action without its version: owner/name/path, or docker://image without tag. */
function nameOf(uses: string): string {
  const [name = ''] = uses.split('@');
  return name.startsWith('docker://') ? name.replace(/:[^/:]*$/, '') : name;
}

/** With the version where the pattern has one: behind an @, or as the tag of an image. GitHub tells no case apart. */
function isMeant(pattern: string, uses: string): boolean {
  const tagged = nameOf(pattern) !== pattern;
  const whole = pattern.includes('@') ? uses : tagged ? uses.replace(/@.*$/, '') : nameOf(uses);
  return nameMatches(pattern.toLowerCase(), whole.toLowerCase());
}

function lacksOf(wanted: Wanted, step: Meant, effort: Effort): readonly Lack[] {
  return [
    ...neverRuns(step),
    ...(inJob(wanted, step.jobs) || wanted.job === undefined ? [] : [otherJob(wanted.job)]),
    ...(wanted.pinned ? unpinned(step.uses) : []),
    ...Object.entries(wanted.with ?? {}).flatMap(([name, value]) => input(name, value, step, effort)),
    ...Object.entries(wanted.permissions ?? {}).flatMap(([scope, level]) =>
      permission(scope, level, step.grants),
    ),
  ];
}

function neverRuns({ never, uncalled, uses }: Meant): readonly Lack[] {
  const about = { field: '', reason: 'StepNeverRuns', fix: 'Let it run, or remove it.' };
  if (never !== undefined) return [{ ...about, level: 'Fail', what: `never runs: ${never}` }];
  if (!/^\.\/|@/.test(uses) && !uses.startsWith('docker://'))
    return [{ ...about, level: 'Fail', what: 'never runs: GitHub refuses what has no version behind an @' }];
  if (!uncalled) return [];
  return [
    {
      field: '',
      level: 'Unknown',
      reason: 'NotCalled',
      what: 'runs only if another workflow calls it, and none that is seen here does',
      fix: 'Call it from a workflow that starts by itself, or judge the one that calls it.',
    },
  ];
}

const otherJob = (wanted: string): Lack => ({
  level: 'Fail',
  reason: 'StepDiffers',
  field: 'job',
  what: `stands in another job than ${wanted}`,
  fix: 'Move it, or correct job.',
});

/** By a full commit; an action of the same repository is of the same commit anyway, an image is pinned by its digest. */
function unpinned(uses: string): readonly Lack[] {
  if (uses.startsWith('./')) return [];
  const version = uses.includes('@') ? uses.slice(uses.indexOf('@') + 1) : '';
  const isImage = uses.startsWith('docker://');
  if ((isImage ? /^sha256:[0-9a-f]{64}$/i : /^[0-9a-f]{40}$/i).test(version)) return [];
  const is = version === '' ? 'has no version' : `is of ${version}`;
  return [
    {
      level: 'Fail',
      reason: 'NotPinned',
      field: 'pinned',
      what: `${is}, which others can move, and must be pinned to ${isImage ? 'a digest (@sha256:…)' : 'a full commit (40 hexadecimal digits)'}`,
      fix: 'Pin it, with the version in a comment behind it.',
    },
  ];
}

function input(name: string, wanted: string, step: Ran, effort: Effort): readonly Lack[] {
  const about = { field: `with.${name}`, fix: `Set ${name}, or correct with.` };
  const value = inputOf(step, name);
  if (value === undefined || value === null) {
    return [
      {
        ...about,
        level: 'Fail',
        reason: 'StepDiffers',
        what: `does not set ${name}, which must be ${wanted}`,
      },
    ];
  }
  const is = String(value);
  if (!spend(effort, wanted.length * is.length)) {
    return [
      {
        ...about,
        level: 'Unknown',
        reason: 'CostLimit',
        what: `sets ${name} to what costs too much to compare`,
      },
    ];
  }
  if (isSame(wanted, is)) return [];
  if (is.includes('${{')) {
    return [
      {
        ...about,
        level: 'Unknown',
        reason: 'OnlyAtRunTime',
        what: `sets ${name} to ${is}, which only a run can tell; it must be ${wanted}`,
        fix: `Write ${name} out.`,
      },
    ];
  }
  return [
    {
      ...about,
      level: 'Fail',
      reason: 'StepDiffers',
      what: `sets ${name} to ${shown(is)}, which must be ${wanted}`,
    },
  ];
}

const shown = (value: string): string =>
  JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value);

/**
 * As a whole, or part by part: of a value that lists things by commas or lines
 * the order says nothing, and each part must be wanted and each wanted one there.
 */
function isSame(wanted: string, is: string): boolean {
  if (nameMatches(wanted.trim(), is.trim())) return true;
  const [left, right] = [parts(wanted), parts(is)];
  if (left.length < 2) return false;
  return (
    right.every((part) => left.some((pattern) => nameMatches(pattern, part))) &&
    left.every((pattern) => pattern === '*' || right.some((part) => nameMatches(pattern, part)))
  );
}

const parts = (value: string): readonly string[] =>
  value
    .split(/[,\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');

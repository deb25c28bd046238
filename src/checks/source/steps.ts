// That a workflow uses an action as it must: pinned, with these inputs, these
// permissions, in this job, and ever run. One step that is so is enough.

import type { SourceFile } from '../../facts/view.ts';
import type { Finding } from '../check.ts';
import { finding, someOf } from '../shared/messages.ts';
import { nameMatches } from '../shared/names.ts';
import { unparsed } from './expectations.ts';
import type { FileParams } from './schema.ts';
import { at, type Effort, located, type Place, shortRevision, spend } from './tree.ts';
import { type Permissions, type Step, workflowOf } from './workflow.ts';

type Wanted = NonNullable<FileParams['workflowStep']>;

/** What one step lacks. */
interface Lack extends Pick<Finding, 'reason' | 'fix'> {
  readonly level: 'Fail' | 'Unknown';
  readonly field: string;
  /** In words that follow the step. */
  readonly what: string;
}

interface Candidate {
  readonly step: Step;
  readonly file: SourceFile;
  readonly lacks: readonly Lack[];
}

/** Workflows are read from here alone. */
export const isWorkflow = ({ path }: SourceFile): boolean => WORKFLOW.test(path);
const WORKFLOW = /^\.(?:github|gitea|forgejo)\/workflows\/[^/]+\.ya?ml$/;

const MAX_USES = 1_000;

export interface Steps {
  readonly findings: readonly Finding[];
  /** Where the step stands that is as it must be, or nearly. */
  readonly file?: SourceFile;
}

/** workflowStep over the files of the glob whose content was kept; undefined where no step uses the action. */
export function judgeSteps(
  wanted: Wanted,
  entry: string,
  files: readonly SourceFile[],
  place: Place,
  effort: Effort,
): Steps | undefined {
  const field = `${entry}.workflowStep`;
  const candidates: Candidate[] = [];
  const broken: Finding[] = [];
  for (const file of files) {
    if (!isWorkflow(file)) continue;
    const workflow = workflowOf(file, effort);
    if (workflow.state !== 'parsed') {
      broken.push(unparsed(workflow, field, file, place));
      continue;
    }
    for (const step of workflow.steps) {
      if (step.uses.length <= MAX_USES && isMeant(wanted.uses, step.uses))
        candidates.push({ step, file, lacks: lacksOf(wanted, step, effort) });
    }
  }
  const [best] = candidates.sort((a, b) => badness(a) - badness(b));
  // A step in a file that cannot be read may be the one that is as it must be.
  if (best === undefined || (best.lacks.length > 0 && broken.some(({ level }) => level === 'Unknown'))) {
    return broken.length > 0 ? { findings: broken } : undefined;
  }
  return { findings: told(best, candidates.length, field, place), file: best.file };
}

/** Those that are meant come first (same inputs, same job), then those that fail least, then those least in doubt. */
const badness = ({ lacks }: Candidate): number =>
  lacks.reduce((sum, { level, reason }) => {
    if (level === 'Unknown') return sum + 1;
    return sum + (reason === 'StepDiffers' ? 10_000 : 100);
  }, 0);

function told(
  { step, file, lacks }: Candidate,
  among: number,
  field: string,
  place: Place,
): readonly Finding[] {
  const where = {
    subject: place.subject,
    location: located(place, file.path, step.line),
  };
  const who = `${at(place, file.path, step.line)}: ${nameOf(step.uses)} in job ${step.job}`;
  if (lacks.length === 0) {
    if (step.onlyIf === undefined) return [];
    const message = `${who} runs only if ${step.onlyIf}`;
    return [{ ...where, level: 'Note', reason: 'OnlyIf', field, message }];
  }
  const nearest =
    among === 1
      ? who
      : `${at(place, file.path, step.line)}: the nearest of ${among} steps that use ${nameOf(step.uses)}, in job ${step.job},`;
  return lacks.map(({ what, field: part, ...lack }) =>
    finding({ ...where, ...lack, field: part ? `${field}.${part}` : field, what: `${nearest} ${what}.` }),
  );
}

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

/** GitHub does not tell apart upper and lower case here. */
const isMeant = (pattern: string, uses: string): boolean =>
  nameMatches(pattern.toLowerCase(), (pattern.includes('@') ? uses : nameOf(uses)).toLowerCase());

function lacksOf(wanted: Wanted, step: Step, effort: Effort): readonly Lack[] {
  return [
    ...neverRuns(step),
    ...(wanted.job !== undefined && !nameMatches(wanted.job, step.job) ? [otherJob(wanted.job)] : []),
    ...(wanted.pinned ? unpinned(step.uses) : []),
    ...Object.entries(wanted.with ?? {}).flatMap(([name, value]) => input(name, value, step, effort)),
    ...Object.entries(wanted.permissions ?? {}).flatMap(([scope, level]) =>
      permission(scope, level, step.permissions),
    ),
  ];
}

const neverRuns = ({ never }: Step): readonly Lack[] =>
  never === undefined
    ? []
    : [
        {
          level: 'Fail',
          reason: 'StepNeverRuns',
          field: '',
          what: `never runs: ${never}`,
          fix: 'Let it run, or remove it.',
        },
      ];

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
  const [, version = ''] = uses.split('@', 2);
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

function input(name: string, wanted: string, step: Step, effort: Effort): readonly Lack[] {
  const key = Object.keys(step.with).find((each) => each.toLowerCase() === name.toLowerCase());
  const about = { field: `with.${name}`, fix: `Set ${name}, or correct with.` };
  const value = key === undefined ? undefined : step.with[key];
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

type Access = 'read' | 'write' | 'none';

/** What the token may, as far as the file says: undefined where the repository's settings decide. */
function accessOf(scope: string, permissions: Permissions): Access | 'at least read' | undefined {
  if (permissions === undefined) {
    // https://docs.github.com/en/actions/reference/github_token-reference: the same in both defaults.
    if (scope === 'id-token') return 'none';
    if (scope === 'metadata') return 'read';
    return scope === 'contents' || scope === 'packages' ? 'at least read' : undefined;
  }
  if (permissions === 'read-all') return 'read';
  if (permissions === 'write-all') return 'write';
  const given = Object.hasOwn(permissions, scope) ? permissions[scope] : 'none';
  return given === 'read' || given === 'write' ? given : 'none';
}

function permission(scope: string, wanted: Access, permissions: Permissions): readonly Lack[] {
  const is = accessOf(scope, permissions);
  if (is === wanted || (wanted === 'read' && (is === 'write' || is === 'at least read'))) return [];
  const field = `permissions.${scope}`;
  const fix = `Set permissions of the job: {${scope}: ${wanted}}.`;
  if (is === undefined || (is === 'at least read' && wanted === 'write')) {
    return [
      {
        level: 'Unknown',
        reason: 'RepositoryDefault',
        field,
        what: `has the permissions that the settings of the repository give, since neither job nor workflow says any; ${scope} must be ${wanted}`,
        fix,
      },
    ];
  }
  return [
    {
      level: 'Fail',
      reason: 'PermissionDiffers',
      field,
      what: `runs with ${scope}: ${is === 'at least read' ? 'read or write' : is}, which must be ${wanted}`,
      fix,
    },
  ];
}

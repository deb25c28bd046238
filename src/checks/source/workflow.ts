// A GitHub Actions workflow as far as the check asks about it: which actions it
// uses, in which job, with which inputs and permissions, and whether they ever run.

import {
  CORE_SCHEMA,
  constructFromEvents,
  EVENT_ID,
  type Event,
  getScalarValue,
  mergeTag,
  parseEvents,
} from 'js-yaml';
import type { SourceFile } from '../../facts/view.ts';
import { conditionOf, isIgnored, neverHolds, neverRun, type Starts, startsOf } from './conditions.ts';
import { type Broken, LIMITS, readOnce, readYaml } from './documents.ts';
import { type Fields, field, fields, list } from './fields.ts';
import { createMemory } from './memory.ts';
import { type Effort, linesOf } from './tree.ts';

/** GitHub gives permissions as one word for all scopes, or by scope; undefined is the default of the repository. */
export type Permissions = 'read-all' | 'write-all' | Readonly<Record<string, unknown>> | undefined;

/** A step that uses an action, or a job that uses a reusable workflow. */
export interface Step {
  readonly uses: string;
  /** Empty within an action. */
  readonly job: string;
  /** It is a job, and what it uses a workflow. */
  readonly isJob: boolean;
  /** From 1. */
  readonly line: number;
  readonly with: Readonly<Record<string, unknown>>;
  readonly permissions: Permissions;
  /** Why GitHub never runs it. */
  readonly never?: string;
  /** What must be true for it to run, where something must. */
  readonly onlyIf?: string;
  /** Nothing fails when it does. */
  readonly ignored?: boolean;
}

/** A workflow, or an action made of steps. */
export interface Script {
  readonly state: 'parsed';
  readonly steps: readonly Step[];
  /** Something but a workflow that calls it starts it. */
  readonly alone: boolean;
  /** What must happen for that, where nothing starts it by itself. */
  readonly onlyIf: readonly string[];
  /** Its inputs, where it can be called, with what each is unless it is given. */
  readonly inputs?: Fields;
  /** The line of this job, or of jobs where there is none of the name. */
  readonly lineOf: (job: string | undefined) => number;
}

export type Workflow = Script | Broken;

const workflows = createMemory<Workflow>(4 * 1024 * 1024);
const actions = createMemory<Workflow>(1024 * 1024);

/** The workflow in a file whose content was kept. */
export const workflowOf = (file: SourceFile, effort: Effort): Workflow =>
  readOnce(file, workflows, effort, (text) =>
    readYaml(() => workflow(text, file.path.startsWith('.github/'))),
  );

/** The action in a file whose content was kept; one that is a program has no steps. */
export const actionOf = (file: SourceFile, effort: Effort): Workflow =>
  readOnce(file, actions, effort, (text) => readYaml(() => action(text)));

/** GitHub allows 1,000 in a job; aliases can make very many of few. */
const MAX_STEPS = 10_000;
const TOO_MANY: Broken = { state: 'over', message: `it has more than ${MAX_STEPS} steps` };

interface Read {
  readonly root: Fields;
  readonly places: Places;
}

/** Merge keys are read so that what they make can be named; GitHub itself knows none. */
const SCHEMA = CORE_SCHEMA.withTags(mergeTag);

function read(text: string): Read | Broken {
  const events = parseEvents(text, { maxDepth: LIMITS.depth });
  const [first, ...more] = constructFromEvents(events, {
    source: text,
    schema: SCHEMA,
    maxAliases: LIMITS.aliases,
  });
  if (more.length > 0) return { state: 'broken', message: 'no workflow: it holds more than one document' };
  return { root: fields(first), places: placesOf(events, text) };
}

function workflow(text: string, onGitHub: boolean): Workflow {
  const made = read(text);
  if ('state' in made) return made;
  const { root, places } = made;
  const jobs = fields(field(root, 'jobs'));
  const refused: Starts = {
    never: `GitHub refuses the file, since it knows no merge keys (<<, line ${places.merge})`,
    alone: true,
    called: false,
    onlyIf: [],
  };
  const starts = onGitHub && places.merge !== undefined ? refused : startsOf(root);
  const never = neverRun(starts, jobs);
  const steps: Step[] = [];
  for (const [id, given] of Object.entries(jobs)) {
    const job = fields(given);
    if (steps.length + list(field(job, 'steps')).length > MAX_STEPS) return TOO_MANY;
    const within: Within = {
      job: id,
      permissions: permissionsOf(
        Object.hasOwn(job, 'permissions') ? job.permissions : field(root, 'permissions'),
      ),
      never: never(id),
      conditions: conditionOf(field(job, 'if')),
      starts,
      ignored: isIgnored(job),
      lineOf: places.lineOf,
    };
    steps.push(...stepOf(job, true, within, ['jobs', id]), ...stepsIn(job, within, ['jobs', id, 'steps']));
  }
  const jobLines = new Map(Object.keys(jobs).map((id) => [id, places.lineOf(['jobs', id])]));
  const jobsLine = places.lineOf(['jobs']);
  const on = fields(field(root, 'on'));
  return {
    state: 'parsed',
    steps,
    alone: starts.alone,
    onlyIf: starts.onlyIf,
    ...(starts.called ? { inputs: inputsOf(fields(field(on, 'workflow_call'))) } : {}),
    lineOf: (job) => jobLines.get(job ?? '') ?? jobsLine,
  };
}

function action(text: string): Workflow {
  const made = read(text);
  if ('state' in made) return made;
  const { root, places } = made;
  const runs = fields(field(root, 'runs'));
  if (list(field(runs, 'steps')).length > MAX_STEPS) return TOO_MANY;
  const within: Within = {
    job: '',
    permissions: undefined,
    never: undefined,
    conditions: [],
    starts: {},
    ignored: false,
    lineOf: places.lineOf,
  };
  return {
    state: 'parsed',
    steps: field(runs, 'using') === 'composite' ? stepsIn(runs, within, ['runs', 'steps']) : [],
    alone: false,
    onlyIf: [],
    inputs: inputsOf(root),
    lineOf: () => places.lineOf(['runs']),
  };
}

/** What each input is unless it is given: nothing, where there is no default. */
const inputsOf = (of: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields(field(of, 'inputs'))).map(([name, input]) => [
      name,
      field(fields(input), 'default') ?? '',
    ]),
  );

/** What is so for every step of a job. */
interface Within {
  readonly job: string;
  readonly permissions: Permissions;
  readonly never: string | undefined;
  readonly conditions: readonly string[];
  readonly starts: Pick<Starts, 'events'>;
  readonly ignored: boolean;
  readonly lineOf: Places['lineOf'];
}

const stepsIn = (of: Fields, within: Within, path: readonly string[]): readonly Step[] =>
  list(field(of, 'steps')).flatMap((step, index) =>
    stepOf(fields(step), false, within, [...path, String(index)]),
  );

function stepOf(step: Fields, isJob: boolean, within: Within, path: readonly string[]): readonly Step[] {
  const uses = field(step, 'uses');
  if (typeof uses !== 'string') return [];
  const own = isJob ? undefined : field(step, 'if');
  const why = neverHolds(own, within.starts);
  const never = within.never ?? (why === undefined ? undefined : `its condition is ${why}`);
  const conditions = [...within.conditions, ...conditionOf(own)];
  return [
    {
      uses: uses.trim(),
      job: within.job,
      isJob,
      line: within.lineOf(path),
      with: fields(field(step, 'with')),
      permissions: within.permissions,
      ...(never === undefined ? {} : { never }),
      ...(conditions.length > 0 ? { onlyIf: conditions.join(', and ') } : {}),
      ...(within.ignored || isIgnored(step) ? { ignored: true } : {}),
    },
  ];
}

function permissionsOf(value: unknown): Permissions {
  if (value === undefined || value === 'read-all' || value === 'write-all') return value;
  return fields(value);
}

interface Frame {
  readonly path: readonly string[];
  readonly kind: 'document' | 'map' | 'list';
  /** Of a map: the key whose value comes next, or undefined where a key comes next. */
  key?: string | undefined;
  index: number;
}

/** Where in the text things stand, in lines from 1. */
interface Places {
  /** The parts of jobs and runs; a part that an alias stands for, where its parent does. */
  readonly lineOf: (path: readonly string[]) => number;
  /** The first merge key. */
  readonly merge: number | undefined;
}

function placesOf(events: readonly Event[], text: string): Places {
  const offsets = new Map<string, number>();
  let merge: number | undefined;
  const stack: Frame[] = [];
  for (const event of events) {
    if (event.type === EVENT_ID.POP) {
      stack.pop();
      continue;
    }
    if (event.type === EVENT_ID.DOCUMENT) {
      stack.push({ path: [], kind: 'document', index: 0 });
      continue;
    }
    const parent = stack.at(-1) as Frame;
    const isKey = parent.kind === 'map' && parent.key === undefined;
    if (isKey) parent.key = event.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : '';
    const path = pathIn(parent);
    const id = path.join('\n');
    if (isKey && parent.key === '<<') merge ??= startOf(event);
    // A field stands where its key stands.
    if ((path[0] === 'jobs' || path[0] === 'runs') && path.length <= 4 && !offsets.has(id))
      offsets.set(id, startOf(event));
    if (!isKey && parent.kind === 'map') parent.key = undefined;
    if (!isKey && parent.kind === 'list') parent.index++;
    if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) {
      stack.push({ path, kind: event.type === EVENT_ID.MAPPING ? 'map' : 'list', index: 0 });
    }
  }
  const lineAt = linesOf(text);
  const lineOf = (path: readonly string[]) => {
    for (let length = path.length; length > 0; length--) {
      const offset = offsets.get(path.slice(0, length).join('\n'));
      if (offset !== undefined) return lineAt(offset);
    }
    return 1;
  };
  return { lineOf, merge: merge === undefined ? undefined : lineAt(merge) };
}

const pathIn = ({ path, kind, key, index }: Frame): readonly string[] =>
  kind === 'document' ? path : [...path, kind === 'map' ? (key ?? '') : String(index)];

function startOf(event: Exclude<Event, { readonly type: 1 | 6 }>): number {
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart;
  return event.type === EVENT_ID.SCALAR ? event.valueStart : event.start;
}

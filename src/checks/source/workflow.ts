// A GitHub Actions workflow as far as the check asks about it: which actions it
// uses, in which job, with which inputs and permissions, and whether they ever run.

import { CORE_SCHEMA, constructFromEvents, EVENT_ID, type Event, getScalarValue, parseEvents } from 'js-yaml';
import type { SourceFile } from '../../facts/view.ts';
import { type Broken, LIMITS, readOnce, readYaml } from './documents.ts';
import { createMemory } from './memory.ts';
import { type Effort, linesOf } from './tree.ts';

/** GitHub gives permissions as one word for all scopes, or by scope; undefined is the default of the repository. */
export type Permissions = 'read-all' | 'write-all' | Readonly<Record<string, unknown>> | undefined;

/** A step that uses an action, or a job that uses a reusable workflow. */
export interface Step {
  readonly uses: string;
  readonly job: string;
  /** From 1. */
  readonly line: number;
  readonly with: Readonly<Record<string, unknown>>;
  readonly permissions: Permissions;
  /** Why GitHub never runs it. */
  readonly never?: string;
  /** What must be true for it to run, where something must. */
  readonly onlyIf?: string;
}

export type Workflow =
  | {
      readonly state: 'parsed';
      readonly steps: readonly Step[];
      /** The line of this job, or of jobs where there is none of the name. */
      readonly lineOf: (job: string | undefined) => number;
    }
  | Broken;

const workflows = createMemory<Workflow>(4 * 1024 * 1024);

/** The workflow in a file whose content was kept. */
export const workflowOf = (file: SourceFile, effort: Effort): Workflow =>
  readOnce(file, workflows, effort, (text) => readYaml(() => parse(text)));

/** GitHub allows 1,000 in a job; aliases can make very many of few. */
const MAX_STEPS = 10_000;

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const field = (of: Fields, name: string): unknown => (Object.hasOwn(of, name) ? of[name] : undefined);
const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];

function parse(text: string): Workflow {
  const events = parseEvents(text, { maxDepth: LIMITS.depth });
  // Anchors yes, merge keys no: GitHub does not know them.
  const [first, ...more] = constructFromEvents(events, {
    source: text,
    schema: CORE_SCHEMA,
    maxAliases: LIMITS.aliases,
  });
  if (more.length > 0) return { state: 'broken', message: 'no workflow: it holds more than one document' };
  const root = fields(first);
  const jobs = fields(field(root, 'jobs'));
  const lineOf = placesOf(events, text);
  const never = neverRun(root, jobs);
  const started = startedBy(root);
  const steps: Step[] = [];
  for (const [id, job] of Object.entries(jobs)) {
    const amount = list(field(fields(job), 'steps')).length;
    if (steps.length + amount > MAX_STEPS)
      return { state: 'over', message: `it has more than ${MAX_STEPS} steps` };
    steps.push(...stepsOf(id, fields(job), root, { never: never(id), started }, lineOf));
  }
  const jobLines = new Map(Object.keys(jobs).map((id) => [id, lineOf(['jobs', id])]));
  const jobsLine = lineOf(['jobs']);
  return { state: 'parsed', steps, lineOf: (job) => jobLines.get(job ?? '') ?? jobsLine };
}

function stepsOf(
  id: string,
  job: Fields,
  root: Fields,
  { never, started }: { readonly never: string | undefined; readonly started: readonly string[] },
  lineOf: (path: readonly string[]) => number,
): readonly Step[] {
  const permissions = permissionsOf(field(job, 'permissions') ?? field(root, 'permissions'));
  const of = (step: Fields, path: readonly string[]): readonly Step[] => {
    const uses = field(step, 'uses');
    if (typeof uses !== 'string') return [];
    const own = field(step, 'if');
    const why = never ?? (step !== job && isFalse(own) ? `its condition is ${String(own)}` : undefined);
    const conditions = [
      ...started,
      ...[field(job, 'if'), step === job ? undefined : own].flatMap(conditionOf),
    ];
    return [
      {
        uses: uses.trim(),
        job: id,
        line: lineOf(path),
        with: fields(field(step, 'with')),
        permissions,
        ...(why ? { never: why } : {}),
        ...(conditions.length > 0 ? { onlyIf: conditions.join(', and ') } : {}),
      },
    ];
  };
  return [
    ...of(job, ['jobs', id]),
    ...list(field(job, 'steps')).flatMap((step, index) =>
      of(fields(step), ['jobs', id, 'steps', String(index)]),
    ),
  ];
}

function permissionsOf(value: unknown): Permissions {
  if (value === undefined || value === 'read-all' || value === 'write-all') return value;
  return fields(value);
}

/** An expression without its ${{ }}. */
const expression = (value: unknown): string =>
  String(value ?? '')
    .trim()
    .replace(/^\$\{\{(.*)\}\}$/s, '$1')
    .trim();

/** false, and false && whatever: how people switch a step off. */
const isFalse = (value: unknown): boolean =>
  value !== undefined && /^(false|0|null|''|!\s*true)\s*(&&[^|]*)?$/.test(expression(value));

/** Conditions that hold on an ordinary run say nothing. */
const ORDINARY = /^(|true|always\(\)|success\(\)|!\s*cancelled\(\)|success\(\)\s*\|\|\s*failure\(\))$/;
const conditionOf = (value: unknown): readonly string[] =>
  value === undefined || ORDINARY.test(expression(value)) ? [] : [expression(value)];

/** Events that nothing in the repository brings about by itself. */
const BY_SOMEBODY: Readonly<Record<string, string>> = {
  workflow_call: 'another workflow calls it',
  workflow_dispatch: 'somebody starts it by hand',
};

/** What starts the workflow, where nothing does by itself. */
function startedBy(root: Fields): readonly string[] {
  const on = field(root, 'on');
  const events = typeof on === 'string' || Array.isArray(on) ? list(on).map(String) : Object.keys(fields(on));
  const started = events.map((event) => (Object.hasOwn(BY_SOMEBODY, event) ? BY_SOMEBODY[event] : undefined));
  return started.length > 0 && started.every((how) => how !== undefined) ? [started.join(' or ')] : [];
}

/** Why a job is never run: nothing starts the workflow, its condition is false, or what it needs is never run. */
function neverRun(root: Fields, jobs: Fields): (id: string) => string | undefined {
  const on = field(root, 'on');
  if (on === undefined || on === null || on === '') return () => 'nothing starts the workflow: it has no on';
  const known = new Map<string, string | undefined>();
  return function never(id) {
    if (known.has(id)) return known.get(id);
    known.set(id, `job ${id} waits for itself`);
    const job = fields(field(jobs, id));
    const condition = field(job, 'if');
    let why: string | undefined;
    if (isFalse(condition)) why = `the condition of job ${id} is ${String(condition)}`;
    else if (!/\balways\s*\(|!\s*cancelled\s*\(/.test(expression(condition))) {
      for (const need of list(field(job, 'needs')).map(String)) {
        const reason = Object.hasOwn(jobs, need) ? never(need) : 'there is no such job';
        if (reason !== undefined) why ??= `job ${id} needs job ${need}: ${reason}`;
      }
    }
    known.set(id, why);
    return why;
  };
}

interface Frame {
  readonly path: readonly string[];
  readonly kind: 'document' | 'map' | 'list';
  /** Of a map: the key whose value comes next, or undefined where a key comes next. */
  key?: string | undefined;
  index: number;
}

/** Where in the text the parts of jobs stand; a part that an alias stands for, where its parent does. */
function placesOf(events: readonly Event[], text: string): (path: readonly string[]) => number {
  const offsets = new Map<string, number>();
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
    // A field stands where its key stands.
    if (path[0] === 'jobs' && path.length <= 4 && !offsets.has(id)) offsets.set(id, startOf(event));
    if (!isKey && parent.kind === 'map') parent.key = undefined;
    if (!isKey && parent.kind === 'list') parent.index++;
    if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) {
      stack.push({ path, kind: event.type === EVENT_ID.MAPPING ? 'map' : 'list', index: 0 });
    }
  }
  const lineOf = linesOf(text);
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const offset = offsets.get(path.slice(0, length).join('\n'));
      if (offset !== undefined) return lineOf(offset);
    }
    return 1;
  };
}

const pathIn = ({ path, kind, key, index }: Frame): readonly string[] =>
  kind === 'document' ? path : [...path, kind === 'map' ? (key ?? '') : String(index)];

function startOf(event: Exclude<Event, { readonly type: 1 | 6 }>): number {
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart;
  return event.type === EVENT_ID.SCALAR ? event.valueStart : event.start;
}

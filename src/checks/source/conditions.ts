// When GitHub runs a workflow, a job or a step: what starts it, and which
// conditions can never hold. What only a run can tell is told, not judged.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax

import { type Fields, field, fields, list } from './fields.ts';

/** What starts a workflow. */
export interface Starts {
  /** Why nothing ever does. */
  readonly never?: string;
  /** Something but another workflow does. */
  readonly alone: boolean;
  /** Another workflow may. */
  readonly called: boolean;
  /** The events, where it is known by which it runs; a workflow that is called runs by those of its caller. */
  readonly events?: readonly string[];
  /** What must happen, where nothing starts it by itself. */
  readonly onlyIf: readonly string[];
}

/** Events that nothing in the repository brings about by itself. */
const BY_SOMEBODY: Readonly<Record<string, string>> = {
  workflow_call: 'another workflow calls it',
  workflow_dispatch: 'somebody starts it by hand',
};

export function startsOf(root: Fields): Starts {
  const on = field(root, 'on');
  if (on === undefined || on === null || on === '')
    return { never: 'nothing starts the workflow: it has no on', alone: true, called: false, onlyIf: [] };
  const filters = typeof on === 'string' || Array.isArray(on) ? {} : fields(on);
  const named = typeof on === 'string' || Array.isArray(on) ? list(on).map(String) : Object.keys(filters);
  const events = named.filter((event) => !isOff(event, field(filters, event)));
  if (events.length === 0)
    return {
      never: `nothing starts the workflow: its on ${named.length > 0 ? `leaves out every branch for ${named.join(' and ')}` : 'names no event'}`,
      alone: true,
      called: false,
      onlyIf: [],
    };
  const by = events.map((event) => (Object.hasOwn(BY_SOMEBODY, event) ? BY_SOMEBODY[event] : undefined));
  return {
    alone: events.some((event) => event !== 'workflow_call'),
    called: events.includes('workflow_call'),
    ...(events.includes('workflow_call') ? {} : { events }),
    onlyIf: by.every((how) => how !== undefined) ? [by.join(' or ')] : [],
  };
}

/** branches-ignore: ['**'] is how people switch an event off. */
function isOff(event: string, given: unknown): boolean {
  if (!/^(push|pull_request(_target)?)$/.test(event)) return false;
  const filter = fields(given);
  return (
    list(field(filter, 'branches-ignore')).includes('**') &&
    field(filter, 'tags') === undefined &&
    field(filter, 'tags-ignore') === undefined
  );
}

/** An expression without its ${{ }}. */
const expression = (value: unknown): string =>
  String(value ?? '')
    .trim()
    .replace(/^\$\{\{(.*)\}\}$/s, '$1')
    .trim();

const FALSE = /^(false|0|null|''|!\s*true)$/i;
const OF_EVENT = /^github\.event_name\s*(==|!=)\s*'(\w+)'$/;

/** Why a condition can never hold: it is false, one part of it is, or it wants an event that starts nothing. */
export function neverHolds(value: unknown, { events }: Pick<Starts, 'events'>): string | undefined {
  if (value === undefined) return undefined;
  const text = expression(value);
  if (/^(false|0|null|''|!\s*true)\s*(&&[^|]*)?$/i.test(text)) return String(value);
  // Of parts that must all hold one is enough; what has alternatives or brackets is not judged.
  const bare = text.replace(/'[^']+'|\b[\w.]+\(\)/g, 'x');
  if (/[|()]/.test(bare)) return undefined;
  if (bare.split('&&').some((part) => FALSE.test(part.trim()))) return String(value);
  for (const part of text.split('&&')) {
    const [, is, event] = OF_EVENT.exec(part.trim()) ?? [];
    if (is && events && !events.some((each) => (each === event) === (is === '==')))
      return `${String(value)}, and the workflow runs on ${events.join(', ')} only`;
  }
  return undefined;
}

/** Conditions that hold on an ordinary run say nothing. */
const ORDINARY = /^(|true|always\(\)|success\(\)|!\s*cancelled\(\)|success\(\)\s*\|\|\s*failure\(\))$/i;
export const conditionOf = (value: unknown): readonly string[] =>
  value === undefined || ORDINARY.test(expression(value)) ? [] : [expression(value)];

/** A job that says so runs also where one that it waits for does not. */
const IN_ANY_CASE = /\balways\s*\(|!\s*(cancelled|failure)\s*\(/i;

/** Why a job is never run: nothing starts the workflow, its condition is false, or what it needs is never run. */
export function neverRun(starts: Starts, jobs: Fields): (id: string) => string | undefined {
  if (starts.never !== undefined) return () => starts.never;
  const known = new Map<string, string | undefined>();
  return function never(id): string | undefined {
    if (known.has(id)) return known.get(id);
    known.set(id, `job ${id} waits for itself`);
    const job = fields(field(jobs, id));
    const condition = field(job, 'if');
    const why = neverHolds(condition, starts);
    let because = why === undefined ? undefined : `the condition of job ${id} is ${why}`;
    if (because === undefined && !IN_ANY_CASE.test(expression(condition))) {
      for (const need of list(field(job, 'needs')).map(String)) {
        const reason = Object.hasOwn(jobs, need) ? never(need) : 'there is no such job';
        if (reason !== undefined) because ??= `job ${id} needs job ${need}: ${reason}`;
      }
    }
    known.set(id, because);
    return because;
  };
}

/** continue-on-error: nothing fails when it does. */
export const isIgnored = (of: Fields): boolean => /^true$/i.test(expression(field(of, 'continue-on-error')));

// What the resource check asks of one object's status: a condition, and a time
// that must not be too old.

import { durationMs, momentOf } from '../../api/primitives.ts';
import type { WholeObject } from '../../facts/view.ts';
import type { Finding, Subject } from '../check.ts';
import { finding, refer } from '../shared/messages.ts';
import { after, type Settled, settle } from '../shared/settling.ts';
import { metaOf } from './objects.ts';
import type { Params } from './schema.ts';

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** An object as one applies it: no cluster has made it yet, so it has no status to show. */
function needsCluster(object: WholeObject, subject: Subject, what: string): Finding | undefined {
  if (Object.keys(fields(object.status)).length > 0 || metaOf(object).creationTimestamp) return undefined;
  return {
    level: 'Unknown',
    reason: 'NeedsCluster',
    subject,
    message: `${refer(subject)}: only a cluster can show ${what}; the manifest has no status.`,
  };
}

/** Where the status, or a part of it, was written for an older generation than the object's. */
function stale(observed: unknown, object: WholeObject, subject: Subject, field: string): Finding | undefined {
  const { generation } = metaOf(object);
  if (typeof observed !== 'number' || generation === undefined || observed >= generation) return undefined;
  const isSuspended = fields(object.spec).suspend === true;
  return finding({
    level: 'Unknown',
    reason: 'StatusStale',
    subject,
    field,
    what: `${refer(subject)}: the status is of generation ${observed}, the object of generation ${generation}${isSuspended ? ', and spec.suspend is true' : ''}.`,
    fix: isSuspended ? 'Resume it.' : 'If it stays so, see whether its controller runs.',
  });
}

const STATUS = /\bself\s*\.\s*\??\s*status\b|\bself\s*\[\s*\??\s*['"]status['"]/;

/** Why an expression over the status proves nothing: no cluster has written one, or only for an older generation. */
export function doubtOf(
  cel: string,
  object: WholeObject,
  subject: Subject,
  field: string,
): Finding | undefined {
  if (!STATUS.test(cel)) return undefined;
  const status = fields(object.status);
  const conditions = Array.isArray(status.conditions) ? status.conditions.map(fields) : [];
  // A condition is often newer than the whole: then the controller has seen the object as it is.
  const seen = [status, ...conditions]
    .map(({ observedGeneration }) => observedGeneration)
    .filter((each) => typeof each === 'number');
  const newest = seen.length > 0 ? Math.max(...seen) : undefined;
  return needsCluster(object, subject, `whether ${cel}`) ?? stale(newest, object, subject, field);
}

/** The condition, if it is not as it must be. One that changed within 60 s is held back. */
export function judgeCondition(
  wanted: NonNullable<Params['condition']>,
  object: WholeObject,
  subject: Subject,
  now: Date,
): Settled | undefined {
  const offline = needsCluster(object, subject, `condition ${wanted.type}`);
  if (offline) return { finding: offline };
  const status = fields(object.status);
  const found = (Array.isArray(status.conditions) ? status.conditions : [])
    .map(fields)
    .find(({ type }) => type === wanted.type);
  const meta = metaOf(object);
  const observed = found?.observedGeneration ?? status.observedGeneration;
  const field = `status.conditions[${wanted.type}]`;
  const behind = stale(observed, object, subject, field);
  if (behind) return { finding: behind };
  if (found?.status === wanted.status) return undefined;
  const is = found
    ? `is ${text(found.status) ?? 'without a status'}${found.reason ? ` (${text(found.reason)})` : ''}`
    : 'is not there';
  const why = text(found?.message);
  // Its controller does not know either: a rollout, or a check that has not come to its end.
  const isOpen = found?.status === 'Unknown';
  const failed = finding({
    level: isOpen ? 'Unknown' : 'Fail',
    reason: isOpen ? 'ConditionUnknown' : 'ConditionFailed',
    subject,
    field,
    what: `${refer(subject)}: condition ${wanted.type} ${is}, which must be ${wanted.status}${why ? `: ${why}` : '.'}`,
    fix: undefined,
  });
  if (isOpen) return { finding: failed };
  const since = Date.parse(text(found?.lastTransitionTime) ?? meta.creationTimestamp ?? '') || 0;
  return settle(failed, Math.min(since, now.getTime()), now, 'It has only just changed');
}

/** A clock that runs ahead by this much is forgiven. */
const SKEW_MS = 300_000;

type Freshness = NonNullable<Params['freshness']>;

/** What judging a time came to: what is wrong, or the moment at which it will be. */
export interface Fresh {
  readonly finding?: Finding;
  readonly recheckAt?: Date;
}

/** The moment that stands at the path, in ms since the epoch; undefined where none does, or one that is still to come. */
function momentAt(object: WholeObject, path: string, now: Date): number | undefined {
  const value = at(object, path);
  const said = text(value) ?? '';
  // A day begins at its midnight in UTC.
  const moment = value instanceof Date ? value.getTime() : (momentOf(said) ?? momentOf(`${said}T00:00:00Z`));
  return moment === undefined || moment > now.getTime() + SKEW_MS ? undefined : moment;
}

/** The time of one object, if it is missing or too old; if it is young enough, the moment at which it no longer is. */
export function judgeFreshness(fresh: Freshness, object: WholeObject, subject: Subject, now: Date): Fresh {
  const { path, maxAge } = fresh;
  const moment = momentAt(object, path, now);
  if (moment !== undefined) return judgeMoment(fresh, moment, subject, now);
  const value = at(object, path);
  const offline = value === undefined ? needsCluster(object, subject, path) : undefined;
  if (offline) return { finding: offline };
  const due = value === undefined ? notYetDue(fresh, object, subject, now) : undefined;
  if (due) return due;
  const is = value === undefined ? 'is not there' : `is ${JSON.stringify(value)?.slice(0, 80)}`;
  return {
    finding: finding({
      level: 'Fail',
      subject,
      field: path,
      reason: 'TimeMissing',
      what: `${refer(subject)}: ${path} ${is}, and must be a time (2026-01-31T00:00:00Z) at most ${maxAge} ago.`,
      fix: 'See why it was not written, or correct the path.',
    }),
  };
}

/** What was made a moment ago cannot have been neglected for longer. */
function notYetDue(
  { path, maxAge }: Freshness,
  object: WholeObject,
  subject: Subject,
  now: Date,
): Fresh | undefined {
  const made = momentOf(metaOf(object).creationTimestamp ?? '');
  const due = made === undefined ? now : after(made, durationMs(maxAge));
  if (due <= now) return undefined;
  return {
    finding: {
      level: 'Unknown',
      reason: 'NotYetDue',
      subject,
      field: path,
      message: `${refer(subject)}: ${path} is not there yet; it must be by ${due.toISOString()}, when the object is ${maxAge} old.`,
    },
    recheckAt: due,
  };
}

/** The newest time of several objects; those without one are passed over as long as one has it. */
export function judgeNewest(
  fresh: Freshness,
  objects: readonly { readonly object: WholeObject; readonly subject: Subject }[],
  now: Date,
): Fresh {
  let newest: { readonly moment: number; readonly subject: Subject } | undefined;
  for (const { object, subject } of objects) {
    const moment = momentAt(object, fresh.path, now);
    if (moment !== undefined && (!newest || moment > newest.moment)) newest = { moment, subject };
  }
  if (newest) return judgeMoment(fresh, newest.moment, newest.subject, now);
  const made = ({ object }: (typeof objects)[number]) => metaOf(object).creationTimestamp ?? '';
  const [last] = objects.toSorted((a, b) => made(b).localeCompare(made(a)));
  return last ? judgeFreshness(fresh, last.object, last.subject, now) : {};
}

function judgeMoment({ path, maxAge, of }: Freshness, moment: number, subject: Subject, now: Date): Fresh {
  const stale = after(moment, durationMs(maxAge));
  if (now < stale) return { recheckAt: stale };
  const newest = of === 'newest' ? ', the newest there is,' : '';
  return {
    finding: finding({
      level: 'Fail',
      subject,
      field: path,
      reason: 'TooOld',
      what: `${refer(subject)}: ${path}${newest} is ${new Date(moment).toISOString()}, which is more than ${maxAge} ago.`,
      fix: of === 'newest' ? 'See why no newer one was made.' : 'See why it is not renewed.',
    }),
  };
}

/** The value at a path such as status.history.0.at or metadata.annotations['example.org/at']. */
function at(object: WholeObject, path: string): unknown {
  let value: unknown = object;
  for (const [, quoted, plain] of path.matchAll(/\['([^']+)'\]|([^.[\]]+)/g)) {
    const key = quoted ?? plain ?? '';
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Fields)[key];
  }
  return value;
}

// The operator's log: JSON lines on stderr, one for each change of an item's
// state, and never a secret in them.

import { type DestinationStream, type Logger, pino } from 'pino';
import type { Transition } from '../api/status.ts';

export type { Logger };

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const REDACTED = '[redacted]';
/** Keys whose value is never told, whatever it is. */
const SECRET_KEY =
  /^(proxy-)?authorization$|tokens?$|^passw(or)?d$|password$|^(set-)?cookie$|^x-api-key$|api-?key$|private-?key$|client-?secret$|^credentials?$|^(key|cert|ca)-?data$|^client-(key|certificate)-data$|last-applied-configuration$/i;
/** What a Secret keeps its secrets in. */
const SECRET_DATA = new Set(['data', 'stringData']);
/** Bearer tokens, JWTs, and user:password@ in URLs, wherever in a line they stand. */
const SECRET_TEXT =
  /\b(Bearer|Basic)\s+[\w.~+/=-]{8,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|(?<=[a-z]:\/\/)[^\s/@:"]+:[^\s/@"]+(?=@)/gi;
/** A string in a JSON line under one of the plainest of these keys. */
const SECRET_FIELD =
  /("(?:(?:proxy-)?authorization|[\w-]*tokens?|[\w-]*password|cookie)":)"(?:[^"\\]|\\.)*"/gi;
/** Deeper than any object that is worth logging. */
const MAX_DEPTH = 8;

export interface LogOptions {
  readonly level?: LogLevel;
  /** Default: stderr, written at once, so that the last line before a crash is there. */
  readonly destination?: DestinationStream;
}

export function createLogger({ level = 'info', destination }: LogOptions = {}): Logger {
  return pino(
    {
      level,
      base: undefined,
      messageKey: 'msg',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redact(fields) as Record<string, unknown>,
      },
      // The formatters have made errors plain already, with their causes kept apart.
      serializers: { err: (error) => error },
      // The last net: what a child logger carries along passes no formatter.
      hooks: {
        streamWrite: (line) => line.replace(SECRET_FIELD, `$1"${REDACTED}"`).replace(SECRET_TEXT, REDACTED),
      },
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
}

/** A copy without secrets: values of secret-sounding keys, and data and stringData of Secrets. Errors become plain objects. */
function redact(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (value instanceof Error) return redact(describeError(value), depth);
  if (Array.isArray(value)) return value.map((each) => redact(each, depth + 1));
  const { kind } = value as { kind?: unknown };
  if (kind === 'SecretList') return REDACTED;
  const isSecret = kind === 'Secret';
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      if (SECRET_KEY.test(key) || (isSecret && SECRET_DATA.has(key))) return [key, REDACTED];
      return [key, redact(each, depth + 1)];
    }),
  );
}

function describeError(error: Error): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  return { ...error, type: name, message, stack, ...(cause === undefined ? {} : { cause }) };
}

/** The one line for a change of state: which item, from what to what, why, and who did it. */
export function logTransition(
  log: Logger,
  item: {
    readonly namespace: string;
    readonly name: string;
    readonly number?: number;
    readonly title?: string;
  },
  transition: Transition,
): void {
  const { from = '', to, reason, message, changedBy, at } = transition;
  const fields = { item, from, to, reason, at, ...(changedBy === undefined ? {} : { changedBy }) };
  const text = `${item.namespace}/${item.name}: ${from || 'new'} -> ${to} (${reason}): ${message}`;
  if (to === 'Drifted' || to === 'Invalid') log.warn(fields, text);
  else log.info(fields, text);
}

/** How a fetch of an artifact ended. */
export interface LoggedFetch {
  readonly url: string;
  /** Which sources it is of. */
  readonly readers: readonly string[];
  readonly seconds: number;
  readonly failure?: { readonly reason: string; readonly message: string };
  /** Differs from what was told last. */
  readonly news: boolean;
}

/** One line where evidence goes, for another reason than before, or comes back; the rest is for those who look for it. */
export function logFetched(
  log: Logger,
  { url, readers: sources, seconds, failure, news }: LoggedFetch,
): void {
  const fields = { sources, url, seconds, ...(failure ? { reason: failure.reason } : {}) };
  if (!failure) log[news ? 'info' : 'debug'](fields, `the artifact of ${sources.join(', ')} was fetched`);
  else
    log[news ? 'warn' : 'debug'](
      fields,
      `the artifact of ${sources.join(', ')} could not be had, and is tried again: ${failure.message}`,
    );
}

// A RemediationItem as a whole object, and the one way in: parse().

import type { z } from 'zod';
import { API_VERSION, KIND } from './group.ts';
import { type CheckBlocks, type ItemSpec, specSchema } from './item.ts';
import { type ItemStatus, statusSchema } from './status.ts';

export interface ItemMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
}

export interface RemediationItem {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof KIND;
  readonly metadata: ItemMetadata;
  readonly spec: ItemSpec;
  readonly status: ItemStatus;
}

export type Parsed =
  | { readonly ok: true; readonly item: RemediationItem }
  | {
      readonly ok: false;
      readonly metadata: ItemMetadata;
      readonly status: ItemStatus;
      readonly problems: readonly string[];
    };

/** Makes the parser for the given check types. */
export function itemParser(blocks: CheckBlocks): (raw: unknown) => Parsed {
  const spec = specSchema(blocks);
  return (raw) => {
    const object = record(raw);
    const metadata = readMetadata(record(object.metadata));
    const status = statusSchema.safeParse(object.status ?? {});
    const past = status.success ? status.data : {};
    const version = word(object.apiVersion); // the items of a list have none
    if (version && version !== API_VERSION)
      return {
        ok: false,
        metadata,
        status: past,
        problems: [`apiVersion: must be ${API_VERSION}, not ${version}`],
      };
    const parsed = spec.safeParse(object.spec ?? {});
    if (!parsed.success)
      return { ok: false, metadata, status: past, problems: parsed.error.issues.map(describe) };
    return {
      ok: true,
      item: {
        apiVersion: API_VERSION,
        kind: KIND,
        metadata,
        spec: parsed.data as unknown as ItemSpec,
        status: past,
      },
    };
  };
}

/** One problem as a person reads it: the path, then what is wrong, in the API server's words. */
function describe(issue: z.core.$ZodIssue): string {
  const path = issue.path.reduce<string>(
    (sofar, key) => sofar + (typeof key === 'number' ? `[${key}]` : `.${String(key)}`),
    'spec',
  );
  return `${path}: ${inWords(issue, path)}`;
}

function inWords(issue: z.core.$ZodIssue, path: string): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `unknown field ${issue.keys.map((key) => `"${key}"`).join(', ')}; remove it, or check its spelling with kubectl explain ri.${path.replace(/\[\d+\]/g, '')}`;
    case 'invalid_type':
      if (issue.message.endsWith('received undefined')) return 'Required value';
      return `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'too_small':
      return bound(issue.origin, issue.minimum, 'at least', 'greater');
    case 'too_big':
      return bound(issue.origin, issue.maximum, 'at most', 'less');
    default:
      return issue.message;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'an integer',
  int: 'an integer',
  boolean: 'a boolean (true or false)',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function bound(origin: string, limit: number | bigint, atLeast: string, greater: string): string {
  if (origin === 'string')
    return `must be ${atLeast} ${limit} chars long, not ${greater === 'less' ? 'longer' : 'shorter'} than ${limit}`;
  if (origin === 'array' || origin === 'set' || origin === 'object')
    return `must have ${atLeast} ${limit} items`;
  return `must be ${greater} than or equal to ${limit}`;
}

function readMetadata(raw: Record<string, unknown>): ItemMetadata {
  return {
    name: word(raw.name),
    namespace: word(raw.namespace) || 'default',
    uid: word(raw.uid),
    generation: typeof raw.generation === 'number' ? raw.generation : 1,
    resourceVersion: word(raw.resourceVersion),
    labels: words(raw.labels),
    annotations: words(raw.annotations),
    ...(typeof raw.creationTimestamp === 'string' ? { creationTimestamp: raw.creationTimestamp } : {}),
  };
}

const record = (raw: unknown): Record<string, unknown> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? (raw as Record<string, unknown>) : {};
const word = (raw: unknown): string => (typeof raw === 'string' ? raw : '');
const words = (raw: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(record(raw)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );

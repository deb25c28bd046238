// The small schemas from which every part of a RemediationItem is made. Each
// string and list is bounded, because the CRD's CEL rules are admitted by the
// API server only if their worst case is cheap.

import { z } from 'zod';

/** A CEL rule of the CRD together with the same rule for files that no API server has seen. */
export interface Rule<T> {
  /** CEL over `self`, as in x-kubernetes-validations. */
  readonly cel: string;
  /** Says what to mend. */
  readonly message: string;
  /** The same rule in TypeScript, so that offline input is held to it too. */
  readonly holds: (value: T) => boolean;
}

/** Adds rules to a schema, for the API server (as CEL) and for offline parsing alike. */
export function withRules<S extends z.ZodType>(schema: S, ...rules: Rule<z.output<S>>[]): S {
  let ruled: z.ZodType = schema;
  for (const { holds, message } of rules) {
    ruled = ruled.refine((value) => holds(value as z.output<S>), { message });
  }
  const description = schema.meta()?.description;
  return ruled.meta({
    ...(schema.meta() ?? {}),
    ...(description ? { description } : {}),
    'x-kubernetes-validations': rules.map(({ cel, message }) => ({ rule: cel, message })),
  }) as S;
}

/** A string that matches; told as a CEL rule, because the API server's own message shows only the pattern. */
export const matching = (
  max: number,
  pattern: string,
  message: string,
  extra: Record<string, unknown> = {},
) =>
  z
    .string()
    .max(max)
    .regex(new RegExp(pattern), message)
    .meta({
      ...extra,
      'x-kubernetes-validations': [
        { rule: `self.matches(r${pattern.includes("'") ? `"${pattern}"` : `'${pattern}'`})`, message },
      ],
    });

/** Free text of at most `max` characters. */
export const text = (max: number, description: string) => z.string().max(max).meta({ description });

/** Text that must say something. */
export const words = (max: number, description: string) => z.string().min(1).max(max).meta({ description });

const DNS_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';

/** RFC 1123 label: the name of a namespace, of a check. */
export const label = (description: string) =>
  matching(63, `^${DNS_LABEL}$`, 'must be lower case letters, digits and -, at most 63 of them', {
    description,
  });

/** RFC 1123 subdomain: the name of most objects. */
export const objectName = (description: string) =>
  matching(253, `^${DNS_LABEL}([.]${DNS_LABEL})*$`, 'must be the name of a Kubernetes object', {
    description,
  });

/** An object name in which `*` stands for any run of characters. */
export const namePattern = (description: string) =>
  matching(253, '^[-a-z0-9.:*]+$', 'must be the name of an object; * is the only wildcard', { description });

/** A Go duration such as 90s, 10m, 26h or 1h30m (time.ParseDuration, without signs). */
export const goDuration = (description: string) =>
  matching(32, '^([0-9]+([.][0-9]+)?(ms|s|m|h))+$', 'must be a Go duration such as 90s, 10m or 26h', {
    description,
  });

/**
 * A calendar day, YYYY-MM-DD. Written without quotes it is a YAML timestamp,
 * which kustomize and Flux hand on as midnight: that form is the same day.
 */
export const day = (description: string) =>
  matching(
    20,
    '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T00:00:00Z)?$',
    'must be a day as YYYY-MM-DD',
    { description },
  );

/** A moment in time, RFC 3339: with a time zone, so that it means the same everywhere. */
export const moment = (description: string) =>
  z
    .string()
    .max(64)
    .refine((value) => momentOf(value) !== undefined, 'must be a date-time as 2026-12-31T00:00:00Z')
    .meta({ description, format: 'date-time' });

const RFC3339 =
  /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/**
 * Milliseconds since the epoch of a RFC 3339 date-time; undefined where it is none. Date.parse() alone takes the
 * 30th of February for the 2nd of March, times without a zone for local ones, and "backup 12" for a day in 2001.
 */
export function momentOf(text: string): number | undefined {
  const day = RFC3339.exec(text)?.[1];
  if (day === undefined) return undefined;
  const midnight = new Date(`${day}T00:00:00Z`);
  const isReal = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
  return isReal ? Date.parse(text) : undefined;
}

/** For superRefine on lists that the API server keeps as a map or a set: no two entries of one key. */
export const distinct =
  (keyOf: (entry: unknown) => unknown = (entry) => entry) =>
  (list: readonly unknown[], context: z.core.$RefinementCtx<unknown>): void => {
    const seen = new Set<unknown>();
    for (const [index, entry] of list.entries()) {
      const key = keyOf(entry);
      if (key !== undefined && seen.has(key))
        context.addIssue({
          code: 'custom',
          path: [index],
          message: `Duplicate value: ${JSON.stringify(key)}`,
        });
      seen.add(key);
    }
  };

/**
 * An integer of a range, or a string that matches. A pattern and bounds instead
 * of a CEL rule: the API server takes such a value to be as long as a request
 * may be, and refuses every rule over it as too costly.
 */
export const intOrString = (
  range: { min: number; max: number },
  strings: { max: number; pattern: string },
  message: string,
  description: string,
) =>
  z
    .union([z.int().min(range.min).max(range.max), z.string().max(strings.max)])
    .refine((value) => typeof value === 'number' || new RegExp(strings.pattern).test(value), message)
    .meta({
      description,
      'x-kubernetes-int-or-string': true,
      minimum: range.min,
      maximum: range.max,
      maxLength: strings.max,
      pattern: strings.pattern,
    });

/** An integer, or a percentage such as 50%. */
export const intOrPercent = (description: string) =>
  intOrString(
    { min: 0, max: 100_000 },
    { max: 4, pattern: '^([0-9]|[1-9][0-9]|100)%$' },
    'must be an integer of at least 0, or a percentage such as 50%',
    description,
  );

/** Milliseconds of a Go duration that the schema has accepted. */
export function durationMs(duration: string): number {
  const unit: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  let total = 0;
  for (const [, amount, name] of duration.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (unit[name ?? ''] ?? 0);
  }
  return total;
}

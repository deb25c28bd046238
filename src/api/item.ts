// What a RemediationItem is: the schema of its spec. The blocks of the check
// types are handed in by whoever knows the checks, so that this file knows none
// of them by name.

import { z } from 'zod';
import {
  day,
  distinct,
  goDuration,
  label,
  moment,
  objectName,
  text,
  withRules,
  words,
} from './primitives.ts';

export const PRIORITIES = ['Critical', 'High', 'Medium', 'Low'] as const;
export const IMPACTS = ['High', 'Medium', 'Low'] as const;
export const CLAIMS = ['Pending', 'InProgress', 'Implemented', 'Abandoned'] as const;

const MAX_CHECKS = 32;
const MAX_WAIVERS = 64;

/** A check block by its name, such as {probes: <schema>}. */
export type CheckBlocks = Readonly<Record<string, z.ZodType>>;

/** The parts of a check that every type shares. */
export interface CheckSpec {
  readonly name: string;
  readonly description?: string;
  readonly advisory: boolean;
  /** Exactly one more key: the block of the check's type. */
  readonly [block: string]: unknown;
}

const claim = withRules(
  z.strictObject({
    status: z.enum(CLAIMS).meta({ description: 'What people said of the item.' }),
    date: day('The day on which it was said.').optional(),
    note: text(1024, 'What else was said.').optional(),
  }),
  {
    cel: "self.status != 'Abandoned' || (has(self.note) && size(self.note) > 0)",
    message: 'a claim of Abandoned needs a note that says why',
    holds: (c) => c.status !== 'Abandoned' || (c.note ?? '') !== '',
  },
).meta({
  description:
    'What people said about the item. It never decides a verdict; a claim of Implemented that turns out false is Drifted with reason ClaimRefuted.',
});

const source = z
  .strictObject({
    document: words(512, 'Path or URL of the review document.'),
    section: text(256, 'The heading under which the item stands.').optional(),
    line: z
      .int()
      .min(1)
      .max(10_000_000)
      .optional()
      .meta({ description: 'The line of the document, from 1.' }),
  })
  .meta({ description: 'Where the item was written down.' });

const dependency = z.strictObject({
  name: objectName('The item that must be Implemented or Waived first.'),
  namespace: label("Its namespace. Default: the item's own.").optional(),
});

const waiver = z.strictObject({
  check: label('The name of the check that is waived.'),
  subject: z.string().min(1).max(400).optional().meta({
    description:
      'Which subjects, as Kind/namespace/name; * is the only wildcard. Default: every subject of the check.',
  }),
  reason: words(1024, 'Why this may fail. Required.'),
  approvedBy: text(256, 'Who agreed.').optional(),
  expires: moment('When the waiver ends. Required: an expired waiver waives nothing.'),
});

/** The schema of one entry of spec.checks or spec.prerequisites. */
function checkEntry(blocks: CheckBlocks, advisory: boolean) {
  const names = Object.keys(blocks);
  const shape: Record<string, z.ZodType> = {
    name: label('The name of the check, unique in its list.'),
    description: text(1024, 'What the check is for.').optional(),
  };
  if (advisory) {
    shape.advisory = z
      .boolean()
      .default(false)
      .meta({ description: 'true: the check is judged and shown, and never decides the state.' });
  }
  for (const [name, schema] of Object.entries(blocks)) shape[name] = schema.optional();
  return withRules(z.strictObject(shape), {
    cel: `${names.map((name) => `(has(self.${name}) ? 1 : 0)`).join(' + ')} == 1`,
    message: `a check needs exactly one block of: ${names.join(', ')}`,
    holds: (entry) =>
      names.filter((name) => (entry as Record<string, unknown>)[name] !== undefined).length === 1,
  });
}

const nameOf = (entry: unknown) => (entry as { name?: unknown }).name;

/** The schema of spec, with the given check types. */
export function specSchema(blocks: CheckBlocks) {
  return withRules(
    z.strictObject({
      number: z
        .int()
        .min(0)
        .max(100_000)
        .optional()
        .meta({ description: 'The number of the item in the review.' }),
      title: words(256, 'The action item in a few words.'),
      description: text(8192, 'What is to be done, and why.').optional(),
      priority: z.enum(PRIORITIES).default('Medium').meta({ description: 'Critical, High, Medium or Low.' }),
      category: text(128, 'The group of the review that the item belongs to.').optional(),
      effort: goDuration('The effort that was estimated, as a Go duration such as 3h.').optional(),
      impact: z.enum(IMPACTS).optional().meta({ description: 'High, Medium or Low.' }),
      milestone: text(128, 'The milestone of the roadmap.').optional(),
      dueDate: day(
        'The day by which it should be Implemented; RemediationItemOverdue alerts after it.',
      ).optional(),
      owner: text(128, 'Who takes care of it.').optional(),
      source: source.optional(),
      claim: claim.optional(),
      interval: goDuration(
        'How often evidence that cannot be watched is fetched again, as a Go duration.',
      ).default('10m'),
      suspend: z
        .boolean()
        .default(false)
        .meta({ description: 'true: the item is not judged; its state is Suspended.' }),
      serviceAccountName: objectName(
        "A ServiceAccount of the item's namespace whose read permissions bound what the item may look at.",
      ).optional(),
      dependsOn: z.array(dependency).max(16).optional().meta({
        description: 'Items that must be Implemented or Waived first; otherwise this one is Blocked.',
        'x-kubernetes-list-type': 'atomic',
      }),
      prerequisites: z
        .array(checkEntry(blocks, false))
        .max(8)
        .superRefine(distinct(nameOf))
        .optional()
        .meta({
          description:
            'What must hold before the item can be worked on. One that fails makes the item Blocked.',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
        }),
      checks: z
        .array(checkEntry(blocks, true))
        .min(1)
        .max(MAX_CHECKS)
        .superRefine(distinct(nameOf))
        .meta({
          description: 'What proves that the item is remediated. All that are not advisory must pass.',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
        }),
      waivers: z.array(waiver).max(MAX_WAIVERS).optional().meta({
        description: 'Failures that are accepted until a date.',
        'x-kubernetes-list-type': 'atomic',
      }),
    }),
    {
      cel: '!has(self.waivers) || self.waivers.all(w, self.checks.exists(c, c.name == w.check))',
      message: 'every waiver must name a check of this item in its field check',
      holds: ({ waivers, checks }) =>
        (waivers ?? []).every((w) => checks.some((c) => (c as { name?: unknown }).name === w.check)),
    },
  ).meta({ description: 'One action item of a review, and what proves that it is done.' });
}

/** spec, after defaults. */
export interface ItemSpec extends Omit<z.output<ReturnType<typeof specSchema>>, 'checks' | 'prerequisites'> {
  readonly checks: readonly CheckSpec[];
  readonly prerequisites?: readonly CheckSpec[];
}

export type Waiver = NonNullable<ItemSpec['waivers']>[number];

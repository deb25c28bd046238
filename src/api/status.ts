// What the operator writes: the status of a RemediationItem, as schema (for the
// CRD) and as types (for everyone else).

import { z } from 'zod';

export const STATES = [
  'Suspended',
  'Invalid',
  'Drifted',
  'Blocked',
  'Pending',
  'Unknown',
  'Waived',
  'Implemented',
] as const;
export type State = (typeof STATES)[number];

export const VERDICTS = ['Pass', 'Fail', 'Unknown', 'NotApplicable', 'Waived'] as const;
export type Verdict = (typeof VERDICTS)[number];

const SEVERITIES = ['Fail', 'Unknown', 'Warning', 'NotApplicable', 'Note', 'Waived'] as const;

export const MAX_FINDINGS = 20;
export const MAX_HISTORY = 20;
export const MAX_MESSAGE = 1024;
export const MAX_REVISION = 512;

const time = (description: string) => z.string().max(64).meta({ description, format: 'date-time' });
const line = (max: number, description: string) => z.string().max(max).meta({ description });

const subject = z
  .object({
    kind: line(63, 'Kind of the object.'),
    namespace: line(63, 'Its namespace; left out for cluster-scoped objects.').optional(),
    name: line(253, 'Its name.'),
  })
  .meta({ description: 'The object that the finding is about.' });

const location = z
  .object({
    path: line(MAX_MESSAGE, 'The file, from the root of the tree.'),
    line: z.int().min(1).optional().meta({ description: 'The line, from 1.', format: 'int32' }),
    revision: line(MAX_REVISION, 'The revision of the tree, as Flux writes it.'),
  })
  .meta({ description: 'Where the evidence stands, if that is a file of a source.' });

const finding = z.object({
  severity: z.enum(SEVERITIES).meta({
    description:
      'Fail and Unknown decide; Waived failed and is waived; Warning, NotApplicable and Note only inform.',
  }),
  subject: subject.optional(),
  field: line(256, 'The field that decides.').optional(),
  reason: line(64, 'A word that stays the same, for programs.'),
  message: line(MAX_MESSAGE, 'What was found and what it should be.'),
  location: location.optional(),
  fix: line(MAX_MESSAGE, 'What to do about it.').optional(),
});

const checkStatus = z.object({
  name: line(63, 'The name of the check.'),
  type: line(63, 'Its type, such as probes.'),
  advisory: z.boolean().optional().meta({ description: 'true: it does not decide.' }),
  verdict: z.enum(VERDICTS).meta({ description: 'Pass, Fail, Unknown, NotApplicable or Waived.' }),
  reason: line(64, 'A word that stays the same, for programs.'),
  message: line(MAX_MESSAGE, 'The verdict in a sentence.'),
  findings: z
    .array(finding)
    .max(MAX_FINDINGS)
    .optional()
    .meta({ description: 'What was found, worst first.', 'x-kubernetes-list-type': 'atomic' }),
  findingsTotal: z
    .int()
    .min(0)
    .optional()
    .meta({ description: 'How many there are when more than are listed.', format: 'int32' }),
  since: time('When this verdict began.'),
});

const condition = z.object({
  type: line(316, 'Ready, Implemented, Drifted, Waived, Blocked, Reconciling or Stalled.'),
  status: z.enum(['True', 'False', 'Unknown']).meta({ description: 'True, False or Unknown.' }),
  observedGeneration: z
    .int()
    .min(0)
    .optional()
    .meta({ description: 'The generation that was judged.', format: 'int64' }),
  lastTransitionTime: time('When the status last changed.'),
  reason: line(1024, 'A word that stays the same, for programs.'),
  message: line(32_768, 'The reason in a sentence.'),
});

const changedBy = z
  .object({
    kind: line(63, 'Kind of the object that changed.'),
    namespace: line(63, 'Its namespace.').optional(),
    name: line(253, 'Its name.'),
    manager: line(128, 'The field manager that wrote it last, such as kubectl-edit.').optional(),
    action: line(16, 'Created, Changed or Deleted.').optional(),
  })
  .meta({ description: 'The object whose change brought the transition about, and who wrote it last.' });

const transition = z.object({
  at: time('When.'),
  from: line(16, 'The state before.').optional(),
  to: z.enum(STATES).meta({ description: 'The state after.' }),
  reason: line(64, 'Why.'),
  message: line(MAX_MESSAGE, 'Why, in a sentence.'),
  changedBy: changedBy.optional(),
});

const checkList = (description: string) =>
  z
    .array(checkStatus)
    .max(32)
    .optional()
    .meta({ description, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] });

export const statusSchema = z
  .object({
    observedGeneration: z.int().min(-1).optional().meta({
      description: 'The generation that was judged last; -1 before the first time.',
      format: 'int64',
    }),
    state: z.enum(STATES).optional().meta({ description: 'The one word that people read.' }),
    summary: line(MAX_MESSAGE, 'The state in a sentence.').optional(),
    passing: z
      .int()
      .min(0)
      .optional()
      .meta({ description: 'How many deciding checks pass.', format: 'int32' }),
    total: z.int().min(0).optional().meta({ description: 'How many checks decide.', format: 'int32' }),
    progress: line(16, 'passing/total, for the printer column.').optional(),
    since: time('When the state began.').optional(),
    conditions: z
      .array(condition)
      .max(16)
      .optional()
      .meta({
        description:
          'Ready, Implemented, Drifted, Waived, Blocked (kstatus: Reconciling and Stalled only while True).',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
      }),
    checks: checkList('Each check with its verdict and findings.'),
    prerequisites: checkList('Each prerequisite, as checks.'),
    firstImplementedAt: time('When it was Implemented for the first time.').optional(),
    lastImplementedAt: time('When it last became Implemented.').optional(),
    driftedSince: time('Since when it is Drifted.').optional(),
    regressions: z
      .int()
      .min(0)
      .optional()
      .meta({ description: 'How often it drifted after it was Implemented.', format: 'int32' }),
    history: z
      .array(transition)
      .max(MAX_HISTORY)
      .optional()
      .meta({ description: 'The last changes of state, newest first.', 'x-kubernetes-list-type': 'atomic' }),
  })
  .meta({
    description: 'What the operator has seen. Written by the operator alone.',
    // One owner for the whole of it: a third less to keep and to send than an owner for every field.
    'x-kubernetes-map-type': 'atomic',
  });

export type ItemStatus = z.output<typeof statusSchema>;
export type CheckStatus = z.output<typeof checkStatus>;
export type StatusFinding = z.output<typeof finding>;
export type StatusCondition = z.output<typeof condition>;
export type Transition = z.output<typeof transition>;
export type ChangedBy = z.output<typeof changedBy>;

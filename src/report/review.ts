// A review as it stands: its items with what was observed, for every renderer.

import { REVIEW_LABEL } from '../api/group.ts';
import { PRIORITIES } from '../api/item.ts';
import { type ItemStatus, STATES, type State, type StatusFinding } from '../api/status.ts';
import type { JudgedItem } from './items.ts';

export interface ReportItem {
  readonly name: string;
  readonly namespace: string;
  readonly number?: number;
  readonly title: string;
  readonly description: string;
  readonly priority: (typeof PRIORITIES)[number];
  readonly category?: string;
  readonly effort?: string;
  readonly impact?: string;
  readonly milestone?: string;
  readonly dueDate?: string;
  readonly owner?: string;
  readonly claim?: { readonly status: string; readonly date?: string; readonly note?: string };
  readonly source?: { readonly document: string; readonly line?: number };
  readonly review?: string;
  /** What the item's author said of each prerequisite. */
  readonly prerequisites: readonly string[];
  /** What the author said of prerequisites and of checks, by their names. */
  readonly descriptions: Readonly<Record<'prerequisites' | 'checks', ReadonlyMap<string, string>>>;
  readonly state: State;
  readonly status: ItemStatus;
}

export interface Tracked {
  readonly date?: string;
  readonly action: string;
  readonly status?: string;
}

/** What the document says of itself beside its items. */
export interface ReviewHead {
  readonly title: string;
  readonly created?: string;
  /** How often it is to be looked at, such as weekly. */
  readonly again?: { readonly text: string };
  readonly tracking: readonly Tracked[];
  readonly related: readonly string[];
}

/** A file of the repository, from its root, parted by `/`; of another tree, where a revision is told. */
export interface Place {
  readonly path: string;
  /** From 1. */
  readonly line?: number;
  readonly revision?: string;
}

/** Where the object that a finding is about stands, as far as it is in a file. */
export type PlaceOf = (subject: NonNullable<StatusFinding['subject']>) => Place | undefined;

export interface ReviewReport {
  readonly head: ReviewHead;
  readonly items: readonly ReportItem[];
  readonly placeOf: PlaceOf;
  /** When the verdicts were looked at. */
  readonly at: Date;
}

/** Where the evidence of a finding stands: the file that was looked at, or the manifest of the object. */
export const evidenceOf = ({ location, subject }: StatusFinding, placeOf: PlaceOf): Place | undefined =>
  location ?? (subject && placeOf(subject));

export function reviewReport(
  head: ReviewHead,
  judged: readonly JudgedItem[],
  at: Date,
  placeOf: PlaceOf = () => undefined,
): ReviewReport {
  const items = judged
    .map(reportItem)
    .sort(
      (a, b) =>
        PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority) ||
        (a.number ?? 1e6) - (b.number ?? 1e6) ||
        (a.source?.line ?? 0) - (b.source?.line ?? 0) ||
        (a.name < b.name ? -1 : 1),
    );
  return { head, items, placeOf, at };
}

/** Reads what is there of an item; one that the API would refuse is reported all the same. */
function reportItem({ raw, status }: JudgedItem): ReportItem {
  const spec = record(raw.spec);
  const claim = record(spec.claim);
  const source = record(spec.source);
  const labels = record(record(raw.metadata).labels);
  const priority = PRIORITIES.find((each) => each === spec.priority) ?? 'Medium';
  return {
    name: line(raw.metadata.name) ?? '',
    namespace: line(raw.metadata.namespace) ?? '',
    ...(typeof spec.number === 'number' ? { number: spec.number } : {}),
    title: line(spec.title) ?? line(raw.metadata.name) ?? '',
    description: typeof spec.description === 'string' ? block(spec.description) : '',
    priority,
    category: line(spec.category),
    effort: line(spec.effort),
    impact: line(spec.impact),
    milestone: line(spec.milestone),
    // A day that YAML took for a moment is the same day.
    dueDate: line(spec.dueDate)?.slice(0, 10),
    owner: line(spec.owner),
    ...(line(claim.status)
      ? {
          claim: {
            status: line(claim.status) ?? '',
            date: line(claim.date)?.slice(0, 10),
            note: line(claim.note),
          },
        }
      : {}),
    ...(line(source.document)
      ? {
          source: {
            document: line(source.document) ?? '',
            ...(typeof source.line === 'number' ? { line: source.line } : {}),
          },
        }
      : {}),
    review: line(labels[REVIEW_LABEL]),
    prerequisites: (Array.isArray(spec.prerequisites) ? spec.prerequisites : []).map(
      (each) => line(record(each).description) ?? line(record(each).name) ?? '',
    ),
    descriptions: { prerequisites: described(spec.prerequisites), checks: described(spec.checks) },
    state: status.state ?? 'Unknown',
    status,
  };
}

/** Descriptions by name, of those that have both. */
function described(list: unknown): ReadonlyMap<string, string> {
  const entries = (Array.isArray(list) ? list : []).map((each): [string, string] => [
    line(record(each).name) ?? '',
    line(record(each).description) ?? '',
  ]);
  return new Map(entries.filter(([name, description]) => name && description));
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
const CONTROLS = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** What is longer, the API would refuse; it is reported all the same, as far as people read. */
const MAX_LINE = 1024;
const MAX_BLOCK = 8192;
const clip = (text: string, max: number) =>
  (text.length > max ? `${text.slice(0, max)}…` : text).toWellFormed();
const line = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? clip(value, MAX_LINE).replace(CONTROLS, ' ') : undefined;
const block = (value: string): string =>
  clip(value, MAX_BLOCK)
    .replace(/\r\n?/g, '\n')
    .replace(CONTROLS, (each) => (each === '\n' || each === '\t' ? each : ' '))
    .trim();

/** How many items are in each state, the states that none is in left out. */
export function countStates(items: readonly ReportItem[]): readonly (readonly [State, number])[] {
  return STATES.toReversed()
    .map((state) => [state, items.filter((item) => item.state === state).length] as const)
    .filter(([, count]) => count > 0);
}

export interface Group {
  readonly title: string;
  readonly items: readonly ReportItem[];
}

const groupBy = (items: readonly ReportItem[], titleOf: (item: ReportItem) => string): Group[] =>
  [...Map.groupBy(items, titleOf)].map(([title, members]) => ({ title, items: members }));

/** "High Priority - Performance", in the order of priorities. */
export const byPriority = (items: readonly ReportItem[]): Group[] =>
  groupBy(items, ({ priority, category }) => `${priority} Priority${category ? ` - ${category}` : ''}`);

/** Items with a milestone, by milestone, the nearest first. */
export const byMilestone = (items: readonly ReportItem[]): Group[] =>
  groupBy(
    items.filter(({ milestone }) => milestone),
    ({ milestone }) => milestone ?? '',
  ).sort((a, b) => rank(a.title) - rank(b.title) || (a.title < b.title ? -1 : 1));

const DAYS: Readonly<Record<string, number>> = {
  day: 1,
  week: 7,
  sprint: 14,
  month: 30.4,
  quarter: 91,
  q: 91,
  year: 365,
};

/** Roughly how many days a milestone is away: "Week 2-3" before "Month 1" before "Month 3+". */
function rank(milestone: string): number {
  const relative = /\b(day|week|sprint|month|quarter|q|year)\s*(\d+)/iu.exec(milestone);
  const year = Number(/\b(20\d\d)\b/.exec(milestone)?.[1] ?? 0);
  if (relative) return year * 365 + (DAYS[(relative[1] ?? '').toLowerCase()] ?? 0) * Number(relative[2]);
  return year ? year * 365 : Number(/\d+/.exec(milestone)?.[0] ?? 1e9);
}

/** How many of the items are done: Implemented, or Waived. */
export const done = (items: readonly ReportItem[]): number =>
  items.filter(({ state }) => state === 'Implemented' || state === 'Waived').length;

/** What people claimed against what was observed. */
export interface Claims {
  readonly claimed: readonly ReportItem[];
  readonly proven: readonly ReportItem[];
  readonly refuted: readonly ReportItem[];
  readonly open: readonly ReportItem[];
  /** Done although nobody says so. */
  readonly unclaimed: readonly ReportItem[];
}

export function claims(items: readonly ReportItem[]): Claims {
  const claimed = items.filter(({ claim }) => claim?.status === 'Implemented');
  const proven = claimed.filter(({ state }) => state === 'Implemented' || state === 'Waived');
  const refuted = claimed.filter(({ state }) => state === 'Drifted');
  return {
    claimed,
    proven,
    refuted,
    open: claimed.filter((item) => !proven.includes(item) && !refuted.includes(item)),
    unclaimed: items.filter(({ claim, state }) => claim?.status !== 'Implemented' && state === 'Implemented'),
  };
}

/** What people said of the item, with the day and their note; empty where they said nothing. */
export function claimText({ claim }: ReportItem): string {
  if (!claim) return '';
  const word = claim.status === 'InProgress' ? 'In progress' : claim.status;
  return `${word}${claim.date ? ` (${claim.date})` : ''}${claim.note ? `: ${claim.note}` : ''}`;
}

/** The findings that decide. */
export const deciding = ({
  status,
}: ReportItem): { readonly check: string; readonly type: string; readonly finding: StatusFinding }[] =>
  [...(status.prerequisites ?? []), ...(status.checks ?? [])].flatMap((check) =>
    (check.findings ?? [])
      .filter(({ severity }) => severity === 'Fail' || severity === 'Unknown')
      .map((finding) => ({ check: check.name, type: check.type, finding })),
  );

/** path:line, and the revision where it is not that of the repository at hand. */
export const placeText = ({ path, line, revision }: Place): string =>
  `${path}${line ? `:${line}` : ''}${revision ? ` at ${revision}` : ''}`;

/** "#9", or the title where the review has no numbers. */
export const refer = ({ number, title }: ReportItem): string =>
  number === undefined ? `"${title}"` : `#${number}`;

/** "1 item", "2 items". */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

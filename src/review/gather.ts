// Collects what a document says of each item, from wherever it says it, and
// settles it at the end: which claim counts, and where two places disagree.

import type { Noted, ReviewClaim, ReviewItem } from './model.ts';
import type { Place } from './places.ts';
import type { FoundStatus, Impact, Priority } from './words.ts';
import { bare, keywords, likeness } from './words.ts';

/** How much a place is believed: the item's own table or heading first, a tracking row last. */
export const RANKS = { tracking: 1, summary: 1, roadmap: 2, details: 3, item: 4 } as const;
export type Rank = (typeof RANKS)[keyof typeof RANKS];

interface Evidence extends FoundStatus {
  readonly rank: Rank;
  readonly line: number;
}

/** An item while the document is being read. */
export interface Draft {
  number?: number;
  title: string;
  priority?: Priority;
  category?: string;
  effort?: string;
  impact?: Impact;
  milestone?: string;
  dueDate?: string;
  owner?: string;
  section?: string;
  line: number;
  readonly paragraphs: string[];
  readonly prerequisites: Noted[];
  readonly evidence: Evidence[];
  /** Before whatever the roadmap or a list says, the title stood in a table or heading. */
  readonly listed: boolean;
}

export interface Gathered {
  readonly drafts: readonly Draft[];
  /** The item of that number or title, made if there is none yet. */
  add(found: { number?: number; title: string; line: number; section?: string; listed: boolean }): Draft;
  /** By number; failing that by title, where one item alone is meant. */
  find(text: string, number?: number, among?: readonly Draft[]): Draft | undefined;
}

/** Comparing every title with every other is for documents that people can read. */
const MAX_COMPARED = 400;
const ALIKE = 0.6;

export function gather(): Gathered {
  const drafts: Draft[] = [];
  const byNumber = new Map<number, Draft>();
  const byTitle = new Map<string, Draft>();
  const key = (title: string) => keywords(title).join(' ') || bare(title).toLowerCase();

  const find: Gathered['find'] = (text, number, among = drafts) => {
    if (number !== undefined) return byNumber.get(number);
    const exact = byTitle.get(key(text));
    if (exact || among.length > MAX_COMPARED || keywords(text).length === 0) return exact;
    const scored = among
      .map((draft) => ({
        draft,
        score: Math.max(likeness(text, draft.title), likeness(draft.title, text) * 0.99),
      }))
      .filter(({ score }) => score >= ALIKE)
      .sort((a, b) => b.score - a.score);
    const [best, second] = scored;
    return best && (!second || second.score < best.score) ? best.draft : undefined;
  };

  return {
    drafts,
    find,
    add: ({ number, title, line, section, listed }) => {
      const there = number !== undefined ? byNumber.get(number) : byTitle.get(key(title));
      if (there && (number !== undefined || there.number === undefined)) return there;
      const draft: Draft = {
        ...(number !== undefined ? { number } : {}),
        title,
        line,
        ...(section ? { section } : {}),
        paragraphs: [],
        prerequisites: [],
        evidence: [],
        listed,
      };
      drafts.push(draft);
      if (number !== undefined) byNumber.set(number, draft);
      if (!byTitle.has(key(title))) byTitle.set(key(title), draft);
      return draft;
    },
  };
}

/** What an item has from the group under which it stands. */
export function inherit(draft: Draft, place: Place): void {
  draft.priority ??= place.priority;
  draft.category ??= place.category?.slice(0, 128);
  draft.milestone ??= place.milestone;
  if (place.claim && draft.evidence.length === 0)
    draft.evidence.push({ status: place.claim, rank: RANKS.roadmap, line: place.line });
}

/** The claim that counts, and every other place that says something else. */
export function settle(
  draft: Draft,
  created: string | undefined,
): { item: ReviewItem; contradictions: Noted[] } {
  // Of equal rank the later line is the later news.
  const evidence = draft.evidence.toSorted((a, b) => b.rank - a.rank || b.line - a.line);
  const [first] = evidence;
  const agreeing = evidence.filter(({ status }) => status === first?.status);
  const date = agreeing.find((each) => each.date)?.date ?? created;
  const note = agreeing.find((each) => each.note)?.note;
  const claim: ReviewClaim | undefined = first && {
    status: first.status,
    ...(date ? { date } : {}),
    ...(note ? { note } : {}),
  };
  const { paragraphs, evidence: _evidence, listed: _listed, priority = 'Medium', ...rest } = draft;
  return {
    item: { ...rest, priority, ...(claim ? { claim } : {}), description: paragraphs.join('\n\n').trim() },
    contradictions: evidence
      .filter((each) => each.rank >= RANKS.roadmap && each.status !== first?.status)
      // A box is not ticked while the work is under way.
      .filter(({ status }) => !(status === 'Pending' && first?.status === 'InProgress'))
      .map((each) => ({
        line: each.line,
        text: `${named(draft)} is ${each.status} here, and ${first?.status ?? 'Pending'} at line ${first?.line}, which counts`,
      })),
  };
}

const named = ({ number, title }: { readonly number?: number; readonly title: string }): string =>
  number === undefined ? `"${title}"` : `#${number} ${title}`;

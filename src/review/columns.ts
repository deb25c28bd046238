// The columns of a review's tables, by name and in any order.

import type { Table } from 'mdast';
import { said } from './markdown.ts';
import { bare } from './words.ts';

export type Column =
  | 'number'
  | 'title'
  | 'priority'
  | 'category'
  | 'effort'
  | 'impact'
  | 'status'
  | 'claim'
  | 'observed'
  | 'owner'
  | 'due'
  | 'date'
  | 'milestone'
  | 'notes';

const NAMES: Readonly<Record<Column, RegExp>> = {
  number: /^(#|№|no|nr|num|id|number|item ?(#|no|number)|ref|key)$/u,
  title:
    /^(action( item)?|item|task|title|name|finding|issue|recommendation|remediation|what|work|change|improvement|maßnahme|aufgabe)s?$/u,
  priority: /^(priority|prio|severity|urgency|sev|p|priorität)$/u,
  category: /^(category|area|component|domain|group|theme|type|bereich)$/u,
  effort: /^(effort|estimate|est|estimation|size|hours|time|duration|cost|effort \(h\)|aufwand)$/u,
  impact: /^(impact|risk|benefit|value|auswirkung)$/u,
  status: /^(status|progress|done\??|resolution|stand|✓|✅)$/u,
  claim: /^(claim|claimed)$/u,
  observed: /^(observed|state|verdict|passing|since|checks)$/u,
  owner: /^(owner|assignee|responsible|who|assigned( to)?|team|dri|verantwortlich)$/u,
  due: /^(due|due date|deadline|target( date)?|by|eta|fällig)$/u,
  date: /^(date|when|day|updated|datum)$/u,
  milestone: /^(milestone|phase|sprint|timeline|quarter|week|month|release|iteration)$/u,
  notes: /^(notes?|comments?|remarks?|details?|description|context|rationale|bemerkung)$/u,
};

export interface Columns {
  /** Which column each name stands in. */
  readonly of: ReadonlyMap<Column, number>;
  readonly headers: readonly string[];
}

const wordOf = (header: string) =>
  (bare(header) || header)
    .toLowerCase()
    .replace(/[.:]+$/, '')
    .trim();

/** Reads the header of a table. `state` is what was observed only where a claim stands beside it. */
export function columnsOf(table: Table): Columns {
  const headers = (table.children[0]?.children ?? []).map((cell) => said(cell));
  const of = new Map<Column, number>();
  for (const [index, header] of headers.entries()) {
    const name = wordOf(header);
    for (const [column, pattern] of Object.entries(NAMES) as [Column, RegExp][]) {
      if (!pattern.test(name) || of.has(column)) continue;
      of.set(column, index);
      break;
    }
  }
  const [first, second] = headers.flatMap((header, index) =>
    NAMES.title.test(wordOf(header)) ? [index] : [],
  );
  // "| Issue | Title |": the first says which, the second what.
  if (
    second !== undefined &&
    first !== undefined &&
    /^(issue|item|finding|task|recommendation)$/u.test(wordOf(headers[first] ?? ''))
  ) {
    of.set('title', second);
    if (!of.has('number')) of.set('number', first);
  }
  const state = of.get('observed');
  if (
    state !== undefined &&
    !of.has('claim') &&
    !of.has('status') &&
    /^state$/iu.test(bare(headers[state] ?? ''))
  ) {
    of.delete('observed');
    of.set('status', state);
  }
  if (!of.has('title') && of.has('notes') && of.size > 1) {
    // "| # | Description | Status |"
    const index = of.get('notes') ?? 0;
    if (/^description$/iu.test(bare(headers[index] ?? ''))) {
      of.delete('notes');
      of.set('title', index);
    }
  }
  return { of, headers };
}

/** A table whose rows are items: it names them, and says one thing more of each. */
export const holdsItems = ({ of }: Columns): boolean =>
  of.has('title') &&
  !of.has('date') &&
  [...of.keys()].some((column) => column !== 'title' && column !== 'notes');

/** A table of what was done when. */
export const holdsTracking = ({ of }: Columns): boolean =>
  of.has('date') && (of.has('title') || of.has('notes') || of.has('status'));

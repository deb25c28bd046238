// The first walk: the items themselves, from tables of items and from headings
// that are items.

import type { Nodes, RootContent, TableCell, TableRow } from 'mdast';
import { type Column, type Columns, columnsOf, holdsItems } from './columns.ts';
import { type Draft, inherit, RANKS } from './gather.ts';
import { endsAt, lineOf, type Markdown, said, saidNow, startsAt } from './markdown.ts';
import { milestoneOf, type Place } from './places.ts';
import type { Reading } from './reading.ts';
import { bare, dateIn, effortIn, impactIn, priorityIn, statusIn } from './words.ts';

/** Places whose tables speak of items that stand elsewhere. */
const ELSEWHERE: ReadonlySet<Place['kind']> = new Set([
  'summary',
  'observed',
  'tracking',
  'related',
  'legend',
  'prerequisites',
]);

/** Reads a block that is items; false where it is none. */
export function readItems(reading: Reading, node: RootContent, place: Place): boolean {
  if (node.type === 'heading') {
    if (place.kind !== 'item' || place.line !== lineOf(node)) return false;
    const { number, heading, line } = place;
    const found = titleOf(place.title ?? heading);
    const draft = reading.items.add({ number, title: found.title, line, section: heading, listed: true });
    inherit(draft, place);
    draft.priority = found.priority ?? draft.priority;
    draft.effort ??= found.effort;
    if (found.status) draft.evidence.push({ ...found.status, rank: RANKS.item, line });
    return true;
  }
  if (node.type !== 'table' || ELSEWHERE.has(place.kind)) return false;
  const columns = columnsOf(node);
  // A table under one item is part of what is said of it.
  if (!holdsItems(columns) || place.kind === 'item' || place.kind === 'details') return false;
  for (const row of node.children.slice(1)) readRow(reading, row, columns, place);
  return true;
}

/** "Add probes [High] ✅ (4h)": what a heading says besides its title. */
function titleOf(text: string) {
  let title = text;
  let effort: string | undefined;
  let priority: ReturnType<typeof priorityIn>;
  let status: ReturnType<typeof statusIn>;
  for (;;) {
    const end =
      /^(?<before>.*\S)\s*(?:[([](?<inside>[^()[\]]+)[)\]]|(?<mark>✅|☑️?|✔️?|🚧|⏳|🔄|❌|⬜)|\s[–—-]+\s+(?<after>[^–—-]+))\s*$/u.exec(
        title,
      )?.groups;
    if (!end) break;
    const part = end.inside ?? end.mark ?? end.after ?? '';
    const hours = effortIn(part);
    const named = /^(critical|high|medium|low|p[0-4])( (priority|severity))?$/iu.test(bare(part))
      ? priorityIn(part)
      : undefined;
    const claimed = statusIn(part);
    if (hours && !effort) effort = hours.duration;
    else if (named && !priority) priority = named;
    else if (claimed && !status && (claimed.date || end.mark || part.length < 24)) status = claimed;
    else break;
    title = end.before ?? '';
  }
  return { title: bare(title).slice(0, 256) || text.slice(0, 256), effort, priority, status };
}

type CellOf = (column: Column) => string;

function readRow(reading: Reading, row: TableRow, columns: Columns, place: Place): void {
  const line = lineOf(row);
  const texts = row.children.map(saidNow);
  const cell: CellOf = (column) => texts[columns.of.get(column) ?? -1] ?? '';
  const draft = draftOf(reading, cell, line, place);
  if (!draft) return;
  const left = readFields(draft, columns, cell, place, line);
  const notes = row.children[columns.of.get('notes') ?? -1];
  if (notes && said(notes)) draft.paragraphs.push(rawCell(reading.markdown, notes));
  const known = new Set(columns.of.values());
  for (const [index, header] of columns.headers.entries()) {
    const text = texts[index] ?? '';
    if (text && !known.has(index)) left.push(header ? `${header}: ${text}` : text);
  }
  if (left.length > 0) draft.paragraphs.push(left.join('; '));
  const links = row.children.filter((node) => node !== notes).flatMap(linksIn);
  if (links.length > 0) draft.paragraphs.push([...new Set(links)].join(', '));
}

/** The item of a row, known by its number or new; undefined for a row without number and title. */
function draftOf({ items }: Reading, cell: CellOf, line: number, place: Place): Draft | undefined {
  const written = cell('number');
  const digits = /\d{1,5}/.exec(written)?.[0];
  const number = digits === undefined ? undefined : Number(digits);
  const title = cell('title');
  if (!title && number === undefined) return undefined;
  return (
    (number === undefined ? undefined : items.find('', number)) ??
    items.add({
      ...(number === undefined ? {} : { number }),
      title: (bare(title) || title || written).slice(0, 256),
      line,
      section: place.heading,
      listed: true,
    })
  );
}

/** Takes the cells into the draft; answers what could not be understood, with its header. */
function readFields(draft: Draft, columns: Columns, cell: CellOf, place: Place, line: number): string[] {
  const left: string[] = [];
  const keepText = (column: Column) =>
    left.push(`${columns.headers[columns.of.get(column) ?? 0]}: ${cell(column)}`);
  const take = <T>(column: Column, parse: (text: string) => T | undefined, keep: (value: T) => void) => {
    const text = cell(column);
    if (!text || /^[-–—]+$/.test(text)) return;
    const value = parse(text);
    if (value === undefined) keepText(column);
    else keep(value);
  };
  take('priority', priorityIn, (priority) => {
    draft.priority ??= priority;
  });
  inherit(draft, {
    ...place,
    ...(columns.of.has('status') || columns.of.has('claim') ? { claim: undefined } : {}),
  });
  take(
    'category',
    (text) => bare(text) || undefined,
    (category) => {
      draft.category = category.slice(0, 128);
    },
  );
  take('effort', effortIn, ({ duration, exact }) => {
    draft.effort ??= duration;
    if (!exact) keepText('effort');
  });
  take('impact', impactIn, (impact) => {
    draft.impact ??= impact;
  });
  take(
    'owner',
    (text) => text.replace(/^@/, '') || undefined,
    (owner) => {
      draft.owner ??= owner.slice(0, 128);
    },
  );
  take(
    'due',
    (text) => dateIn(text)?.day,
    (due) => {
      draft.dueDate ??= due;
    },
  );
  take(
    'milestone',
    (text) => milestoneOf(text) || undefined,
    (milestone) => {
      draft.milestone ??= milestone;
    },
  );
  take(columns.of.has('claim') ? 'claim' : 'status', statusIn, (status) => {
    draft.evidence.push({ ...status, rank: RANKS.item, line });
  });
  return left;
}

/** Where the words of a cell lead: a field keeps the words alone. */
function linksIn(node: Nodes): string[] {
  if (node.type === 'link') return [`<${node.url}>`];
  return 'children' in node ? node.children.flatMap(linksIn) : [];
}

/** A cell's Markdown, without the escapes that only a table needs. */
function rawCell(markdown: Markdown, cell: TableCell): string {
  const [first, last] = [cell.children[0], cell.children.at(-1)];
  if (!first || !last) return '';
  return markdown.text.slice(startsAt(first), endsAt(last)).replaceAll('\\|', '|').trim();
}

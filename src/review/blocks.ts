// The second walk: what the document says of its items beside the tables and
// headings that list them. Each reader answers whether it understood the block.

import type { Heading, List, ListItem, Paragraph, RootContent, Table } from 'mdast';
import { columnsOf, holdsTracking } from './columns.ts';
import { entryOf, numbersIn } from './entries.ts';
import { fieldOf, isField, setField } from './fields.ts';
import { type Draft, inherit, RANKS } from './gather.ts';
import { lineOf, type Markdown, rawOf, said } from './markdown.ts';
import { milestoneOf, type Place } from './places.ts';
import type { Reading } from './reading.ts';
import { bare, type Claim, dateIn, statusIn } from './words.ts';

/** True where the block was understood. `listed`: the first walk has read it. */
export function readBlock(reading: Reading, node: RootContent, place: Place, listed: boolean): boolean {
  const { state } = reading;
  switch (node.type) {
    case 'heading':
      return readHeading(reading, node, place);
    case 'thematicBreak':
      if (place.kind !== 'item') state.about = undefined;
      return true;
    case 'definition':
    case 'footnoteDefinition':
      return true;
    case 'html':
      if (said(node) === '') return true;
      return detail(reading, node);
    case 'table':
      if (listed) {
        state.about = undefined;
        return true;
      }
      return readTable(reading, node, place);
    case 'list':
      return readList(reading, node, place);
    case 'paragraph':
      return readParagraph(reading, node, place);
    default:
      return detail(reading, node) || isNarrative(place);
  }
}

/** Places that tell of the review as a whole: read, and of no item. */
const isNarrative = ({ kind }: Place) =>
  ['preamble', 'summary', 'observed', 'legend', 'tracking'].includes(kind);

function readHeading(reading: Reading, node: Heading, place: Place): boolean {
  const { state, items } = reading;
  const text = said(node);
  state.lead = undefined;
  state.milestone = undefined;
  const own = place.line === lineOf(node);
  if (!own && (place.kind === 'item' || place.kind === 'details')) {
    // A heading inside an item becomes a bold line of its description.
    state.about?.paragraphs.push(`**${text.replace(/[*\r\n]/g, '')}**`);
    return true;
  }
  state.about = undefined;
  if ((node.depth === 1 || (own && place.kind === 'preamble')) && state.title === undefined) {
    state.title = text;
    state.dated = dateIn(text)?.day;
  }
  if (place.kind === 'item') state.about = items.find(text, place.number) ?? items.find(place.title ?? text);
  if (place.kind === 'details') {
    state.about = items.find(place.about ?? '', numbersIn(text)[0]);
    const claim = statusIn(text);
    if (claim && state.about)
      state.about.evidence.push({ ...claim, rank: RANKS.details, line: lineOf(node) });
    return state.about !== undefined;
  }
  if (place.kind === 'prerequisites' && place.about) {
    state.about = items.find(place.about, numbersIn(text)[0]);
    return state.about !== undefined;
  }
  return true;
}

/** Adds a block to the item that is open. */
function detail({ state, markdown }: Reading, node: RootContent): boolean {
  if (!state.about) return false;
  state.about.paragraphs.push(rawOf(markdown, node));
  return true;
}

function readTable(reading: Reading, node: Table, place: Place): boolean {
  if (place.kind === 'observed') return true;
  const columns = columnsOf(node);
  if (place.kind === 'tracking' || (holdsTracking(columns) && !reading.state.about)) {
    for (const row of node.children.slice(1)) {
      const cell = (index: number | undefined) => {
        const found = index === undefined ? undefined : row.children[index];
        return found ? said(found) : '';
      };
      const at = columns.of.get('date');
      const status = columns.of.get('status');
      const action = row.children
        .map((_cell, index) => (index === at || index === status ? '' : cell(index)))
        .filter(Boolean)
        .join('; ');
      track(reading, { text: cell(at), action, status: cell(status), line: lineOf(row) });
    }
    return true;
  }
  return detail(reading, node) || isNarrative(place) || place.kind === 'related';
}

function track(
  { tracking, items }: Reading,
  { text, action, status, line }: { text: string; action: string; status: string; line: number },
  claimed: Claim | undefined = statusIn(status)?.status,
): void {
  const date = dateIn(text)?.day;
  tracking.push({ ...(date ? { date } : {}), action, ...(status ? { status } : {}) });
  if (!claimed) return;
  for (const number of numbersIn(action))
    items
      .find('', number)
      ?.evidence.push({ status: claimed, ...(date ? { date } : {}), rank: RANKS.tracking, line });
}

/** "- 2026-07-02: started #1 - in progress" */
function trackLine(reading: Reading, item: ListItem): void {
  const text = said(item);
  const date = dateIn(text);
  const action = bare(date ? text.replace(date.text, '') : text) || text;
  track(reading, { text, action, status: '', line: lineOf(item) }, statusIn(text)?.status);
}

function readList(reading: Reading, node: List, place: Place): boolean {
  const { state, markdown } = reading;
  switch (place.kind) {
    case 'roadmap':
      return readRoadmap(reading, node, place);
    case 'prerequisites':
      return readPrerequisites(reading, node);
    case 'related':
      reading.related.push(...node.children.map((each) => rawItem(markdown, each)));
      return true;
    case 'tracking':
      for (const each of node.children) trackLine(reading, each);
      return true;
    case 'summary':
    case 'preamble':
      for (const each of node.children) {
        for (const number of state.lead ? numbersIn(said(each)) : [])
          reading.items
            .find('', number)
            ?.evidence.push({ ...state.lead!, rank: RANKS.summary, line: lineOf(each) });
      }
      if (place.kind === 'summary' || !hasBoxes(node)) return true;
      return readTasks(reading, node, place);
    default:
      if (state.about) return detail(reading, node);
      if (hasBoxes(node) || place.kind === 'group' || place.kind === 'actions')
        return readTasks(reading, node, place);
      return isNarrative(place);
  }
}

const hasBoxes = (node: List) => node.children.some(({ checked }) => typeof checked === 'boolean');

/** The first line of a list item; what is nested under it stands apart. */
const headOf = (item: ListItem): string => {
  const [first] = item.children;
  return first && first.type === 'paragraph' ? said(first) : '';
};

const rawItem = (markdown: Markdown, item: ListItem): string =>
  item.children.map((child) => rawOf(markdown, child)).join('\n');

/** A task list, or a list under a priority: each entry is an item. */
function readTasks(reading: Reading, node: List, place: Place): boolean {
  for (const [index, each] of node.children.entries()) {
    const head = headOf(each);
    if (!head) continue;
    const entry = entryOf(head, each.checked);
    const found = entry.number === undefined ? undefined : reading.items.find('', entry.number);
    // A list "1. 2. 3." numbers its items only where nothing else does.
    const position = node.ordered && entry.number === undefined ? (node.start ?? 1) + index : undefined;
    const number =
      entry.number ?? (position !== undefined && !reading.items.find('', position) ? position : undefined);
    const draft =
      found ??
      reading.items.add({
        ...(number !== undefined ? { number } : {}),
        title: entry.title.slice(0, 256),
        line: lineOf(each),
        section: place.heading,
        listed: true,
      });
    fill(draft, entry, lineOf(each), RANKS.item);
    inherit(draft, { ...place, claim: entry.claim ? undefined : place.claim });
    nested(reading, each, draft);
  }
  return true;
}

function nested({ markdown }: Reading, item: ListItem, draft: Draft): void {
  for (const child of item.children.slice(1)) draft.paragraphs.push(rawOf(markdown, child));
}

function fill(draft: Draft, entry: ReturnType<typeof entryOf>, line: number, rank: 2 | 4): void {
  draft.priority ??= entry.priority;
  draft.effort ??= entry.effort;
  draft.owner ??= entry.owner;
  draft.dueDate ??= entry.dueDate;
  if (entry.claim) draft.evidence.push({ ...entry.claim, rank, line });
}

/** Entries under a milestone; an entry that is itself a milestone holds its entries nested. */
function readRoadmap(reading: Reading, node: List, place: Place, above?: string): boolean {
  const milestone = above ?? place.milestone ?? reading.state.milestone;
  for (const each of node.children) {
    const head = headOf(each);
    const inner = each.children.find((child) => child.type === 'list');
    const entry = entryOf(head, each.checked);
    const found = reading.items.find(entry.title, entry.number);
    if (!found && inner && inner.type === 'list' && typeof each.checked !== 'boolean') {
      readRoadmap(reading, inner, place, milestoneOf(head));
      continue;
    }
    const several = numbersIn(head);
    const inline = several.length > 1 ? /^(?<milestone>[^:#]+):/.exec(head)?.groups?.milestone : undefined;
    if (several.length > 1) {
      for (const number of several) {
        const draft = reading.items.find('', number);
        if (draft) draft.milestone ??= inline ? milestoneOf(inline) : milestone;
      }
      continue;
    }
    const draft =
      found ??
      reading.items.add({
        ...(entry.number !== undefined ? { number: entry.number } : {}),
        title: entry.title.slice(0, 256),
        line: lineOf(each),
        section: place.heading,
        listed: false,
      });
    fill(draft, entry, lineOf(each), RANKS.roadmap);
    draft.milestone ??= milestone;
    nested(reading, each, draft);
  }
  return true;
}

function readPrerequisites(reading: Reading, node: List): boolean {
  let all = true;
  for (const each of node.children) {
    const text = said(each);
    const draft = reading.state.about ?? reading.items.find('', numbersIn(text)[0] ?? -1);
    if (draft) draft.prerequisites.push({ text: text.slice(0, 1024), line: lineOf(each) });
    else all = false;
  }
  return all;
}

function readParagraph(reading: Reading, node: Paragraph, place: Place): boolean {
  const { state, items } = reading;
  const text = said(node);
  if (text === '') return true;
  const about = lead(reading, text, node, place);
  if (about) {
    state.about = about;
    return true;
  }
  if (place.kind === 'preamble' || (place.kind === 'item' && state.about)) {
    const lines = rawOf(reading.markdown, node).split('\n');
    const fields = lines.map(fieldOf);
    if (place.kind === 'item' && state.about && fields.every((field) => field && isField(field.name))) {
      for (const field of fields) if (field) setField(state.about, field, lineOf(node));
      return true;
    }
    if (place.kind === 'preamble' && /^(created|written|reviewed|as of|stand|vom)\b/iu.test(text))
      state.created ??= dateIn(text)?.day;
    for (const field of place.kind === 'preamble' ? fields : []) {
      if (/^(created|date|stand|datum|written|published|reviewed|review date)$/iu.test(field?.name ?? ''))
        state.created ??= dateIn(field?.value ?? '')?.day;
    }
  }
  state.lead = undefined;
  const claimed = /:\s*$/.test(text) || text.length < 80 ? statusIn(text) : undefined;
  if ((place.kind === 'summary' || place.kind === 'preamble') && claimed && /:\s*$/.test(text))
    state.lead = { status: claimed.status, ...(claimed.date ? { date: claimed.date } : {}) };
  if (place.kind === 'roadmap') {
    const only = node.children.length <= 2 && node.children[0]?.type === 'strong';
    if (only || /:\s*$/.test(text)) {
      state.milestone = milestoneOf(text.replace(/:\s*$/, ''));
      return true;
    }
  }
  if (state.about) return detail(reading, node);
  // A last line in italics speaks of the document.
  if (
    isNarrative(place) ||
    place.kind === 'related' ||
    node.children.every(({ type }) => type === 'emphasis')
  )
    return true;
  const mentioned = numbersIn(text);
  const only = mentioned.length === 1 ? items.find('', mentioned[0]) : undefined;
  only?.paragraphs.push(rawOf(reading.markdown, node));
  return only !== undefined;
}

/**
 * "Implementation Details for #9 (Completed January 3, 2026):" opens the details
 * of #9; without a number those of the group's one item; "NetworkPolicy Priority:"
 * those of the item of the group that alone is about it.
 */
function lead(reading: Reading, text: string, node: Paragraph, place: Place): Draft | undefined {
  const bold = node.children[0]?.type === 'strong' && node.children.length <= 2;
  if (!/:\s*$/.test(text) && !bold) return undefined;
  if (['summary', 'roadmap', 'preamble', 'tracking', 'item', 'related'].includes(place.kind))
    return undefined;
  const { items, state } = reading;
  const line = lineOf(node);
  const members = items.drafts.filter((draft) => draft.section === place.heading && draft.listed);
  const says =
    /\b(details?|einzelheiten|implementation|implemented|umsetzung|resolution|evidence|fix(ed)?|notes|how)\b/iu.test(
      text,
    );
  const quoted = /["“](?<title>[^"”]+)["”]/u.exec(text)?.groups?.title;
  const [number] = numbersIn(text);
  const single =
    says && members.length === 1 && number === undefined && !state.about ? members[0] : undefined;
  const found =
    number !== undefined
      ? items.find('', number)
      : quoted && says
        ? items.find(quoted)
        : (single ?? (state.about ? undefined : items.find(text, undefined, members)));
  if (!found) return undefined;
  const claim = says ? statusIn(text.replace(/\bimplementation\b/giu, '')) : undefined;
  if (claim)
    found.evidence.push({
      status: claim.status,
      ...(claim.date ? { date: claim.date } : {}),
      rank: RANKS.details,
      line,
    });
  // A lead that says more than whose details follow is itself a detail.
  if (!says) found.paragraphs.push(rawOf(reading.markdown, node));
  return found;
}

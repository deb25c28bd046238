// `report --update`: writes what was observed into the status cells and check
// boxes of a review, and leaves every other byte as it is.

import type { ListItem, Nodes, RootContent, Table } from 'mdast';
import type { State } from '../api/status.ts';
import { columnsOf, holdsItems } from './columns.ts';
import { entryOf } from './entries.ts';
import { gather } from './gather.ts';
import { endsAt, lineOf, type Markdown, parseMarkdown, said, startsAt } from './markdown.ts';
import type { Noted } from './model.ts';
import { bare, dateIn, statusIn } from './words.ts';

export interface Observed {
  readonly number?: number;
  readonly title: string;
  readonly state: State;
}

export interface Updated {
  readonly text: string;
  /** What was written where. */
  readonly changed: readonly Noted[];
  /** Items that the document lists and whose state says nothing that could be written: left as they are. */
  readonly left: readonly Noted[];
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** What a cell can say; of the other states nothing is known that a document should claim. */
type Word = 'Implemented' | 'Pending' | 'Drifted' | 'Blocked' | 'Waived';

const WORDS: Readonly<Record<State, Word | undefined>> = {
  Implemented: 'Implemented',
  Pending: 'Pending',
  Drifted: 'Drifted',
  Blocked: 'Blocked',
  Waived: 'Waived',
  Unknown: undefined,
  Invalid: undefined,
  Suspended: undefined,
};

const OWN: Readonly<Record<Word, string>> = {
  Implemented: '✅ **IMPLEMENTED**',
  Pending: 'Pending',
  Drifted: '❌ **DRIFTED**',
  Blocked: '⛔ **BLOCKED**',
  Waived: '☑️ **WAIVED**',
};

/** Throws a ReviewError where the document cannot be read. */
export function updateReview(text: string, observed: readonly Observed[]): Updated {
  const markdown = parseMarkdown(text);
  const items = gather();
  const states = new Map<object, State>();
  for (const { state, ...found } of observed)
    states.set(items.add({ ...found, line: 0, listed: true }), state);
  const stateOf = (title: string, number?: number): State | undefined => {
    const draft = items.find(title, number);
    return draft && states.get(draft);
  };
  const edits: Edit[] = [];
  const changed: Noted[] = [];
  const left: Noted[] = [];
  const cells: Cell[] = [];
  visit(markdown.root.children, (node) => {
    if (node.type === 'table') cells.push(...statusCells(markdown, node));
    if (node.type !== 'listItem' || typeof node.checked !== 'boolean') return;
    const [first] = node.children;
    const entry = first?.type === 'paragraph' ? entryOf(said(first), node.checked) : undefined;
    const state = entry && stateOf(entry.title, entry.number);
    if (!state || !entry) return;
    const word = WORDS[state];
    const name = `${entry.number === undefined ? '' : `#${entry.number} `}${entry.title}`;
    if (!word) left.push({ line: lineOf(node), text: `${name} is ${state}` });
    const ticked = word === 'Implemented' || word === 'Waived';
    const box = boxOf(markdown, node);
    if (!word || box === undefined || ticked === node.checked) return;
    edits.push({ from: box, to: box + 1, text: ticked ? 'x' : ' ' });
    changed.push({ line: lineOf(node), text: `${name}: ${ticked ? '[ ] → [x]' : '[x] → [ ]'}` });
  });
  for (const cell of cells) {
    const state = stateOf(cell.title, cell.number);
    if (!state) continue;
    const word = WORDS[state];
    const name = `${cell.number === undefined ? '' : `#${cell.number} `}${cell.title}`;
    if (!word) left.push({ line: cell.line, text: `${name} is ${state}` });
    if (!word || agrees(cell.text, word)) continue;
    const next = styleOf(cells, word);
    edits.push({
      from: cell.from,
      to: cell.to,
      text: cell.from !== cell.to ? next : markdown.text[cell.to] === ' ' ? ` ${next}` : ` ${next} `,
    });
    changed.push({ line: cell.line, text: `${name}: ${cell.raw || '(empty)'} → ${next}` });
  }
  const byLine = (a: Noted, b: Noted) => a.line - b.line;
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  return {
    text: mark + applied(markdown.text, edits),
    changed: changed.sort(byLine),
    left: left.sort(byLine),
  };
}

function visit(nodes: readonly Nodes[], see: (node: Nodes) => void): void {
  for (const node of nodes) {
    see(node);
    if ('children' in node) visit(node.children as readonly RootContent[], see);
  }
}

interface Cell {
  readonly number?: number;
  readonly title: string;
  readonly line: number;
  readonly from: number;
  readonly to: number;
  /** As a reader sees it, and as it is written. */
  readonly text: string;
  readonly raw: string;
}

function statusCells(markdown: Markdown, table: Table): Cell[] {
  const columns = columnsOf(table);
  const column = columns.of.get('status');
  // Beside a claim the observed state is somebody's own: it is written there by report alone.
  if (column === undefined || !holdsItems(columns) || columns.of.has('claim')) return [];
  return table.children.slice(1).flatMap((row) => {
    const at = (index: number | undefined) => (index === undefined ? undefined : row.children[index]);
    const [node, title, number] = [at(column), at(columns.of.get('title')), at(columns.of.get('number'))];
    if (!node) return [];
    const digits = number && /\d{1,5}/.exec(said(number))?.[0];
    const [first, last] = [node.children[0], node.children.at(-1)];
    // Of an empty cell the place after its first bar.
    const empty = startsAt(node) + (markdown.text[startsAt(node)] === '|' ? 1 : 0);
    const from = first ? startsAt(first) : empty;
    const to = last ? endsAt(last) : empty;
    return [
      {
        ...(digits ? { number: Number(digits) } : {}),
        title: title ? bare(said(title)) : '',
        line: lineOf(row),
        from,
        to,
        text: said(node),
        raw: markdown.text.slice(from, to),
      },
    ];
  });
}

/** True where the cell already says as much: work in progress is no less pending, and what people gave up stays given up. */
function agrees(text: string, word: Word): boolean {
  const special = /\b(drifted|blocked|waived)\b/iu.exec(text)?.[1]?.toLowerCase();
  if (special) return special === word.toLowerCase();
  const status = statusIn(text)?.status;
  switch (word) {
    case 'Implemented':
      return status === 'Implemented';
    case 'Pending':
      return status === 'Pending' || status === 'InProgress' || status === 'Abandoned';
    case 'Drifted':
    case 'Blocked':
    case 'Waived':
      return false;
    default:
      return word satisfies never;
  }
}

/** As the document itself writes that word elsewhere; else as this program does. */
function styleOf(cells: readonly Cell[], word: Word): string {
  if (word !== 'Implemented' && word !== 'Pending') return OWN[word];
  const own = cells.find(({ text, raw }) => {
    const found = statusIn(text);
    return (
      raw !== '' &&
      found?.status === word &&
      !found.note &&
      !dateIn(text) &&
      !/drifted|blocked|waived/iu.test(text)
    );
  });
  return own?.raw ?? OWN[word];
}

/** Where the blank or the x of a check box stands. */
function boxOf({ text }: Markdown, item: ListItem): number | undefined {
  const match = /^(?:[-*+]|\d{1,9}[.)])[ \t]+\[(?=[ \txX]\])/.exec(
    text.slice(startsAt(item), startsAt(item) + 64),
  );
  return match ? startsAt(item) + match[0].length : undefined;
}

/** The edits do not overlap: each is of a cell or box of its own. */
function applied(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.from - b.from)) {
    result += text.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  return result + text.slice(at);
}

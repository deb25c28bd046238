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

/** What is to be done in one place: text to put there, a note of it, or that it is left. */
interface Outcome {
  readonly edit?: Edit;
  readonly changed?: Noted;
  readonly left?: Noted;
}

type StateOf = (title: string, number?: number) => State | undefined;

/** Throws a ReviewError where the document cannot be read. */
export function updateReview(text: string, observed: readonly Observed[]): Updated {
  const markdown = parseMarkdown(text);
  const stateOf = statesOf(observed);
  const boxes: Outcome[] = [];
  const cells: Cell[] = [];
  visit(markdown.root.children, (node) => {
    if (node.type === 'table') cells.push(...statusCells(markdown, node));
    if (node.type === 'listItem') boxes.push(inBox(markdown, node, stateOf));
  });
  const places = [...boxes, ...cells.map((cell) => inCell(markdown, cell, cells, stateOf))];
  const byLine = (a: Noted, b: Noted) => a.line - b.line;
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  return {
    text:
      mark +
      applied(
        markdown.text,
        places.flatMap(({ edit }) => edit ?? []),
      ),
    changed: places.flatMap(({ changed }) => changed ?? []).sort(byLine),
    left: places.flatMap(({ left }) => left ?? []).sort(byLine),
  };
}

function statesOf(observed: readonly Observed[]): StateOf {
  const items = gather();
  const states = new Map<object, State>();
  for (const { state, ...found } of observed)
    states.set(items.add({ ...found, line: 0, listed: true }), state);
  return (title, number) => {
    const draft = items.find(title, number);
    return draft && states.get(draft);
  };
}

function inBox(markdown: Markdown, node: ListItem, stateOf: StateOf): Outcome {
  const [first] = node.children;
  if (typeof node.checked !== 'boolean' || first?.type !== 'paragraph') return {};
  const { title, number } = entryOf(said(first), node.checked);
  const state = stateOf(title, number);
  if (!state) return {};
  const line = lineOf(node);
  const word = WORDS[state];
  const name = nameOf(title, number);
  if (!word) return { left: { line, text: `${name} is ${state}` } };
  const ticked = word === 'Implemented' || word === 'Waived';
  const box = boxOf(markdown, node);
  if (box === undefined || ticked === node.checked) return {};
  return {
    edit: { from: box, to: box + 1, text: ticked ? 'x' : ' ' },
    changed: { line, text: `${name}: ${ticked ? '[ ] → [x]' : '[x] → [ ]'}` },
  };
}

function inCell(markdown: Markdown, cell: Cell, cells: readonly Cell[], stateOf: StateOf): Outcome {
  const { title, number, line, from, to } = cell;
  const state = stateOf(title, number);
  if (!state) return {};
  const word = WORDS[state];
  const name = nameOf(title, number);
  if (!word) return { left: { line, text: `${name} is ${state}` } };
  if (agrees(cell.text, word)) return {};
  const next = styleOf(cells, word);
  return {
    edit: { from, to, text: from !== to ? next : markdown.text[to] === ' ' ? ` ${next}` : ` ${next} ` },
    changed: { line, text: `${name}: ${cell.raw || '(empty)'} → ${next}` },
  };
}

const nameOf = (title: string, number: number | undefined) =>
  `${number === undefined ? '' : `#${number} `}${title}`;

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

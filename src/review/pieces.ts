// Markdown parsed piece by piece. The parser is linear in nothing but short
// documents (a table of 10,000 rows costs it many times ten of 1,000), so a
// long one is cut where a cut changes nothing: before a block that begins at the
// margin after a blank line, before an entry of a list, before a row of a table.
// The tree is the one of the whole document, but for `spread` of lists, which
// nothing here reads; a test compares the two over random documents.

import type { Definition, FootnoteDefinition, List, Nodes, Root, RootContent, Table } from 'mdast';

/** Reads a text that is Markdown by itself. */
export type Parse = (text: string) => Root;

/** About as many lines are parsed at a time: fewer cost set-up, more cost the parser's growth. */
const LINES = 100;

interface Cut {
  /** Index of the line in front of which the cut is made. */
  readonly line: number;
  /** In a table every piece needs its head again. */
  readonly table: string | undefined;
}

interface Piece {
  readonly from: Cut;
  readonly to: number;
  nodes: RootContent[];
}

/** The lines of a text, with their ends; offsets[i] is where line i begins. */
interface Lines {
  readonly text: string;
  readonly lines: readonly string[];
  readonly offsets: readonly number[];
}

export function parsePieces(text: string, parse: Parse, lines = LINES): Root {
  const source = linesOf(text);
  const pieces: Piece[] = [];
  let from: Cut = { line: 0, table: undefined };
  while (from.line < source.lines.length || pieces.length === 0) {
    const [piece, next] = readPiece(source, from, parse, lines);
    pieces.push(piece);
    from = next;
  }
  knowDefinitions(source, pieces, parse);
  const children: RootContent[] = [];
  for (const piece of pieces) append(children, piece, source);
  return { type: 'root', children };
}

function linesOf(text: string): Lines {
  const lines = text.match(/[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$/g) ?? [];
  let at = 0;
  const offsets = lines.map((line) => {
    const start = at;
    at += line.length;
    return start;
  });
  return { text, lines, offsets: [...offsets, text.length] };
}

/** Parses the next piece, longer and longer until it ends where a cut is safe. */
function readPiece(source: Lines, from: Cut, parse: Parse, least: number): [Piece, Cut] {
  const tried = [beforeTable(source, from.line, least)];
  for (let size = least; ; size *= 2) {
    const to = tried.pop() ?? candidate(source, from.line + size);
    const nodes = parsed(source, from, to, parse, '');
    const cut = nodes && cutAt(source, to, nodes, from);
    if (cut) return [{ from, to, nodes }, cut];
  }
}

/**
 * Where tables end or begin: the parser looks for a table in every line of a
 * text that may hold one, so what holds none is better kept apart.
 */
function beforeTable({ lines }: Lines, from: number, least: number): number | undefined {
  let bars = false;
  for (let at = from; at < Math.min(from + least, lines.length); at++) {
    const text = lines[at] ?? '';
    const begins =
      at >= from + least / 5 && isBlank(lines[at - 1]) && /^[\p{L}*#|]/u.test(text) && !MARKER.test(text);
    if (begins && text.startsWith('|') !== bars) return at;
    bars ||= text.includes('|');
  }
  return undefined;
}

const MARKER = /^(?:[-+*]|\d{1,9}[.)])(?=[ \t])/;

/** The next line, from `line` on, in front of which the text may be cut. */
function candidate({ lines }: Lines, line: number): number {
  for (let at = Math.max(line, 1); at < lines.length; at++) {
    const text = lines[at] ?? '';
    // An empty entry may as well be text: that depends on what stands before it.
    if (/^(?:[-+*]|\d{1,9}[.)])?\s*$|^[ \t>]/.test(text)) continue;
    if (isBlank(lines[at - 1]) || MARKER.test(text)) return at;
    if (text.includes('|') && lines[at - 1]?.includes('|')) return at;
  }
  return lines.length;
}

const isBlank = (line = '') => /^[ \t]*[\r\n]*$/.test(line);

/** What the cut needs, or undefined where it would change something. */
function cutAt(source: Lines, line: number, nodes: readonly RootContent[], from: Cut): Cut | undefined {
  const last = nodes.at(-1);
  const text = source.lines[line] ?? '';
  const marker = MARKER.exec(text)?.[0];
  if (line === source.lines.length) return { line, table: undefined };
  // Whether "2." begins a list depends on what stands before it.
  if (isBlank(source.lines[line - 1]) && (!marker || /^(\D|1\D)/.test(marker)))
    return { line, table: undefined };
  if (last?.type === 'table' && endLine(last) === line && !marker)
    return { line, table: (nodes.length === 1 ? from.table : undefined) ?? headOf(source, last) };
  // An entry of the list that is open; "2." in a paragraph would be none.
  const entry = last?.type === 'list' && marker && marker.at(-1) === markerOf(last, source);
  return entry && /\S[ \t]+\S/.test(text) ? { line, table: undefined } : undefined;
}

/** The last line of a node, from 1. */
const endLine = (node: Nodes): number => node.position?.end.line ?? 0;

/** The character by which an entry belongs to its list: "-", "+", "*", "." or ")". */
const markerOf = (list: List, { text }: Lines): string | undefined =>
  /^(?:[-+*]|\d{1,9}[.)])/
    .exec(text.slice(list.position?.start.offset, (list.position?.start.offset ?? 0) + 10))?.[0]
    .at(-1);

function headOf({ lines }: Lines, table: Table): string {
  const first = (table.position?.start.line ?? 1) - 1;
  return `${lines[first]}${lines[first + 1]}`;
}

/** A line that ends whatever can be ended by a line; a fence or an HTML block that is open swallows it. */
const END = '<!---->';

/** The nodes of the lines, with their places in the whole text; undefined where the last of them is still open. */
function parsed(
  source: Lines,
  from: Cut,
  to: number,
  parse: Parse,
  known: string,
): RootContent[] | undefined {
  const start = source.offsets[from.line] ?? 0;
  const before = known + (from.table ?? '');
  const text = before + source.text.slice(start, source.offsets[to]);
  const whole = to === source.lines.length;
  const nodes = parse(whole ? text : text + END).children.filter(
    ({ position }) => (position?.start.offset ?? 0) >= known.length,
  );
  if (!whole && nodes.pop()?.position?.start.offset !== text.length) return undefined;
  const [first] = nodes;
  if (from.table !== undefined && first?.type === 'table') first.children.shift();
  const lines = from.line - linesOf(before).lines.length;
  for (const node of nodes) shift(node, lines, start - before.length);
  return nodes;
}

function shift(node: Nodes, lines: number, offset: number): void {
  for (const point of [node.position?.start, node.position?.end]) {
    if (!point) continue;
    point.line += lines;
    if (point.offset !== undefined) point.offset += offset;
  }
  if ('children' in node) for (const child of node.children) shift(child, lines, offset);
}

/**
 * `[text][label]` is a reference only where the label is defined, anywhere in the
 * document: pieces that speak of a label of another piece are parsed again,
 * with that label in front.
 */
function knowDefinitions(source: Lines, pieces: readonly Piece[], parse: Parse): void {
  if (!source.text.includes(']:')) return;
  const defined = new Map<string, Set<Piece>>();
  for (const piece of pieces)
    for (const label of labelsOf(piece.nodes)) {
      const known = defined.get(label);
      if (known) known.add(piece);
      else defined.set(label, new Set([piece]));
    }
  if (defined.size === 0) return;
  for (const piece of pieces) {
    const text = source.text.slice(source.offsets[piece.from.line], source.offsets[piece.to]);
    const labels = new Set<string>();
    for (const match of text.matchAll(/\[((?:[^[\]\\]|\\[^\r\n])+)\]/g)) {
      const label = normal(match[1] ?? '');
      if (defined.get(label)?.has(piece) === false) labels.add(label);
    }
    if (labels.size === 0) continue;
    // The comment ends the last definition, whatever begins after it.
    const known = `${[...labels].map((label) => `[${label}]: x\n\n`).join('')}${END}\n`;
    piece.nodes = parsed(source, piece.from, piece.to, parse, known) ?? piece.nodes;
  }
}

/** As CommonMark compares labels: case and blanks say nothing. */
const normal = (label: string) =>
  label
    .replace(/[\t\n\r ]+/g, ' ')
    .trim()
    .toLowerCase()
    .toUpperCase();

function labelsOf(nodes: readonly Nodes[]): string[] {
  return nodes.flatMap((node) => {
    const own = isDefinition(node)
      ? [normal(`${node.type === 'definition' ? '' : '^'}${node.identifier}`)]
      : [];
    // Definitions stand where blocks stand.
    return 'children' in node && node.type !== 'paragraph' && node.type !== 'table'
      ? [...own, ...labelsOf(node.children)]
      : own;
  });
}

const isDefinition = (node: Nodes): node is Definition | FootnoteDefinition =>
  node.type === 'definition' || node.type === 'footnoteDefinition';

/** Puts a piece behind the others: a list or table that was cut becomes one again. */
function append(children: RootContent[], { from, nodes }: Piece, source: Lines): void {
  const [first, ...rest] = nodes;
  if (!first) return;
  const last = children.at(-1);
  const joined =
    (from.table !== undefined && last?.type === 'table' && first.type === 'table') ||
    (last?.type === 'list' && first.type === 'list' && markerOf(last, source) === markerOf(first, source));
  if (!joined) {
    for (const node of nodes) children.push(node);
    return;
  }
  // The type says the same of both; TypeScript cannot follow it through the union.
  for (const child of first.children) (last.children as Nodes[]).push(child);
  if (last.position && first.position && first.children.length > 0) last.position.end = first.position.end;
  for (const node of rest) children.push(node);
}

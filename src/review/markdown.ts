// Markdown as a tree whose nodes know their lines and offsets, with bounds: a
// review is a document that people read, so one of many megabytes is none.

import type { Nodes, Root, RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { parsePieces } from './pieces.ts';

export const MAX_REVIEW_BYTES = 4 * 1024 * 1024;
/** What one paragraph may hold: the parser takes a time that grows with the square of it. */
const MAX_LINES = 4000;
const MAX_MARKS = 8000;
/** Deeper nesting is an attack on the parser, not a list. */
const MAX_QUOTES = 64;

/** A document that cannot be read as a review; the message says why and what to do. */
export class ReviewError extends Error {}

/** What a document says of itself before it begins, between lines of dashes. */
export interface Front {
  readonly title?: string;
  readonly date?: string;
  /** Its last line, from 1. */
  readonly end: number;
}

export interface Markdown {
  readonly front?: Front;
  readonly text: string;
  readonly lines: readonly string[];
  readonly root: Root;
}

/** Throws a ReviewError where the document is too large or nested beyond reason. */
export function parseMarkdown(text: string): Markdown {
  if (text.length > MAX_REVIEW_BYTES)
    throw new ReviewError(
      `${(text.length / 1024 / 1024).toFixed(1)} MiB of Markdown is more than the ${MAX_REVIEW_BYTES / 1024 / 1024} MiB that are read; split the document`,
    );
  // A byte order mark would shift every offset.
  const plain = text.replace(/^\uFEFF/, '');
  const lines = plain.split(/\r\n|\n|\r/);
  const front = frontOf(lines);
  const deep = lines.findIndex((line) => nesting(line) > MAX_QUOTES);
  if (deep >= 0)
    throw new ReviewError(`line ${deep + 1} nests quotes or lists more than ${MAX_QUOTES} deep; flatten it`);
  const heavy = heavyLine(lines);
  if (heavy)
    throw new ReviewError(
      `the paragraph at line ${heavy} has more than ${MAX_LINES} lines, or more than ${MAX_MARKS} of the marks * _ [ ]; no review has that: break it up with blank lines`,
    );
  const body = front ? blanked(plain, front.end) : plain;
  return { text: plain, lines, root: parsePieces(body, parseWhole), ...(front ? { front } : {}) };
}

/** Front matter as site generators and editors have it: YAML between two lines of dashes. */
function frontOf(lines: readonly string[]): Front | undefined {
  if (!/^---\s*$/.test(lines[0] ?? '')) return undefined;
  const end = lines.slice(1, 200).findIndex((line) => /^(?:---|\.\.\.)\s*$/.test(line)) + 1;
  const inside = lines.slice(1, Math.max(end, 1));
  if (end < 2 || !inside.every((line) => /^(?:[\w-]+:(?:\s|$)|[\s#-]|$)/.test(line))) return undefined;
  const value = (key: RegExp) =>
    inside
      .find((line) => key.test(line))
      ?.replace(/^[\w-]+:\s*/, '')
      .trim()
      .replace(/^(["'])(.*)\1$/, '$2');
  const [title, date] = [value(/^title:\s*\S/i), value(/^(?:date|created):\s*\S/i)];
  return { end: end + 1, ...(title ? { title } : {}), ...(date ? { date } : {}) };
}

/** The text with nothing in its first lines, so that every offset stays. */
function blanked(text: string, lines: number): string {
  const end = new RegExp(`^(?:[^\\r\\n]*(?:\\r\\n|\\n|\\r|$)){${lines}}`).exec(text)?.[0].length ?? 0;
  return text.slice(0, end).replace(/[^\r\n]/g, ' ') + text.slice(end);
}

/** Bare addresses stay text: a reader sees the same, and looking for them costs a third of the time. */
const WITHOUT = ['wwwAutolink', 'protocolAutolink', 'emailAutolink'];
const mdastExtensions = gfmFromMarkdown().map(({ transforms: _addresses, ...rest }) => rest);
const SYNTAX = { extensions: [gfm(), { disable: { null: WITHOUT } }], mdastExtensions };
const NO_TABLES = { extensions: [gfm(), { disable: { null: [...WITHOUT, 'table'] } }], mdastExtensions };

/** The tree of a text that is parsed in one go; the line below the head of a table has a bar or a colon, or it is none. */
export const parseWhole = (text: string, tables = /\||:-|-:/.test(text)): Root =>
  fromMarkdown(text, tables ? SYNTAX : NO_TABLES);

/** The line, from 1, where a paragraph becomes more than the parser can take; what is fenced costs it nothing. */
function heavyLine(lines: readonly string[]): number | undefined {
  let [start, marks, fenced] = [0, 0, false];
  for (const [at, line] of lines.entries()) {
    const fence = /^ {0,3}(?:`{3}|~{3})/.test(line);
    if (fence) fenced = !fenced;
    if (fence || fenced || line.trim() === '') [start, marks] = [at + 1, 0];
    else if (/^\s*(?:\||[-+*]\s|\d{1,9}[.)]\s)/.test(line)) [start, marks] = [at, 0];
    if (fenced) continue;
    marks += line.match(/[*_[\]]/g)?.length ?? 0;
    if (marks > MAX_MARKS || at - start > MAX_LINES) return start + 1;
  }
  return undefined;
}

/** How many quotes and lists one line opens. */
const nesting = (line: string): number =>
  (/^(?:[ \t]*(?:>|[-*+](?=[ \t])))+/.exec(line)?.[0].match(/[->*+]/g) ?? []).length;

/** The text of a node as a reader sees it, on one line; `struck`: with what is struck out. */
function plain(node: Nodes, struck = true): string {
  if (node.type === 'delete' && !struck) return '';
  if (node.type === 'break') return ' ';
  // A comment says nothing to the reader.
  if (node.type === 'html') return node.value.replace(/<!--[\s\S]*?-->/g, '').replace(/\s+/g, ' ');
  if ('value' in node) return node.value.replace(/\s+/g, ' ');
  if (node.type === 'image') return node.alt ?? '';
  if ('children' in node) return node.children.map((child) => plain(child, struck)).join('');
  return '';
}

/** The same, without control characters and blanks at the ends. */
export const said = (node: Nodes): string => tidy(plain(node));

/** Of a cell: what is struck out was replaced by the rest, where there is a rest. */
export const saidNow = (node: Nodes): string => {
  const now = tidy(plain(node, false));
  return /[\p{L}\p{N}]/u.test(now) ? now : said(node);
};

const tidy = (text: string): string =>
  text
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();

export const lineOf = (node: Nodes): number => node.position?.start.line ?? 1;
export const endOf = (node: Nodes): number => node.position?.end.line ?? lineOf(node);
export const startsAt = (node: Nodes): number => node.position?.start.offset ?? 0;
export const endsAt = (node: Nodes): number => node.position?.end.offset ?? 0;

/** The Markdown of a node as it stands, with \n between lines and without the indentation of its list. */
export function rawOf(markdown: Markdown, node: RootContent): string {
  const indent = (node.position?.start.column ?? 1) - 1;
  return markdown.text
    .slice(startsAt(node), endsAt(node))
    .split(/\r\n|\n|\r/)
    .map((line, index) => (index > 0 && indent > 0 ? line.replace(new RegExp(`^ {1,${indent}}`), '') : line))
    .join('\n')
    .replace(/[\p{Cc}--[\n\t]]/gv, ' ')
    .trim();
}

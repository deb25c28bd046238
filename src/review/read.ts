// Reads a review document: two walks over its blocks, the first for the items,
// the second for what the rest of the document says of them. Every line ends up
// somewhere: in an item, in the review itself, or in the list of what was not
// understood.

import type { Heading, RootContent } from 'mdast';
import { readBlock } from './blocks.ts';
import { columnsOf, holdsItems } from './columns.ts';
import { gather, settle } from './gather.ts';
import { endOf, lineOf, type Markdown, parseMarkdown, said } from './markdown.ts';
import type { Noted, Review } from './model.ts';
import { type Place, placeOf } from './places.ts';
import type { Reading } from './reading.ts';
import { readItems } from './rows.ts';
import { bare, dateIn, slug } from './words.ts';

export interface ReadOptions {
  /** The name of the file, for a document that has no title. */
  readonly fileName: string;
}

interface Block {
  readonly node: RootContent;
  readonly place: Place;
}

/** Throws a ReviewError where the document cannot be read at all. */
export function readReview(text: string, { fileName }: ReadOptions): Review {
  const markdown = parseMarkdown(text);
  const blocks = placed(markdown);
  const reading: Reading = {
    markdown,
    items: gather(),
    tracking: [],
    related: [],
    accounted: new Set(),
    state: {},
  };
  const account = (node: RootContent) => {
    for (let line = lineOf(node); line <= endOf(node); line++) reading.accounted.add(line);
  };
  for (let line = 1; line <= (markdown.front?.end ?? 0); line++) reading.accounted.add(line);
  const read = new Set<RootContent>();
  for (const { node, place } of blocks) {
    if (!readItems(reading, node, place)) continue;
    read.add(node);
    account(node);
  }
  for (const { node, place } of blocks) {
    if (readBlock(reading, node, place, read.has(node))) account(node);
  }
  const created = reading.state.created ?? dateIn(markdown.front?.date ?? '')?.day ?? reading.state.dated;
  const settled = reading.items.drafts.map((draft) => settle(draft, created));
  const title =
    reading.state.title ??
    markdown.front?.title ??
    bare(fileName.replace(/\.[^.]*$/, '').replaceAll(/[-_]+/g, ' '));
  return {
    title: title.slice(0, 256) || 'Review',
    ...(created ? { created } : {}),
    slug: slugOf(title, fileName),
    items: settled.map(({ item }) => item),
    tracking: reading.tracking,
    related: reading.related,
    ...againIn(markdown),
    contradictions: settled.flatMap(({ contradictions }) => contradictions).sort((a, b) => a.line - b.line),
    unaccounted: unaccounted(markdown, reading.accounted),
  };
}

/** Every block that is no heading with the place that it stands in; headings themselves open places. */
function placed({ root }: Markdown): Block[] {
  const blocks: Block[] = [];
  const stack: Place[] = [];
  const title = titleOf(root.children);
  const top: Place = { kind: 'preamble', depth: 0, heading: '', line: 1 };
  for (const [index, node] of root.children.entries()) {
    if (node.type === 'heading') {
      while (stack.length > 0 && (stack.at(-1)?.depth ?? 0) >= node.depth) stack.pop();
      const parent = stack.at(-1);
      stack.push(
        placeOf(
          said(node),
          { depth: node.depth, line: lineOf(node), ...(node === title ? { isTitle: true } : {}) },
          parent,
          sectionAfter(root.children, index, node),
        ),
      );
    }
    blocks.push({ node, place: stack.at(-1) ?? top });
  }
  return blocks;
}

/** The first block where it is a heading above all others: the title, whatever its depth. */
function titleOf([first, ...rest]: readonly RootContent[]): RootContent | undefined {
  if (first?.type !== 'heading') return undefined;
  return rest.some((node) => node.type === 'heading' && node.depth <= first.depth) ? undefined : first;
}

function sectionAfter(nodes: readonly RootContent[], index: number, { depth }: Heading) {
  let hasItems = false;
  let hasHeadings = false;
  // A section that begins a book is no less a section: a look at its first blocks is enough.
  for (const node of nodes.slice(index + 1, index + 60)) {
    if (node.type === 'heading') {
      if (node.depth <= depth) break;
      hasHeadings = true;
    }
    if (node.type === 'table') hasItems ||= holdsItems(columnsOf(node));
    if (node.type === 'list' && !hasHeadings)
      hasItems ||= node.children.some(({ checked }) => typeof checked === 'boolean');
  }
  return { hasItems, hasHeadings };
}

const RHYTHMS = { daily: '24h', weekly: '168h', monthly: '744h', quarterly: '2208h' } as const;

/** "This document should be reviewed weekly until all items are addressed." */
function againIn({ lines }: Markdown): Pick<Review, 'again'> {
  for (const [index, text] of lines.entries()) {
    const how =
      /\b(?:document|review|list|plan)\b.{0,60}\b(?:reviewed|revisited|updated)\s+(?<how>daily|weekly|monthly|quarterly)\b/iu
        .exec(text)
        ?.groups?.how?.toLowerCase();
    if (how) return { again: { text: how, line: index + 1, validFor: RHYTHMS[how as keyof typeof RHYTHMS] } };
  }
  return {};
}

function unaccounted({ lines }: Markdown, accounted: ReadonlySet<number>): Noted[] {
  return lines
    .map((text, index) => ({ text: text.trim(), line: index + 1 }))
    .filter(({ text, line }) => text !== '' && !accounted.has(line));
}

/** "Review Follow-Up Items - January 2026" is january-2026: the month tells reviews of one name apart. */
function slugOf(title: string, fileName: string): string {
  const month =
    /\b(january|february|march|april|may|june|july|august|september|october|november|december)\s+(\d{4})\b/i.exec(
      title,
    ) ??
    /(january|february|march|april|may|june|july|august|september|october|november|december)[-_ ](\d{4})/i.exec(
      fileName,
    );
  if (month) return `${(month[1] ?? '').toLowerCase()}-${month[2]}`;
  const day = dateIn(title);
  return slug(title) || slug(fileName) || `review${day ? `-${day.day}` : ''}`;
}

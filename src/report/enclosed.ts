// Keeps the Markdown of an item's description within the item, wherever it is
// put into a document.

import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';

const MAX_NESTING = 32;
const DEEP = new RegExp(`^(?:[ \\t]*(?:>|[-*+](?=[ \\t])|\\d{1,9}[.)](?=[ \\t]))){${MAX_NESTING}}`, 'mu');
/** How many marks of emphasis, code and links one block has, at most. */
const MAX_MARKS = 1000;

/**
 * Text on which a parser of Markdown would spend itself: it nests beyond reason,
 * or has marks without end, which cost the square of their number.
 */
export const isHeavy = (text: string): boolean =>
  DEEP.test(text) ||
  text.split(/\n[ \t]*\n/).some((block) => (block.match(/[*_~`[\]]/g)?.length ?? 0) > MAX_MARKS);

/**
 * A description stays within its item: its headings become bold, its rules go,
 * and markup of its own that is not closed is shown instead of taking in what follows.
 */
export function enclosed(text: string): string {
  let fence: string | undefined;
  return balanced(text)
    .split('\n')
    .map((line) => {
      const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
      if (mark && (!fence || mark.startsWith(fence))) fence = fence ? undefined : mark;
      if (fence) return line;
      if (/^ {0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,}|=+\s*)$/.test(line)) return '';
      const heading = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
      return heading ? `**${heading.replaceAll('*', '')}**` : line;
    })
    .concat(fence ? [fence] : [])
    .join('\n');
}

function balanced(text: string): string {
  if (!/<[a-z/!?]/i.test(text)) return text;
  if (isHeavy(text)) return text.replace(/<(?=[a-z/!?])/gi, '\\<');
  const starts: number[] = [];
  const open: string[] = [];
  let closed = true;
  const see = (node: Nodes): void => {
    if (node.type === 'html') {
      const from = node.position?.start.offset ?? 0;
      for (const { index } of node.value.matchAll(/<(?=[a-z/!?])/gi)) starts.push(from + index);
      closed &&= closes(node.value, open);
    }
    if ('children' in node) for (const child of node.children) see(child);
  };
  see(fromMarkdown(text));
  if (closed && open.length === 0) return text;
  return starts.toReversed().reduce((told, at) => `${told.slice(0, at)}\\${told.slice(at)}`, text);
}

const VOID = new Set(['br', 'hr', 'img', 'input', 'wbr', 'col', 'area', 'source', 'track']);

/** Whether everything that a piece of markup ends was begun; what it begins is added to `open`. */
function closes(html: string, open: string[]): boolean {
  const bare = html.replace(/<!--[\s\S]*?-->/g, '');
  if (/<[!?]/.test(bare)) return false;
  for (const [, end, name = '', self] of bare.matchAll(/<(\/?)([a-z][a-z0-9-]*)[^>]*?(\/?)>/gi)) {
    const tag = name.toLowerCase();
    if (end && open.pop() !== tag) return false;
    if (!end && !self && !VOID.has(tag)) open.push(tag);
  }
  return !/<[a-z/][^>]*$/i.test(bare);
}

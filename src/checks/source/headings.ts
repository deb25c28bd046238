// The headings of a Markdown file, read by a parser of Markdown: what looks like
// one in a code block or a comment is none, and one with nothing beneath it, or
// with no more than TODO, says nothing.

import MarkdownIt from 'markdown-it';
import type { SourceFile } from '../../facts/view.ts';
import type { Finding } from '../check.ts';
import { finding, someOf } from '../shared/messages.ts';
import { nameMatches } from '../shared/names.ts';
import { createMemory } from './memory.ts';
import type { FileParams } from './schema.ts';
import { at, type Effort, located, type Place, spend, textOf } from './tree.ts';

const MAX_SIZE = 512 * 1024;
const MAX_HEADINGS = 5_000;
const MAX_HEADING = 1_000;
/** What parsing a character costs, in the units of Effort, where somebody has made it as slow as can be. */
const EFFORT = 100;

interface Heading {
  /** As a reader sees it. */
  readonly text: string;
  /** For comparing: the same without case. */
  readonly key: string;
  readonly line: number;
  /** Nothing stands beneath it. */
  readonly empty: boolean;
}

/** Undefined: it is too much to be read. */
type Outline = readonly Heading[] | undefined;

const outlines = createMemory<{ readonly outline: Outline }>(4 * 1024 * 1024);

function outlineOf(file: SourceFile, effort: Effort): Outline {
  const text = textOf(file) ?? '';
  if (text.length > MAX_SIZE || !spend(effort, text.length * EFFORT)) return undefined;
  const known = outlines.get(file);
  if (known) return known.outline;
  const made = outline(text);
  outlines.set(file, { outline: made });
  return made;
}

type Token = ReturnType<InstanceType<typeof MarkdownIt>['parse']>[number];

/** The headings of the document itself: one within a quote or a list heads nothing. */
function outline(text: string): Outline {
  const markdown = new MarkdownIt('commonmark', { maxNesting: 32 });
  const tokens: Token[] = [];
  markdown.block.parse(withoutFrontMatter(text), markdown, {}, tokens);
  const starts = tokens.flatMap(({ type, level }, index) =>
    type === 'heading_open' && level === 0 ? [index] : [],
  );
  if (starts.length > MAX_HEADINGS) return undefined;
  return starts.map((index) => {
    const token = tokens[index] as Token;
    const source = (tokens[index + 1]?.content ?? '').slice(0, MAX_HEADING);
    const said = (markdown.parseInline(source, {})[0]?.children ?? []).map(plain).join('');
    const shown = said.replace(/\s+/g, ' ').trim();
    return { text: shown, key: keyOf(shown), line: (token.map?.[0] ?? 0) + 1, empty: isEmpty(tokens, index) };
  });
}

/** Its last line would make a heading of the others. Blank lines in its place keep the count. */
const withoutFrontMatter = (text: string): string =>
  text.replace(/^---\n[\s\S]*?\n---(?=\n|$)/, (matter) => matter.replace(/[^\n]+/g, ''));

const keyOf = (text: string): string => text.normalize('NFC').toLowerCase();

/** A piece of a heading as a reader sees it. */
function plain({ type, content }: Token): string {
  if (type === 'softbreak' || type === 'hardbreak') return ' ';
  return type === 'html_inline' ? '' : content;
}

/** Is there nothing to read before the next heading that is not beneath this one? */
function isEmpty(tokens: readonly Token[], index: number): boolean {
  const depth = tokens[index]?.tag ?? '';
  for (let next = index + 3; next < tokens.length; next++) {
    const token = tokens[next] as Token;
    if (token.type === 'heading_open' && token.level === 0) {
      if (token.tag <= depth) return true;
      next += 2;
    } else if (says(token)) return false;
  }
  return true;
}

/** What stands where nobody has written yet: `TODO: write this`, `To be written.` */
const TO_BE_WRITTEN =
  /^(\[[ x]\] *)?[*_`]*((todo|tbd|tba|tbc|fixme|wip)\b|(coming soon|to be (written|done|defined|decided|added))\W*$)/i;

/** Does a piece say something? Lists, rules and comments do not by themselves; what stands in them may. */
function says({ type, content }: Token): boolean {
  const text = (type === 'html_block' ? content.replace(/<!--[\s\S]*?-->/g, '') : content).trim();
  return text !== '' && !TO_BE_WRITTEN.test(text);
}

/** The findings of headings for one file whose content was kept. */
export function judgeHeadings(
  { headings }: FileParams,
  entry: string,
  file: SourceFile,
  place: Place,
  effort: Effort,
): readonly Finding[] {
  const { subject } = place;
  const found = outlineOf(file, effort);
  if (!found) {
    return [
      finding({
        level: 'Unknown',
        reason: 'CostLimit',
        subject,
        field: `${entry}.headings`,
        location: located(place, file.path),
        what: `The headings of ${at(place, file.path)} cannot be read: they cost too much.`,
        fix: 'Split the file, or ask for them with matches.',
      }),
    ];
  }
  return headings.flatMap((wanted, index) => {
    const meant = found.filter(({ key }) => nameMatches(keyOf(wanted), key));
    if (meant.some(({ empty }) => !empty)) return [];
    const [first] = meant;
    const about = { level: 'Fail' as const, subject, field: `${entry}.headings[${index}]` };
    if (first) {
      return [
        finding({
          ...about,
          reason: 'SectionEmpty',
          location: located(place, file.path, first.line),
          what: `${at(place, file.path, first.line)}: nothing is said beneath the heading “${first.text}”.`,
          fix: 'Write the section.',
        }),
      ];
    }
    const others = found.map(({ text }) => `“${text}”`);
    return [
      finding({
        ...about,
        reason: 'HeadingMissing',
        location: located(place, file.path),
        what: `${at(place, file.path)} has no heading “${wanted}”; it has ${others.length > 0 ? someOf(others, 8) : 'none at all'}.`,
        fix: 'Write the section, or correct headings; * stands for any characters.',
      }),
    ];
  });
}

// The files that import writes: items, drafts of items, and beside them what it
// wrote last, so that the next import can tell its own words from people's.

import { isMap, parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { type ImportedItem, manifestOf } from './items.ts';
import type { Change } from './merge.ts';
import type { Review } from './model.ts';

/** Beside the items; no extension, so that kubectl and verify pass over it. */
export const MEMORY_FILE = '.remediation-import';
/** kubectl apply -f DIR and verify DIR pass over drafts. */
export const DRAFT = '.yaml.draft';

const written = z.object({
  name: z.string(),
  spec: z.record(z.string(), z.unknown()),
  number: z.number().optional(),
});
const tracked = z.object({ date: z.string().optional(), action: z.string(), status: z.string().optional() });

const memory = z.object({
  about: z.string(),
  document: z.string(),
  review: z.object({
    title: z.string(),
    slug: z.string(),
    created: z.string().optional(),
    again: z.object({ text: z.string() }).optional(),
    tracking: z.array(tracked),
    related: z.array(z.string()),
  }),
  items: z.array(written),
});

export type ImportMemory = z.output<typeof memory>;

/** What the last import wrote. Throws where the text is not what import writes. */
export const parseMemory = (text: string): ImportMemory => memory.parse(JSON.parse(text));

export function renderMemory(
  review: Review,
  slug: string,
  document: string,
  items: readonly ImportedItem[],
): string {
  const content: ImportMemory = {
    about:
      'What `remediation import` wrote last. The next import compares with it, so that it changes only what nobody has edited. Keep it beside the items.',
    document,
    review: {
      title: review.title,
      slug,
      ...(review.created ? { created: review.created } : {}),
      ...(review.again ? { again: { text: review.again.text } } : {}),
      tracking: [...review.tracking],
      related: [...review.related],
    },
    items: items.map(({ name, spec, number }) => ({
      name,
      spec,
      ...(number !== undefined ? { number } : {}),
    })),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

// kubectl reads YAML 1.1, where a bare 2026-01-03 is a moment and `on` is true; people's lines are not folded anew.
const STYLE = { compat: 'yaml-1.1', lineWidth: 0, blockQuote: 'literal' } as const;

/** A new file: an item as it can be applied, or a draft that says what it lacks. */
export function renderItem(item: ImportedItem): string {
  const body = stringify(manifestOf(item), { ...STYLE, indentSeq: false, aliasDuplicateObjects: false });
  if (!item.draft) return body;
  const hints =
    item.hints.length > 0 ? ['', 'The document names:', ...item.hints.map((hint) => `  ${hint}`)] : [];
  const head = [
    `Draft: nothing proves this item yet. Write a check under spec.checks, then rename this file to ${item.name}.yaml.`,
    '`remediation explain` says what each check takes.',
    ...hints,
  ];
  return [...head.map((line) => `# ${comment(line)}`.trimEnd()), body.trimEnd(), ...exampleOf(item), ''].join(
    '\n',
  );
}

/** What spec.checks could hold, as a comment. */
function exampleOf({ unsaid }: ImportedItem): string[] {
  const example = unsaid ?? {
    name: 'what-proves-it',
    resource: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace: 'default',
      name: 'my-app',
      expect: [{ cel: 'self.status.readyReplicas > 0', message: 'at least one replica must be ready' }],
    },
  };
  const text = stringify({ checks: [example] }, { ...STYLE, indentSeq: false });
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `  # ${line}`);
}

const comment = (text: string) => text.replace(/[\p{Cc}\u2028\u2029]/gu, ' ');

/** Makes the changes in a file and leaves its comments and everything else alone. */
export function applyChanges(text: string, changes: readonly Change[]): string {
  const document = parseDocument(text, STYLE);
  if (document.errors.length > 0 || !isMap(document.contents))
    throw new Error(
      `is not YAML of one object: ${document.errors[0]?.message.split('\n')[0] ?? 'no object'}`,
    );
  for (const { path, value } of changes) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  }
  // As the file has its lists: below their key, or indented.
  const indentSeq = !/^( *)[\w-]+:\n\1- /m.test(text);
  return document.toString({ ...STYLE, indentSeq });
}

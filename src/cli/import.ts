// `remediation import REVIEW.md -o DIR`: items from a review document; run
// again, it follows the document and never touches what people edited.

import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseAllDocuments, parse as parseYaml } from 'yaml';
import { KIND } from '../api/group.ts';
import { itemParser } from '../api/remediation-item.ts';
import { blocksOf } from '../checks/check.ts';
import { CHECKS } from '../checks/index.ts';
import { printable } from '../report/printable.ts';
import {
  applyChanges,
  DRAFT,
  type ImportMemory,
  MEMORY_FILE,
  parseMemory,
  renderItem,
  renderMemory,
} from '../review/files.ts';
import { type ImportedItem, itemsOf, manifestOf } from '../review/items.ts';
import { MAX_REVIEW_BYTES, ReviewError } from '../review/markdown.ts';
import { merge } from '../review/merge.ts';
import type { Noted, Review } from '../review/model.ts';
import { readReview } from '../review/read.ts';
import { UsageError, whyUnreadable } from './exit.ts';
import { replaceFile } from './replace-file.ts';
import { say } from './terminal.ts';

export interface ImportFlags {
  readonly output: string;
  readonly namespace: string;
  readonly review?: string;
  readonly document?: string;
}

const parseItem = itemParser(blocksOf(CHECKS));

/** What Kubernetes takes for the name of a namespace, and for the value of a label. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_VALUE = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

function mustBeNames({ namespace, review }: ImportFlags): void {
  if (!NAMESPACE.test(namespace))
    throw new UsageError(
      `--namespace "${namespace}" is no name of a namespace: lower case letters, digits and -, at most 63`,
    );
  if (review !== undefined && !LABEL_VALUE.test(review))
    throw new UsageError(
      `--review "${review}" is no value of a label: letters, digits, -, _ and ., at most 63, with a letter or digit at both ends`,
    );
}

export async function importReview(file: string, flags: ImportFlags): Promise<void> {
  mustBeNames(flags);
  const text = await readDocument(file);
  const review = reviewOf(text, file);
  if (review.items.length === 0)
    throw new UsageError(
      `${file}: no items found. An item is a row of a table with a column Action, Item or Task, a numbered heading, or an entry of a task list (- [ ])`,
    );
  const slug = flags.review ?? review.slug;
  const document = flags.document ?? file;
  const items = itemsOf(review, { namespace: flags.namespace, document, review: slug }).map(checked);
  await mkdir(flags.output, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EEXIST' || error.code === 'ENOTDIR' ? 'not a folder' : error.message;
    throw new UsageError(`--output ${flags.output}: ${why}`);
  });
  const memory = await readMemory(flags.output);
  const wanted = items.map((item) => known(item, memory));
  await writeAll(flags.output, wanted);
  const kept = new Map(wanted.map(({ item }) => [item.name, item]));
  for (const { name } of memory?.items ?? [])
    if (!kept.has(name))
      say(`no longer in the document: ${name}; its file stays, remove it if nobody needs it`);
  await write(path.join(flags.output, MEMORY_FILE), renderMemory(review, slug, document, [...kept.values()]));
  tell(review, [...kept.values()], file);
}

interface Wanted {
  readonly item: ImportedItem;
  /** What the last import made of it. */
  readonly before: ImportMemory['items'][number] | undefined;
}

/** A new title is no new item: the file keeps its name. */
function known(item: ImportedItem, memory: ImportMemory | undefined): Wanted {
  const before = memory?.items.find((each) =>
    item.number !== undefined ? each.number === item.number : each.name === item.name,
  );
  return { item: before ? { ...item, name: before.name } : item, before };
}

async function readDocument(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    // Told before it is read: a document of gigabytes must not fill the memory.
    if (size > MAX_REVIEW_BYTES)
      throw new ReviewError(
        `${(size / 1024 / 1024).toFixed(1)} MiB of Markdown is more than the ${MAX_REVIEW_BYTES / 1024 / 1024} MiB that are read; split the document`,
      );
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: ${whyUnreadable(error)}`);
  }
}

function reviewOf(text: string, file: string): Review {
  try {
    return readReview(text, { fileName: path.basename(file) });
  } catch (error) {
    if (error instanceof ReviewError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}

/** What the API would refuse is a draft, with the reason among its hints. */
function checked(item: ImportedItem): ImportedItem {
  if (item.draft) return item;
  const parsed = parseItem(manifestOf(item));
  return parsed.ok ? item : { ...item, draft: true, hints: [...parsed.problems, ...item.hints] };
}

async function readMemory(dir: string): Promise<ImportMemory | undefined> {
  const file = path.join(dir, MEMORY_FILE);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return parseMemory(text);
  } catch {
    throw new UsageError(
      `${file} is not what import writes; remove it, and import will keep whatever the files say and only add to them`,
    );
  }
}

interface Found {
  readonly file: string;
  /** Only files of one document are edited. */
  readonly alone: boolean;
}

/**
 * Items of the folder by name, whatever people have called their files. Throws a UsageError for an item that
 * is no YAML: taken for missing, it would be written anew or given up.
 */
async function filesByName(dir: string): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>();
  for (const name of (await readdir(dir)).sort()) {
    if (!/\.ya?ml(\.draft)?$/.test(name)) continue;
    const file = path.join(dir, name);
    const text = await readFile(file, 'utf8').catch(() => '');
    if (!IS_ITEM.test(text)) continue;
    const documents = [...parseAllDocuments(text, { logLevel: 'silent' })];
    const wrong = documents.find(({ errors }) => errors.length > 0)?.errors[0];
    if (wrong)
      throw new UsageError(
        `${file} is not YAML: ${wrong.message.split('\n')[0]?.replace(/:$/, '')}. Mend it and import again: nothing was written`,
      );
    for (const document of documents) {
      const itemName: unknown = document.getIn(['metadata', 'name']);
      if (typeof itemName === 'string' && !found.has(itemName))
        found.set(itemName, { file, alone: documents.length === 1 });
    }
  }
  return found;
}

const IS_ITEM = new RegExp(`^kind: *["']?${KIND}\\b`, 'm');

/** Files that are written side by side: the disk is waited for once and not ten thousand times. */
const AT_ONCE = 64;

interface Written {
  /** In a line what was done. */
  readonly done: string;
  /** What both people and the document changed. */
  readonly conflicts: readonly string[];
}

async function writeAll(dir: string, wanted: readonly Wanted[]): Promise<void> {
  const files = await filesByName(dir);
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    const batch = wanted.slice(at, at + AT_ONCE);
    for (const { done, conflicts } of await Promise.all(batch.map((each) => writeOne(dir, each, files)))) {
      for (const conflict of conflicts) say(conflict);
      process.stdout.write(`${printable(done)}\n`);
    }
  }
}

async function writeOne(
  dir: string,
  { item, before }: Wanted,
  files: ReadonlyMap<string, Found>,
): Promise<Written> {
  const said = (done: string, conflicts: readonly string[] = []) => ({ done, conflicts });
  const { file, alone } = files.get(item.name) ?? {};
  if (!file) {
    if (before) return said(`kept away   ${item.name}: its file was removed`);
    const fresh = path.join(dir, `${item.name}${item.draft ? DRAFT : '.yaml'}`);
    await write(fresh, renderItem(item));
    return said(`${(item.draft ? 'draft' : 'created').padEnd(12)}${fresh}`);
  }
  if (!alone)
    return said(`left alone  ${file}: holds more than ${item.name}; import edits files of one document`);
  const text = await readFile(file, 'utf8');
  const { spec } = parseYaml(text) as { spec?: unknown };
  const { changes, conflicts } = merge(before?.spec, spec, item.spec);
  const told = conflicts.map(
    (conflict) =>
      `${file}: ${conflict} was edited, and the document changed it too${nowSays(item, conflict)} (line ${item.line}); the edit stays`,
  );
  if (changes.length === 0) return said(`unchanged   ${file}`, told);
  let next: string;
  try {
    next = applyChanges(text, changes);
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`);
  }
  const ready = file.endsWith(DRAFT) && changes.some((change) => change.path.join('.') === 'spec.checks');
  const target = ready ? file.slice(0, -'.draft'.length) : file;
  await write(target, next);
  if (ready) await rm(file);
  return said(`updated     ${target}: ${changes.map((change) => change.path.join('.')).join(', ')}`, told);
}

/** What the document says now, where that is a word. */
function nowSays(item: ImportedItem, conflict: string): string {
  const value = conflict
    .split('.')
    .reduce<unknown>((sofar, key) => (sofar as Record<string, unknown> | undefined)?.[key], {
      spec: item.spec,
    });
  return typeof value === 'string' || typeof value === 'number' ? `, to ${String(value).slice(0, 60)}` : '';
}

async function write(file: string, text: string): Promise<void> {
  try {
    await replaceFile(file, text);
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${(error as Error).message}`);
  }
}

/** What a person has to do, or to know. */
function tell(review: Review, items: readonly ImportedItem[], file: string): void {
  const drafts = items.filter(({ draft }) => draft);
  say(
    `${items.length} items, ${items.length - drafts.length} with suggested checks (look at each before you believe it), ${drafts.length} that need a check`,
  );
  for (const item of drafts)
    say(
      `needs a check: ${item.number === undefined ? '' : `#${item.number} `}${item.title} (line ${item.line})`,
    );
  if (review.again)
    say(
      `${file}:${review.again.line}: to be looked at ${review.again.text}: only people can say that they did; an item for it holds an attestation with validFor: ${review.again.validFor} (remediation explain attestation shows one)`,
    );
  const list = (what: string, notes: readonly Noted[]) => {
    for (const { line, text } of notes)
      say(`${file}:${line}: ${what}: ${text.length > 160 ? `${text.slice(0, 160)}…` : text}`);
  };
  list('disagrees', review.contradictions);
  list('not understood', review.unaccounted);
}

// `remediation report`: the review as it stands, from the items' status in the
// cluster or judged on the spot; or written back into the review document.

import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import { API_VERSION, KIND, REVIEW_LABEL } from '../api/group.ts';
import { byType } from '../checks/check.ts';
import { CHECKS } from '../checks/index.ts';
import type { JudgedItem, RawObject } from '../report/items.ts';
import { asReportJson } from '../report/json.ts';
import { asJunit } from '../report/junit.ts';
import { asMarkdown } from '../report/markdown.ts';
import { asHtml } from '../report/page/index.ts';
import { printable } from '../report/printable.ts';
import { type PlaceOf, type ReviewHead, type ReviewReport, reviewReport } from '../report/review.ts';
import { asSarif } from '../report/sarif.ts';
import { MEMORY_FILE, parseMemory } from '../review/files.ts';
import { MAX_REVIEW_BYTES, ReviewError } from '../review/markdown.ts';
import { type Updated, updateReview } from '../review/update.ts';
import { version } from '../version.ts';
import { UsageError, whyUnreadable } from './exit.ts';
import type { JudgeFlags, ReportFormat } from './flags.ts';
import { judgeAll } from './judging.ts';
import { labelTest } from './label-selector.ts';
import { readMemory } from './memory.ts';
import { findPlaces } from './places.ts';
import { replaceFile } from './replace-file.ts';
import { say } from './terminal.ts';
import { noItems, openWorld, type World } from './world.ts';

export interface ReportFlags extends JudgeFlags {
  readonly items?: readonly string[];
  readonly format: ReportFormat;
  readonly update?: string;
  readonly title?: string;
}

export async function report(flags: ReportFlags): Promise<void> {
  if ((flags.manifests || flags.flux !== undefined) && !flags.items)
    throw new UsageError(
      `--${flags.manifests ? 'manifests' : 'flux'} judges items: name them with --items DIR`,
    );
  const { judged, placeOf } = await itemsToReport(flags);
  const head = await headOf(judged, flags);
  const view = reviewReport(head, judged, new Date(), placeOf);
  if (flags.update === undefined) process.stdout.write(renderReport(flags.format, view, judged));
  else await update(flags.update, view);
}

const reasons = byType(CHECKS);

/** One review in the format asked for. */
export function renderReport(
  format: ReportFormat,
  view: ReviewReport,
  judged: readonly JudgedItem[],
  strict = false,
): string {
  switch (format) {
    case 'markdown':
      return asMarkdown(view);
    case 'html':
      return asHtml(view);
    case 'sarif':
      return asSarif(view, version, (type, reason) => reasons.get(type)?.reasons[reason]);
    case 'junit':
      return asJunit(view, strict);
    case 'json':
      return asReportJson(view, judged);
    default:
      return format satisfies never;
  }
}

interface Judged {
  readonly judged: readonly JudgedItem[];
  readonly placeOf: PlaceOf;
}

async function itemsToReport(flags: ReportFlags): Promise<Judged> {
  const paths = flags.items ?? [];
  const world = await openWorld(paths, flags);
  try {
    for (const problem of world.problems) say(`error: ${problem}`);
    if (world.problems.length > 0)
      throw new UsageError('a report of items that cannot be read would not be true');
    const judged = flags.items
      ? [...(await judgeAll(world, await readMemory(flags.memory))), ...(await drafts(paths, flags))]
      : observed(world);
    if (judged.length === 0) say(`note: ${noItems(world, paths, flags)}`);
    return { judged, placeOf: await findPlaces(world, judged) };
  } finally {
    await world.close();
  }
}

/** What the operator found is the report; nothing is judged again. */
function observed({ items, raw }: World): JudgedItem[] {
  return items.map((parsed) => {
    const { metadata, status } = parsed.ok ? parsed.item : parsed;
    if (status.observedGeneration !== metadata.generation)
      say(
        `note: ${metadata.namespace}/${metadata.name} was changed after the operator judged it last${status.state ? `; ${status.state} is what it was before` : ', and is Unknown until then'}`,
      );
    return { raw: raw(metadata), status };
  });
}

/** What etcd takes of one object, by default. */
const MAX_DRAFT_BYTES = 1.5 * 1024 * 1024;

/** Items that import left without a check: known, and nothing proves them. */
async function drafts(paths: readonly string[], { namespace, selector }: JudgeFlags): Promise<JudgedItem[]> {
  const labelled = selector ? labelTest(selector, `--selector ${selector}`) : () => true;
  const found: JudgedItem[] = [];
  for (const dir of paths) {
    if (!(await stat(dir)).isDirectory()) continue;
    for (const name of (await readdir(dir)).filter((each) => each.endsWith('.yaml.draft')).sort()) {
      const file = path.join(dir, name);
      if ((await stat(file)).size > MAX_DRAFT_BYTES)
        throw new UsageError(
          `${file}: more than the ${MAX_DRAFT_BYTES / 1024 / 1024} MiB that an API server takes of an item`,
        );
      const raw = parseDraft(await readFile(file, 'utf8'), file);
      const { labels = {}, namespace: own = 'default' } = raw.metadata as {
        labels?: Record<string, string>;
        namespace?: string;
      };
      if ((namespace && namespace !== own) || !labelled(labels)) continue;
      const summary = `Nothing proves it yet: write a check into ${name} and rename it to ${name.slice(0, -'.draft'.length)}.`;
      found.push({ raw, status: { state: 'Unknown', summary, passing: 0, total: 0 } });
    }
  }
  return found;
}

function parseDraft(text: string, file: string): RawObject {
  let content: unknown;
  try {
    content = parseYaml(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message.split('\n')[0]}`);
  }
  const object = content as RawObject | null;
  if (object?.apiVersion !== API_VERSION || object.kind !== KIND || !object.metadata?.name)
    throw new UsageError(`${file} is not a draft of a ${KIND}`);
  return object;
}

/** The name that the label of the items gives. */
export function titleOf(judged: readonly JudgedItem[]): string {
  const names = judged.map(({ raw }) => raw.metadata.labels?.[REVIEW_LABEL]);
  return ['Review', [...new Set(names.filter(Boolean))].sort().join(', ')].filter(Boolean).join(' ');
}

/** What the document says of itself, as import kept it; else the name of the review. */
async function headOf(judged: readonly JudgedItem[], { items, title }: ReportFlags): Promise<ReviewHead> {
  const plain = { title: title ?? titleOf(judged), tracking: [], related: [] };
  for (const dir of items ?? []) {
    const file = path.join(dir, MEMORY_FILE);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    try {
      const { review } = parseMemory(text);
      return { ...review, title: title ?? review.title };
    } catch {
      say(`${file} is not what import writes; the report goes without what the document said of itself`);
    }
  }
  return plain;
}

async function update(file: string, { items }: ReviewReport): Promise<void> {
  let bytes: Buffer;
  let result: Updated;
  try {
    if ((await stat(file)).size > MAX_REVIEW_BYTES)
      throw new ReviewError(
        `more than the ${MAX_REVIEW_BYTES / 1024 / 1024} MiB that are read; split the document`,
      );
    bytes = await readFile(file);
    const text = bytes.toString('utf8');
    if (!bytes.equals(Buffer.from(text)))
      throw new ReviewError('is not UTF-8; writing it back would change more than its status cells');
    result = updateReview(text, items);
    if (result.text !== text) await replaceFile(file, result.text, (await stat(file)).mode);
  } catch (error) {
    throw new UsageError(`${file}: ${whyUnreadable(error)}`);
  }
  for (const { line, text } of result.changed)
    process.stdout.write(`${printable(`${file}:${line}: ${text}`)}\n`);
  for (const { line, text } of result.left) say(`${file}:${line}: left as it is: ${text}`);
  if (result.changed.length + result.left.length === 0)
    say(`note: ${file} is left as it is: no status cell or check box of these items says anything else`);
}

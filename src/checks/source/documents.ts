// The YAML and JSON documents of a file: parsed once, bounded in size, depth,
// number and aliases, since anybody who can push may have written them.

import {
  CORE_SCHEMA,
  constructFromEvents,
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  EVENT_ID,
  type Event,
  mapTag,
  mergeTag,
  parseEvents,
  YAMLException,
} from 'js-yaml';
import type { SourceFile } from '../../facts/view.ts';
import { createMemory, type Memory } from './memory.ts';
import { type Effort, lineAt, linesOf, spend, textOf } from './tree.ts';

/** In characters, about 0.3 s of parsing; in levels; in documents; and in aliases. */
export const LIMITS = { size: 1024 * 1024, depth: 100, documents: 1_000, aliases: 1_000 } as const;

/** What reading a character costs, in the units of Effort. */
const EFFORT = 20;

export interface Document {
  /** A map or a list. */
  readonly value: object;
  /** The line, from 1, at which it begins. */
  readonly line: number;
}

/** What cannot be read: no YAML or JSON (`line` from 1), something else that others read, or too much to find out. */
export type Broken =
  | { readonly state: 'broken'; readonly message: string; readonly line?: number }
  | { readonly state: 'foreign'; readonly message: string }
  | { readonly state: 'over'; readonly message: string };

export type Documents = { readonly state: 'parsed'; readonly documents: readonly Document[] } | Broken;

/** What is read of a megabyte takes about five. */
const parsed = createMemory<Documents>(8 * 1024 * 1024);

/** The documents of a file whose content was kept; empty documents left out. */
export const documentsOf = (file: SourceFile, effort: Effort): Documents =>
  readOnce(file, parsed, effort, (text) =>
    /\.json[5c]?$/.test(file.path) ? json(text, file.path) : readYaml(() => yaml(text)),
  );

/** Reads the content of a file within the limits, and remembers for as long as the file lives what it came to. */
export function readOnce<T>(
  file: SourceFile,
  memory: Memory<T | Broken>,
  effort: Effort,
  read: (text: string) => T | Broken,
): T | Broken {
  const text = textOf(file) ?? '';
  if (text.length > LIMITS.size) return over(`it is larger than ${LIMITS.size / 1024 / 1024} MiB`);
  if (!spend(effort, text.length * EFFORT)) return over('all files of this check together are too large');
  const known = memory.get(file);
  if (known) return known;
  const made = read(text);
  memory.set(file, made);
  return made;
}

const over = (message: string): Broken => ({ state: 'over', message });

/** JSON5, or JSON with comments: what reads it takes it, and it is no JSON. */
const isMore = (text: string, path: string): boolean => !path.endsWith('.json') || /^\s*\/[/*]/m.test(text);

function json(text: string, path: string): Documents {
  try {
    return documents([JSON.parse(text)], [0], text);
  } catch (error) {
    // A stack that overflows: nested deeper than anybody writes.
    if (error instanceof RangeError) return over('it is nested too deep');
    if (!(error instanceof SyntaxError)) throw error;
    if (isMore(text, path)) return { state: 'foreign', message: 'JSON with comments and the like' };
    const offset = /position (\d+)/.exec(error.message)?.[1];
    const message = `no JSON: ${error.message}`;
    return { state: 'broken', message, ...(offset ? { line: lineAt(text, Number(offset)) } : {}) };
  }
}

/** Runs a reader of YAML within the limits; what it throws becomes why nothing was read. */
export function readYaml<T>(read: () => T): T | Broken {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return over('it is nested too deep');
    if (!(error instanceof YAMLException)) throw error;
    const { reason, mark } = error;
    // What a limit of the parser stops is no error of the file.
    if (/exceeded|abnormal/.test(reason)) return over(reason);
    return { state: 'broken', message: `no YAML: ${reason}`, ...(mark ? { line: lineIn(mark) } : {}) };
  }
}

/** What is missing at the end of a file is missing in its last line. */
const lineIn = ({ buffer, line }: { readonly buffer: string; readonly line: number }): number =>
  Math.min(line + 1, lineAt(buffer, buffer.trimEnd().length));

function yaml(text: string): Documents {
  const events = parseEvents(text, { maxDepth: LIMITS.depth });
  const starts = startsOf(events);
  if (starts.length > LIMITS.documents) return over(`it holds more than ${LIMITS.documents} documents`);
  const values = constructFromEvents(events, { source: text, schema: SCHEMA, maxAliases: LIMITS.aliases });
  return documents(values, starts, text);
}

/** YAML 1.2 with merge keys, as Kubernetes has them; what has a tag of its own is taken as if it had none. */
const SCHEMA = CORE_SCHEMA.withTags(
  mergeTag,
  ...['!', 'tag:'].flatMap((prefix) => [
    defineScalarTag(prefix, { matchByTagPrefix: true, resolve: (text) => text, identify: () => false }),
    defineSequenceTag<unknown[]>(prefix, {
      matchByTagPrefix: true,
      create: () => [],
      addItem: (list, item) => {
        list.push(item);
      },
      identify: () => false,
    }),
    defineMappingTag(prefix, { ...mapTag, matchByTagPrefix: true, identify: () => false }),
  ]),
);

/** Where the content of each document begins; -1 for one without. */
function startsOf(events: readonly Event[]): readonly number[] {
  const starts: number[] = [];
  for (const [index, event] of events.entries()) {
    if (event.type !== EVENT_ID.DOCUMENT) continue;
    const next = events[index + 1];
    starts.push(next && 'start' in next ? next.start : -1);
  }
  return starts;
}

function documents(values: readonly unknown[], starts: readonly number[], text: string): Documents {
  const found: Document[] = [];
  const lineOf = linesOf(text);
  for (const [index, value] of values.entries()) {
    if (value === null || value === undefined) continue;
    const line = lineOf(starts[index] ?? 0);
    if (typeof value !== 'object') {
      return {
        state: 'broken',
        message: 'no YAML or JSON that can be judged: a document is neither a map nor a list',
        line,
      };
    }
    found.push({ value, line });
  }
  return { state: 'parsed', documents: found };
}

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
import { lineAt, textOf } from './tree.ts';

/** About 0.3 s of parsing. */
export const MAX_BYTES = 1024 * 1024;
const MAX_DOCUMENTS = 1_000;
const MAX_DEPTH = 100;
const MAX_ALIASES = 1_000;

export interface Document {
  /** A map or a list. */
  readonly value: object;
  /** The line, from 1, at which it begins. */
  readonly line: number;
}

export type Documents =
  | { readonly state: 'parsed'; readonly documents: readonly Document[] }
  /** Not what its name says; `line` from 1. */
  | { readonly state: 'broken'; readonly message: string; readonly line?: number }
  /** Too much to find out. */
  | { readonly state: 'over'; readonly message: string };

const parsed = new WeakMap<SourceFile, Documents>();

/** The documents of a file whose content was kept; empty documents left out. */
export function documentsOf(file: SourceFile): Documents {
  const known = parsed.get(file);
  if (known) return known;
  const made = parse(file.path, textOf(file) ?? '');
  parsed.set(file, made);
  return made;
}

function parse(path: string, text: string): Documents {
  if (text.length > MAX_BYTES) {
    return over(`it is larger than ${MAX_BYTES / 1024 / 1024} MiB`);
  }
  try {
    return path.endsWith('.json') ? json(text) : yaml(text);
  } catch (error) {
    // A stack that overflows: nested deeper than anybody writes.
    if (error instanceof RangeError) return over('it is nested too deep');
    throw error;
  }
}

const over = (message: string): Documents => ({ state: 'over', message });

function json(text: string): Documents {
  try {
    return documents([JSON.parse(text)], [0], text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const offset = /position (\d+)/.exec(error.message)?.[1];
    const message = `no JSON: ${error.message}`;
    return { state: 'broken', message, ...(offset ? { line: lineAt(text, Number(offset)) } : {}) };
  }
}

function yaml(text: string): Documents {
  try {
    const events = parseEvents(text, { maxDepth: MAX_DEPTH });
    const starts = startsOf(events);
    if (starts.length > MAX_DOCUMENTS) return over(`it holds more than ${MAX_DOCUMENTS} documents`);
    return documents(
      constructFromEvents(events, { source: text, schema: SCHEMA, maxAliases: MAX_ALIASES }),
      starts,
      text,
    );
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { reason, mark } = error;
    // What a limit of the parser stops is no error of the file.
    if (/exceeded|abnormal/.test(reason)) return over(reason);
    return { state: 'broken', message: `no YAML: ${reason}`, ...(mark ? { line: mark.line + 1 } : {}) };
  }
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
  for (const [index, value] of values.entries()) {
    if (value === null || value === undefined) continue;
    const line = lineAt(text, starts[index] ?? 0);
    if (typeof value !== 'object') {
      return { state: 'broken', message: 'a document is neither a map nor a list', line };
    }
    found.push({ value, line });
  }
  return { state: 'parsed', documents: found };
}

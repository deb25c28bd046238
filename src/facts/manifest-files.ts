// Reads files and folders of Kubernetes manifests: YAML with many documents,
// JSON, Lists as `kubectl get -o yaml` prints them. What cannot be read is told
// with file, document and line, and harms nothing else.

import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { isMap, isNode, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';

/** A raw Kubernetes object. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** Where an object stands. */
export interface ManifestPlace {
  readonly file: string;
  /** From 1; left out where the text tells no lines (JSON). */
  readonly line?: number;
}

export interface Loaded {
  readonly objects: readonly Manifest[];
  readonly places: ReadonlyMap<Manifest, ManifestPlace>;
  /** One line each: where, what is wrong, what to do. */
  readonly problems: readonly string[];
  /** YAML that is no Kubernetes object (a values file): told, and no error. */
  readonly ignored: readonly string[];
}

const MAX_BYTES = 64 * 1024 * 1024;
/** yaml resolves at most this many aliases: an alias bomb is an error, not an outage. */
const MAX_ALIASES = 1000;
const MAX_DEPTH = 200;

/** Reads every .yaml, .yml and .json file of the given files and folders. */
export async function loadManifests(paths: readonly string[]): Promise<Loaded> {
  const objects: Manifest[] = [];
  const places = new Map<Manifest, ManifestPlace>();
  const problems: string[] = [];
  const ignored: string[] = [];
  for (const given of paths) {
    const files = await filesOf(given).catch((error: NodeJS.ErrnoException) => {
      problems.push(`${given}: ${error.code === 'ENOENT' ? 'no such file or folder' : error.message}`);
      return [];
    });
    for (const file of files) {
      const { size } = await stat(file);
      if (size > MAX_BYTES) {
        problems.push(
          `${file}: ${Math.round(size / 1024 / 1024)} MiB is more than the ${MAX_BYTES / 1024 / 1024} MiB that are read; split the file`,
        );
        continue;
      }
      const read = parseManifests(await readFile(file, 'utf8'), file);
      objects.push(...read.objects);
      for (const [object, place] of read.places) places.set(object, place);
      problems.push(...read.problems);
      ignored.push(...read.ignored);
    }
  }
  return { objects, places, problems, ignored };
}

async function filesOf(given: string): Promise<string[]> {
  if (!(await stat(given)).isDirectory()) return [given];
  const entries = await readdir(given, { withFileTypes: true, recursive: true });
  return entries
    .filter(
      (entry) => entry.isFile() && /\.(ya?ml|json)$/i.test(entry.name) && !KUSTOMIZATION.test(entry.name),
    )
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !file.split(path.sep).some((part) => part === '.git' || part === 'node_modules'))
    .sort();
}

/** Files that kustomize reads itself and no cluster ever sees. */
const KUSTOMIZATION = /^kustomization\.ya?ml$/i;

/** Parses the text of one file. */
export function parseManifests(text: string, file: string): Loaded {
  const objects: Manifest[] = [];
  const places = new Map<Manifest, ManifestPlace>();
  const problems: string[] = [];
  const ignored: string[] = [];
  const add = (value: unknown, document: number, lineOf: (index: number) => number | undefined) => {
    if (value === null || value === undefined) return; // an empty document
    if (depth(value) > MAX_DEPTH) {
      problems.push(`${file}: document ${document} is nested deeper than ${MAX_DEPTH} levels`);
      return;
    }
    for (const [index, object] of flatten(value).entries()) {
      const wrong = malformed(object);
      if (wrong) ignored.push(`${file}: document ${document}: ${wrong}`);
      else {
        const line = lineOf(index);
        objects.push(object as Manifest);
        places.set(object as Manifest, { file, ...(line === undefined ? {} : { line }) });
      }
    }
  };
  if (/^\s*[{[]/.test(text) && file.endsWith('.json')) {
    try {
      add(JSON.parse(text), 1, () => undefined);
    } catch (error) {
      problems.push(`${file}: not JSON: ${(error as Error).message}`);
    }
    return { objects, places, problems, ignored };
  }
  const lines = new LineCounter();
  let documents: ReturnType<typeof parseAllDocuments>;
  try {
    documents = parseAllDocuments(text, { logLevel: 'silent', uniqueKeys: true, lineCounter: lines });
  } catch (error) {
    return { objects, places, ignored, problems: [`${file}: not YAML: ${(error as Error).message}`] };
  }
  if (!Array.isArray(documents)) return { objects, places, problems, ignored };
  for (const [index, document] of documents.entries()) {
    const error = document.errors[0];
    if (error) {
      problems.push(
        `${file}: document ${index + 1} is not YAML: ${error.message.split('\n')[0]?.replace(/:$/, '')}`,
      );
      continue;
    }
    try {
      const { contents } = document;
      add(document.toJS({ maxAliasCount: MAX_ALIASES }), index + 1, (item) => lineAt(contents, item, lines));
    } catch (error) {
      problems.push(`${file}: document ${index + 1}: ${(error as Error).message}`);
    }
  }
  return { objects, places, problems, ignored };
}

/** Where an object of a document begins: that of a List, or the document itself. */
function lineAt(contents: unknown, index: number, lines: LineCounter): number | undefined {
  const items = isMap(contents) ? contents.get('items', true) : undefined;
  const item: unknown = isSeq(items) ? items.items[index] : undefined;
  const node: Node | undefined = isNode(item) ? item : isNode(contents) ? contents : undefined;
  return node?.range ? lines.linePos(node.range[0]).line : undefined;
}

/** A List's items, or the object itself. */
function flatten(value: unknown): unknown[] {
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)) {
    const itemKind = kind === 'List' ? undefined : kind.slice(0, -'List'.length);
    const { apiVersion } = value as { apiVersion?: unknown };
    return items.map((entry) =>
      itemKind && typeof entry === 'object' && entry !== null && !('kind' in entry)
        ? { apiVersion, kind: itemKind, ...entry }
        : entry,
    );
  }
  return [value];
}

function malformed(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'not a Kubernetes object (no apiVersion, kind and metadata)';
  const { apiVersion, kind, metadata } = value as Record<string, unknown>;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return 'no apiVersion or kind';
  const name = (metadata as { name?: unknown } | undefined | null)?.name;
  return typeof name === 'string' && name !== '' ? undefined : `${kind} without metadata.name`;
}

/** How deep a parsed value is nested, without recursion, so that it cannot overflow. */
function depth(value: unknown): number {
  let deepest = 0;
  const todo: [unknown, number][] = [[value, 1]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [node, level] = next;
    if (typeof node !== 'object' || node === null) continue;
    deepest = Math.max(deepest, level);
    if (deepest > MAX_DEPTH) return deepest;
    for (const child of Object.values(node)) todo.push([child, level + 1]);
  }
  return deepest;
}

/** The key under which a kind's manifests are kept. */
export const manifestKey = (apiVersion: string, kind: string) => `${apiVersion}/${kind}`;

/** Did an API server write this object? Only it gives a uid. */
export const isFromCluster = (object: Manifest) =>
  typeof object.metadata.uid === 'string' && object.metadata.uid !== '';

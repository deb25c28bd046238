// The files of the tree that the check reads: which of them a glob means, their
// text, and where in them something stands.

import type { SourceFile, SourceRef, SourceTree } from '../../facts/view.ts';
import type { Location, Subject } from '../check.ts';
import type { Budget } from '../shared/ask.ts';
import { compileGlob, type Glob } from './glob.ts';

/** The kinds of Flux that offer files. */
export const SOURCE_KINDS = [
  'GitRepository',
  'OCIRepository',
  'Bucket',
] as const satisfies readonly SourceRef['kind'][];

/** A tree, and the Flux source that it is of. */
export interface Place {
  readonly tree: SourceTree;
  readonly subject: Subject;
}

/** What one judgement has cost so far. Counted also where an answer is remembered, so that it comes to the same every time. */
export interface Effort extends Budget {
  /** Characters of text times instructions of patterns; reading a file costs as much for each character. */
  work: number;
}

/** What one judgement may cost: about two seconds at the very worst. */
export const MAX_WORK = 100_000_000;

/** Counts the work; false where it is more than may be done. */
export function spend(effort: Effort, work: number): boolean {
  effort.work += work;
  return effort.work <= MAX_WORK;
}

interface Chosen {
  /** Characters of all paths. */
  readonly length: number;
  readonly byGlob: Map<string, readonly SourceFile[]>;
  /** Entries in all of its lists. */
  held: number;
}

const MAX_HELD = 200_000;

const chosen = new WeakMap<SourceTree, Chosen>();

/** The files that a glob means, in the order of their paths, found once for each tree; undefined where finding them costs too much. */
export function filesOf(tree: SourceTree, source: string, effort: Effort): readonly SourceFile[] | undefined {
  const glob = globOf(source);
  const known = chosen.get(tree) ?? {
    length: lengthOf(tree),
    byGlob: new Map<string, readonly SourceFile[]>(),
    held: 0,
  };
  chosen.set(tree, known);
  if (!spend(effort, known.length * glob.cost)) return undefined;
  const before = known.byGlob.get(source);
  if (before) return before;
  const found = find(tree, glob);
  known.held += found.length + 1;
  if (known.held > MAX_HELD) {
    known.byGlob.clear();
    known.held = found.length + 1;
  }
  known.byGlob.set(source, found);
  return found;
}

function lengthOf({ files }: SourceTree): number {
  let length = 0;
  for (const path of files.keys()) length += path.length;
  return length;
}

function find(tree: SourceTree, glob: Glob): readonly SourceFile[] {
  if (glob.path !== undefined) {
    const file = tree.files.get(glob.path);
    return file ? [file] : [];
  }
  return [...tree.files.values()].filter(({ path }) => glob.matches(path));
}

const globs = new Map<string, Glob>();
const MAX_GLOBS = 2_000;

/** Of a glob that problems() let through. */
function globOf(source: string): Glob {
  const known = globs.get(source);
  if (known) return known;
  const made = compileGlob(source);
  if (made.state === 'invalid') throw new Error(`${source}: ${made.message}`);
  if (globs.size >= MAX_GLOBS) globs.clear();
  globs.set(source, made);
  return made;
}

/** The text as people see it: without a byte order mark, lines ending in \n. Undefined where it was not kept. */
export function textOf({ text }: SourceFile): string | undefined {
  if (text === undefined) return undefined;
  const whole = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  return whole.includes('\r') ? whole.replaceAll('\r\n', '\n') : whole;
}

/** The line, from 1, of a character. */
export const lineAt = (text: string, offset: number): number => linesOf(text)(offset);

/** The line, from 1, of each character that is asked for. */
export function linesOf(text: string): (offset: number) => number {
  const ends: number[] = [];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) ends.push(at);
  return (offset) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] as number) < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}

/** A revision as people write it: hashes cut to 12 digits. */
export const shortRevision = (revision: string): string =>
  revision.replace(/\b([0-9a-f]{12})[0-9a-f]{20,}\b/g, '$1');

export const located = ({ tree }: Place, path: string, line?: number): Location => ({
  path,
  ...(line === undefined ? {} : { line }),
  revision: tree.revision,
});

/** Where the file stands, or should, if the glob means exactly one. */
export const locatedOf = (place: Place, glob: string): { readonly location?: Location } => {
  const { path } = globOf(glob);
  return path === undefined ? {} : { location: located(place, path) };
};

/** path:line at revision, for messages. */
export const at = ({ tree }: Place, path: string, line?: number): string =>
  `${path}${line === undefined ? '' : `:${line}`} at ${shortRevision(tree.revision)}`;

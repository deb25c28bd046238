// The files of a tree as they are collected, from an archive or from a folder:
// the same bounds for both, and the same words for what is not kept.

import { isUtf8 } from 'node:buffer';
import type { SourceFile } from '../view.ts';
import type { Allowance } from './budget.ts';
import { ENTRY_BYTES, size, type TreeLimits } from './limits.ts';

/** What was in an archive or a folder. */
export interface TreeFiles {
  /** By path, in the order of the paths. */
  readonly files: ReadonlyMap<string, SourceFile>;
  /** Folders with nothing in them. */
  readonly emptyFolders: readonly string[];
  /** Links, devices and the like: what each is, in the plural, by its path. */
  readonly passedOver: ReadonlyMap<string, string>;
  /** What was passed over, for a person. */
  readonly notes: readonly string[];
}

export interface Collector {
  /** Is the content of a file of this size to be read? */
  wants(bytes: number): boolean;
  /** `content` is undefined for what was not wanted. This and the next two throw EvidenceError where there is no room. */
  file(path: string, bytes: number, content?: Buffer): void;
  folder(path: string): void;
  /** `what` in the plural: links, devices. */
  passedOver(what: string, path: string): void;
  has(path: string): boolean;
  done(): TreeFiles;
}

/** The first line of a pointer that Git LFS keeps in place of a file. */
const LFS_POINTER = 'version https://git-lfs.github.com/spec/v1\n';

export interface Keeping {
  readonly limits: TreeLimits;
  /** Files that are as they were here are the same objects, so nothing is kept twice while a new revision comes. */
  readonly previous?: TreeFiles | undefined;
  /** Left out where nothing but the limits of the tree counts. */
  readonly allowance?: Allowance;
}

export function collectFiles({ limits, previous, allowance }: Keeping): Collector {
  const found: SourceFile[] = [];
  const paths = new Set<string>();
  const folders = new Set<string>();
  const passed = new Map<string, string[]>();
  let kept = 0;
  const take = (path: string) => allowance?.take(ENTRY_BYTES + memoryOf(path, Buffer.byteLength(path)));

  function read(path: string, bytes: number, content: Buffer | undefined): SourceFile {
    if (bytes > limits.fileBytes)
      return { path, size: bytes, unread: `larger than ${size(limits.fileBytes)}` };
    if (!content)
      return {
        path,
        size: bytes,
        unread: `the files before it hold the ${size(limits.keptBytes)} that are kept`,
      };
    if (!isUtf8(content) || content.includes(0)) return { path, size: bytes, unread: 'no text in UTF-8' };
    const text = content.toString('utf8');
    if (text.startsWith(LFS_POINTER))
      return { path, size: bytes, unread: 'a pointer of Git LFS in place of the file' };
    allowance?.take(memoryOf(text, bytes));
    kept += bytes;
    const before = previous?.files.get(path);
    return before?.text === text ? before : { path, size: bytes, text };
  }

  return {
    wants: (bytes) => bytes <= limits.fileBytes && kept + bytes <= limits.keptBytes,
    file: (path, bytes, content) => {
      take(path);
      paths.add(path);
      found.push(read(path, bytes, content));
    },
    folder: (path) => {
      take(path);
      folders.add(path);
    },
    passedOver: (what, path) => {
      take(path);
      const some = passed.get(what);
      if (some) some.push(path);
      else passed.set(what, [path]);
    },
    has: (path) => paths.has(path),
    done: () => {
      found.sort((a, b) => (a.path < b.path ? -1 : 1));
      for (const { path } of found) fill(folders, path);
      for (const path of [...folders]) fill(folders, path);
      return {
        files: new Map(found.map((file) => [file.path, file])),
        emptyFolders: [...folders].sort(),
        passedOver: new Map([...passed].flatMap(([what, some]) => some.map((path) => [path, what]))),
        notes: [...passed].map(([what, some]) => `${what} are passed over: ${few(some)}`),
      };
    },
  };
}

/** V8 holds a text in one byte for each character, or, where a character does not fit, in two for each. */
const memoryOf = (text: string, bytes: number) => (text.length === bytes ? bytes : 2 * text.length);

/** The folders above this path are not empty. */
function fill(folders: Set<string>, path: string): void {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
    folders.delete(path.slice(0, end));
}

const FEW = 3;
const few = (paths: readonly string[]) =>
  paths.slice(0, FEW).join(', ') + (paths.length > FEW ? ` and ${paths.length - FEW} more` : '');

// What Flux would keep of a folder: of the files that are there, those that it
// fetches and that no rule leaves out.

import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { EvidenceError } from '../network/evidence-error.ts';
import type { IgnorePattern } from './ignore-pattern.ts';
import {
  IGNORE_FILE,
  type IgnoreFile,
  type IgnoreRules,
  isFetched,
  isIgnored,
  isIgnoreFile,
  patternsOf,
} from './ignore-rules.ts';
import { TREE_LIMITS } from './limits.ts';

export interface Kept {
  /** In the order in which they were given. */
  readonly files: readonly string[];
  /** Folders that are kept, whatever is in them. */
  readonly folders: readonly string[];
  /** The rules that decided, those of a .sourceignore that leaves itself out among them. */
  readonly patterns: readonly IgnorePattern[];
}

/** Each is compared with each file. */
const MAX_PATTERNS = 2_000;

/** `files` are paths from the folder. Throws EvidenceError (Unreadable). */
export async function keptOf(folder: string, files: readonly string[], rules: IgnoreRules): Promise<Kept> {
  const fetched = files.filter((file) => isFetched(rules, file));
  const written = await Promise.all(
    fetched.filter(isIgnoreFile).map((file): Promise<IgnoreFile> => readRules(folder, file)),
  );
  const patterns = patternsOf(rules, written);
  if (patterns.length > MAX_PATTERNS)
    throw new EvidenceError(
      'Unreadable',
      `${folder} has ${patterns.length} patterns in .sourceignore files and spec.ignore: more than the ${MAX_PATTERNS} that are compared with its files`,
    );
  // Flux reads the .sourceignore of a bucket by itself, and does not fetch it with the rest.
  const apart = rules.source.kind === 'Bucket' ? IGNORE_FILE : undefined;
  return {
    files: fetched.filter((file) => file !== apart && !isIgnored(patterns, file, false)),
    folders: foldersOf(fetched).filter((each) => !isIgnored(patterns, each, true)),
    patterns,
  };
}

/** A link is followed as Flux follows it, within the folder only. */
async function readRules(folder: string, file: string): Promise<IgnoreFile> {
  try {
    const top = await realpath(folder);
    const place = await realpath(path.join(folder, file));
    const found = await stat(place);
    if (!place.startsWith(top + path.sep) || !found.isFile() || found.size > TREE_LIMITS.fileBytes)
      return { path: file };
    return { path: file, text: await readFile(place, 'utf8') };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // Removed, and not committed yet.
    if (code === 'ENOENT' || code === 'ENOTDIR') return { path: file, text: '' };
    throw new EvidenceError('Unreadable', `${path.join(folder, file)}: ${message}`, error);
  }
}

function foldersOf(files: readonly string[]): readonly string[] {
  const folders = new Set<string>();
  for (const file of files)
    for (let end = file.lastIndexOf('/'); end > 0; end = file.lastIndexOf('/', end - 1)) {
      const above = file.slice(0, end);
      if (folders.has(above)) break;
      folders.add(above);
    }
  return [...folders];
}

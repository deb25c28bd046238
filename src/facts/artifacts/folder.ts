// A folder as the tree of a source: what Git has of it where it lies in a work
// tree (ignored files are not there), else everything but .git; within the same
// bounds as an artifact, links not followed.

import type { Stats } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import path from 'node:path';
import { EvidenceError } from '../network/evidence-error.ts';
import type { SourceTree } from '../view.ts';
import { filesIn, revisionOf } from '../work-tree.ts';
import { type Collector, collectFiles, type TreeFiles } from './files.ts';
import { alternatives } from './globs.ts';
import { folderPattern } from './ignore-pattern.ts';
import { passedOver } from './left-out.ts';
import { TREE_LIMITS, type TreeLimits } from './limits.ts';

/** How many files are read at a time. */
const BATCH = 32;

/** Throws EvidenceError (Unreadable). */
export async function folderTree(folder: string, limits: TreeLimits = TREE_LIMITS): Promise<SourceTree> {
  const { files: paths, inGit } = await filesIn(folder, limits.entries);
  const collector = collectFiles({ limits });
  if (paths.length > limits.entries)
    throw new EvidenceError(
      'Unreadable',
      `${folder} holds more than ${limits.entries} files: too much to be judged. Name a folder within it`,
    );
  for (let at = 0; at < paths.length; at += BATCH) {
    const some = paths.slice(at, at + BATCH);
    const found = await Promise.all(some.map((each) => readOne(folder, each, collector)));
    for (const take of found) take?.();
  }
  const files = collector.done();
  return {
    revision: inGit ? await revisionOf(folder) : `${folder} (no Git work tree)`,
    files: files.files,
    notes: files.notes,
    leftOut: (glob) => submodule(folder, files, glob) ?? passedOver(files, glob),
  };
}

/** Reads one file; what it answers adds it, in the order of the paths. */
async function readOne(
  folder: string,
  file: string,
  collector: Collector,
): Promise<(() => void) | undefined> {
  const place = path.join(folder, file);
  try {
    const found = await lstat(place);
    if (found.isDirectory()) return () => collector.folder(file); // a submodule
    if (!found.isFile()) return () => collector.passedOver(kindOf(found), file);
    const content = collector.wants(found.size) ? await readFile(place) : undefined;
    return () =>
      content && collector.wants(content.length)
        ? collector.file(file, content.length, content)
        : collector.file(file, found.size);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined; // removed, and not committed yet
    throw new EvidenceError('Unreadable', `${place}: ${message}`, error);
  }
}

const kindOf = (found: Stats) => (found.isSymbolicLink() ? 'symbolic links' : 'devices, sockets and pipes');

/** What lies in a submodule is not Git's own. */
function submodule(folder: string, { emptyFolders }: TreeFiles, glob: string): string | undefined {
  const meant = alternatives(glob);
  const found = emptyFolders.find((each) => meant.some((parts) => folderPattern(each).mightMean(parts)));
  return found && `${found} in ${folder} is a submodule, whose files are another repository's`;
}

// A folder as the tree of a source: what Git has of it where it lies in a work
// tree (ignored files are not there), else everything but .git; within the same
// bounds as an artifact, links not followed. Where the object of the source is
// known, the tree is that of the artifact which Flux would make of the folder.

import type { Stats } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import path from 'node:path';
import { EvidenceError } from '../network/evidence-error.ts';
import type { SourceTree } from '../view.ts';
import { filesIn, revisionOf } from '../work-tree.ts';
import { type Collector, collectFiles, type TreeFiles } from './files.ts';
import type { Wanted } from './flux-source.ts';
import { alternatives } from './globs.ts';
import { folderPattern } from './ignore-pattern.ts';
import { holdsIncluded, type IgnoreRules, isIgnored, isIncluded, pushPatterns } from './ignore-rules.ts';
import { type Kept, keptOf } from './kept.ts';
import { leftOutOf, notPushed, passedOver } from './left-out.ts';
import { TREE_LIMITS, type TreeLimits } from './limits.ts';

/** How many files are read at a time. */
const BATCH = 32;

export interface FolderOptions {
  /** What the object of the source says; left out where it is not known. */
  readonly wanted?: Wanted | undefined;
  readonly limits?: TreeLimits;
}

const AS_IT_IS =
  'nothing here says what Flux leaves out of its artifact (spec.ignore, .sourceignore, by default .github/ and more), so that all files of the folder count';

/** Throws EvidenceError (Unreadable). */
export async function folderTree(
  folder: string,
  { wanted, limits = TREE_LIMITS }: FolderOptions = {},
): Promise<SourceTree> {
  const { files: paths, inGit } = await filesIn(folder, limits.entries);
  if (paths.length > limits.entries)
    throw new EvidenceError(
      'Unreadable',
      `${folder} holds more than ${limits.entries} files: too much to be judged. Name a folder within it`,
    );
  const kept = wanted && (await keptOf(folder, paths, wanted.rules));
  const here = kept ? kept.files.filter(surelyHere(wanted.rules)) : paths;
  const collector = collectFiles({ limits });
  const submodules: string[] = [];
  for (let at = 0; at < here.length; at += BATCH) {
    const some = here.slice(at, at + BATCH);
    const found = await Promise.all(some.map((each) => readOne(folder, each, collector, submodules)));
    for (const take of found) take?.();
  }
  if (kept) for (const each of emptied(wanted, kept, submodules)) collector.folder(each);
  const files = collector.done();
  const inSubmodule = (glob: string) => submodule(folder, submodules, glob);
  return {
    revision: inGit ? await revisionOf(folder) : `${folder} (no Git work tree)`,
    files: files.files,
    stale: wanted?.stale ?? [],
    notes: kept ? files.notes : [...files.notes, AS_IT_IS],
    leftOut: kept
      ? leftOutOfArtifact(wanted.rules, kept, files, inSubmodule)
      : (glob) => inSubmodule(glob) ?? passedOver(files, glob),
  };
}

/** Without what comes from another source, and what may not have been pushed. */
function surelyHere(rules: IgnoreRules): (file: string) => boolean {
  const notPushed = rules.source.kind === 'OCIRepository' ? pushPatterns() : [];
  return (file) => !isIncluded(rules, file) && !isIgnored(notPushed, file, false);
}

/** Folders that are there whatever is in them; those that hold something are told apart by the collector. */
function emptied({ rules, recurses }: Wanted, { folders }: Kept, submodules: readonly string[]) {
  // One that another source fills, or in which such a one lies, is not empty.
  const own = folders.filter((each) => !isIncluded(rules, each) && !holdsIncluded(rules, each));
  // Flux finds nothing in the folder of a submodule, unless it is told to go there.
  if (!recurses) return [...own, ...submodules];
  return own.filter((each) => !submodules.some((other) => other.startsWith(`${each}/`)));
}

/**
 * As in the cluster, where the artifact shows the rules itself. The folder also
 * shows those of a .sourceignore that leaves itself out; the cluster only guesses at them.
 */
function leftOutOfArtifact(
  rules: IgnoreRules,
  { patterns }: Kept,
  files: TreeFiles,
  inSubmodule: (glob: string) => string | undefined,
): (glob: string) => string | undefined {
  const shown = leftOutOf(rules, files);
  const known = leftOutOf(rules, files, patterns);
  const pushed = rules.source.kind === 'OCIRepository';
  return (glob) =>
    known(glob) ?? shown(glob) ?? (pushed ? notPushed(rules, glob) : undefined) ?? inSubmodule(glob);
}

/** Reads one file; what it answers adds it, in the order of the paths. */
async function readOne(
  folder: string,
  file: string,
  collector: Collector,
  submodules: string[],
): Promise<(() => void) | undefined> {
  const place = path.join(folder, file);
  try {
    const found = await lstat(place);
    if (found.isDirectory()) return () => void submodules.push(file);
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
function submodule(folder: string, submodules: readonly string[], glob: string): string | undefined {
  const meant = alternatives(glob);
  const found = submodules.find((each) => meant.some((parts) => folderPattern(each).mightMean(parts)));
  return found && `${found} in ${folder} is a submodule, whose files are another repository's`;
}

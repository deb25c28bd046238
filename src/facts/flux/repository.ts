// A folder as a Flux source would offer it: only regular files that Git knows or
// would take in, without what the ignore rules of Flux leave out. It is copied,
// so that a build can write its kustomization.yaml as kustomize-controller does,
// and the work tree stays untouched.

import { copyFile, lstat, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { IgnoreRules } from '../artifacts/ignore-rules.ts';
import { keptOf } from '../artifacts/kept.ts';
import { isEvidenceError } from '../network/evidence-error.ts';
import { filesIn } from '../work-tree.ts';
import { type Copies, copiesOf } from './copies.ts';

export interface Artifact {
  /** The folder that it was made of, absolute. */
  readonly folder: string;
  /** The copy, absolute. It stays as it is. */
  readonly root: string;
  /** Where to build. */
  readonly copies: Copies;
  /** The files of the copy from its root, parted by `/`, sorted. */
  readonly files: readonly string[];
  /** What is worth knowing: links that were left out, a folder without Git. */
  readonly notes: readonly string[];
}

const MAX_FILES = 100_000;
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MAX_BYTES = 2 * 1024 * 1024 * 1024;
const AT_A_TIME = 32;

/** A folder that cannot be offered as a source: told without a stack. */
export class RepositoryError extends Error {}

/** Copies what Flux would find in `folder`. Throws a RepositoryError where it is no folder or too large. */
export async function copyArtifact(folder: string, rules: IgnoreRules): Promise<Artifact> {
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new RepositoryError(`${folder}: no such folder`);
  const notes: string[] = [];
  const wanted = await wantedIn(folder, rules).catch((error: unknown) => {
    throw isEvidenceError(error) ? new RepositoryError(error.message) : error;
  });
  const root = await mkdtemp(path.join(tmpdir(), 'remediation-flux-'));
  const copied: string[] = [];
  const links: string[] = [];
  let bytes = 0;
  const copy = async (file: string) => {
    const from = path.join(folder, file);
    const info = await lstat(from).catch(() => undefined);
    if (info?.isSymbolicLink()) links.push(file);
    if (!info?.isFile() || info.size > MAX_FILE_BYTES) return;
    bytes += info.size;
    if (bytes > MAX_BYTES)
      throw new RepositoryError(`${folder} has more than the ${MAX_BYTES / 1024 ** 3} GiB that are read`);
    const to = path.join(root, file);
    await mkdir(path.dirname(to), { recursive: true });
    await copyFile(from, to);
    copied.push(file);
  };
  try {
    for (let at = 0; at < wanted.length; at += AT_A_TIME)
      await Promise.all(wanted.slice(at, at + AT_A_TIME).map(copy));
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new RepositoryError(`${folder} cannot be read: ${message}`);
  }
  if (links.length > 0)
    notes.push(
      `${links.length === 1 ? 'a symbolic link is' : `${links.length} symbolic links are`} left out, as Flux leaves them out: ${links.sort().slice(0, 3).join(', ')}`,
    );
  const files = copied.sort();
  return { folder: path.resolve(folder), root, copies: copiesOf(root, files), files, notes };
}

async function wantedIn(folder: string, rules: IgnoreRules): Promise<readonly string[]> {
  const { files } = await filesIn(folder, MAX_FILES);
  if (files.length > MAX_FILES)
    throw new RepositoryError(`${folder} has more than the ${MAX_FILES} files that are read`);
  return (await keptOf(folder, files, rules)).files;
}

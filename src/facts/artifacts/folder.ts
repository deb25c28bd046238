// A folder as the tree of a source: what Git has of it where it lies in a work
// tree (ignored files are not there), else everything but .git; within the same
// bounds as an artifact, links not followed.

import { execFile } from 'node:child_process';
import type { Stats } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { EvidenceError } from '../network/evidence-error.ts';
import type { SourceTree } from '../view.ts';
import { type Collector, collectFiles, type TreeFiles } from './files.ts';
import { alternatives } from './globs.ts';
import { folderPattern } from './ignore-pattern.ts';
import { passedOver } from './left-out.ts';
import { TREE_LIMITS, type TreeLimits } from './limits.ts';

const run = promisify(execFile);

/** How many files are read at a time. */
const BATCH = 32;

/** Throws EvidenceError (Unreadable). */
export async function folderTree(folder: string, limits: TreeLimits = TREE_LIMITS): Promise<SourceTree> {
  const listed = await trackedIn(folder, limits);
  const collector = collectFiles({ limits });
  const paths = listed ?? (await walk(folder, limits));
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
    revision: listed ? await revisionOf(folder) : `${folder} (no Git work tree)`,
    files: files.files,
    notes: files.notes,
    leftOut: (glob) => submodule(folder, files, glob) ?? passedOver(files, glob),
  };
}

/** The folder of the Git work tree around this one; undefined where there is none. */
export const workTreeAround = async (folder: string): Promise<string | undefined> =>
  (await git(folder, 'rev-parse', '--show-toplevel').catch(() => undefined))?.replace(/\n$/, '');

/** Where the work tree is fetched from: the URLs of its remotes. */
export async function remotesOf(folder: string): Promise<readonly string[]> {
  const text = await git(folder, 'config', '--get-regexp', '^remote\\..*\\.url$').catch(() => '');
  return text
    .split('\n')
    .map((line) => line.slice(line.indexOf(' ') + 1))
    .filter(Boolean);
}

/** However it is spoken to: git@host:a/b.git, ssh://git@host/a/b and https://host/a/b are one repository. */
export const sameOrigin = (a: string, b: string) => origin(a) === origin(b);
const origin = (url: string) =>
  url
    .replace(/^[a-z+]+:\/\//i, '')
    .replace(/^[^/@]*@/, '')
    .replace(/^([^/:]+):(?:\d+\/)?/, '$1/')
    .replace(/(\.git)?\/*$/, '')
    .replace(/\/{2,}/g, '/')
    .toLowerCase();

/** Files that Git has, or would have with the next `git add`. Undefined where the folder lies in no work tree. */
async function trackedIn(folder: string, { entries }: TreeLimits): Promise<string[] | undefined> {
  if ((await workTreeAround(folder)) === undefined) return undefined;
  const text = await git(folder, 'ls-files', '-z', '--cached', '--others', '--exclude-standard').catch(
    (error: Error) => {
      throw new EvidenceError(
        'Unreadable',
        `git ls-files in ${folder}: ${error.message.split('\n')[0]}`,
        error,
      );
    },
  );
  // A path that is in conflict is listed once for each of its versions.
  return [...new Set(text.split('\0'))]
    .filter(Boolean)
    .sort()
    .slice(0, entries + 1);
}

/** The configuration of a checkout may name programs to run; listing its files needs none of them. */
const SAFE = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '-c', 'core.quotePath=false'];

async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', [...SAFE, '-C', folder, ...args], {
    maxBuffer: 256 * 1024 * 1024,
    timeout: 60_000,
  });
  return stdout;
}

/** As Flux writes it (main@sha1:…), and whether there is more than was committed. */
async function revisionOf(folder: string): Promise<string> {
  const head = (await git(folder, 'rev-parse', '--verify', '-q', 'HEAD').catch(() => '')).trim();
  const branch = (await git(folder, 'symbolic-ref', '--short', '-q', 'HEAD').catch(() => '')).trim();
  const status = await git(folder, 'status', '--porcelain', '-uall', '--ignore-submodules', '--', '.').catch(
    () => '?',
  );
  const revision =
    head === '' ? 'nothing committed' : `${branch === '' ? '' : `${branch}@`}${algorithm(head)}:${head}`;
  return status === '' ? revision : `${revision} with uncommitted changes`;
}

const algorithm = (hash: string) => (hash.length === 64 ? 'sha256' : 'sha1');

/** Every file and link below the folder, sorted. */
async function walk(folder: string, { entries: most }: TreeLimits): Promise<string[]> {
  const found: string[] = [];
  const todo = [''];
  for (let below = todo.pop(); below !== undefined; below = todo.pop()) {
    const entries = await readdir(path.join(folder, below), { withFileTypes: true }).catch((error: Error) => {
      throw new EvidenceError('Unreadable', `${folder}: ${error.message}`, error);
    });
    for (const entry of entries) {
      const each = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.name === '.git') continue;
      if (entry.isDirectory()) todo.push(each);
      else found.push(each);
      if (found.length + todo.length > most) return found.concat(todo, each);
    }
  }
  return found.sort();
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

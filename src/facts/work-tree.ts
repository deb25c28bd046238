// What there is of a folder: the files that Git has where it lies in a work tree
// (ignored files are not there), else every file but .git; and where the work
// tree comes from.

import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { EvidenceError } from './network/evidence-error.ts';

const run = promisify(execFile);

/**
 * Files and links from the folder, parted by `/`, sorted. More than `most` of
 * them are not all listed. Throws EvidenceError (Unreadable).
 */
export async function filesIn(
  folder: string,
  most: number,
): Promise<{ readonly files: readonly string[]; readonly inGit: boolean }> {
  const tracked = await trackedIn(folder, most);
  return { files: tracked ?? (await walk(folder, most)), inGit: tracked !== undefined };
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
async function trackedIn(folder: string, most: number): Promise<string[] | undefined> {
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
    .slice(0, most + 1);
}

/**
 * The configuration of a checkout may name programs to run; listing its files
 * needs none of them. Its owner may be another user (a container).
 */
const SAFE = [
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'core.quotePath=false',
  'safe.directory=*',
].flatMap((each) => ['-c', each]);

async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', [...SAFE, '-C', folder, ...args], {
    maxBuffer: 256 * 1024 * 1024,
    timeout: 60_000,
  });
  return stdout;
}

/** As Flux writes it (main@sha1:…), and whether there is more than was committed. */
export async function revisionOf(folder: string): Promise<string> {
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
async function walk(folder: string, most: number): Promise<string[]> {
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

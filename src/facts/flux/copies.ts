// Copies of one folder to build in: a build writes its kustomization.yaml, which
// no other that runs at the same time may read.

import { link, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';

export interface Copies {
  /** Does the work in a copy that is nobody else's until it is done. */
  use<T>(work: (root: string) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const MOST = 4;

/** Makes as many as there are processors, when they are needed, of links to the files of `root`, which stays as it is. */
export function copiesOf(root: string, files: readonly string[]): Copies {
  const most = Math.min(MOST, availableParallelism());
  const made: Promise<string>[] = [];
  const idle: string[] = [];
  const waiting: ((root: string) => void)[] = [];
  const lend = async (): Promise<string> => {
    const free = idle.pop();
    if (free !== undefined) return free;
    if (made.length >= most) return new Promise((resolve) => waiting.push(resolve));
    const next = linked(root, files);
    made.push(next);
    return next;
  };
  const giveBack = (copy: string) => {
    const next = waiting.shift();
    if (next) next(copy);
    else idle.push(copy);
  };
  return {
    use: async (work) => {
      const copy = await lend();
      try {
        return await work(copy);
      } finally {
        giveBack(copy);
      }
    },
    close: async () => {
      for (const copy of made) await rm(await copy, { recursive: true, force: true });
    },
  };
}

async function linked(root: string, files: readonly string[]): Promise<string> {
  const copy = await mkdtemp(`${root}-`);
  const folders = new Set(files.map((file) => path.posix.dirname(file)));
  for (const folder of folders) await mkdir(path.join(copy, folder), { recursive: true });
  for (const file of files) await link(path.join(root, file), path.join(copy, file));
  return copy;
}

/** Writes another file in its place: the files of copies are links, and what they link to must not change. */
export async function replaceFile(file: string, content: string | Buffer): Promise<void> {
  const draft = `${file}.draft`;
  await writeFile(draft, content);
  await rename(draft, file);
}

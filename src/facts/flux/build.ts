// Runs kustomize over a folder as kustomize-controller does, away from the
// network and from whatever the caller's environment holds.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkInline } from './aliases.ts';
import { replaceFile } from './copies.ts';
import { BuildError, type Config, generate } from './generate.ts';
import type { KustomizationSpec } from './kustomization.ts';
import { clip, isolated, programOf } from './programs.ts';

/** What to build. */
export interface Place {
  /** In the copy. */
  readonly folder: string;
  /** The root of the copy. */
  readonly root: string;
  /** What it is a copy of. */
  readonly source: string;
}

/** One object as kustomize writes it, before variables are put in. */
export interface Built {
  readonly yaml: string;
}

export interface Kustomize {
  /** The text of each object that the folder brings. Throws a BuildError. */
  build(place: Place, spec: KustomizationSpec): Promise<readonly Built[]>;
  /** What kustomize makes of a folder with this kustomization, as YAML. Throws a BuildError. */
  over(folder: string, config: Config): Promise<string>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 256 * 1024 * 1024;
const OPTION = '--load-restrictor=LoadRestrictionsNone';

/** kubectl or kustomize of the PATH; undefined where there is neither. */
export async function findKustomize(searchPath = process.env.PATH ?? ''): Promise<Kustomize | undefined> {
  const kubectl = await programOf('kubectl', searchPath);
  const program = kubectl ?? (await programOf('kustomize', searchPath));
  if (!program) return undefined;
  const home = await mkdtemp(path.join(tmpdir(), 'remediation-kustomize-'));
  const env = isolated(home);
  const run = (folder: string, root: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const args = [kubectl ? 'kustomize' : 'build', folder, OPTION];
      execFile(
        program,
        args,
        { env, maxBuffer: MAX_OUTPUT, timeout: TIMEOUT_MS },
        (error, stdout, stderr) => {
          if (!error) resolve(stdout);
          else if (error.killed)
            reject(new BuildError(`kustomize did not end within ${TIMEOUT_MS / 1000} s`));
          else reject(new BuildError(wordsOf(stderr || error.message, root)));
        },
      );
    });
  return {
    build: async ({ root, folder }, spec) => {
      const { file, config } = await generate(folder, spec);
      checkInline(config, 'the kustomization');
      const before = await readFile(file).catch(() => undefined);
      await replaceFile(file, JSON.stringify(config));
      try {
        return documentsOf(await run(folder, root));
      } finally {
        if (before) await replaceFile(file, before);
        else await rm(file);
      }
    },
    over: async (folder, config) => {
      checkInline(config, 'the patches');
      await writeFile(path.join(folder, 'kustomization.yaml'), JSON.stringify(config));
      return run(folder, folder);
    },
    close: () => rm(home, { recursive: true, force: true }),
  };
}

/** What kustomize says, in one line, without klog's head and without the place of the copy. */
function wordsOf(said: string, root: string): string {
  const text = /err="((?:[^"\\]|\\.)*)"\s*$/s.exec(said)?.[1]?.replaceAll('\\"', '"');
  const block = /err=<\s*([\s\S]*?)\s*>\s*$/.exec(said)?.[1];
  const words = text ?? block ?? said.replace(/^(error|Error): /, '');
  return clip(words.replaceAll(`${root}${path.sep}`, '').replaceAll(root, '.'));
}

/** kustomize indents whatever an object holds, so that a line of dashes alone parts two objects. */
function documentsOf(output: string): Built[] {
  return output
    .split(/^---\n/m)
    .filter((yaml) => yaml.trim() !== '')
    .map((yaml) => ({ yaml }));
}

// Runs kustomize over a folder as kustomize-controller does, away from the
// network and from whatever the caller's environment holds.

import { execFile } from 'node:child_process';
import { access, constants, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BuildError, generate } from './generate.ts';
import type { KustomizationSpec } from './kustomization.ts';

/** One object as kustomize writes it, before variables are put in. */
export interface Built {
  readonly yaml: string;
}

export interface Kustomize {
  /** The text of each object that `folder` brings. Throws a BuildError. */
  build(folder: string, spec: KustomizationSpec): Promise<readonly Built[]>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 120_000;
const MAX_OUTPUT = 256 * 1024 * 1024;
const OPTION = '--load-restrictor=LoadRestrictionsNone';

/** kubectl or kustomize of the PATH; undefined where there is neither. */
export async function findKustomize(searchPath = process.env.PATH ?? ''): Promise<Kustomize | undefined> {
  const kubectl = await programOf('kubectl', searchPath);
  const program = kubectl ?? (await programOf('kustomize', searchPath));
  if (!program) return undefined;
  // Without PATH it finds no git, without a proxy no host: nothing is fetched behind anyone's back.
  const home = await mkdtemp(path.join(tmpdir(), 'remediation-kustomize-'));
  const env = {
    PATH: home,
    HOME: home,
    TMPDIR: home,
    KUBECONFIG: path.join(home, 'none'),
    HTTP_PROXY: NOWHERE,
    HTTPS_PROXY: NOWHERE,
  };
  const run = (folder: string): Promise<string> =>
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
          else reject(new BuildError(wordsOf(stderr || error.message, folder)));
        },
      );
    });
  return {
    build: async (folder, spec) => {
      const { file, config } = await generate(folder, spec);
      const before = await readFile(file).catch(() => undefined);
      await writeFile(file, JSON.stringify(config));
      try {
        return documentsOf(await run(folder));
      } finally {
        if (before) await writeFile(file, before);
        else await rm(file);
      }
    },
    close: () => rm(home, { recursive: true, force: true }),
  };
}

/** Nothing listens on the port of discard. */
const NOWHERE = 'http://127.0.0.1:9';

async function programOf(name: string, searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(path.delimiter).filter(Boolean)) {
    const file = path.join(folder, name);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return undefined;
}

/** The last line of what kustomize says, without klog's head and without the place of the copy. */
function wordsOf(said: string, folder: string): string {
  const line = said.trim().split('\n').at(-1) ?? '';
  const quoted =
    /err="(.*)"$/.exec(line)?.[1]?.replaceAll('\\"', '"') ?? line.replace(/^(error|Error): /, '');
  return quoted.replaceAll(folder, '.').slice(0, 600);
}

/** kustomize indents whatever an object holds, so that a line of dashes alone parts two objects. */
function documentsOf(output: string): Built[] {
  return output
    .split(/^---\n/m)
    .filter((yaml) => yaml.trim() !== '')
    .map((yaml) => ({ yaml }));
}

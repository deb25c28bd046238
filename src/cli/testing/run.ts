// Runs the command line as a user would: in this process, which costs nothing
// to start, or by the launcher.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { vi } from 'vitest';
import { main } from '../command-line.ts';

const LAUNCHER = path.join(import.meta.dirname, '../../../bin/remediation');
const COMPILED = path.join(tmpdir(), 'remediation-operator-compiled');
const STREAMS = ['stdout', 'stderr'] as const;
/** Nothing of the caller's own: neither a kubeconfig nor colours. */
const SURROUNDINGS = {
  HOME: '/nonexistent',
  KUBECONFIG: undefined,
  KUBERNETES_SERVICE_HOST: undefined,
  NO_COLOR: undefined,
};

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Surroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** One command line in this process. One at a time: the streams and the folder are the process's. */
export async function remediation(
  args: readonly string[],
  { cwd, env, terminal = false }: Surroundings & { readonly terminal?: boolean } = {},
): Promise<Ran> {
  if (vi.isMockFunction(process.stdout.write)) throw new Error('another command line is still running here');
  const text = { stdout: '', stderr: '' };
  const spies = STREAMS.map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk) => {
      text[stream] += String(chunk);
      return true;
    }),
  );
  const before = { cwd: process.cwd(), isTTY: process.stdout.isTTY };
  for (const [name, value] of Object.entries({ ...SURROUNDINGS, ...env })) vi.stubEnv(name, value);
  try {
    if (cwd !== undefined) process.chdir(cwd);
    process.stdout.isTTY = terminal;
    await main(args);
    return { code: Number(process.exitCode ?? 0), ...text };
  } finally {
    process.chdir(before.cwd);
    process.stdout.isTTY = before.isTTY;
    process.exitCode = undefined;
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
}

/** Milliseconds for a test that launches: on a busy machine a process waits long for its first moment. */
export const LAUNCH_TIMEOUT = 180_000;

/** The launcher, as a process of its own. Resolves when it has ended, however it did. */
export async function launch(args: readonly string[], { cwd, env }: Surroundings = {}): Promise<Ran> {
  const child = spawn(LAUNCHER, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    // What is compiled once is compiled for all runs.
    env: { PATH: process.env.PATH, HOME: SURROUNDINGS.HOME, NODE_COMPILE_CACHE: COMPILED, ...env },
  });
  const text = { stdout: '', stderr: '' };
  for (const stream of STREAMS) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      text[stream] += chunk;
    });
  }
  const [code] = await once(child, 'close');
  return { code: code as number | null, ...text };
}

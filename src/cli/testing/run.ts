// Runs the command line as a user would: the launcher, as a process of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';

const LAUNCHER = path.join(import.meta.dirname, '../../../bin/remediation');
const COMPILED = path.join(tmpdir(), 'remediation-operator-compiled');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves when the process has ended, however it did. */
export async function remediation(
  args: readonly string[],
  { cwd, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Ran> {
  const child = spawn(LAUNCHER, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Nothing of the caller's own: neither a kubeconfig nor colours. What is compiled once is compiled for all runs.
    env: { PATH: process.env.PATH, HOME: '/nonexistent', NODE_COMPILE_CACHE: COMPILED, ...env },
  });
  const text = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      text[stream] += chunk;
    });
  }
  const [code] = await once(child, 'close');
  return { code: code as number | null, ...text };
}

// The owner's end of a watchdog (watchdog.ts).
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { ProcessIdentity } from '../cluster/processes.ts';

export interface Watchdog {
  /** Ends the watchdog without touching the program. */
  release(): Promise<void>;
}

/** Starts a process that ends the program when this one ends: the kernel closes the pipe between them even after SIGKILL. */
export function startWatchdog(program: ProcessIdentity): Watchdog {
  const file = join(import.meta.dirname, 'watchdog.ts');
  const child = spawn(process.execPath, [file, String(program.pid), program.startedAt], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.unref();
  const pipe = child.stdin;
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
  pipe.on('error', () => undefined);
  return { release: () => release(child) };
}

function release(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.ref();
    child.once('exit', () => resolve());
    child.stdin?.end('release');
  });
}

// The owner's end of a watchdog: a process of its own that acts when this one ends.

import { type ChildProcess, spawn } from 'node:child_process';

export interface Watchdog {
  /** Ends the watchdog without touching what it watches over. */
  release(): Promise<void>;
}

/** Runs `file` until this process ends, however it ends: the kernel closes the pipe between them even after SIGKILL. */
export function watchedBy(file: string, args: readonly string[]): Watchdog {
  const child = spawn(process.execPath, [file, ...args], {
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

// A program beside a cluster: started, waited for until it is ready, stopped and
// started again, and gone when its owner is, however that ends.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isAlive,
  kill,
  type ProcessIdentity,
  signal,
  startDetached,
  waitGone,
} from '../cluster/processes.ts';
import type { Watchdog } from '../cluster/watched.ts';
import { startWatchdog } from './owner.ts';

export interface Program {
  /** Asks it to end, as the kubelet does; its files stay. */
  stop(): Promise<void>;
  /** Starts it where it does not run; resolves when it is ready. */
  start(): Promise<void>;
  /** SIGSTOP: connections are accepted by the kernel and never answered, until `resume`. */
  pause(): void;
  resume(): void;
}

export interface ProgramOptions {
  readonly file: string;
  readonly args: readonly string[];
  /** Where it runs and its log is; made if need be. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  /** URLs that answer when it is ready, each with one of its statuses. */
  readonly ready: Readonly<Record<string, readonly number[]>>;
}

interface Running {
  readonly identity: ProcessIdentity;
  readonly watchdog: Watchdog;
}

/** source-controller closes connections for up to 5 s when it is asked to end. */
const POLITE_END_MS = 8_000;
const READY_MS = 60_000;

/** Starts it. Throws, with the end of its log, when it does not become ready within a minute. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { file, args, folder, env = {}, ready } = options;
  mkdirSync(folder, { recursive: true });
  const log = join(folder, 'log');
  let running: Running | undefined;

  async function start(): Promise<void> {
    if (running && isAlive(running.identity)) return;
    const identity = startDetached(file, args, folder, log, env);
    running = { identity, watchdog: startWatchdog(identity) };
    const deadline = Date.now() + READY_MS;
    while (!(await allAnswer(ready))) {
      if (isAlive(identity) && Date.now() < deadline) {
        await sleep(50);
        continue;
      }
      await stop();
      throw new Error(`${file} did not become ready:\n${readFileSync(log, 'utf8').slice(-3_000)}`);
    }
  }

  async function stop(): Promise<void> {
    if (!running) return;
    const { identity, watchdog } = running;
    signal(identity, 'SIGTERM');
    await kill(await waitGone([identity], POLITE_END_MS));
    await watchdog.release();
    running = undefined;
  }

  const send = (name: 'SIGSTOP' | 'SIGCONT') => {
    if (!running || !signal(running.identity, name)) throw new Error(`${file} does not run.`);
  };

  await start();
  return { start, stop, pause: () => send('SIGSTOP'), resume: () => send('SIGCONT') };
}

async function allAnswer(ready: ProgramOptions['ready']): Promise<boolean> {
  for (const [url, statuses] of Object.entries(ready)) if (!(await answers(url, statuses))) return false;
  return true;
}

async function answers(url: string, statuses: readonly number[]): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return statuses.includes(response.status);
  } catch {
    return false;
  }
}

// Processes that outlive the one that started them: how they are started, told
// apart from a stranger that was given the same pid later, and ended.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process as it can be recorded: a pid alone may belong to a stranger later. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the operating system's own words; compared, never read. */
  startedAt: string;
}

/** When the process of this pid started; undefined when there is none, or only its remains (a zombie). */
function startedAt(pid: number): string | undefined {
  return existsSync('/proc/self/stat') ? startedAtByProc(pid) : startedAtByPs(pid);
}

/** proc(5): after the name in brackets (which may hold anything) field 3 is the state, field 22 the start in ticks since boot. */
function startedAtByProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return fields[19];
}

function startedAtByPs(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    if (line === '' || line.startsWith('Z')) return undefined;
    return line.slice(line.indexOf(' ')).trim();
  } catch {
    return undefined;
  }
}

export function identify(pid: number): ProcessIdentity | undefined {
  const start = startedAt(pid);
  return start === undefined ? undefined : { pid, startedAt: start };
}

/** Whether exactly this process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return startedAt(identity.pid) === identity.startedAt;
}

/** Sends a signal to exactly this process; answers false where it is gone. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, name);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/** Starts a program in a session of its own with its output in `logFile`. Throws when it cannot be started. */
export function startDetached(
  file: string,
  args: readonly string[],
  cwd: string,
  logFile: string,
  env: Readonly<Record<string, string>> = {},
): ProcessIdentity {
  const log = openSync(logFile, 'a', 0o600);
  try {
    const child = spawn(file, args, {
      cwd,
      detached: true,
      stdio: ['ignore', log, log],
      // Nothing of the caller's surroundings (proxies, kubeconfigs, files in the home folder) may reach it.
      env: { PATH: process.env.PATH, HOME: cwd, ...env },
    });
    child.once('error', () => undefined);
    child.unref();
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (!identity) throw new Error(`${file} could not be started: see ${logFile}.`);
    return identity;
  } finally {
    closeSync(log);
  }
}

/** Waits until none of these runs; answers those that still do after `timeoutMs`. */
export async function waitGone(
  identities: readonly ProcessIdentity[],
  timeoutMs: number,
): Promise<ProcessIdentity[]> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const alive = identities.filter(isAlive);
    if (alive.length === 0 || Date.now() >= deadline) return alive;
    await sleep(20);
  }
}

/** Ends these processes at once (SIGKILL, which also ends a stopped one) and waits until they are gone. */
export async function kill(identities: readonly ProcessIdentity[]): Promise<void> {
  for (const identity of identities) signal(identity, 'SIGKILL');
  const alive = await waitGone(identities, 10_000);
  if (alive.length > 0) {
    throw new Error(`Processes ${alive.map(({ pid }) => pid).join(', ')} still run 10 s after SIGKILL.`);
  }
}

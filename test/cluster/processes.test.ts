import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { identify, isAlive, kill, signal, startDetached, waitGone } from './processes.ts';

const children: { kill(signal: NodeJS.Signals): boolean }[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function sleeper() {
  const child = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  return identify(child.pid!)!;
}

describe('a recorded process', () => {
  it('is alive until it is killed', async () => {
    const identity = sleeper();
    expect(isAlive(identity)).toBe(true);
    await kill([identity]);
    expect(isAlive(identity)).toBe(false);
    expect(signal(identity, 'SIGTERM')).toBe(false);
  });

  it('is not the stranger that has its pid now, who is left alone', async () => {
    const stranger = sleeper();
    const recorded = { pid: stranger.pid, startedAt: 'another time' };
    expect(isAlive(recorded)).toBe(false);
    await kill([recorded]);
    expect(isAlive(stranger)).toBe(true);
  });

  it('is ended even while it is stopped', async () => {
    const identity = sleeper();
    signal(identity, 'SIGSTOP');
    expect(isAlive(identity)).toBe(true);
    await kill([identity]);
    expect(isAlive(identity)).toBe(false);
  });

  it('is told by waitGone when it stays', async () => {
    const identity = sleeper();
    expect(await waitGone([identity], 50)).toEqual([identity]);
  });
});

describe('startDetached', () => {
  it('keeps what the program says, and nothing of the environment but PATH reaches it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'processes-test-'));
    const log = join(folder, 'log');
    const script = 'console.log(Object.keys(process.env).sort().join()); console.error("err")';
    const identity = startDetached(process.execPath, ['--eval', script], folder, log);
    expect(await waitGone([identity], 10_000)).toEqual([]);
    expect(readFileSync(log, 'utf8')).toBe('HOME,PATH\nerr\n');
    rmSync(folder, { recursive: true });
  });

  it('names the program that is not there', () => {
    expect(() => startDetached('/nowhere/etcd', [], '/', '/dev/null')).toThrow(
      '/nowhere/etcd could not be started',
    );
  });
});

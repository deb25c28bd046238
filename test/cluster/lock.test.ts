import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from './lock.ts';

const ignore = () => undefined;

describe('withLock', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lock-test-'));
    path = join(folder, 'some.lock');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('lets one in at a time, and tells the other once that it waits', async () => {
    const events: string[] = [];
    let waits = 0;
    const worker = (name: string) =>
      withLock(
        path,
        () => void waits++,
        async () => {
          events.push(`${name} in`);
          await sleep(150);
          events.push(`${name} out`);
        },
      );
    await Promise.all([worker('a'), worker('b')]);
    expect(events).toEqual(['a in', 'a out', 'b in', 'b out']);
    expect(waits).toBe(1);
  });

  it('is given back when the work throws', async () => {
    await expect(withLock(path, ignore, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(withLock(path, ignore, async () => 'free')).resolves.toBe('free');
  });

  it('is given back when its holder is killed', async () => {
    const script = `
      import { withLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))};
      await withLock(${JSON.stringify(path)}, () => {}, async () => {
        console.log('held');
        await new Promise(() => setInterval(() => {}, 1000));
      });`;
    const holder = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    let waited = false;
    const entered = withLock(
      path,
      () => {
        waited = true;
        holder.kill('SIGKILL');
      },
      async () => 'entered',
    );
    await expect(entered).resolves.toBe('entered');
    holder.kill('SIGKILL');
    expect(waited).toBe(true);
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { commandLine } from './main.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'main-test-'));
  vi.stubEnv('REMEDIATION_CACHE', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true });
});

/** Runs a command line; answers what it printed on stdout, or the complaint about its arguments. */
async function call(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const program = commandLine((line) => lines.push(line));
  for (const command of program.commands)
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return lines.join('\n');
}

it.each([
  [['up', '--nodes', '0'], 'whole number from 1 to 1000'],
  [['up', '--nodes', '2.5'], 'whole number from 1 to 1000'],
  [['up', '--pods-per-node', 'many'], 'whole number from 1 to 100000'],
  [['up', '--crds', 'some'], 'must be "all" or "none"'],
])('refuses %j before anything is started', async (args, complaint) => {
  expect(await call(...args)).toContain(complaint);
});

it('has nothing to take down where nothing is up', async () => {
  expect(await call('down', '--name', 'x')).toBe('There is no cluster "x".');
  expect(process.exitCode).toBeUndefined();
});

it('answers status with exit code 1 where nothing is up', async () => {
  expect(await call('status')).toBe('No cluster is up.');
  expect(process.exitCode).toBe(1);
});

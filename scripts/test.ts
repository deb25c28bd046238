// `make test` and `make e2e`: every check of the project, one after the other;
// all are run, whatever fails, and the last line counts.

import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const reports = path.join(root, 'reports');

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** A vitest project, whose report counts. */
  readonly project?: string;
}

const vitest = (project: string): Step => ({
  name: `tests: ${project}`,
  project,
  command: [
    'vitest',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=reports/${project}.json`,
  ],
});

/** What needs no more than Node, the control plane and a browser. */
const test: readonly Step[] = [
  { name: 'format and lint', command: ['biome', 'check', '--error-on-warnings'] },
  { name: 'types', command: ['tsc'] },
  { name: 'who may import whom', command: ['depcruise', 'src', '--config', '.dependency-cruiser.mjs'] },
  { name: 'dead code', command: ['knip'] },
  { name: 'generated files', command: ['node', 'scripts/generate.ts', '--check'] },
  { name: 'alert rules', command: ['node', 'scripts/alerts-test.ts'] },
  vitest('unit'),
  vitest('browser'),
  vitest('cluster'),
];

const oracle = (seed: number): Step => ({
  name: `oracle, seed ${seed}`,
  command: ['node', 'test/oracle/main.ts', '--seed', String(seed), '--count', '250', '--no-keep'],
});

/** What takes longer, or asks further real programs: Flux's source-controller, Cilium's own policy engine. */
const e2e: readonly Step[] = [
  vitest('e2e'),
  oracle(1),
  oracle(2026),
  {
    name: 'budgets, 300 namespaces',
    command: ['node', 'test/integration/differential/main.ts', '--seed', '20260117'],
  },
];

const suites: Readonly<Record<string, readonly Step[]>> = { test, e2e };
const steps = suites[process.argv[2] ?? 'test'];
if (!steps)
  throw new Error(`there is no suite ${process.argv[2]}: there are ${Object.keys(suites).join(' and ')}`);

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

function run(command: readonly string[]): Promise<number> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit' });
    child.on('error', (error) => {
      console.error(`${program}: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** What a project's report counts; undefined when it wrote none. */
async function countsOf(project: string): Promise<Counts | undefined> {
  try {
    const report = JSON.parse(await readFile(path.join(reports, `${project}.json`), 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
      numPendingTests: number;
      numTodoTests: number;
    };
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      skipped: report.numPendingTests + report.numTodoTests,
    };
  } catch {
    return undefined;
  }
}

await rm(reports, { recursive: true, force: true });
await mkdir(reports, { recursive: true });
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const lines: string[] = [];
for (const step of steps) {
  console.error(`\n── ${step.name}`);
  const started = performance.now();
  const code = await run(step.command);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const counts = step.project ? await countsOf(step.project) : undefined;
  total.passed += counts?.passed ?? (code === 0 ? 1 : 0);
  total.skipped += counts?.skipped ?? 0;
  // A step can fail without a failed test: a report that is missing, a suite that does not load.
  total.failed += Math.max(counts?.failed ?? 0, code === 0 ? 0 : 1);
  const told = counts
    ? `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`
    : code === 0
      ? 'ok'
      : 'FAILED';
  lines.push(`  ${code === 0 ? '✓' : '✗'} ${step.name.padEnd(22)} ${told} (${seconds} s)`);
}
console.log(`\n${lines.join('\n')}\n`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;

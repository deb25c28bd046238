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

interface Report extends Readonly<Counts> {
  /** What failed, with the first line of what it says. */
  readonly failures: readonly string[];
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

/** What vitest's JSON reporter writes, as far as it is told here. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

/** What a project's report says; undefined when it wrote none. */
async function reportOf(project: string): Promise<Report | undefined> {
  let report: VitestReport;
  try {
    report = JSON.parse(await readFile(path.join(reports, `${project}.json`), 'utf8')) as VitestReport;
  } catch {
    return undefined;
  }
  const failures = report.testResults.flatMap(failuresOf);
  return {
    passed: report.numPassedTests,
    failed: failures.length,
    skipped: report.numPendingTests + report.numTodoTests,
    failures,
  };
}

function failuresOf({ name, status, message, assertionResults }: VitestReport['testResults'][number]) {
  const file = path.relative(root, name);
  const failed = assertionResults.filter((each) => each.status === 'failed');
  // A file whose set-up fails says so of itself, and of no test.
  if (failed.length === 0 && status === 'failed') return [`${file}\n        ${firstLines(message)}`];
  return failed.map(
    ({ fullName, failureMessages }) =>
      `${file}: ${fullName}\n        ${firstLines(failureMessages?.join('\n') ?? '')}`,
  );
}

/** Of a message: what is said before the stack, which stands further above. */
const firstLines = (message: string): string =>
  message
    .split(/\n\s+at /)[0]!
    .trim()
    .slice(0, 1_000)
    .replaceAll('\n', '\n        ');

await rm(reports, { recursive: true, force: true });
await mkdir(reports, { recursive: true });
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const lines: string[] = [];
for (const step of steps) {
  console.error(`\n── ${step.name}`);
  const started = performance.now();
  const code = await run(step.command);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const counts = step.project ? await reportOf(step.project) : undefined;
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
  for (const failure of counts?.failures ?? []) lines.push(`      ${failure}`);
}
console.log(`\n${lines.join('\n')}\n`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;

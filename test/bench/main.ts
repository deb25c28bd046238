// npm run bench: what the operator costs and how fast it is, on a real control
// plane of its own with a cluster's worth of objects. Nothing here passes or
// fails by time; the figures and how to read them: docs/performance.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { clusterDown, type Progress, streamProgress } from '../cluster/index.ts';
import { measureEcho, measureOperator } from './changes.ts';
import type { Sizes } from './fixtures.ts';
import { measureFloor } from './floor.ts';
import { measureIdle } from './idle.ts';
import {
  entryPoint,
  imageFlags,
  insideOf,
  type OperatorProcess,
  requestsOf,
  startOperator,
} from './process.ts';
import { asTable, type Results, type Start } from './report.ts';
import { type Bench, freshItems, setUp } from './setup.ts';
import { followVerdicts, type Verdicts } from './verdicts.ts';

interface Flags extends Partial<Omit<Sizes, 'pods'>> {
  readonly pods: number;
  readonly samples: number;
  readonly idleSeconds: number;
  readonly floorRounds: number;
  readonly name: string;
  readonly keep: boolean;
  readonly source: boolean;
  readonly leaderElect: boolean;
  readonly nodeFlags?: string;
  readonly profile?: string;
  readonly output: string;
  readonly only?: readonly string[];
}

const FULL: Sizes = {
  pods: 10_000,
  deployments: 2_000,
  budgets: 500,
  policies: 500,
  items: 1_000,
  clusterWide: 3,
};
const PHASES = ['floor', 'echo', 'start', 'idle', 'changes', 'restart'] as const;

const count = (text: string) => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('a whole number');
};

const program = new Command('bench')
  .description('Measures the operator on a control plane of its own (docs/performance.md).')
  .option('--pods <n>', 'how many pods; what is not given beside it keeps its proportion', count, FULL.pods)
  .option('--deployments <n>', 'how many Deployments they belong to (default: 2,000 for 10,000 pods)', count)
  .option('--budgets <n>', 'how many PodDisruptionBudgets (default: 500 for 10,000 pods)', count)
  .option('--policies <n>', 'how many network policies (default: 500 for 10,000 pods)', count)
  .option('--items <n>', 'how many RemediationItems (default: 1,000 for 10,000 pods)', count)
  .option('--cluster-wide <n>', 'how many of the items look at the whole cluster (default: 3)', count)
  .option('--samples <n>', 'how many changes of each sort', count, 50)
  .option('--idle-seconds <n>', 'how long the operator is watched while nothing changes', count, 30)
  .option('--floor-rounds <n>', 'how often everything is listed; the round in the middle counts', count, 3)
  .option('--name <name>', 'the name of the cluster', 'bench')
  .option('--keep', 'leave the cluster up: the next run starts within seconds', false)
  .option('--source', 'run the operator from its sources instead of bundled as in the image', false)
  .option('--no-leader-elect', 'run the operator without a Lease')
  .option('--node-flags <flags>', 'flags of Node for the operator (default: those of the Dockerfile)')
  .option('--profile <folder>', 'write a CPU profile of the operator into this folder')
  .option('--output <file>', 'where the figures are written as JSON', 'reports/bench.json')
  .addOption(new Option('--only <phases...>', 'only these phases').choices(PHASES))
  .action(run);

function sizesOf(flags: Flags): Sizes {
  const scaled = (full: number) => Math.max(1, Math.round((full * flags.pods) / FULL.pods));
  return {
    pods: flags.pods,
    deployments: flags.deployments ?? scaled(FULL.deployments),
    budgets: flags.budgets ?? scaled(FULL.budgets),
    policies: flags.policies ?? scaled(FULL.policies),
    items: flags.items ?? scaled(FULL.items),
    clusterWide: flags.clusterWide ?? FULL.clusterWide,
  };
}

async function run(flags: Flags): Promise<void> {
  const progress = streamProgress();
  const sizes = sizesOf(flags);
  const does = (phase: (typeof PHASES)[number]) => flags.only === undefined || flags.only.includes(phase);
  try {
    const bench = await setUp(flags.name, sizes, progress);
    progress.log('The cluster is ready; making the items new.');
    await freshItems(bench, sizes, progress);
    const verdicts = await followVerdicts(bench.transport);
    const results: Results = { at: new Date().toISOString(), node: process.version, sizes };
    try {
      if (does('floor')) {
        progress.log('Measuring the floor.');
        results.floor = await measureFloor(bench.cluster, flags.floorRounds);
      }
      if (does('echo')) {
        progress.log('Measuring the bare echo.');
        results.echo = await measureEcho(bench, sizes, flags.samples, verdicts);
      }
      await withOperator(flags, bench, sizes, verdicts, progress, does, results);
    } finally {
      await verdicts.stop();
      await bench.transport.close();
    }
    process.stdout.write(asTable(results));
    const file = resolve(flags.output);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
    progress.log(`The figures are in ${file}.`);
  } finally {
    if (!flags.keep) await clusterDown(flags.name);
  }
}

async function withOperator(
  flags: Flags,
  bench: Bench,
  sizes: Sizes,
  verdicts: Verdicts,
  progress: Progress,
  does: (phase: (typeof PHASES)[number]) => boolean,
  results: Results,
): Promise<void> {
  if (!does('start') && !does('idle') && !does('changes') && !does('restart')) return;
  const { folder } = bench.cluster;
  const entry = entryPoint(flags.source);
  const start = () =>
    startOperator({
      entry,
      kubeconfig: bench.operatorKubeconfig,
      folder,
      nodeFlags: [
        ...(flags.nodeFlags?.split(' ').filter(Boolean) ?? imageFlags()),
        ...(flags.profile ? ['--cpu-prof', `--cpu-prof-dir=${resolve(flags.profile)}`] : []),
      ],
      operatorFlags: ['--log-level=warn', ...(flags.leaderElect ? [] : ['--no-leader-elect'])],
    });
  let operator = await start();
  try {
    progress.log('The operator starts for the first time.');
    const judgedAt = await verdicts.until('every item to be judged', () => verdicts.judged() === sizes.items);
    const readyAt = await operator.ready();
    results.start = startOf(operator, readyAt, judgedAt);
    results.states = verdicts.states();
    await sleep(5_000);
    results.requestsAtStart = requestsOf(await operator.metrics());
    results.memoryAfterStart = await operator.memory();
    if (does('idle')) {
      progress.log(`Nothing changes for ${flags.idleSeconds} s.`);
      results.idle = await measureIdle(bench, operator, flags.idleSeconds);
    }
    if (does('changes')) {
      progress.log(`Changing ${flags.samples} objects of each sort.`);
      const before = await operator.metrics();
      results.changes = await measureOperator(bench, sizes, flags.samples, verdicts);
      results.inside = insideOf(before, await operator.metrics());
      results.memoryAfterChanges = await operator.memory();
      results.eventLoopLagMaxSeconds = (await operator.metrics()).get('nodejs_eventloop_lag_max_seconds');
    }
    if (does('restart')) {
      await operator.stop();
      progress.log('The operator starts again.');
      operator = await start();
      results.restart = startOf(operator, await operator.ready(), undefined);
      const written = await operator.metrics();
      results.restartWrites = [...written].reduce(
        (sum, [name, value]) =>
          sum + (/^rest_client_requests_total\{.*method="APPLY"/.test(name) ? value : 0),
        0,
      );
    }
  } finally {
    await operator.stop();
  }
}

const startOf = (operator: OperatorProcess, readyAt: number, judgedAt: number | undefined): Start => ({
  ...(judgedAt === undefined ? {} : { judgedSeconds: (judgedAt - operator.startedAt) / 1000 }),
  readySeconds: (readyAt - operator.startedAt) / 1000,
  cpuSeconds: operator.cpuSeconds(),
});

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
await program.parseAsync();

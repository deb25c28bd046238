// The operator as a process of its own, run as it is shipped: one bundled file,
// under its own ServiceAccount. Its memory and CPU are read from /proc.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OPERATOR_NAMESPACE } from './fixtures.ts';

export interface OperatorProcess {
  /** performance.now() just before it was started. */
  readonly startedAt: number;
  readonly pid: number;
  memory(): Promise<Memory>;
  /** CPU seconds used so far, in user and kernel mode. */
  cpuSeconds(): number;
  metrics(): Promise<Metrics>;
  /** Waits for /readyz; answers performance.now() of the first 200. */
  ready(): Promise<number>;
  stop(): Promise<void>;
}

export interface Memory {
  readonly rssBytes: number;
  readonly peakBytes: number;
  /** Of the heap: what V8 has taken, and what of it was in use, garbage included. */
  readonly heapBytes: number;
  readonly heapUsedBytes: number;
}

/** Samples by their name with labels, as exposed. */
export type Metrics = ReadonlyMap<string, number>;

export interface OperatorOptions {
  readonly entry: string;
  readonly kubeconfig: string;
  readonly folder: string;
  /** Flags of Node's own, such as --cpu-prof. */
  readonly nodeFlags: readonly string[];
  readonly operatorFlags: readonly string[];
}

/** USER_HZ: what /proc/PID/stat counts in. 100 on every architecture that Node supports. */
const TICKS_PER_SECOND = 100;
const READY_MS = 120_000;

const ROOT = join(import.meta.dirname, '../..');

/** What runs: one bundled file, as in the image, or the sources as they are. */
export function entryPoint(source: boolean): string {
  if (source) return join(ROOT, 'src/main.ts');
  execFileSync(process.execPath, [join(ROOT, 'scripts/bundle.ts')], { stdio: 'ignore' });
  return join(ROOT, 'dist/remediation.mjs');
}

/** The flags that the image gives to Node. */
export function imageFlags(): string[] {
  const entry = /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))?.[1];
  if (!entry) throw new Error('The Dockerfile has no ENTRYPOINT in one line.');
  return (JSON.parse(entry) as string[]).filter((word) => word.startsWith('--'));
}

export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const port = await freePort();
  const logFile = join(options.folder, 'operator.log');
  const log = openSync(logFile, 'w');
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...options.nodeFlags,
      options.entry,
      'operator',
      `--kubeconfig=${options.kubeconfig}`,
      `--namespace=${OPERATOR_NAMESPACE}`,
      `--metrics-bind-address=127.0.0.1:${port}`,
      ...options.operatorFlags,
    ],
    { stdio: ['ignore', log, log], cwd: options.folder },
  );
  closeSync(log);
  // A benchmark that is interrupted leaves no operator behind.
  const reap = () => void child.kill('SIGKILL');
  process.once('exit', reap);
  child.once('exit', () => process.off('exit', reap));
  const { pid } = child;
  if (pid === undefined) throw new Error(`${process.execPath} cannot be started`);
  const url = `http://127.0.0.1:${port}`;
  const metrics = async () => parseMetrics(await (await fetch(`${url}/metrics`)).text());
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  return {
    startedAt,
    pid,
    memory: async () => memoryOf(pid, await metrics()),
    cpuSeconds: () => cpuOf(pid),
    metrics,
    ready: async () => {
      while (performance.now() < startedAt + READY_MS) {
        if (ended()) break;
        const answer = await fetch(`${url}/readyz`).catch(() => undefined);
        await answer?.arrayBuffer();
        if (answer?.ok) return performance.now();
        await sleep(10);
      }
      throw new Error(`The operator did not become ready. Its log: ${logFile}`);
    },
    stop: () => stop(child, ended),
  };
}

async function stop(child: ChildProcess, ended: () => boolean): Promise<void> {
  if (ended()) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(timer);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

function memoryOf(pid: number, metrics: Metrics): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN);
  return {
    rssBytes: kilobytes('VmRSS') * 1024,
    peakBytes: kilobytes('VmHWM') * 1024,
    heapBytes: metrics.get('nodejs_heap_size_total_bytes') ?? Number.NaN,
    heapUsedBytes: metrics.get('nodejs_heap_size_used_bytes') ?? Number.NaN,
  };
}

function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name in parentheses, which may hold anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Prometheus text format, without comments. */
export function parseMetrics(text: string): Metrics {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const at = line.lastIndexOf(' ');
    samples.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  return samples;
}

/** What each sample of a name grew by, labels as exposed; those that did not are left out. */
export function growth(before: Metrics, after: Metrics, name: string): [labels: string, by: number][] {
  const grown: [string, number][] = [];
  for (const [key, value] of after) {
    if (key !== name && !key.startsWith(`${name}{`)) continue;
    const by = value - (before.get(key) ?? 0);
    if (by > 0) grown.push([key.slice(name.length), by]);
  }
  return grown;
}

/** Requests by verb: how many, and how long one took in the mean until the answer began. */
export function requestsOf(metrics: Metrics): Record<string, { count: number; meanMs: number }> {
  const found: Record<string, { count: number; meanMs: number }> = {};
  for (const [key, count] of metrics) {
    const verb = /^rest_client_request_duration_seconds_count\{.*verb="([^"]+)"/.exec(key)?.[1];
    if (!verb) continue;
    const total = metrics.get(key.replace('_count{', '_sum{')) ?? Number.NaN;
    found[verb] = { count, meanMs: (total * 1000) / count };
  }
  return found;
}

/** What the operator measured of itself between two scrapes, in the mean. */
export interface Inside {
  readonly evaluations: number;
  readonly evaluationMs: number;
  readonly verdicts: number;
  /** From the arrival of a change to the accepted write. */
  readonly changeToVerdictMs: number;
  readonly writes: number;
  readonly writeMs: number;
}

export function insideOf(before: Metrics, after: Metrics): Inside {
  const of = (name: string, labels: RegExp = /^/) => {
    const sum = (suffix: string) =>
      growth(before, after, name + suffix).reduce((total, [on, by]) => total + (labels.test(on) ? by : 0), 0);
    const count = sum('_count');
    return { count, meanMs: (sum('_sum') * 1000) / count };
  };
  const evaluation = of('remediation_evaluation_duration_seconds');
  const verdict = of('remediation_change_to_verdict_seconds');
  const write = of('rest_client_request_duration_seconds', /verb="APPLY"/);
  return {
    evaluations: evaluation.count,
    evaluationMs: evaluation.meanMs,
    verdicts: verdict.count,
    changeToVerdictMs: verdict.meanMs,
    writes: write.count,
    writeMs: write.meanMs,
  };
}

// Flux's source-controller as a process beside a cluster, as the cluster's
// administrator: started on ports of its own, stopped and started again with
// what it has stored still there, and gone when its owner is.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/index.ts';
import { freePorts } from '../cluster/ports.ts';
import {
  isAlive,
  kill,
  type ProcessIdentity,
  signal,
  startDetached,
  waitGone,
} from '../cluster/processes.ts';
import { startWatchdog, type Watchdog } from './owner.ts';

export interface SourceController {
  /** Where its artifacts are served, HOST:PORT: what the URLs in the status of its sources begin with. */
  readonly artifactAddress: string;
  /** The folder that they are served from. */
  readonly storage: string;
  /** Asks it to end, as the kubelet does; its artifacts stay, and nobody answers for them. */
  stop(): Promise<void>;
  /** Starts it where it does not run, on the same ports; resolves when it is ready. */
  start(): Promise<void>;
}

interface Running {
  readonly identity: ProcessIdentity;
  readonly watchdog: Watchdog;
}

/** It closes connections for up to 5 s when it is asked to end. */
const POLITE_END_MS = 8_000;
const READY_MS = 60_000;

/** Starts `program` against `cluster`. Throws, with the end of its log, when it does not become ready within a minute. */
export async function startSourceController(program: string, cluster: Cluster): Promise<SourceController> {
  const folder = join(cluster.folder, 'source-controller');
  const storage = join(folder, 'storage');
  mkdirSync(storage, { recursive: true });
  const log = join(folder, 'log');
  const [artifacts, health] = await freePorts(2, new Set());
  const artifactAddress = `127.0.0.1:${artifacts}`;
  const flags = [
    '--watch-all-namespaces',
    '--enable-leader-election=false',
    `--storage-path=${storage}`,
    `--storage-addr=${artifactAddress}`,
    `--storage-adv-addr=${artifactAddress}`,
    `--health-addr=127.0.0.1:${health}`,
    '--metrics-addr=0',
    '--log-level=debug',
  ];
  let running: Running | undefined;

  async function start(): Promise<void> {
    if (running && isAlive(running.identity)) return;
    const env = { KUBECONFIG: cluster.kubeconfigPath, TMPDIR: folder };
    const identity = startDetached(program, flags, folder, log, env);
    running = { identity, watchdog: startWatchdog(identity) };
    const deadline = Date.now() + READY_MS;
    // Its artifact server starts beside it: a folder is listed, or not found yet.
    const ready = async () =>
      (await answers(`http://127.0.0.1:${health}/readyz`, [200])) &&
      (await answers(`http://${artifactAddress}/`, [200, 404]));
    while (!(await ready())) {
      if (isAlive(identity) && Date.now() < deadline) {
        await sleep(50);
        continue;
      }
      await stop();
      throw new Error(`source-controller did not become ready:\n${readFileSync(log, 'utf8').slice(-3_000)}`);
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

  await start();
  return { artifactAddress, storage, start, stop };
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

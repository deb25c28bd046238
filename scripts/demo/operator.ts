// The operator as a process of this machine, as its own ServiceAccount: what its
// ClusterRole does not grant, it cannot read here either.

import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster } from '../../test/cluster/index.ts';
import { cacheFolder } from '../../test/cluster/paths.ts';
import {
  isAlive,
  kill,
  type ProcessIdentity,
  signal,
  startDetached,
  waitGone,
} from '../../test/cluster/processes.ts';

const root = path.join(import.meta.dirname, '../..');
/** Beside the cluster's folder, so that it is found even when that is gone. */
const record = (name: string) => path.join(cacheFolder(), `operator-${name}.json`);

export interface DemoOperator {
  /** Base URL of /metrics, /healthz, /readyz. */
  readonly metrics: string;
  stop(): Promise<void>;
}

export async function startOperator(cluster: Cluster, name: string): Promise<DemoOperator> {
  const kubeconfig = await cluster.serviceAccountKubeconfig('remediation-system', 'remediation-operator');
  const logFile = path.join(cluster.folder, 'operator.log');
  const identity = startDetached(
    path.join(root, 'bin/remediation'),
    [
      'operator',
      '--kubeconfig',
      kubeconfig,
      '--namespace',
      'remediation-system',
      '--metrics-bind-address',
      '127.0.0.1:0',
    ],
    // Also its home: what it keeps there goes with the cluster.
    cluster.folder,
    logFile,
    { NODE_COMPILE_CACHE: path.join(cacheFolder(), 'compiled') },
  );
  await writeFile(record(name), JSON.stringify(identity));
  return { metrics: await addressIn(logFile, identity), stop: () => stop(name, identity) };
}

/** The address that the operator chose, from its log. */
async function addressIn(logFile: string, identity: ProcessIdentity): Promise<string> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
    const text = await readFile(logFile, 'utf8');
    const [, port] = /"port":(\d+).*serving/.exec(text) ?? [];
    if (port) return `http://127.0.0.1:${port}`;
    if (!isAlive(identity)) throw new Error(`the operator ended:\n${text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the operator does not serve its metrics; see ${logFile}`);
}

/** SIGTERM and time to give the lease back; SIGKILL to what is still there. */
async function stop(name: string, identity: ProcessIdentity): Promise<void> {
  signal(identity, 'SIGTERM');
  if ((await waitGone([identity], 5000)).length > 0) await kill([identity]);
  await rm(record(name), { force: true });
}

/** Ends the operator that an earlier demo left, if it is still the same process. */
export async function stopRecordedOperator(name: string): Promise<void> {
  const text = await readFile(record(name), 'utf8').catch(() => undefined);
  if (text !== undefined) await stop(name, JSON.parse(text) as ProcessIdentity);
}

// The operator as a process of its own, under its own ServiceAccount's token:
// started as in a pod, stopped as the kubelet stops it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Cluster } from '../../cluster/index.ts';
import { eventually, ROOT, SYSTEM } from './cluster.ts';

export interface OperatorProcess {
  /** Where /metrics, /healthz and /readyz are. */
  readonly url: string;
  /** The log so far, each line parsed. */
  readonly log: readonly Record<string, unknown>[];
  /** SIGTERM; answers the exit status and how long it took. */
  stop(): Promise<{ code: number | null; milliseconds: number }>;
  /** SIGKILL: no time to give anything back. */
  kill(): Promise<void>;
  get(path: string): Promise<{ status: number; body: string }>;
}

export interface OperatorFlags {
  readonly leaseName: string;
  readonly identity?: string;
  readonly more?: readonly string[];
}

const running = new Set<ChildProcess>();

/** Starts an operator and waits until it serves its health. */
export async function startOperatorProcess(
  cluster: Cluster,
  kubeconfig: string,
  flags: OperatorFlags,
): Promise<OperatorProcess> {
  const child = spawn(
    path.join(ROOT, 'bin/remediation'),
    [
      'operator',
      '--kubeconfig',
      kubeconfig,
      '--namespace',
      SYSTEM,
      '--lease-name',
      flags.leaseName,
      '--metrics-bind-address',
      '127.0.0.1:0',
      ...(flags.more ?? []),
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: cluster.folder, POD_NAME: flags.identity ?? 'operator' },
    },
  );
  running.add(child);
  const exited = once(child, 'exit').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const log: Record<string, unknown>[] = [];
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      said.push(line);
      if (line.startsWith('{')) log.push(JSON.parse(line) as Record<string, unknown>);
    });
  const url = await eventually(() => {
    if (child.exitCode !== null) throw new Error(`the operator ended:\n${said.join('\n')}`);
    const line = log.find(({ msg }) => String(msg).startsWith('serving'));
    if (!line) throw new Error(`the operator does not serve yet:\n${said.join('\n')}`);
    return `http://127.0.0.1:${String(line.port)}`;
  }).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    url,
    log,
    stop: async () => {
      const start = performance.now();
      child.kill('SIGTERM');
      const code = await exited;
      return { code, milliseconds: performance.now() - start };
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    get: async (where) => {
      const response = await fetch(`${url}${where}`);
      return { status: response.status, body: await response.text() };
    },
  };
}

/** One with a lease of its own for the items that have this label `suite`; `more` are further options. */
export async function startOperatorOf(
  cluster: Cluster,
  suite: string,
  more: readonly string[] = [],
): Promise<OperatorProcess> {
  const kubeconfig = await cluster.serviceAccountKubeconfig(SYSTEM, 'remediation-operator');
  const flags = ['--watch-label-selector', `suite=${suite}`, ...more];
  return startOperatorProcess(cluster, kubeconfig, { leaseName: suite, more: flags });
}

/** Ends what a failed test left running. */
export function endOperators(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** The value of one series of a /metrics text; undefined when there is none. */
export function metric(text: string, series: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

// The local control plane as tests, the demo and the benchmark use it.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, connectCluster } from './connect.ts';
import { ensureCrds } from './crds.ts';
import { kubeconfigFile, pkiFolder, serverUrl } from './flags.ts';
import {
  adminApi,
  bringUp,
  claim,
  markReady,
  startProcess,
  startWatchdog,
  sweep,
  takeDown,
  untilReady,
} from './lifecycle.ts';
import { clusterFolder } from './paths.ts';
import { isAlive, kill, signal, waitGone } from './processes.ts';
import { ensurePrograms, type Programs } from './programs.ts';
import { type Progress, streamProgress } from './progress.ts';
import {
  type ClusterOptions,
  type ClusterState,
  type ProcessName,
  processNames,
  readState,
} from './state.ts';

export interface StartOptions extends Partial<ClusterOptions> {
  name: string;
  progress?: Progress;
}

export interface LocalCluster extends Cluster {
  /** PEM file of the authority that signed the API server's certificate. */
  caFile: string;
  /** Ends the API server as an update does (SIGTERM; SIGKILL after 2 s) and starts it again on the same port. */
  restartApiServer(): Promise<void>;
  /** Ends the API server and leaves it so until `startApiServer`: connections are refused. */
  stopApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
  /** SIGSTOP: connections are accepted by the kernel and never answered, until `resumeApiServer`. */
  pauseApiServer(): Promise<void>;
  resumeApiServer(): Promise<void>;
  restartEtcd(): Promise<void>;
  /** Ends everything and removes the folder. */
  stop(): Promise<void>;
}

/** Asked to end, the API server and etcd wait up to a minute for their watchers to go, who never do; tests need not. */
const POLITE_END_MS = 2_000;

const defaults: ClusterOptions = { nodes: 3, podsPerNode: 110, crds: 'all', faults: {}, apiServerFlags: [] };

/** Starts a cluster that lives until `stop()`, and at most as long as this process. The name must be free. */
export async function startCluster(options: StartOptions): Promise<LocalCluster> {
  const { name, progress = streamProgress(), ...wanted } = options;
  const { programs, crds, clusterOptions } = await prepare(wanted, progress);
  const { claimed, state } = await claim(name, clusterOptions, programs);
  if (!claimed) {
    throw new Error(
      `There is a cluster "${name}" already: take another name, or end it with "npm run cluster -- down --name ${name}".`,
    );
  }
  const watchdog = startWatchdog(state);
  const stop = async () => {
    await takeDown(state.name, state.id);
    await watchdog.release();
  };
  try {
    await bringUp(state, programs, crds);
    const ready = await markReady(state.name, state.id, true);
    return handle(ready, programs, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Brings up a cluster that stays until `clusterDown`, also when this process ends. One that runs is answered at once. */
export async function clusterUp(options: StartOptions): Promise<LocalCluster> {
  const { name, progress = streamProgress(), ...wanted } = options;
  const { programs, crds, clusterOptions } = await prepare(wanted, progress);
  const stop = async () => void (await takeDown(name));
  for (let told = false; ; told = true) {
    const { claimed, state } = await claim(name, clusterOptions, programs);
    if (claimed) return handle(await bringUpToStay(state, programs, crds), programs, stop);
    if (state.phase === 'ready') {
      const same = {
        ...programs,
        folder: state.programs,
        path: (program: string) => join(state.programs, program),
      };
      if (!allAlive(state)) await bringUp(state, same, crds);
      return handle(state, same, stop);
    }
    if (!told) progress.log(`Another process is starting cluster "${name}"; waiting for it.`);
    await sleep(200);
    await sweep();
  }
}

async function bringUpToStay(
  state: ClusterState,
  programs: Programs,
  crds: readonly string[],
): Promise<ClusterState> {
  const watchdog = startWatchdog(state);
  try {
    await bringUp(state, programs, crds);
    return await markReady(state.name, state.id, false);
  } catch (error) {
    await takeDown(state.name, state.id);
    throw error;
  } finally {
    await watchdog.release();
  }
}

/** Ends a cluster by name; answers false where there was none. */
export function clusterDown(name: string): Promise<boolean> {
  return takeDown(name);
}

export interface ClusterStatus {
  name: string;
  phase: 'starting' | 'ready';
  kubeconfigPath: string;
  server: string;
  programs: { name: ProcessName; up: boolean; pid?: number; ports: number[] }[];
}

/** How a cluster is; undefined where there is none of this name. */
export function clusterStatus(name: string): ClusterStatus | undefined {
  const state = readState(name);
  if (!state) return undefined;
  const ports: Partial<Record<ProcessName, number[]>> = {
    etcd: [state.ports.etcd, state.ports.etcdPeer],
    'kube-apiserver': [state.ports.apiServer],
  };
  return {
    name,
    phase: state.phase,
    kubeconfigPath: kubeconfigFile(clusterFolder(name), 'admin'),
    server: serverUrl(state),
    programs: processNames.map((program) => {
      const identity = state.processes[program];
      const up = identity !== undefined && isAlive(identity);
      return { name: program, up, ...(up ? { pid: identity.pid } : {}), ports: ports[program] ?? [] };
    }),
  };
}

async function prepare(wanted: Partial<ClusterOptions>, progress: Progress) {
  const clusterOptions = { ...defaults, ...wanted };
  for (const name of await sweep()) progress.log(`Took down cluster "${name}", whose owner was gone.`);
  const programs = await ensurePrograms(progress);
  const crds = clusterOptions.crds === 'none' ? [] : await ensureCrds(progress);
  return { programs, crds, clusterOptions };
}

const allAlive = (state: ClusterState) =>
  processNames.every((program) => {
    const identity = state.processes[program];
    return identity !== undefined && isAlive(identity);
  });

function handle(state: ClusterState, programs: Programs, stop: () => Promise<void>): LocalCluster {
  const { name, id } = state;
  const folder = clusterFolder(name);
  const identityOf = (program: ProcessName) => {
    const current = readState(name);
    const identity = current?.id === id ? current.processes[program] : undefined;
    if (!identity) throw new Error(`Cluster "${name}" has no ${program} any more: it was taken down.`);
    return identity;
  };
  const end = async (program: ProcessName) => {
    const identity = identityOf(program);
    signal(identity, 'SIGTERM');
    await kill(await waitGone([identity], POLITE_END_MS));
  };
  const start = async (program: ProcessName) => {
    await startProcess(name, id, program, programs);
    const api = adminApi(state);
    await untilReady(state, api).finally(() => api.close());
  };
  const restart = async (program: ProcessName) => {
    await end(program);
    await start(program);
  };

  const cluster = connectCluster({
    name,
    server: serverUrl(state),
    kubeconfigPath: kubeconfigFile(folder, 'admin'),
    kubectlPath: programs.path('kubectl'),
    folder,
  });
  return {
    ...cluster,
    caFile: join(pkiFolder(folder), 'ca.crt'),
    restartApiServer: () => restart('kube-apiserver'),
    stopApiServer: () => end('kube-apiserver'),
    startApiServer: () => start('kube-apiserver'),
    pauseApiServer: async () => void signal(identityOf('kube-apiserver'), 'SIGSTOP'),
    resumeApiServer: async () => void signal(identityOf('kube-apiserver'), 'SIGCONT'),
    restartEtcd: () => restart('etcd'),
    stop,
  };
}

// How a cluster comes up and goes down. Everything here may be called again at
// any point: what is already there is left alone, and what a killed process
// left half done is finished or swept away by the next call.
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, connectApi } from './api.ts';
import { flags, kubeconfigFile, pkiFolder, serverUrl } from './flags.ts';
import { fill, untilUsable } from './furnish.ts';
import { clientCertificate, writeKubeconfig } from './kubeconfig.ts';
import { clusterFolder } from './paths.ts';
import { freePorts } from './ports.ts';
import { identify, isAlive, kill, startDetached } from './processes.ts';
import type { Programs } from './programs.ts';
import { run } from './run.ts';
import {
  type ClusterOptions,
  type ClusterState,
  type ProcessName,
  processNames,
  readableStates,
  readState,
  withStateLock,
  writeState,
} from './state.ts';
import { type Watchdog, watchedBy } from './watched.ts';

/** Makes the name ours, with ports of its own; answers the state of the one that has it where it is taken. */
export function claim(
  name: string,
  options: ClusterOptions,
  programs: Programs,
): Promise<{ claimed: boolean; state: ClusterState }> {
  return withStateLock(async () => {
    const present = readState(name);
    if (present) return { claimed: false, state: present };
    const owner = identify(process.pid);
    if (!owner) throw new Error(`The start time of process ${process.pid} cannot be read.`);
    const [etcd, etcdPeer, apiServer] = await freePorts(3, takenPorts());
    const state: ClusterState = {
      id: randomUUID(),
      name,
      phase: 'starting',
      owner,
      programs: programs.folder,
      ports: { etcd: etcd!, etcdPeer: etcdPeer!, apiServer: apiServer! },
      options,
      processes: {},
    };
    writeState(state);
    return { claimed: true, state };
  });
}

function takenPorts(): Set<number> {
  return new Set(readableStates().flatMap((state) => Object.values(state.ports)));
}

/** Starts whatever of the cluster does not run, in order, and waits until all of it works. */
export async function bringUp(
  state: ClusterState,
  programs: Programs,
  crds: readonly string[],
): Promise<void> {
  const folder = clusterFolder(state.name);
  await issueCertificates(state, programs);
  await startProcess(state.name, state.id, 'etcd', programs);
  await startProcess(state.name, state.id, 'kube-apiserver', programs);
  const api = adminApi(state);
  try {
    await untilReady(state, api);
    for (const name of processNames.slice(2)) await startProcess(state.name, state.id, name, programs);
    const stillRuns = () => checkRunning(state, processNames);
    await fill(api, state.options, crds);
    await untilUsable(api, state.options, stillRuns);
  } finally {
    api.close();
  }
  if (!existsSync(kubeconfigFile(folder, 'admin')))
    throw new Error(`${folder} was removed while it started.`);
}

/** The admin's connection to the API server. */
export function adminApi(state: ClusterState): Api {
  const pki = pkiFolder(clusterFolder(state.name));
  return connectApi({
    server: serverUrl(state),
    ca: readFileSync(join(pki, 'ca.crt')),
    certificate: readFileSync(join(pki, 'admin.crt')),
    key: readFileSync(join(pki, 'admin.key')),
  });
}

async function issueCertificates(state: ClusterState, programs: Programs): Promise<void> {
  const folder = clusterFolder(state.name);
  const pki = pkiFolder(folder);
  if (existsSync(pki)) return;
  const half = `${pki}.half`;
  rmSync(half, { recursive: true, force: true });
  await run(programs.path('certs'), [half]);
  const ca = readFileSync(join(half, 'ca.crt'));
  for (const user of ['admin', 'controller-manager', 'scheduler', 'kwok']) {
    const credentials = clientCertificate(half, user);
    writeKubeconfig(kubeconfigFile(folder, user), { server: serverUrl(state), ca, user, credentials });
  }
  renameSync(half, pki);
}

/** Starts one program unless it runs. Start and record are one step under the lock, so that `takeDown` misses none. */
export function startProcess(
  name: string,
  id: string,
  program: ProcessName,
  programs: Programs,
): Promise<void> {
  return withStateLock(async () => {
    const state = readState(name);
    if (state?.id !== id) throw new Error(`Cluster "${name}" was taken down while it started.`);
    const present = state.processes[program];
    if (present && isAlive(present)) return;
    const folder = clusterFolder(name);
    const args = flags(program, { folder, state, stages: programs.stages });
    mkdirSync(join(folder, 'logs'), { recursive: true });
    const identity = startDetached(programs.path(program), args, folder, logFile(name, program));
    writeState({ ...state, processes: { ...state.processes, [program]: identity } });
  });
}

const logFile = (name: string, program: ProcessName) => join(clusterFolder(name), 'logs', `${program}.log`);

/** Waits until the API server says that it is ready; throws with the end of a log when a program has ended. */
export async function untilReady(state: ClusterState, api: Api): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const status = await api.send('GET', '/readyz').then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    checkRunning(state, ['etcd', 'kube-apiserver']);
    await sleep(50);
  }
  throw new Error(
    `The API server is not ready after 60 s. Its log ends with:\n${logEnd(state.name, 'kube-apiserver')}`,
  );
}

function checkRunning(state: ClusterState, programs: readonly ProcessName[]): void {
  const current = readState(state.name);
  if (current?.id !== state.id) throw new Error(`Cluster "${state.name}" was taken down while it started.`);
  for (const program of programs) {
    const identity = current.processes[program];
    if (identity && !isAlive(identity)) {
      throw new Error(`${program} has ended. Its log ends with:\n${logEnd(state.name, program)}`);
    }
  }
}

function logEnd(name: string, program: ProcessName): string {
  const file = logFile(name, program);
  if (!existsSync(file)) return '(no log)';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
}

/** Marks the cluster as ready; without an owner it stays until it is taken down. */
export function markReady(name: string, id: string, keepOwner: boolean): Promise<ClusterState> {
  return withStateLock(async () => {
    const state = readState(name);
    if (state?.id !== id) throw new Error(`Cluster "${name}" was taken down while it started.`);
    const ready: ClusterState = { ...state, phase: 'ready', owner: keepOwner ? state.owner : null };
    writeState(ready);
    return ready;
  });
}

/**
 * Ends exactly the recorded processes and removes the folder. With `id`, only
 * where the cluster of this name is still that one. Answers whether there was one.
 */
export function takeDown(name: string, id?: string): Promise<boolean> {
  return withStateLock(async () => {
    const state = readState(name);
    if (!state || (id !== undefined && state.id !== id)) return false;
    await kill(Object.values(state.processes));
    rmSync(clusterFolder(name), { recursive: true, force: true, maxRetries: 5 });
    return true;
  });
}

/** Takes down every cluster whose owner is gone without having done so. Answers their names. */
export async function sweep(): Promise<string[]> {
  const swept: string[] = [];
  for (const { name, id, owner } of readableStates()) {
    if (!owner || isAlive(owner)) continue;
    if (await takeDown(name, id)) swept.push(name);
  }
  return swept;
}

/**
 * Starts a process that takes the cluster down when this one ends, however it
 * ends.
 */
export const startWatchdog = ({ name, id }: ClusterState): Watchdog =>
  watchedBy(join(import.meta.dirname, 'watchdog.ts'), [name, id]);

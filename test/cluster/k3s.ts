// K3s in a container, through testcontainers. Pods run on nodes that kwok plays,
// as on the local control plane, so that suites need no image and mean the same
// on both; K3s's own node is cordoned.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StartedK3sContainer } from '@testcontainers/k3s';
import { type ClusterInfo, kubectlFor } from './connect.ts';
import { connectForeign } from './foreign.ts';
import { node } from './furnish.ts';
import { ensurePrograms } from './programs.ts';
import type { Progress } from './progress.ts';

const k3sImage = 'rancher/k3s:v1.36.2-k3s1';

const DOCKER_ANSWERS_MS = 3_000;
const PULL_BEGINS_MS = 4_000;

/** The reason why K3s cannot be had, as a sentence. */
export class NoK3sError extends Error {
  override readonly name = 'NoK3sError';
}

/** Starts K3s; throws NoK3sError within seconds where Docker does not answer or the image cannot be had. */
export async function startK3s(progress: Progress): Promise<{ info: ClusterInfo; stop(): Promise<void> }> {
  await ensureImage(progress);
  const { K3sContainer } = await import('@testcontainers/k3s');
  progress.log(`Starting ${k3sImage} in Docker.`);
  const container = await new K3sContainer(k3sImage).start().catch((error: unknown) => {
    throw new NoK3sError(
      `${k3sImage} did not start: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  try {
    return await furnish(container, progress);
  } catch (error) {
    await container.stop();
    throw error;
  }
}

async function furnish(container: StartedK3sContainer, progress: Progress) {
  const folder = mkdtempSync(join(tmpdir(), 'remediation-k3s-'));
  const kubeconfigPath = join(folder, 'admin.kubeconfig');
  writeFileSync(kubeconfigPath, container.getKubeConfig(), { mode: 0o600 });
  const { info, close } = await connectForeign('k3s', kubeconfigPath, progress);
  const endKwok = await playNodes(info, progress);
  return {
    info,
    stop: async () => {
      await endKwok();
      close();
      rmSync(folder, { recursive: true, force: true });
      await container.stop();
    },
  };
}

/** Cordons the nodes that are there and adds three that kwok plays, for as long as this process lives. */
async function playNodes(info: ClusterInfo, progress: Progress): Promise<() => Promise<void>> {
  const programs = await ensurePrograms(progress, ['kwok', 'kubectl']);
  const kubectl = kubectlFor(info.kubectlPath, info.kubeconfigPath, join(info.folder, 'kubectl-cache'));
  const present = (await kubectl(['get', 'nodes', '--output=name'])).split('\n').filter(Boolean);
  if (present.length > 0) await kubectl(['cordon', ...present.map((line) => line.replace('node/', ''))]);
  const items = [0, 1, 2].map((index) => {
    const played = node(index, 110);
    return { ...played, metadata: { ...played.metadata, annotations: { 'kwok.x-k8s.io/node': 'fake' } } };
  });
  await kubectl(['create', '--filename=-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));

  const args = [
    `--kubeconfig=${info.kubeconfigPath}`,
    '--manage-all-nodes=false',
    '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
    '--cidr=10.244.0.0/16',
    '--node-ip=10.0.0.1',
    '--node-lease-duration-seconds=40',
    ...programs.stages.map((stage) => `--config=${stage}`),
  ];
  // The shell ends kwok when the pipe from this process closes, which it does even after SIGKILL.
  const leash = spawn(
    'sh',
    ['-c', '"$@" & kwok=$!; cat; kill $kwok; wait $kwok', 'sh', programs.path('kwok'), ...args],
    {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  const ended = new Promise<void>((resolve) => leash.once('exit', () => resolve()));
  await kubectl([
    'wait',
    '--for=condition=Ready',
    '--timeout=60s',
    'node/node-0',
    'node/node-1',
    'node/node-2',
  ]);
  return async () => {
    leash.stdin.end();
    await ended;
  };
}

/** Makes sure that Docker has the image. Docker itself knows best whether it can pull: it is asked to, and must begin soon. */
async function ensureImage(progress: Progress): Promise<void> {
  const { getContainerRuntimeClient } = await import('testcontainers');
  const client = await within(DOCKER_ANSWERS_MS, getContainerRuntimeClient(), 'Docker does not answer');
  const docker = client.container.dockerode;
  const present = docker.getImage(k3sImage).inspect();
  const isHere = await within(DOCKER_ANSWERS_MS, present, 'Docker does not have the image').then(
    () => true,
    () => false,
  );
  if (isHere) return;
  const abort = new AbortController();
  const pull = docker.pull(k3sImage, { abortSignal: abort.signal });
  const stream = await within(PULL_BEGINS_MS, pull, `${k3sImage} cannot be pulled`).catch(
    (error: unknown) => {
      abort.abort();
      throw error;
    },
  );
  const endShow = progress.show(() => `Pulling ${k3sImage}`);
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (error) =>
      error ? reject(new NoK3sError(`${k3sImage} cannot be pulled: ${error.message}`)) : resolve(),
    );
  }).finally(endShow);
}

async function within<T>(timeoutMs: number, work: Promise<T>, otherwise: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new NoK3sError(`${otherwise} (waited ${timeoutMs / 1000} s)`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    if (error instanceof NoK3sError) throw error;
    throw new NoK3sError(`${otherwise}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

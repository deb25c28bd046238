// A cluster that is not the local control plane: made ready for the suites with
// kubectl alone, because its credentials may be of any kind.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ClusterInfo, type Kubectl, kubectlFor, serverOf } from './connect.ts';
import { ensureCrds } from './crds.ts';
import { ensurePrograms } from './programs.ts';
import type { Progress } from './progress.ts';
import { RunError } from './run.ts';

/** Connects to the cluster of a kubeconfig; throws where its API server does not answer within 10 s. */
export async function connectForeign(
  name: string,
  kubeconfigPath: string,
  progress: Progress,
): Promise<{ info: ClusterInfo; close(): void }> {
  const programs = await ensurePrograms(progress, ['kubectl']);
  const kubectlPath = programs.path('kubectl');
  const folder = mkdtempSync(join(tmpdir(), 'remediation-cluster-'));
  const close = () => rmSync(folder, { recursive: true, force: true });
  try {
    const kubectl = kubectlFor(kubectlPath, kubeconfigPath, join(folder, 'kubectl-cache'));
    const { server } = await serverOf(kubectl);
    await kubectl(['get', '--raw=/readyz', '--request-timeout=10s']);
    await createMissingCrds(kubectl, progress);
    return { info: { name, server, kubeconfigPath, kubectlPath, folder }, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Creates the CRDs that the cluster does not have; those that it has are left as they are. */
async function createMissingCrds(kubectl: Kubectl, progress: Progress): Promise<void> {
  const files = await ensureCrds(progress);
  const folder = dirname(files[0]!);
  try {
    await kubectl(['create', '--validate=false', `--filename=${folder}`]);
  } catch (error) {
    if (!(error instanceof RunError) || !onlyAlreadyExists(error.stderr)) throw error;
  }
  await kubectl(['wait', '--for=condition=Established', '--timeout=60s', `--filename=${folder}`]);
}

/** Whether all that kubectl complained of is that objects exist. */
export function onlyAlreadyExists(stderr: string): boolean {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 0 && lines.every((line) => line.includes('(AlreadyExists)'));
}

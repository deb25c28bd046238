// A cluster that is not the local control plane: made ready for the suites with
// kubectl alone, because its credentials may be of any kind.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type ClusterInfo, type Kubectl, kubectlFor, serverOf } from './connect.ts';
import { ensureCrds } from './crds.ts';
import { ensurePrograms } from './programs.ts';
import type { Progress } from './progress.ts';

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
  const present = new Set((await kubectl(['get', 'crds', '--output=name'])).split('\n'));
  const files = (await ensureCrds(progress)).filter(
    (file) => !present.has(`customresourcedefinition.apiextensions.k8s.io/${basename(file, '.json')}`),
  );
  if (files.length === 0) return;
  progress.log(`Creating ${files.length} CRDs that the cluster does not have.`);
  const named = files.map((file) => `--filename=${file}`);
  await kubectl(['create', '--validate=false', ...named]);
  await kubectl(['wait', '--for=condition=Established', '--timeout=60s', ...named]);
}

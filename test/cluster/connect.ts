// What a user of a cluster holds, whoever provides the cluster.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeKubeconfig } from './kubeconfig.ts';
import { run } from './run.ts';

/** Enough to reach a cluster from another process: plain data. */
export interface ClusterInfo {
  name: string;
  /** `https://HOST:PORT`. */
  server: string;
  /** The administrator's kubeconfig. */
  kubeconfigPath: string;
  kubectlPath: string;
  /** For files that shall be gone when the cluster is. */
  folder: string;
}

export type Kubectl = (args: readonly string[], stdin?: string) => Promise<string>;

export interface Cluster extends ClusterInfo {
  /** Runs kubectl as the administrator; answers stdout, throws RunError with stderr. */
  kubectl: Kubectl;
  /** Writes a kubeconfig with a token (24 h) of a ServiceAccount that exists; answers its path. */
  serviceAccountKubeconfig(namespace: string, name: string): Promise<string>;
}

/** kubectl with this kubeconfig and nothing of the caller's own: neither KUBECONFIG nor the cache in the home folder. */
export function kubectlFor(program: string, kubeconfigPath: string, cacheFolder: string): Kubectl {
  return (args, stdin) =>
    run(
      program,
      [`--kubeconfig=${kubeconfigPath}`, `--cache-dir=${cacheFolder}`, ...args],
      stdin === undefined ? {} : { stdin },
    );
}

export function connectCluster(info: ClusterInfo): Cluster {
  const kubectl = kubectlFor(info.kubectlPath, info.kubeconfigPath, join(info.folder, 'kubectl-cache'));
  return {
    ...info,
    kubectl,
    serviceAccountKubeconfig: (namespace, name) =>
      serviceAccountKubeconfig(kubectl, info.folder, namespace, name),
  };
}

const kubeconfigView = z.object({
  clusters: z.tuple([
    z.object({
      cluster: z.object({
        server: z.string(),
        'certificate-authority-data': z.string().optional(),
        'certificate-authority': z.string().optional(),
      }),
    }),
  ]),
});

/** The server of a kubeconfig's current context and the authority that vouches for it (PEM). */
export async function serverOf(kubectl: Kubectl): Promise<{ server: string; ca: Buffer }> {
  const view = await kubectl(['config', 'view', '--raw', '--minify', '--flatten', '--output=json']);
  const { cluster } = kubeconfigView.parse(JSON.parse(view)).clusters[0];
  const data = cluster['certificate-authority-data'];
  const file = cluster['certificate-authority'];
  if (data) return { server: cluster.server, ca: Buffer.from(data, 'base64') };
  if (file) return { server: cluster.server, ca: readFileSync(file) };
  throw new Error(`The kubeconfig names no certificate-authority for ${cluster.server}: add one.`);
}

async function serviceAccountKubeconfig(
  kubectl: Kubectl,
  folder: string,
  namespace: string,
  name: string,
): Promise<string> {
  const [api, token] = await Promise.all([
    serverOf(kubectl),
    kubectl(['create', 'token', name, `--namespace=${namespace}`, '--duration=24h']),
  ]);
  const path = join(folder, `${namespace}.${name}.kubeconfig`);
  const user = `system:serviceaccount:${namespace}:${name}`;
  writeKubeconfig(path, { ...api, user, credentials: { token: token.trim() } });
  return path;
}

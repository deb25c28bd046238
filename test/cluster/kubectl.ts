// kubectl for a cluster, as the administrator and as a ServiceAccount.
import { join } from 'node:path';
import { writeKubeconfig } from './kubeconfig.ts';
import { run } from './run.ts';

export type Kubectl = (args: readonly string[], stdin?: string) => Promise<string>;

/** kubectl with this kubeconfig and nothing of the caller's own: neither KUBECONFIG nor the cache in the home folder. */
export function kubectlFor(program: string, kubeconfigPath: string, cacheFolder: string): Kubectl {
  return (args, stdin) =>
    run(program, [`--kubeconfig=${kubeconfigPath}`, `--cache-dir=${cacheFolder}`, ...args], {
      ...(stdin === undefined ? {} : { stdin }),
    });
}

/** Writes `FOLDER/NAMESPACE.NAME.kubeconfig` with a token of the ServiceAccount that is good for 24 hours. */
export async function serviceAccountKubeconfig(
  kubectl: Kubectl,
  folder: string,
  api: { server: string; ca: Buffer },
  namespace: string,
  name: string,
): Promise<string> {
  const token = (
    await kubectl(['create', 'token', name, `--namespace=${namespace}`, '--duration=24h'])
  ).trim();
  const path = join(folder, `${namespace}.${name}.kubeconfig`);
  writeKubeconfig(path, {
    ...api,
    user: `system:serviceaccount:${namespace}:${name}`,
    credentials: { token },
  });
  return path;
}

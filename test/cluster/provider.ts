// Which cluster the suites run against: one that is named, else K3s in a
// container, else the local control plane.
import { resolve } from 'node:path';
import type { ClusterInfo } from './connect.ts';
import { connectForeign } from './foreign.ts';
import { NoK3sError, startK3s } from './k3s.ts';
import { startCluster } from './local.ts';
import { type Progress, streamProgress } from './progress.ts';

export type ProviderName = 'kubeconfig' | 'k3s' | 'local';

export interface AcquiredCluster {
  provider: ProviderName;
  info: ClusterInfo;
  /** Ends what was started; a cluster that was named is left as it is. */
  stop(): Promise<void>;
}

/** No provider could give a cluster; the message says why, one reason per provider. */
export class NoClusterError extends Error {
  override readonly name = 'NoClusterError';
}

export interface Providers {
  kubeconfig(path: string): Promise<Omit<AcquiredCluster, 'provider'>>;
  k3s(): Promise<Omit<AcquiredCluster, 'provider'>>;
  local(): Promise<Omit<AcquiredCluster, 'provider'>>;
}

/**
 * A cluster for a whole test run. A cluster named by TEST_KUBECONFIG is the only
 * one that is tried: falling through to another would test the wrong thing.
 */
export async function acquireCluster(
  options: { progress?: Progress; env?: NodeJS.ProcessEnv; providers?: Providers } = {},
): Promise<AcquiredCluster> {
  const { progress = streamProgress(), env = process.env } = options;
  const providers = options.providers ?? realProviders(progress);
  if (env.TEST_KUBECONFIG) {
    const cluster = await providers.kubeconfig(resolve(env.TEST_KUBECONFIG));
    progress.log(`The suites use the cluster of TEST_KUBECONFIG, ${cluster.info.server}.`);
    return { provider: 'kubeconfig', ...cluster };
  }
  let whyNotK3s: string;
  try {
    return { provider: 'k3s', ...(await providers.k3s()) };
  } catch (error) {
    if (!(error instanceof NoK3sError)) throw error;
    whyNotK3s = error.message;
    progress.log(`No K3s (${whyNotK3s}); the suites use the local control plane.`);
  }
  try {
    return { provider: 'local', ...(await providers.local()) };
  } catch (error) {
    const whyNotLocal = error instanceof Error ? error.message : String(error);
    throw new NoClusterError(
      `No cluster for the suites. K3s: ${whyNotK3s}. Local control plane: ${whyNotLocal} ` +
        'Install Go or start Docker, or name a cluster with TEST_KUBECONFIG.',
    );
  }
}

function realProviders(progress: Progress): Providers {
  return {
    kubeconfig: async (path) => {
      const { info, close } = await connectForeign('named', path, progress);
      return { info, stop: async () => close() };
    },
    k3s: () => startK3s(progress),
    local: async () => {
      const cluster = await startCluster({ name: `shared-${process.pid}`, progress });
      const { name, server, kubeconfigPath, kubectlPath, folder } = cluster;
      return { info: { name, server, kubeconfigPath, kubectlPath, folder }, stop: cluster.stop };
    },
  };
}

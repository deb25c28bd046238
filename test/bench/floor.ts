// The floor that no checker can beat: `kubectl get --raw` listing the kinds that
// the operator reads, one after the other.
import { spawn } from 'node:child_process';
import type { Cluster } from '../cluster/index.ts';

export interface Floor {
  readonly seconds: number;
  readonly bytes: number;
  readonly lists: readonly { readonly path: string; readonly seconds: number; readonly bytes: number }[];
}

const PATHS = [
  '/apis/remediation.dev/v1alpha1/remediationitems',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  '/api/v1/namespaces',
  '/api/v1/pods',
  '/apis/apps/v1/deployments',
  '/apis/apps/v1/replicasets',
  '/apis/apps/v1/statefulsets',
  '/apis/apps/v1/daemonsets',
  '/apis/autoscaling/v2/horizontalpodautoscalers',
  '/apis/policy/v1/poddisruptionbudgets',
  '/apis/networking.k8s.io/v1/networkpolicies',
  '/apis/cilium.io/v2/ciliumnetworkpolicies',
  '/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies',
];

/** Lists everything `rounds` times; answers the round in the middle. */
export async function measureFloor(cluster: Cluster, rounds: number): Promise<Floor> {
  const measured: Floor[] = [];
  for (let round = 0; round < rounds; round++) {
    const lists: Floor['lists'][number][] = [];
    for (const path of PATHS) lists.push({ path, ...(await getRaw(cluster, path)) });
    const sum = (of: 'seconds' | 'bytes') => lists.reduce((total, list) => total + list[of], 0);
    measured.push({ seconds: sum('seconds'), bytes: sum('bytes'), lists });
  }
  return measured.sort((a, b) => a.seconds - b.seconds)[Math.floor(rounds / 2)]!;
}

function getRaw(cluster: Cluster, path: string): Promise<{ seconds: number; bytes: number }> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(
      cluster.kubectlPath,
      [`--kubeconfig=${cluster.kubeconfigPath}`, 'get', `--raw=${path}`],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve({ seconds: (performance.now() - started) / 1000, bytes });
      else reject(new Error(`kubectl get --raw ${path} ended with ${code}`));
    });
  });
}

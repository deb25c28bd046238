// A real Kubernetes control plane on this machine, as a library.
export { type Cluster, type ClusterInfo, connectCluster, type Kubectl } from './connect.ts';
export {
  type ClusterStatus,
  clusterDown,
  clusterStatus,
  clusterUp,
  type LocalCluster,
  type StartOptions,
  startCluster,
} from './local.ts';
export { ensurePrograms, type Programs } from './programs.ts';
export { logProgress, type Progress, streamProgress } from './progress.ts';
export { RunError } from './run.ts';
export type { ClusterOptions } from './state.ts';

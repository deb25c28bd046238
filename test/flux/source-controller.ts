// Flux's source-controller beside a cluster, as the cluster's administrator: on
// ports of its own, stopped and started again with what it has stored still there.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../cluster/index.ts';
import { freePorts } from '../cluster/ports.ts';
import { type Program, startProgram } from './program.ts';

/** While it is stopped, nobody answers for its artifacts. */
export interface SourceController extends Program {
  /** Where its artifacts are served, HOST:PORT. */
  readonly artifactAddress: string;
  /** The folder that they are served from. */
  readonly storage: string;
}

export interface ArtifactServer {
  /** The address that it listens on; default 127.0.0.1. */
  readonly host?: string;
  /** What the URLs of its artifacts begin with; default where it listens. */
  readonly advertised?: string;
}

/** Starts `file` against `cluster`. Throws when it does not become ready. */
export async function startSourceController(
  file: string,
  cluster: Cluster,
  { host = '127.0.0.1', advertised }: ArtifactServer = {},
): Promise<SourceController> {
  const folder = join(cluster.folder, 'source-controller');
  const storage = join(folder, 'storage');
  mkdirSync(storage, { recursive: true });
  const [artifacts, health] = await freePorts(2, new Set());
  const artifactAddress = `${host}:${artifacts}`;
  const program = await startProgram({
    file,
    folder,
    args: [
      '--watch-all-namespaces',
      '--enable-leader-election=false',
      `--storage-path=${storage}`,
      `--storage-addr=${artifactAddress}`,
      `--storage-adv-addr=${advertised ?? artifactAddress}`,
      `--health-addr=127.0.0.1:${health}`,
      '--metrics-addr=0',
      '--log-level=debug',
    ],
    env: { KUBECONFIG: cluster.kubeconfigPath, TMPDIR: folder },
    ready: {
      [`http://127.0.0.1:${health}/readyz`]: [200],
      // Its artifact server starts beside it: a folder is listed, or not found yet.
      [`http://${artifactAddress}/`]: [200, 404],
    },
  });
  return { ...program, artifactAddress, storage };
}

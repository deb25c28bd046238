// What the suites of this folder share: Flux's sources as they read them, and
// waiting for a revision.

import { expect } from 'vitest';
import type { KubeObject } from '../../../src/kubernetes/index.ts';
import type { Cluster } from '../../cluster/index.ts';
import { eventually, getJson } from '../support/cluster.ts';

export interface Artifact {
  readonly url: string;
  readonly digest: string;
  /** BRANCH@sha1:COMMIT */
  readonly revision: string;
}

export interface GitRepository extends KubeObject {
  readonly status?: {
    readonly artifact?: Artifact;
    readonly lastHandledReconcileAt?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message: string;
    }[];
  };
}

/** Waits until Flux offers an artifact of this commit. */
export const untilRevision = (
  cluster: Cluster,
  namespace: string,
  name: string,
  commit: string,
): Promise<{ readonly artifact: Artifact }> =>
  eventually(async () => {
    const { status } = await getJson<GitRepository>(cluster, 'gitrepository', name, '-n', namespace);
    expect(status?.artifact?.revision, JSON.stringify(status?.conditions)).toBe(`main@sha1:${commit}`);
    return { artifact: status!.artifact! };
  });

/** What a GitRepository's secretRef names. */
export const secret = (namespace: string, name: string, username: string, password: string): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name },
  stringData: { username, password },
});

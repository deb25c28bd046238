// One cluster for a whole run of the `cluster` project, and the word on whether
// suites may start further ones of their own.
import type { TestProject } from 'vitest/node';
import type { ClusterInfo } from './connect.ts';
import { ensurePrograms } from './programs.ts';
import { streamProgress } from './progress.ts';
import { type AcquiredCluster, acquireCluster } from './provider.ts';

declare module 'vitest' {
  interface ProvidedContext {
    sharedCluster: ClusterInfo | null;
    localClusters: boolean;
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const shared = await orNull(acquireCluster(), 'No suite runs against a cluster');
  project.provide('sharedCluster', shared?.info ?? null);
  project.provide('localClusters', shared?.provider === 'local' || (await canStartLocal(shared)));
  return shared?.stop;
}

async function canStartLocal(shared: AcquiredCluster | null): Promise<boolean> {
  // Where the local control plane has just been tried in vain there is no need to try again.
  if (shared === null) return false;
  const programs = ensurePrograms(streamProgress());
  return (await orNull(programs, 'Suites that need a control plane of their own do not run')) !== null;
}

/** With REQUIRE_CLUSTER=1 a missing cluster fails the run; otherwise it is said loudly. */
export async function orNull<T>(work: Promise<T>, consequence: string): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (process.env.REQUIRE_CLUSTER === '1') throw error;
    const why = error instanceof Error ? error.message : String(error);
    const bar = '!'.repeat(78);
    console.error(
      `${bar}\nSKIPPED: ${consequence}.\n${why}\nREQUIRE_CLUSTER=1 makes this a failure.\n${bar}`,
    );
    return null;
  }
}

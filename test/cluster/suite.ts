// What a suite in test/integration asks for:
//
//   const cluster = sharedCluster();
//   describe.skipIf(!cluster)('…', () => { … cluster!.kubectl(['get', 'pods']) … });
//   describe.skipIf(!localClusters())('…', () => { … await startCluster({ name: suiteName('faults') }) … });
import { inject } from 'vitest';
import { type Cluster, connectCluster } from './connect.ts';
import type {} from './vitest-setup.ts';

/** The cluster that all suites of this run share; undefined where none could be had. */
export function sharedCluster(): Cluster | undefined {
  const info = inject('sharedCluster');
  return info ? connectCluster(info) : undefined;
}

/** Whether `startCluster` works here, for suites that stop, restart or disturb the control plane. */
export function localClusters(): boolean {
  return inject('localClusters');
}

/** A cluster name that no other suite, worker or checkout uses at this time. */
export function suiteName(topic: string): string {
  return `${topic}-${process.pid}`;
}

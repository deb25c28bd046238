// What is fetched of Flux sources, and what is held of them.

import { Gauge, Histogram, type Registry } from 'prom-client';

/** What there is at this moment, in artifacts and in bytes. */
export interface HeldArtifacts {
  readonly known: number;
  readonly pending: number;
  readonly failed: number;
  readonly takenBytes: number;
  readonly roomBytes: number;
}

export interface ArtifactMetrics {
  /** One fetch has ended: with success, or for this reason without. */
  fetched(result: string, seconds: number): void;
  /** Where to ask, at each scrape, what is held. */
  holdings(read: () => HeldArtifacts): void;
}

/** A fetch takes from milliseconds to the 30 s after which it is given up. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const RESULTS = ['success', 'Forbidden', 'Unreachable', 'Unreadable'] as const;

const NOTHING: HeldArtifacts = { known: 0, pending: 0, failed: 0, takenBytes: 0, roomBytes: 0 };

export function createArtifactMetrics(registry: Registry): ArtifactMetrics {
  const registers = [registry];
  let held = () => NOTHING;
  const duration = new Histogram({
    name: 'remediation_artifact_fetch_duration_seconds',
    help: 'How long fetching an artifact of a Flux source took; result is success or why it failed.',
    labelNames: ['result'],
    buckets: BUCKETS,
    registers,
  });
  // Known from the first scrape on, so that a rate over them has a beginning.
  for (const result of RESULTS) duration.zero({ result });
  new Gauge({
    name: 'remediation_artifacts',
    help: 'Artifacts of Flux sources that items read: known (held), pending (on their way), failed (tried again).',
    labelNames: ['state'],
    registers,
    collect() {
      const { known, pending, failed } = held();
      this.set({ state: 'known' }, known);
      this.set({ state: 'pending' }, pending);
      this.set({ state: 'failed' }, failed);
    },
  });
  new Gauge({
    name: 'remediation_artifact_memory_bytes',
    help: 'Memory that the files of all artifacts take.',
    registers,
    collect() {
      this.set(held().takenBytes);
    },
  });
  new Gauge({
    name: 'remediation_artifact_memory_limit_bytes',
    help: 'Memory that the files of all artifacts may take: a third of the heap.',
    registers,
    collect() {
      this.set(held().roomBytes);
    },
  });
  return {
    fetched: (result, seconds) => duration.observe({ result }, seconds),
    holdings: (read) => {
      held = read;
    },
  };
}

// Metrics of a work queue under the names that client-go and controller-runtime
// made usual (k8s.io/client-go/util/workqueue/metrics.go), fed by four hooks.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** client-go's buckets run from 10 ns by tens; these begin where a verdict in Node can. */
const BUCKETS = [0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];

/** What a queue tells of each key. One that is added again while it waits is not told again. */
export interface QueueHooks {
  /** The key began to wait. */
  added(key: string): void;
  /** A worker took it. */
  started(key: string): void;
  /** The worker is done with it. */
  done(key: string): void;
  /** It was put back after a failure, with backoff. */
  retried(key: string): void;
  /** How long the longest running evaluation has been running, in seconds; 0 when none is. */
  longestRunningSeconds(): number;
}

export function createQueueMetrics(
  registry: Registry,
  monotonic: () => number,
): (name: string) => QueueHooks {
  const registers = [registry];
  const labelNames = ['name'] as const;
  const waiting = new Map<string, Map<string, number>>();
  const running = new Map<string, Map<string, number>>();
  const secondsSince = (start: number): number => (monotonic() - start) / 1000;
  const elapsed = (name: string): number[] => [...(running.get(name)?.values() ?? [])].map(secondsSince);

  const depth = new Gauge({
    name: 'workqueue_depth',
    help: 'Current depth of the work queue: what is ready and waits for a worker.',
    labelNames,
    registers,
    collect() {
      for (const [name, keys] of waiting) this.set({ name }, keys.size);
    },
  });
  const adds = new Counter({
    name: 'workqueue_adds_total',
    help: 'Total number of adds handled by the work queue.',
    labelNames,
    registers,
  });
  const queueDuration = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long in seconds an item stays in the work queue before a worker takes it.',
    labelNames,
    buckets: BUCKETS,
    registers,
  });
  const workDuration = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long in seconds processing an item from the work queue takes.',
    labelNames,
    buckets: BUCKETS,
    registers,
  });
  const retries = new Counter({
    name: 'workqueue_retries_total',
    help: 'Total number of retries handled by the work queue.',
    labelNames,
    registers,
  });
  const unfinished = new Gauge({
    name: 'workqueue_unfinished_work_seconds',
    help: 'How many seconds of work are in progress and not yet observed by work_duration. Growing means stuck.',
    labelNames,
    registers,
    collect() {
      for (const name of running.keys())
        this.set(
          { name },
          elapsed(name).reduce((sum, each) => sum + each, 0),
        );
    },
  });
  const longest = new Gauge({
    name: 'workqueue_longest_running_processor_seconds',
    help: 'How many seconds the longest running processor of the work queue has been running.',
    labelNames,
    registers,
    collect() {
      for (const name of running.keys()) this.set({ name }, Math.max(0, ...elapsed(name)));
    },
  });

  return (name) => {
    const waits = new Map<string, number>();
    const runs = new Map<string, number>();
    waiting.set(name, waits);
    running.set(name, runs);
    // Known from the first scrape on, so that a rate over them has a beginning.
    for (const metric of [adds, retries]) metric.inc({ name }, 0);
    for (const metric of [depth, unfinished, longest]) metric.set({ name }, 0);
    for (const metric of [queueDuration, workDuration]) metric.zero({ name });
    return {
      added: (key) => {
        adds.inc({ name });
        if (!waits.has(key)) waits.set(key, monotonic());
      },
      started: (key) => {
        const since = waits.get(key);
        waits.delete(key);
        if (since !== undefined) queueDuration.observe({ name }, secondsSince(since));
        runs.set(key, monotonic());
      },
      done: (key) => {
        const since = runs.get(key);
        runs.delete(key);
        if (since !== undefined) workDuration.observe({ name }, secondsSince(since));
      },
      retried: () => retries.inc({ name }),
      longestRunningSeconds: () => Math.max(0, ...elapsed(name)),
    };
  };
}

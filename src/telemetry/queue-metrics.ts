// Metrics of a work queue under the names that client-go and controller-runtime
// made usual (k8s.io/client-go/util/workqueue/metrics.go), fed by the queue.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** client-go's buckets run from 10 ns by tens; these begin where a verdict in Node can. */
const BUCKETS = [0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];

/** What runs at this moment: the sum over the keys in work, and the one that has run longest. */
export interface Unfinished {
  readonly totalSeconds: number;
  readonly longestSeconds: number;
}

/** What a queue tells as it works; durations in seconds. */
export interface QueueHooks {
  depth(depth: number): void;
  added(): void;
  retried(): void;
  queueDuration(seconds: number): void;
  workDuration(seconds: number): void;
  /** Where to ask, at each scrape, what is in work. */
  inWork(unfinished: () => Unfinished): void;
}

const IDLE: Unfinished = { totalSeconds: 0, longestSeconds: 0 };

export function createQueueMetrics(registry: Registry): (name: string) => QueueHooks {
  const registers = [registry];
  const labelNames = ['name'] as const;
  const inWork = new Map<string, () => Unfinished>();

  const depth = new Gauge({
    name: 'workqueue_depth',
    help: 'Current depth of the work queue: what is ready and waits for a worker.',
    labelNames,
    registers,
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
      for (const [name, read] of inWork) this.set({ name }, read().totalSeconds);
    },
  });
  const longest = new Gauge({
    name: 'workqueue_longest_running_processor_seconds',
    help: 'How many seconds the longest running processor of the work queue has been running.',
    labelNames,
    registers,
    collect() {
      for (const [name, read] of inWork) this.set({ name }, read().longestSeconds);
    },
  });

  return (name) => {
    inWork.set(name, () => IDLE);
    // Known from the first scrape on, so that a rate over them has a beginning.
    for (const metric of [adds, retries]) metric.inc({ name }, 0);
    for (const metric of [depth, unfinished, longest]) metric.set({ name }, 0);
    for (const metric of [queueDuration, workDuration]) metric.zero({ name });
    return {
      depth: (value) => depth.set({ name }, value),
      added: () => adds.inc({ name }),
      retried: () => retries.inc({ name }),
      queueDuration: (seconds) => queueDuration.observe({ name }, seconds),
      workDuration: (seconds) => workDuration.observe({ name }, seconds),
      inWork: (read) => inWork.set(name, read),
    };
  };
}

/**
 * A work queue with client-go's semantics: keys coalesce, one key is in work at
 * most once at a time, a key added meanwhile is worked on again afterwards, and
 * failures back off per key.
 */
import { type Clock, systemClock, type TimerHandle } from './clock.ts';

/** Told of what controller-runtime counts as workqueue_*; every hook is optional. Durations are in seconds. */
export type WorkQueueMetrics = {
  /** workqueue_depth: keys that wait. */
  depth?(depth: number): void;
  /** workqueue_adds_total */
  added?(): void;
  /** workqueue_retries_total: rate-limited adds. */
  retried?(): void;
  /** workqueue_queue_duration_seconds: from the add to the start of work. */
  queueDuration?(seconds: number): void;
  /** workqueue_work_duration_seconds */
  workDuration?(seconds: number): void;
};

export type WorkQueueOptions = {
  /** First wait after a failure in milliseconds. Default 5, as in client-go's default controller rate limiter. */
  baseDelayMs?: number;
  /** Longest wait after a failure. Default 1 000 000, as there. */
  maxDelayMs?: number;
  clock?: Clock;
  metrics?: WorkQueueMetrics;
  /** Told of a handler that threw; its key is then added rate-limited. */
  onError?: (key: string, error: unknown) => void;
};

export type WorkQueue = {
  add(key: string): void;
  /** Adds after a wait; of several waits for a key the earliest wins. */
  addAfter(key: string, milliseconds: number): void;
  /** Adds at a wall time (milliseconds since 1970), however the clock is set meanwhile; at once when that has passed. */
  addAt(key: string, at: number): void;
  /** Adds after the key's backoff, which doubles with every call until `forget`. */
  addRateLimited(key: string): void;
  /** The key succeeded, or is gone: its backoff starts over. Waits of it stay. */
  forget(key: string): void;
  /** Takes the key's waits back, as for an object that was deleted. */
  cancel(key: string): void;
  /** How often the key was added rate-limited since the last `forget`. */
  failures(key: string): number;
  /** Keys that wait to be worked on, those with a delay not counted. */
  readonly depth: number;
  /** workqueue_unfinished_work_seconds: sum over the keys in work; workqueue_longest_running_processor_seconds. */
  unfinished(): { totalSeconds: number; longestSeconds: number };
  /**
   * Works on keys, `concurrency` at a time, until `shutDown`. A handler that throws has its key added rate-limited;
   * one that returns does not touch the backoff: that is for the handler to `forget`.
   */
  run(handler: (key: string) => void | Promise<void>, concurrency: number): Promise<void>;
  /** Takes no more keys and drops delayed ones; resolves when those that waited and those in work are done. */
  shutDown(): Promise<void>;
};

/** A clock that was set, or a machine that slept, is noticed within this. */
const CLOCK_CHECK_MS = 60_000;

type Delayed = { at: number; timer: TimerHandle };

export function createWorkQueue(options: WorkQueueOptions = {}): WorkQueue {
  const { baseDelayMs = 5, maxDelayMs = 1_000_000, clock = systemClock(), metrics = {}, onError } = options;
  /** Keys that wait, oldest first, with the time of their add. */
  const waiting = new Map<string, number>();
  /** Keys in work, with the time of their start. */
  const working = new Map<string, number>();
  /** Keys added while in work, with the time of their add. */
  const again = new Map<string, number>();
  const delayed = new Map<string, Delayed>();
  const failures = new Map<string, number>();
  const idleWorkers: (() => void)[] = [];
  const drained: (() => void)[] = [];
  let shuttingDown = false;
  let running = 0;

  function add(key: string): void {
    if (shuttingDown || waiting.has(key) || again.has(key)) return;
    metrics.added?.();
    if (working.has(key)) {
      again.set(key, clock.monotonic());
      return;
    }
    enqueue(key, clock.monotonic());
  }

  function enqueue(key: string, since: number): void {
    waiting.set(key, since);
    metrics.depth?.(waiting.size);
    idleWorkers.shift()?.();
  }

  function addAfter(key: string, milliseconds: number): void {
    if (!(milliseconds > 0)) {
      add(key);
      return;
    }
    wait(key, milliseconds, milliseconds, () => add(key));
  }

  function addAt(key: string, wallTime: number): void {
    const left = wallTime - clock.now();
    if (left > 0) wait(key, left, Math.min(left, CLOCK_CHECK_MS), () => addAt(key, wallTime));
    else add(key);
  }

  /** Unless the key is to be added before `milliseconds` are over, runs the action after `next`. */
  function wait(key: string, milliseconds: number, next: number, action: () => void): void {
    if (shuttingDown) return;
    const at = clock.monotonic() + milliseconds;
    const earlier = delayed.get(key);
    if (earlier && earlier.at <= at) return;
    earlier?.timer.cancel();
    const timer = clock.after(next, () => {
      delayed.delete(key);
      action();
    });
    delayed.set(key, { at, timer });
  }

  function cancel(key: string): void {
    delayed.get(key)?.timer.cancel();
    delayed.delete(key);
  }

  function take(): string | undefined {
    for (const [key, since] of waiting) {
      waiting.delete(key);
      const now = clock.monotonic();
      working.set(key, now);
      metrics.depth?.(waiting.size);
      metrics.queueDuration?.((now - since) / 1000);
      return key;
    }
    return undefined;
  }

  function done(key: string): void {
    metrics.workDuration?.((clock.monotonic() - (working.get(key) ?? 0)) / 1000);
    working.delete(key);
    const since = again.get(key);
    if (since === undefined) return;
    again.delete(key);
    enqueue(key, since);
  }

  async function work(handler: (key: string) => void | Promise<void>): Promise<void> {
    for (;;) {
      const key = take();
      if (key === undefined) {
        if (shuttingDown) return;
        await new Promise<void>((resolve) => idleWorkers.push(resolve));
        continue;
      }
      try {
        await handler(key);
      } catch (error) {
        onError?.(key, error);
        addRateLimited(key);
      } finally {
        done(key);
      }
    }
  }

  function addRateLimited(key: string): void {
    const count = failures.get(key) ?? 0;
    failures.set(key, count + 1);
    metrics.retried?.();
    addAfter(key, Math.min(baseDelayMs * 2 ** count, maxDelayMs));
  }

  return {
    add,
    addAfter,
    addAt,
    addRateLimited,
    forget: (key) => {
      failures.delete(key);
    },
    cancel,
    failures: (key) => failures.get(key) ?? 0,
    get depth() {
      return waiting.size;
    },
    unfinished: () => {
      const now = clock.monotonic();
      const seconds = [...working.values()].map((start) => (now - start) / 1000);
      return {
        totalSeconds: seconds.reduce((sum, each) => sum + each, 0),
        longestSeconds: Math.max(0, ...seconds),
      };
    },
    run: async (handler, concurrency) => {
      running++;
      try {
        await Promise.all(Array.from({ length: Math.max(1, concurrency) }, () => work(handler)));
      } finally {
        running--;
        if (running === 0) for (const resolve of drained.splice(0)) resolve();
      }
    },
    shutDown: async () => {
      shuttingDown = true;
      for (const { timer } of delayed.values()) timer.cancel();
      delayed.clear();
      for (const wake of idleWorkers.splice(0)) wake();
      if (running > 0) await new Promise<void>((resolve) => drained.push(resolve));
    },
  };
}

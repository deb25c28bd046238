/** Jittered exponential backoff as client-go's reflector has it: grow on every failure, start over after success. */

export type BackoffOptions = {
  /** First wait in milliseconds. Default 800, as in client-go's reflector. */
  initialMs?: number;
  /** Longest wait in milliseconds, before jitter. Default 30 000. */
  maxMs?: number;
  /** Factor from one wait to the next. Default 2. */
  factor?: number;
  /** Up to this share is added at random, so that many clients do not return in step. Default 1, as in client-go. */
  jitter?: number;
  random?: () => number;
};

export type Backoff = {
  /** The next wait in milliseconds. */
  next(): number;
  reset(): void;
};

export function createBackoff(options: BackoffOptions = {}): Backoff {
  const { initialMs = 800, maxMs = 30_000, factor = 2, jitter = 1, random = Math.random } = options;
  let base = initialMs;
  return {
    next: () => {
      const wait = base * (1 + jitter * random());
      base = Math.min(base * factor, maxMs);
      return wait;
    },
    reset: () => {
      base = initialMs;
    },
  };
}

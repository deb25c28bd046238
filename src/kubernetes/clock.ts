/**
 * Time as a parameter. Everything here that waits or measures takes a Clock,
 * so that tests decide when a second has passed.
 */

export type TimerHandle = { cancel(): void };

export type Clock = {
  /** Wall time in milliseconds since 1970; may jump. Only for time stamps that others read. */
  now(): number;
  /** Milliseconds that never go back; for every duration. */
  monotonic(): number;
  /** Runs `action` once after `milliseconds`, however long that is. */
  after(milliseconds: number, action: () => void): TimerHandle;
};

/** setTimeout holds its delay in 32 signed bits and fires at once beyond that. */
export const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** The machine's own clock. Timers of it keep the process alive. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after: (milliseconds, action) => {
      let timer: NodeJS.Timeout;
      const arm = (left: number): void => {
        const step = Math.min(Math.max(left, 0), LONGEST_TIMEOUT);
        timer = setTimeout(() => (left > step ? arm(left - step) : action()), step);
      };
      arm(milliseconds);
      return { cancel: () => clearTimeout(timer) };
    },
  };
}

/** Resolves after `milliseconds`, or at once when `signal` is aborted. Never rejects. */
export function sleep(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(milliseconds, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** A clock that moves only when a test says so. Timers fire in the order of their times. */
import type { Clock } from '../clock.ts';

export type FakeClock = Clock & {
  /** Moves both times forward, firing what becomes due, and lets promises settle between. */
  advance(milliseconds: number): Promise<void>;
  /** Moves the wall time only, as an administrator or NTP does. */
  jump(milliseconds: number): void;
  /** How many timers are set. */
  timers(): number;
};

export function createFakeClock(start = Date.parse('2026-01-01T00:00:00Z')): FakeClock {
  const timers = new Set<{ at: number; action: () => void }>();
  let elapsed = 0;
  let offset = 0;
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  return {
    now: () => start + elapsed + offset,
    monotonic: () => elapsed,
    after: (milliseconds, action) => {
      const timer = { at: elapsed + Math.max(milliseconds, 0), action };
      timers.add(timer);
      return {
        cancel: () => {
          timers.delete(timer);
        },
      };
    },
    advance: async (milliseconds) => {
      const end = elapsed + milliseconds;
      await settle();
      for (;;) {
        const due = [...timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        elapsed = due.at;
        timers.delete(due);
        due.action();
        await settle();
      }
      elapsed = end;
      await settle();
    },
    jump: (milliseconds) => {
      offset += milliseconds;
    },
    timers: () => timers.size,
  };
}

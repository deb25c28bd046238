import { describe, expect, it } from 'vitest';
import { LONGEST_TIMEOUT, systemClock } from './clock.ts';
import { createFakeClock } from './testing/fake-clock.ts';
import { createWorkQueue } from './workqueue.ts';

/** A handler whose work ends when the test says so. */
function gatedHandler() {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const handler = (key: string): Promise<void> => {
    begun.push(key);
    return new Promise((resolve) => ends.push(resolve));
  };
  return { begun, handler, endNext: () => ends.shift()?.() };
}

describe('work queue', () => {
  it('coalesces a key that is added twice before it is worked on', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue({ clock });
    const done: string[] = [];
    queue.add('a');
    queue.add('b');
    queue.add('a');
    expect(queue.depth).toBe(2);
    void queue.run((key) => void done.push(key), 1);
    await clock.advance(0);
    expect(done).toEqual(['a', 'b']);
    await queue.shutDown();
  });

  it('never works on one key twice at a time, and works on it again when it was added meanwhile', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue({ clock });
    const { begun, handler, endNext } = gatedHandler();
    void queue.run(handler, 4);
    queue.add('a');
    await clock.advance(0);
    queue.add('a');
    queue.add('a');
    await clock.advance(0);
    expect(begun).toEqual(['a']);
    endNext();
    await clock.advance(0);
    expect(begun).toEqual(['a', 'a']);
    endNext();
    await clock.advance(0);
    expect(begun).toEqual(['a', 'a']);
    await queue.shutDown();
  });

  it('works on different keys side by side, up to the concurrency', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue({ clock });
    const { begun, handler, endNext } = gatedHandler();
    void queue.run(handler, 2);
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await clock.advance(0);
    expect(begun).toEqual(['a', 'b']);
    endNext();
    await clock.advance(0);
    expect(begun).toEqual(['a', 'b', 'c']);
    endNext();
    endNext();
    await queue.shutDown();
  });

  it('lets the earliest of several waits win', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue({ clock });
    queue.addAfter('a', 5000);
    queue.addAfter('a', 1000);
    queue.addAfter('a', 9000);
    await clock.advance(999);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
    expect(clock.timers()).toBe(0);
  });

  it('adds at a wall time, and at once when that has passed', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue({ clock });
    queue.addAt('past', clock.now() - 1);
    expect(queue.depth).toBe(1);
    queue.addAt('future', clock.now() + 60_000);
    await clock.advance(59_999);
    expect(queue.depth).toBe(1);
    await clock.advance(1);
    expect(queue.depth).toBe(2);
  });

  it('adds within a minute when the clock was set beyond the wall time, or the machine slept', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue({ clock });
    queue.addAt('lapses', clock.now() + 10 * 3_600_000);
    await clock.advance(3_600_000);
    clock.jump(9 * 3_600_000);
    await clock.advance(60_000);
    expect(queue.depth).toBe(1);
    expect(clock.timers()).toBe(0);
  });

  it('does not add before the wall time when the clock was set back', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue({ clock });
    queue.addAt('lapses', clock.now() + 3_600_000);
    clock.jump(-1_800_000);
    await clock.advance(5_399_999);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
  });

  it('of a wait and a wall time, the earlier wins', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue({ clock });
    queue.addAt('a', clock.now() + 40 * 24 * 3_600_000);
    await clock.advance(24 * 3_600_000);
    queue.addAfter('a', 1_000);
    queue.addAt('a', clock.now() + 2_000);
    await clock.advance(1_000);
    expect(queue.depth).toBe(1);
    expect(clock.timers()).toBe(0);
  });

  it('takes a wait back', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue({ clock });
    queue.addAfter('a', 1000);
    queue.cancel('a');
    await clock.advance(2000);
    expect(queue.depth).toBe(0);
  });

  it('backs off per key, doubling up to the longest wait, until it is forgotten', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue({ clock, baseDelayMs: 10, maxDelayMs: 35 });
    const times: number[] = [];
    let failing = true;
    const errors: unknown[] = [];
    const worker = createWorkQueue({
      clock,
      baseDelayMs: 10,
      maxDelayMs: 35,
      onError: (_, error) => errors.push(error),
    });
    void worker.run((key) => {
      times.push(clock.monotonic());
      if (failing) throw new Error('no');
      worker.forget(key);
    }, 1);
    worker.add('a');
    await clock.advance(100);
    // Waits of 10, 20, 35, 35.
    expect(times).toEqual([0, 10, 30, 65, 100]);
    expect(worker.failures('a')).toBe(5);
    expect(errors).toHaveLength(5);
    failing = false;
    await clock.advance(35);
    expect(worker.failures('a')).toBe(0);
    queue.addRateLimited('b');
    expect(queue.failures('b')).toBe(1);
    expect(queue.failures('a')).toBe(0);
    await worker.shutDown();
  });

  it('finishes what waits and what is in work on shutdown, and takes nothing more', async () => {
    const clock = createFakeClock();
    const queue = createWorkQueue({ clock });
    const { begun, handler, endNext } = gatedHandler();
    void queue.run(handler, 1);
    queue.add('a');
    queue.add('b');
    queue.addAfter('later', 10);
    await clock.advance(0);
    let down = false;
    const ended = queue.shutDown().then(() => {
      down = true;
    });
    queue.add('c');
    endNext();
    await clock.advance(50);
    expect(down).toBe(false);
    endNext();
    await ended;
    expect(begun).toEqual(['a', 'b']);
  });

  it('counts as controller-runtime does', async () => {
    const clock = createFakeClock();
    const told: string[] = [];
    const queue = createWorkQueue({
      clock,
      metrics: {
        depth: (depth) => told.push(`depth ${depth}`),
        added: () => told.push('added'),
        retried: () => told.push('retried'),
        queueDuration: (seconds) => told.push(`queued ${seconds}`),
        workDuration: (seconds) => told.push(`worked ${seconds}`),
      },
    });
    const { handler, endNext } = gatedHandler();
    queue.add('a');
    await clock.advance(2000);
    void queue.run(handler, 1);
    await clock.advance(3000);
    expect(queue.unfinished()).toEqual({ totalSeconds: 3, longestSeconds: 3 });
    queue.addRateLimited('b');
    endNext();
    await clock.advance(0);
    expect(told).toEqual(['added', 'depth 1', 'depth 0', 'queued 2', 'retried', 'worked 3']);
    expect(queue.unfinished()).toEqual({ totalSeconds: 0, longestSeconds: 0 });
    await queue.shutDown();
  });

  it('does not fire at once for a wait that is longer than setTimeout can hold', async () => {
    let fired = false;
    const timer = systemClock().after(LONGEST_TIMEOUT * 3, () => {
      fired = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    timer.cancel();
    expect(fired).toBe(false);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tellingOfWaiting } from './terminal.ts';

describe('waiting for a cluster', () => {
  let said: string[];
  const { isTTY } = process.stderr;
  beforeEach(() => {
    vi.useFakeTimers();
    said = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    process.stderr.isTTY = true;
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    process.stderr.isTTY = isTTY;
  });
  const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

  it('is told of once, a second after it began, however it is made up', async () => {
    const patiently = tellingOfWaiting();
    for (const ms of [600, 300]) {
      const waited = patiently(pause(ms));
      await vi.advanceTimersByTimeAsync(ms);
      await waited;
    }
    expect(said).toEqual([]);
    for (let times = 0; times < 2; times++) {
      const waited = patiently(pause(3000));
      await vi.advanceTimersByTimeAsync(3000);
      await waited;
    }
    expect(said).toEqual(['reading the cluster …\n']);
  });

  it('is not told of where stderr is no terminal, nor after it is over', async () => {
    const over = tellingOfWaiting();
    await over(Promise.resolve());
    process.stderr.isTTY = false;
    void tellingOfWaiting()(pause(5000));
    await vi.advanceTimersByTimeAsync(5000);
    expect(said).toEqual([]);
  });
});

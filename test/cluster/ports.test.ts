import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePorts, isFree } from './ports.ts';

it('gives different ports that are free and below the range of outgoing connections', async () => {
  const ports = await freePorts(20, new Set());
  expect(new Set(ports).size).toBe(20);
  expect(Math.max(...ports)).toBeLessThan(32_768);
  expect(await Promise.all(ports.map(isFree))).not.toContain(false);
});

it('sees that somebody listens on a port', async () => {
  const [port] = await freePorts(1, new Set());
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  expect(await isFree(port!)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
  expect(await isFree(port!)).toBe(true);
});

it('gives none that is taken, and says so when none is left', async () => {
  const all = new Set(Array.from({ length: 12_000 }, (_, index) => 20_000 + index));
  await expect(freePorts(1, all)).rejects.toThrow('Found only 0 of 1 free ports');
});

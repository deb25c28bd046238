import { afterEach, describe, expect, it } from 'vitest';
import { type HealthOptions, type HealthServer, parseAddress, startHealthServer } from './health.ts';

const servers: HealthServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(over: Partial<HealthOptions> = {}): Promise<string> {
  const metrics = {
    contentType: 'text/plain; version=0.0.4',
    expose: async function* () {
      yield 'one 1\n';
      yield 'two 2\n';
    },
  };
  const server = await startHealthServer({ address: '127.0.0.1:0', metrics, live: [], ready: [], ...over });
  servers.push(server);
  return `http://127.0.0.1:${server.address?.port}`;
}

const synced = { name: 'caches', check: () => undefined };
const unsynced = { name: 'caches', check: () => 'not synced yet: Pod, Deployment' };

describe('health', () => {
  it('says ok in one word when all is well', async () => {
    const base = await start({ ready: [synced] });
    for (const path of ['/healthz', '/livez', '/readyz']) {
      const answer = await fetch(base + path);
      expect([answer.status, await answer.text()]).toEqual([200, 'ok']);
    }
  });

  it('lists every check when asked, as Kubernetes does', async () => {
    const base = await start({ ready: [synced] });
    expect(await (await fetch(`${base}/readyz?verbose`)).text()).toBe(
      '[+]ping ok\n[+]caches ok\nreadyz check passed\n',
    );
  });

  it('answers 500 and says what is missing when it is not ready, and is alive all the same', async () => {
    const base = await start({ ready: [unsynced] });
    const answer = await fetch(`${base}/readyz`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).toBe(
      '[+]ping ok\n[-]caches failed: not synced yet: Pod, Deployment\nreadyz check failed\n',
    );
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
  });

  it('asks each time again: a check that recovers is ready', async () => {
    let wrong: string | undefined = 'CRD not read';
    const base = await start({ ready: [{ name: 'crd', check: () => wrong }] });
    expect((await fetch(`${base}/readyz`)).status).toBe(500);
    wrong = undefined;
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
  });

  it('answers for one check, and leaves one out', async () => {
    const base = await start({ ready: [unsynced] });
    expect((await fetch(`${base}/readyz/ping`)).status).toBe(200);
    expect((await fetch(`${base}/readyz/caches`)).status).toBe(500);
    expect((await fetch(`${base}/readyz/nonesuch`)).status).toBe(404);
    expect((await fetch(`${base}/readyz?exclude=caches`)).status).toBe(200);
  });

  it('counts a check that throws as failed, and lives on', async () => {
    const thrower = {
      name: 'broken',
      check: () => {
        throw new Error('boom');
      },
    };
    const base = await start({ live: [thrower] });
    const answer = await fetch(`${base}/healthz`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).toContain('[-]broken failed: the check itself failed: boom');
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
  });

  it('serves the metrics with their content type', async () => {
    const base = await start();
    const answer = await fetch(`${base}/metrics`);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4');
    expect(await answer.text()).toBe('one 1\ntwo 2\n');
  });

  it('refuses what it does not serve', async () => {
    const base = await start();
    expect((await fetch(`${base}/`)).status).toBe(404);
    expect((await fetch(`${base}/constructor`)).status).toBe(404);
    expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(405);
  });

  it('names the address that cannot be had, and what to do', async () => {
    const base = await start();
    const taken = base.replace('http://', '');
    await expect(start({ address: taken })).rejects.toThrow(
      new RegExp(`cannot listen on ${taken}.*EADDRINUSE.*--metrics-bind-address`),
    );
  });

  it('is off at address 0', async () => {
    const server = await startHealthServer({
      address: '0',
      metrics: { contentType: '', expose: async function* () {} },
      live: [],
      ready: [],
    });
    expect(server.address).toBeUndefined();
    await server.close();
  });
});

describe('addresses', () => {
  it.each([
    [':8080', { port: 8080 }],
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['[::1]:9090', { host: '::1', port: 9090 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['0', undefined],
  ])('%s is read as Go reads it', (address, expected) => {
    expect(parseAddress(address)).toEqual(expected);
  });

  it.each(['8080', ':99999', '::1:8080', 'a:b'])('%s is refused with an example', (address) => {
    expect(() => parseAddress(address)).toThrow(/is not an address to listen on; write :8080/);
  });
});

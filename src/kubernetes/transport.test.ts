import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, ConnectionError } from './errors.ts';
import {
  anonymousConnection,
  blackHole,
  END,
  type FakeServer,
  hangUp,
  json,
  RESET,
  type Responder,
  startFakeServer,
  status,
  stream,
} from './testing/fake-server.ts';
import { createTransport, type Observation, type Transport, type TransportOptions } from './transport.ts';

let server: FakeServer;
let transport: Transport;
let observed: Observation[];

function use(options: TransportOptions = {}): void {
  transport = createTransport(server.connection, { observe: (each) => observed.push(each), ...options });
}

beforeEach(async () => {
  observed = [];
  server = await startFakeServer();
  use();
});
afterEach(async () => {
  await transport.close();
  await server.close();
});

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => {
      throw new Error('was expected to fail');
    },
    (error: unknown) => error,
  );

async function bytesOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString();
}

describe('requests', () => {
  it('send query and body, and bring the parsed answer', async () => {
    server.on('/a', {}, json({ ok: true }, 201));
    const { status: code, body } = await transport.request({
      method: 'POST',
      path: '/a',
      query: { x: 'é&', none: undefined, force: true },
      body: { b: 1 },
      contentType: 'application/apply-patch+yaml',
    });
    expect([code, body]).toEqual([201, { ok: true }]);
    expect(server.requests[0]).toMatchObject({ query: { x: 'é&', force: 'true' }, body: { b: 1 } });
    expect(server.requests[0]?.headers['content-type']).toBe('application/apply-patch+yaml');
  });

  it('share connections when they follow each other, and a bounded number side by side', async () => {
    use({ maxConnections: 3 });
    server.on('/a', {}, json({}));
    for (let i = 0; i < 20; i++) await transport.request({ path: '/a' });
    // Two, not one: undici frees a connection a turn after the body has ended.
    expect(server.connections()).toBeLessThanOrEqual(2);
    await Promise.all(Array.from({ length: 30 }, () => transport.request({ path: '/a' })));
    expect(server.connections()).toBeLessThanOrEqual(3);
  });

  it('keep to the path prefix of the server', async () => {
    server.on('/k8s/clusters/c-1/version', {}, json({ gitVersion: 'v1' }));
    const behindProxy = createTransport(anonymousConnection(`${server.url}/k8s/clusters/c-1`));
    expect((await behindProxy.request({ path: '/version' })).body).toEqual({ gitVersion: 'v1' });
    await behindProxy.close();
  });

  it('throw the Status of the server', async () => {
    server.on('/a', {}, status(409, 'AlreadyExists', 'configmaps "a" already exists'));
    const error = (await caught(transport.request({ path: '/a' }))) as ApiError;
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "a" already exists',
    });
  });

  it('wait as long as Retry-After says on 429 and 503, and try again', async () => {
    const busy = status(429, 'TooManyRequests', 'too many requests', { 'retry-after': '0.05' });
    const down = status(503, 'ServiceUnavailable', 'starting', { 'retry-after': '0.05' });
    server.on('/a', {}, busy, down, json({ ok: true }));
    const started = performance.now();
    expect((await transport.request({ path: '/a' })).body).toEqual({ ok: true });
    expect(performance.now() - started).toBeGreaterThanOrEqual(95);
    expect(observed.map((each) => [each.verb, each.code])).toEqual([
      ['GET', '429'],
      ['GET', '503'],
      ['GET', '200'],
    ]);
  });

  it('give up at once when Retry-After reaches beyond their time', async () => {
    server.on('/a', {}, status(429, 'TooManyRequests', 'too many requests', { 'retry-after': '60' }));
    const error = (await caught(transport.request({ path: '/a', timeoutMs: 2000 }))) as ApiError;
    expect(error).toMatchObject({ code: 429, retryAfterSeconds: 60 });
    expect(server.requests).toHaveLength(1);
  });

  it('read once again over a new connection when the old one was closed under them', async () => {
    server.on('/a', {}, hangUp, json({ ok: true }));
    expect((await transport.request({ path: '/a' })).body).toEqual({ ok: true });
    server.on('/b', {}, hangUp);
    expect(await caught(transport.request({ path: '/b' }))).toBeInstanceOf(ConnectionError);
    expect(server.requests.filter((each) => each.path === '/b')).toHaveLength(2);
  });

  it('never write twice', async () => {
    server.on('/a', {}, hangUp, json({}));
    expect(await caught(transport.request({ method: 'POST', path: '/a', body: {} }))).toBeInstanceOf(
      ConnectionError,
    );
    expect(server.requests).toHaveLength(1);
  });

  it('ask for fresh credentials once after a 401', async () => {
    const asked: (boolean | undefined)[] = [];
    const tls = {};
    const connection = {
      ...server.connection,
      authenticate: async (refresh?: boolean) => {
        asked.push(refresh);
        return { headers: { authorization: refresh ? 'Bearer new' : 'Bearer old' }, tls };
      },
    };
    server.on('/a', {}, (request, response) =>
      request.headers.authorization === 'Bearer new'
        ? json({ ok: true })(request, response)
        : status(401, 'Unauthorized', 'Unauthorized')(request, response),
    );
    server.on('/never', {}, status(401, 'Unauthorized', 'Unauthorized'));
    const rotating = createTransport(connection);
    expect((await rotating.request({ path: '/a' })).body).toEqual({ ok: true });
    expect(asked).toEqual([false, true]);
    expect(await caught(rotating.request({ path: '/never' }))).toMatchObject({ code: 401 });
    expect(server.requests.filter((each) => each.path === '/never')).toHaveLength(2);
    await rotating.close();
  });

  it('open new connections when the TLS material was rotated', async () => {
    let tls = {};
    const connection = { ...server.connection, authenticate: async () => ({ headers: {}, tls }) };
    server.on('/a', {}, json({}));
    const rotating = createTransport(connection);
    for (let i = 0; i < 5; i++) await rotating.request({ path: '/a' });
    const before = server.connections();
    expect(before).toBeLessThanOrEqual(2);
    tls = {};
    await rotating.request({ path: '/a' });
    expect(server.connections()).toBe(before + 1);
    await rotating.close();
  });

  it('name server and cause when nobody listens', async () => {
    const nowhere = createTransport(anonymousConnection('https://127.0.0.1:1'));
    const error = (await caught(nowhere.request({ path: '/version' }))) as ConnectionError;
    expect(error.message).toBe('cannot reach https://127.0.0.1:1: connection refused');
    expect(error).toMatchObject({ code: 'ECONNREFUSED', connected: false });
    await nowhere.close();
  });

  it('name the server when it takes the request and never answers', async () => {
    server.on('/a', {}, blackHole);
    const error = (await caught(transport.request({ path: '/a', timeoutMs: 80 }))) as ConnectionError;
    expect(error.message).toBe(`no answer from ${server.url} to GET /a within 0.08 s`);
    expect(observed.at(-1)?.code).toBe('<error>');
  });

  it('run out of time on a body that drips', async () => {
    const drip: Responder = (_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(timer));
    };
    server.on('/a', {}, drip);
    expect(await caught(transport.request({ path: '/a', timeoutMs: 100 }))).toMatchObject({
      code: 'Timeout',
    });
  });

  it('end when the caller says so, with the reason of the caller', async () => {
    server.on('/a', {}, blackHole);
    const controller = new AbortController();
    const pending = caught(transport.request({ path: '/a', signal: controller.signal }));
    setTimeout(() => controller.abort(new Error('shutting down')), 20);
    expect(await pending).toMatchObject({ message: 'shutting down' });
  });

  it('say that an answer is no JSON', async () => {
    server.on('/a', {}, (_request, response) => void response.end('<html>login</html>'));
    server.on('/b', {}, (_request, response) => {
      response.statusCode = 502;
      response.end('bad gateway');
    });
    expect(await caught(transport.request({ path: '/a' }))).toMatchObject({
      message: expect.stringContaining('"<html>login</html>"'),
    });
    expect(await caught(transport.request({ path: '/b' }))).toMatchObject({
      code: 502,
      message: 'bad gateway (HTTP 502)',
    });
  });

  it('bring back a body of 5 MB whole', async () => {
    const text = 'ü'.repeat(2_500_000);
    server.on('/a', {}, json({ text }));
    expect((await transport.request<{ text: string }>({ path: '/a' })).body.text).toBe(text);
  });
});

describe('streams', () => {
  it('bring the bytes as they come, and end', async () => {
    server.on('/w', {}, stream('one', 5, 'two', END));
    const answer = await transport.stream({ path: '/w', query: { watch: true }, verb: 'WATCH' });
    expect(await bytesOf(answer.chunks)).toBe('onetwo');
    expect(observed[0]).toMatchObject({ verb: 'WATCH', code: '200' });
  });

  it('do not take the connections of requests', async () => {
    use({ maxConnections: 1 });
    server.on('/w', {}, stream('x'));
    server.on('/a', {}, json({ ok: true }));
    const streams = await Promise.all(Array.from({ length: 5 }, () => transport.stream({ path: '/w' })));
    expect((await transport.request({ path: '/a', timeoutMs: 2000 })).body).toEqual({ ok: true });
    for (const each of streams) each.close();
  });

  it('throw when the connection is reset in the middle', async () => {
    server.on('/w', {}, stream('one', 10, RESET));
    const { chunks } = await transport.stream({ path: '/w' });
    expect(await caught(bytesOf(chunks))).toMatchObject({ name: 'ConnectionError', connected: true });
  });

  it('throw when they fall silent, before the headers and after', async () => {
    server.on('/mute', {}, blackHole);
    server.on('/w', {}, stream('one'));
    const mute = caught(transport.stream({ path: '/mute', idleTimeoutMs: 5000, headersTimeoutMs: 60 }));
    expect(await mute).toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' });
    const { chunks } = await transport.stream({ path: '/w', idleTimeoutMs: 60 });
    expect(await caught(bytesOf(chunks))).toMatchObject({ code: 'UND_ERR_BODY_TIMEOUT' });
  });

  it('end quietly when closed by the one who reads', async () => {
    server.on('/w', {}, stream('one'));
    const answer = await transport.stream({ path: '/w' });
    setTimeout(() => answer.close(), 20);
    expect(await bytesOf(answer.chunks)).toBe('one');
  });

  it('throw the Status when the server refuses', async () => {
    server.on('/w', {}, status(403, 'Forbidden', 'pods is forbidden'));
    expect(await caught(transport.stream({ path: '/w' }))).toMatchObject({
      code: 403,
      message: 'pods is forbidden',
    });
  });
});

// What a server or the way to it can do wrong that source-controller never does when
// it is asked to: each ends in time, says what is wrong, and leaves nothing behind.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGuardedFetch, type GuardedFetch } from '../network/guarded-fetch.ts';
import { fetchArtifact } from './fetch.ts';
import type { TreeFiles } from './files.ts';
import { TREE_LIMITS, type TreeLimits } from './limits.ts';
import { sha256, startArtifactServer, tarGzOf } from './testing/archives.ts';

let archive: Buffer;
let server: Server;
let sockets: Socket[];
let answer: (socket: Socket) => void;
let network: GuardedFetch;

beforeEach(async () => {
  archive = await tarGzOf(['README.md', 'x'.repeat(5000)]);
  sockets = [];
  network = createGuardedFetch({ allow: ['127.0.0.0/8', '::1'] });
  await listen('127.0.0.1');
});
afterEach(async () => {
  await network.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});

/** A server that is told what to do with the bare connection, once something was asked. */
async function listen(host: string): Promise<void> {
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  server.listen(0, host);
  await once(server, 'listening');
}

const port = () => (server.address() as AddressInfo).port;
const { signal } = new AbortController();

function get(limits: Partial<TreeLimits> = {}, host = '127.0.0.1'): Promise<TreeFiles> {
  return fetchArtifact({ url: `http://${host}:${port()}/a.tar.gz`, digest: sha256(archive) }, network.open, {
    signal,
    limits: { ...TREE_LIMITS, ...limits },
  });
}

const head = (length: number | string, more = '') =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/gzip\r\ncontent-length: ${length}\r\n${more}\r\n`;

const unreachable = (message: unknown = expect.stringContaining('/a.tar.gz')) =>
  expect.objectContaining({ name: 'EvidenceError', reason: 'Unreachable', message });

/** What was wrong with one answer is forgotten with the next. */
async function mended(): Promise<void> {
  answer = (socket) => socket.end(Buffer.concat([Buffer.from(head(archive.length)), archive]));
  expect((await get()).files.size).toBe(1);
}

describe('a server', () => {
  test('that resets the connection in the middle is unreachable', async () => {
    answer = (socket) => {
      socket.write(Buffer.concat([Buffer.from(head(archive.length)), archive.subarray(0, 40)]), () =>
        setImmediate(() => socket.resetAndDestroy()),
      );
    };
    await expect(get()).rejects.toEqual(unreachable());
    await mended();
  });

  test('that sends less than it said is unreachable', async () => {
    answer = (socket) => socket.end(Buffer.concat([Buffer.from(head(archive.length + 10)), archive]));
    await expect(get()).rejects.toEqual(unreachable());
    await mended();
  });

  test('that sends more than it said is not believed: what is too much is cut off, and the digest is of the whole', async () => {
    answer = (socket) => socket.end(Buffer.concat([Buffer.from(head(archive.length)), archive, archive]));
    expect((await get()).files.get('README.md')?.text).toHaveLength(5000);
    answer = (socket) => socket.end(Buffer.concat([Buffer.from(head(archive.length - 8)), archive]));
    await expect(get()).rejects.toMatchObject({ reason: 'Unreadable' });
    await mended();
  });

  test.each([
    ['no length that can be', `HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n`],
    ['two lengths', `HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!`],
    [
      'pieces of a length that is none',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n',
    ],
    ['headers without end', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(100_000)}`],
    ['one header of a megabyte', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(1024 * 1024)}\r\n\r\n`],
    ['something that is no HTTP', 'SSH-2.0-OpenSSH_9.2p1\r\n'],
    ['nothing, and hangs up', ''],
  ])('that answers with %s is unreachable', async (_, text) => {
    answer = (socket) => socket.end(text);
    await expect(get()).rejects.toEqual(unreachable());
    await mended();
  });

  test.each([
    ['headers', 'HTTP/1.1 200 OK\r\nx: ', 'y'],
    ['interim answers', '', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('that goes on with %s, one at a time, is left when the time is over', async (_, first, next) => {
    let drip: ReturnType<typeof setInterval> | undefined;
    let left: Promise<unknown> = Promise.resolve();
    answer = (socket) => {
      socket.write(first);
      drip = setInterval(() => socket.write(next), 20);
      // Not once(): a connection that is reset is left, too.
      left = new Promise((resolve) => socket.once('close', resolve)).finally(() => clearInterval(drip));
    };
    await expect(get({ milliseconds: 500 })).rejects.toEqual(
      unreachable(expect.stringContaining('did not arrive within 0.5 s')),
    );
    await left;
    await mended();
  });

  const loopbackV6 = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === '::1'),
  );
  test.runIf(loopbackV6)('over IPv6 is like any other', async () => {
    server.close();
    await listen('::1');
    answer = (socket) => socket.end(Buffer.concat([Buffer.from(head(archive.length)), archive]));
    expect((await get({}, '[::1]')).files.size).toBe(1);
  });
});

describe('a proxy that the environment names', () => {
  const NAMES = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'];
  const before = Object.fromEntries(NAMES.map((name) => [name, process.env[name]]));
  afterEach(() => {
    for (const name of NAMES) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });

  test('is not asked: it would connect to what must not be connected to', async () => {
    const proxy = await startArtifactServer();
    for (const name of NAMES) process.env[name] = name.startsWith('NODE') ? '1' : proxy.url;
    const own = createGuardedFetch({ allow: ['127.0.0.0/8'] });
    answer = (socket) => socket.end(Buffer.concat([Buffer.from(head(archive.length)), archive]));
    const response = await own.open(`http://127.0.0.1:${port()}/a.tar.gz`, signal);
    response.close();
    expect(response.status).toBe(200);
    expect(proxy.asked).toEqual([]);
    await own.close();
    await proxy.close();
  });
});

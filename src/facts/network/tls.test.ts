// Whoever speaks over https is who the certificate says, or nothing is asked of him.

import type { LookupAddress, lookup as systemLookup } from 'node:dns';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createGuardedFetch, type GuardedFetch } from './guarded-fetch.ts';
import { CERTIFICATE, KEY } from './testing/tls.ts';

const trusted = getCACertificates('default');
const { signal } = new AbortController();
let server: Server;
let asked: number;
let network: GuardedFetch;

beforeEach(async () => {
  asked = 0;
  server = createServer({ cert: CERTIFICATE, key: KEY }, (_request, response) => {
    asked++;
    response.end('hello');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const toServer = (_name: string, _options: unknown, callback: (...found: unknown[]) => void) =>
    callback(null, [{ address: '127.0.0.1', family: 4 } satisfies LookupAddress]);
  network = createGuardedFetch({ allow: ['127.0.0.1'], lookup: toServer as unknown as typeof systemLookup });
});
afterEach(async () => {
  setDefaultCACertificates(trusted);
  await network.close();
  server.closeAllConnections();
  server.close();
});

const open = (name: string) =>
  network.open(`https://${name}:${(server.address() as AddressInfo).port}/`, signal);

test('a server whose certificate is trusted and has its name is asked', async () => {
  setDefaultCACertificates([CERTIFICATE]);
  const answer = await open('source.example');
  expect((await buffer(answer.chunks)).toString()).toBe('hello');
});

test('one whose certificate has another name is not, and both names are told', async () => {
  setDefaultCACertificates([CERTIFICATE]);
  await expect(open('other.example')).rejects.toMatchObject({
    reason: 'Unreachable',
    message: expect.stringMatching(/other\.example.*source\.example/),
  });
  expect(asked).toBe(0);
});

test('one whose certificate nobody vouches for is not', async () => {
  await expect(open('source.example')).rejects.toMatchObject({
    reason: 'Unreachable',
    message: expect.stringContaining('self-signed certificate'),
  });
  expect(asked).toBe(0);
});

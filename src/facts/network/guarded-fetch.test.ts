// A URL that somebody else wrote leads nowhere but to permitted places, whatever
// it is written as, resolves to, or redirects to.

import type { lookup as systemLookup } from 'node:dns';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ArtifactServer, startArtifactServer } from '../artifacts/testing/archives.ts';
import { createGuardedFetch, type GuardedFetch, redirectTarget } from './guarded-fetch.ts';

let server: ArtifactServer;
const open: GuardedFetch[] = [];
const { signal } = new AbortController();

beforeEach(async () => {
  server = await startArtifactServer();
  server.on('/', Buffer.from('hello'));
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  await server.close();
});

function guarded(...options: Parameters<typeof createGuardedFetch>): GuardedFetch {
  const made = createGuardedFetch(...options);
  open.push(made);
  return made;
}
const port = () => new URL(server.url).port;

/** A resolver that gives these addresses, one set for each question, the last one again and again. */
function resolver(...answers: readonly (readonly string[])[]): typeof systemLookup {
  let asked = 0;
  const answer = (_name: string, _options: unknown, callback: (...found: unknown[]) => void) => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return answer as unknown as typeof systemLookup;
}

describe('loopback', () => {
  test.each([
    'http://127.0.0.1:PORT/',
    'http://localhost:PORT/',
    'http://127.1:PORT/',
    'http://2130706433:PORT/',
    'http://0x7f000001:PORT/',
    'http://0177.0.0.1:PORT/',
    'http://127.0.0.1.:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://[::ffff:7f00:1]:PORT/',
    'http://[64:ff9b::7f00:1]:PORT/',
    'http://0:PORT/',
    'http://%31%32%37.0.0.1:PORT/',
    'http://①②⑦.⓪.⓪.①:PORT/',
  ])('%s is refused, and nobody is asked', async (url) => {
    const asking = guarded().open(url.replace('PORT', port()), signal);
    await expect(asking).rejects.toMatchObject({ name: 'EvidenceError', reason: 'Forbidden' });
    expect(server.asked).toEqual([]);
  });

  test('is spoken to where it is allowed by its range', async () => {
    const answer = await guarded({ allow: ['127.0.0.0/8'] }).open(server.url, signal);
    expect(answer.status).toBe(200);
    expect((await buffer(answer.chunks)).toString()).toBe('hello');
  });

  test('the refusal says how to allow it', async () => {
    await expect(guarded().open(server.url, signal)).rejects.toThrow('--allow-evidence-from 127.0.0.1/32');
  });
});

test('an address that turns out to be another when it is connected to is told nothing', async () => {
  // The unspecified address is this machine's loopback.
  const asking = guarded({ allow: ['0.0.0.0'] }).open(`http://0.0.0.0:${port()}/`, signal);
  await expect(asking).rejects.toMatchObject({ reason: 'Forbidden' });
  expect(server.asked).toEqual([]);
});

describe('a name', () => {
  test('that resolves to loopback is refused', async () => {
    const asking = guarded({ lookup: resolver(['127.0.0.1', '::1']) }).open(
      `http://evil.example:${port()}/`,
      signal,
    );
    await expect(asking).rejects.toMatchObject({ reason: 'Forbidden' });
    expect(server.asked).toEqual([]);
  });

  test('that resolves to a metadata service is refused, and the address told', async () => {
    const asking = guarded({ lookup: resolver(['169.254.169.254']) }).open('http://evil.example/', signal);
    await expect(asking).rejects.toThrow('evil.example (169.254.169.254) is a link-local address');
  });

  test('is judged by the very answer that is connected to: rebinding does not help', async () => {
    // 192.0.2.1 is a place for documentation: allowed here, and nobody is there. The next answer is loopback.
    const rebinding = resolver(['192.0.2.1'], ['127.0.0.1']);
    const network = guarded({ allow: ['192.0.2.0/24'], lookup: rebinding, idleTimeoutMs: 300 });
    const url = `http://evil.example:${port()}/`;
    await expect(network.open(url, signal)).rejects.toMatchObject({ name: 'EvidenceError' });
    await expect(network.open(url, signal)).rejects.toMatchObject({ reason: 'Forbidden' });
    expect(server.asked).toEqual([]);
  });

  test('of which some addresses are permitted is reached at those', async () => {
    const network = guarded({ allow: ['127.0.0.1'], lookup: resolver(['169.254.169.254', '127.0.0.1']) });
    const answer = await network.open(`http://mixed.example:${port()}/`, signal);
    expect(answer.status).toBe(200);
    answer.close();
  });
});

describe('a redirect', () => {
  const to = (location: string) => (_request: unknown, response: import('node:http').ServerResponse) =>
    response.writeHead(302, { location }).end();

  test('to a permitted place is followed', async () => {
    server.on('/from', to('/'));
    const answer = await guarded({ allow: ['127.0.0.1'] }).open(`${server.url}/from`, signal);
    expect((await buffer(answer.chunks)).toString()).toBe('hello');
  });

  test.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/',
    'http://127.0.0.2/',
    'http://metadata.localhost/',
    'file:///etc/passwd',
    'http://user:password@192.0.2.1/',
  ])('to %s is not', async (target) => {
    server.on('/from', to(target));
    const asking = guarded({ allow: ['127.0.0.1'], lookup: resolver(['127.0.0.3']) }).open(
      `${server.url}/from`,
      signal,
    );
    await expect(asking).rejects.toMatchObject({ reason: 'Forbidden' });
  });

  test('leads from https to https only', () => {
    const from = new URL('https://a.example/x/y');
    expect(redirectTarget(from, '../z').href).toBe('https://a.example/z');
    expect(() => redirectTarget(from, 'http://a.example/z')).toThrow('from https to http://a.example/z');
  });

  test('that never ends is left', async () => {
    server.on('/from', to('/from'));
    await expect(guarded({ allow: ['127.0.0.1'] }).open(`${server.url}/from`, signal)).rejects.toThrow(
      'more than 3 redirects',
    );
    expect(server.asked).toHaveLength(4);
  });
});

test.each(['file:///etc/passwd', 'ftp://192.0.2.1/', 'gopher://192.0.2.1/', 'http://me:secret@192.0.2.1/'])(
  '%s is refused before anybody is asked',
  async (url) => {
    const asking = guarded().open(url, signal);
    await expect(asking).rejects.toMatchObject({ reason: 'Forbidden' });
    await expect(asking).rejects.not.toThrow('secret');
  },
);

test('nothing of the operator is sent: no credentials, no cookie', async () => {
  let headers: Record<string, unknown> = {};
  server.on('/', (request, response) => {
    headers = request.headers;
    response.end();
  });
  (await guarded({ allow: ['127.0.0.1'] }).open(server.url, signal)).close();
  expect(Object.keys(headers).sort()).toEqual(['accept-encoding', 'connection', 'host', 'user-agent']);
});

test('who takes the connection and says nothing is left after a while', async () => {
  server.on('/', () => {});
  const asking = guarded({ allow: ['127.0.0.1'], idleTimeoutMs: 200 }).open(server.url, signal);
  await expect(asking).rejects.toMatchObject({ reason: 'Unreachable' });
});

test('nobody there is unreachable, with the place', async () => {
  const url = server.url;
  await server.close();
  await expect(guarded({ allow: ['127.0.0.1'] }).open(`${url}/a?token=x`, signal)).rejects.toThrow(
    `${url}/a: `,
  );
  server = await startArtifactServer();
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadConnection } from './config.ts';
import { createFakeClock } from './testing/fake-clock.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

type Entry = Record<string, unknown>;
function kubeconfig(user: Entry, cluster: Entry = {}, rest: Entry = {}): string {
  const file = join(dir, 'config');
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://api.example.com:6443/', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [
      { name: 'one', context: { cluster: 'c', user: 'u', namespace: 'team' } },
      { name: 'broken', context: { cluster: 'gone', user: 'u' } },
      { name: 'nobody', context: { cluster: 'c', user: 'gone' } },
    ],
    'current-context': 'one',
    ...rest,
  };
  writeFileSync(file, stringify(content));
  return file;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('a kubeconfig', () => {
  it('gives server, namespace, token, and TLS with CA data and server name', async () => {
    const path = kubeconfig(
      { token: 't0ken' },
      { 'certificate-authority-data': base64('the CA'), 'tls-server-name': 'kubernetes' },
    );
    const connection = await loadConnection({ kubeconfig: path });
    expect(connection).toMatchObject({ server: 'https://api.example.com:6443', namespace: 'team' });
    expect(connection.description).toBe(`context one of ${path}`);
    const { headers, tls } = await connection.authenticate();
    expect(headers).toEqual({ authorization: 'Bearer t0ken' });
    expect(tls).toEqual({ ca: Buffer.from('the CA'), servername: 'kubernetes' });
  });

  it('gives client certificates from files beside it, and skips verification where told to', async () => {
    writeFileSync(join(dir, 'crt'), 'cert');
    writeFileSync(join(dir, 'key'), 'key');
    const path = kubeconfig(
      { 'client-certificate': 'crt', 'client-key': 'key' },
      { 'insecure-skip-tls-verify': true },
    );
    const { tls } = await (await loadConnection({ kubeconfig: path })).authenticate();
    expect(tls).toEqual({ cert: Buffer.from('cert'), key: Buffer.from('key'), rejectUnauthorized: false });
  });

  it('gives basic authentication, and plain http as of kubectl proxy', async () => {
    const path = kubeconfig({ username: 'me', password: 'ü' }, { server: 'http://127.0.0.1:8001' });
    const connection = await loadConnection({ kubeconfig: path });
    expect(connection.server).toBe('http://127.0.0.1:8001');
    const { headers } = await connection.authenticate();
    expect(headers.authorization).toBe(`Basic ${base64('me:ü')}`);
  });

  it('runs an exec plugin once, and once more when its credential was refused', async () => {
    const plugin = join(dir, 'plugin');
    const credential =
      '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"T"}}';
    writeFileSync(
      plugin,
      `#!/bin/sh\necho run >> ${join(dir, 'runs')}\necho '${credential}' | sed "s/T\\"/$(wc -l < ${join(dir, 'runs')} | tr -d ' ')\\"/"\n`,
    );
    chmodSync(plugin, 0o755);
    const path = kubeconfig({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: plugin } });
    const connection = await loadConnection({ kubeconfig: path });
    const first = await Promise.all([connection.authenticate(), connection.authenticate()]);
    expect(first.map((each) => each.headers.authorization)).toEqual(['Bearer 1', 'Bearer 1']);
    expect((await connection.authenticate()).headers.authorization).toBe('Bearer 1');
    expect((await connection.authenticate(true)).headers.authorization).toBe('Bearer 2');
  });

  it('keeps the same TLS material until it is another', async () => {
    writeFileSync(join(dir, 'ca'), 'one');
    const clock = createFakeClock();
    const path = kubeconfig({ token: 't' }, { 'certificate-authority': 'ca' });
    const connection = await loadConnection({ kubeconfig: path, clock });
    const first = (await connection.authenticate()).tls;
    await clock.advance(61_000);
    expect((await connection.authenticate()).tls).toBe(first);
    writeFileSync(join(dir, 'ca'), 'two');
    await clock.advance(61_000);
    expect((await connection.authenticate()).tls).toEqual({ ca: Buffer.from('two') });
  });

  it('merges the files of KUBECONFIG', async () => {
    const first = kubeconfig({ token: 'a' });
    const second = join(dir, 'second');
    writeFileSync(
      second,
      stringify({
        clusters: [{ name: 'c2', cluster: { server: 'https://two' } }],
        users: [{ name: 'u2', user: { token: 'b' } }],
        contexts: [{ name: 'two', context: { cluster: 'c2', user: 'u2' } }],
        'current-context': 'two',
      }),
    );
    const env = { KUBECONFIG: `${first}:${second}`, HOME: dir };
    expect((await loadConnection({ env })).server).toBe('https://api.example.com:6443');
    expect((await loadConnection({ env, context: 'two' })).server).toBe('https://two');
  });

  it.each([
    ['no such file', { kubeconfig: '/nowhere/config' }, {}, /kubeconfig \/nowhere\/config does not exist/],
    ['no such context', { context: 'two' }, {}, /has no context "two"; it has: one, broken, nobody/],
    ['no such cluster', { context: 'broken' }, {}, /context "broken" names cluster "gone", which is missing/],
    ['no such user', { context: 'nobody' }, {}, /context "nobody" names user "gone", which is missing/],
    ['no current context', {}, { 'current-context': '' }, /has no current-context; name one of: one/],
    [
      'no URL',
      {},
      { clusters: [{ name: 'c', cluster: { server: 'api:6443' } }] },
      /cluster "c" is "api:6443"/,
    ],
    ['no server', {}, { clusters: [{ name: 'c', cluster: {} }] }, /clusters\[0\].cluster.server is missing/],
  ])('says what is missing: %s', async (_, options, rest, message) => {
    const path = kubeconfig({ token: 't' }, {}, rest);
    await expect(loadConnection({ kubeconfig: path, ...options })).rejects.toThrow(message);
  });

  it('says which user has no credentials when a plugin or a file is missing', async () => {
    const path = kubeconfig({ exec: { command: join(dir, 'missing-plugin') } });
    const connection = await loadConnection({ kubeconfig: path });
    await expect(connection.authenticate()).rejects.toThrow(
      /no credentials for user "u" of kubeconfig .*missing-plugin/,
    );
  });

  it('says so when there is no cluster at all', async () => {
    await expect(loadConnection({ env: { HOME: dir }, serviceAccountDir: dir })).rejects.toThrow(
      /no cluster to talk to: neither --kubeconfig nor KUBECONFIG is given/,
    );
  });
});

describe('in a pod', () => {
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443', HOME: '/nonexistent' };

  beforeEach(() => {
    writeFileSync(join(dir, 'token'), 'first\n');
    writeFileSync(join(dir, 'ca.crt'), 'CA one');
    writeFileSync(join(dir, 'namespace'), 'mine');
  });

  it('uses the files that Kubernetes mounts', async () => {
    const connection = await loadConnection({ env, serviceAccountDir: dir });
    expect(connection).toMatchObject({ server: 'https://10.0.0.1:443', namespace: 'mine' });
    expect(await connection.authenticate()).toEqual({
      headers: { authorization: 'Bearer first' },
      tls: { ca: 'CA one' },
    });
    const v6 = { ...env, KUBERNETES_SERVICE_HOST: 'fd00::1' };
    expect((await loadConnection({ env: v6, serviceAccountDir: dir })).server).toBe('https://[fd00::1]:443');
  });

  it('reads a rotated token after a minute, or at once after it was refused', async () => {
    const clock = createFakeClock();
    const connection = await loadConnection({ env, serviceAccountDir: dir, clock });
    const token = async (refresh?: boolean) => (await connection.authenticate(refresh)).headers.authorization;
    writeFileSync(join(dir, 'token'), 'second');
    await clock.advance(59_000);
    expect(await token()).toBe('Bearer first');
    await clock.advance(1_000);
    expect(await token()).toBe('Bearer second');
    writeFileSync(join(dir, 'token'), 'third');
    expect(await token()).toBe('Bearer second');
    expect(await token(true)).toBe('Bearer third');
  });

  it('gives new TLS material only when the CA has changed', async () => {
    const clock = createFakeClock();
    const connection = await loadConnection({ env, serviceAccountDir: dir, clock });
    const { tls } = await connection.authenticate();
    await clock.advance(61_000);
    expect((await connection.authenticate()).tls).toBe(tls);
    writeFileSync(join(dir, 'ca.crt'), 'CA number two');
    await clock.advance(61_000);
    expect((await connection.authenticate()).tls).toEqual({ ca: 'CA number two' });
  });

  it('says which file is missing', async () => {
    rmSync(join(dir, 'ca.crt'));
    await expect(loadConnection({ env, serviceAccountDir: dir })).rejects.toThrow(/CA certificate.*ca\.crt/);
  });

  it('gives way to a kubeconfig that is named', async () => {
    const path = kubeconfig({ token: 't' });
    const connection = await loadConnection({ env: { ...env, KUBECONFIG: path }, serviceAccountDir: dir });
    expect(connection.server).toBe('https://api.example.com:6443');
  });
});

// From outside the cluster, artifacts come through the API server.

import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTransport, type Transport } from '../../kubernetes/index.ts';
import { type FakeServer, startFakeServer, status } from '../../kubernetes/testing/fake-server.ts';
import { fetchArtifact, type OpenUrl } from './fetch.ts';
import { serviceOf, throughApiServer } from './service-proxy.ts';
import { sha256, tarGzOf } from './testing/archives.ts';

const URL_OF_FLUX = 'http://source-controller.flux-system.svc.cluster.local./gitrepository/a/b.tar.gz';
const PATH =
  '/api/v1/namespaces/flux-system/services/http:source-controller:80/proxy/gitrepository/a/b.tar.gz';
const { signal } = new AbortController();
let server: FakeServer;
let transport: Transport;
const elsewhere: OpenUrl = async (url) => {
  throw new Error(`asked directly for ${url}`);
};

beforeEach(async () => {
  server = await startFakeServer();
  transport = createTransport(server.connection);
});
afterEach(async () => {
  await transport.close();
  await server.close();
});

test.each([
  [URL_OF_FLUX, PATH],
  ['http://a.b.svc:9090/x?y=1', '/api/v1/namespaces/b/services/http:a:9090/proxy/x?y=1'],
  ['https://a.b.svc.example.org/x', '/api/v1/namespaces/b/services/https:a:443/proxy/x'],
  ['http://a.b.svc/../../secrets', '/api/v1/namespaces/b/services/http:a:80/proxy/secrets'],
  ['http://127.0.0.1/a', undefined],
  ['http://svc.example.org/a', undefined],
  ['http://a.b.services.example.org/', undefined],
  ['file:///a.b.svc/', undefined],
  ['nonsense', undefined],
])('%s is %s', (url, path) => {
  expect(serviceOf(url)?.path).toBe(path);
});

test('an artifact comes through the API server, and its digest is verified all the same', async () => {
  const archive = await tarGzOf(['README.md', 'x']);
  server.on(PATH, {}, (_request, response) => void response.end(archive));
  const open = throughApiServer(transport, elsewhere);
  const found = await fetchArtifact({ url: URL_OF_FLUX, digest: sha256(archive) }, open, { signal });
  expect(found.files.get('README.md')?.text).toBe('x');
  const other = { url: URL_OF_FLUX, digest: `sha256:${'0'.repeat(64)}` };
  await expect(fetchArtifact(other, open, { signal })).rejects.toMatchObject({ reason: 'Unreadable' });
});

test('who may not use the proxy is told the permission, and the way around it', async () => {
  const said =
    'services "http:source-controller:80" is forbidden: User "jane" cannot get resource "services/proxy"';
  server.on(PATH, {}, status(403, 'Forbidden', said));
  const asking = throughApiServer(transport, elsewhere)(URL_OF_FLUX, signal);
  await expect(asking).rejects.toMatchObject({ reason: 'Forbidden' });
  await expect(asking).rejects.toThrow(/"jane".*get on services\/proxy in namespace flux-system.*--source/);
});

test('a Service that is not there is unreachable', async () => {
  server.on(PATH, {}, status(404, 'NotFound', 'services "source-controller" not found'));
  await expect(throughApiServer(transport, elsewhere)(URL_OF_FLUX, signal)).rejects.toMatchObject({
    reason: 'Unreachable',
    message: 'services "source-controller" not found',
  });
});

test('what the Service itself answers is its answer', async () => {
  server.on(PATH, {}, (_request, response) => void response.writeHead(404).end('404 page not found'));
  const answer = await throughApiServer(transport, elsewhere)(URL_OF_FLUX, signal);
  expect(answer.status).toBe(404);
  expect(await buffer(answer.chunks)).toHaveLength(0);
});

test('other addresses are asked directly', async () => {
  await expect(throughApiServer(transport, elsewhere)('http://192.0.2.1/a', signal)).rejects.toThrow(
    'asked directly for http://192.0.2.1/a',
  );
});

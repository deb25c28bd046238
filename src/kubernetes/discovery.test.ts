import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDiscovery, resourcePath } from './discovery.ts';
import { type FakeServer, json, startFakeServer, status } from './testing/fake-server.ts';
import { createTransport, type Transport } from './transport.ts';

let server: FakeServer;
let transport: Transport;

beforeEach(async () => {
  server = await startFakeServer();
  transport = createTransport(server.connection);
});
afterEach(async () => {
  await transport.close();
  await server.close();
});

const resource = (group: string, kind: string, plural: string, scope = 'Namespaced') => ({
  resource: plural,
  responseKind: { group, version: 'v1', kind },
  scope,
  verbs: ['get', 'list', 'watch'],
});
const group = (name: string, resources: unknown[], freshness = 'Current') => ({
  metadata: { name },
  versions: [{ version: 'v1', freshness, resources }],
});
const aggregated = (...items: unknown[]) =>
  json({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', items });

const CORE = group('', [resource('', 'Pod', 'pods'), resource('', 'Node', 'nodes', 'Cluster')]);
const APPS = group('apps', [resource('apps', 'Deployment', 'deployments')]);

describe('aggregated discovery', () => {
  it('resolves what is served and says what is not', async () => {
    server.on('/api', {}, aggregated(CORE));
    server.on('/apis', {}, aggregated(APPS));
    const discovery = createDiscovery(transport);
    expect(discovery.lookup('v1', 'Pod')).toBeUndefined();
    expect(await discovery.resolve('v1', 'Node')).toEqual({
      state: 'served',
      resource: {
        group: '',
        version: 'v1',
        apiVersion: 'v1',
        kind: 'Node',
        plural: 'nodes',
        namespaced: false,
        verbs: ['get', 'list', 'watch'],
      },
    });
    expect(await discovery.resolve('apps/v1', 'Deployment')).toMatchObject({ resource: { group: 'apps' } });
    expect(await discovery.resolve('example.com/v1', 'Widget')).toEqual({ state: 'notServed' });
    expect(server.requests).toHaveLength(2);
    expect(server.requests[0]?.headers.accept).toContain('as=APIGroupDiscoveryList');
  });

  it('lets a stale group fail alone, and keeps what that group was known to serve', async () => {
    const metrics = group('metrics.k8s.io', [resource('metrics.k8s.io', 'PodMetrics', 'pods')]);
    server.on('/api', {}, aggregated(CORE));
    server.on('/apis', {}, aggregated(APPS, metrics), aggregated(group('metrics.k8s.io', [], 'Stale'), APPS));
    const discovery = createDiscovery(transport);
    await discovery.refresh();
    await discovery.refresh();
    expect(discovery.lookup('apps/v1', 'Deployment')?.state).toBe('served');
    expect(discovery.lookup('metrics.k8s.io/v1', 'PodMetrics')?.state).toBe('served');
    const other = discovery.lookup('metrics.k8s.io/v1', 'NodeMetrics');
    expect(other).toMatchObject({ state: 'failed' });
    expect(other?.state === 'failed' && other.error.message).toMatch(/metrics.k8s.io\/v1 is stale/);
  });

  it('tells a change of what is served, once, and only then', async () => {
    const widgets = group('example.com', [resource('example.com', 'Widget', 'widgets')]);
    server.on('/api', {}, aggregated(CORE));
    server.on('/apis', {}, aggregated(APPS), aggregated(APPS), aggregated(APPS, widgets));
    const discovery = createDiscovery(transport);
    await discovery.refresh();
    let changes = 0;
    discovery.onChange(() => changes++);
    await discovery.refresh();
    expect(changes).toBe(0);
    await Promise.all([discovery.refresh(), discovery.refresh()]);
    expect(changes).toBe(1);
    expect(discovery.lookup('example.com/v1', 'Widget')?.state).toBe('served');
    expect(server.requests.filter((each) => each.path === '/apis')).toHaveLength(3);
  });

  it('keeps what it knew when the server cannot be asked, and fails when it knew nothing', async () => {
    server.on(
      '/api',
      {},
      status(500, 'InternalError', 'etcd is away'),
      aggregated(CORE),
      status(500, 'InternalError', 'x'),
    );
    server.on('/apis', {}, aggregated(APPS));
    const discovery = createDiscovery(transport);
    expect(await discovery.resolve('v1', 'Pod')).toMatchObject({
      state: 'failed',
      error: { message: 'etcd is away' },
    });
    expect(await discovery.resolve('v1', 'Pod')).toMatchObject({ state: 'served' });
    await expect(discovery.refresh()).rejects.toThrow('x');
    expect(discovery.lookup('v1', 'Pod')?.state).toBe('served');
  });
});

describe('plain discovery, where the server knows no other', () => {
  it('asks each group version, and one that fails takes no other with it', async () => {
    server.on('/api', {}, json({ kind: 'APIVersions', versions: ['v1'] }));
    server.on(
      '/api/v1',
      {},
      json({ resources: [{ name: 'pods', kind: 'Pod', namespaced: true, verbs: ['list'] }] }),
    );
    const versions = (name: string) => ({ name, versions: [{ groupVersion: `${name}/v1` }] });
    server.on(
      '/apis',
      {},
      json({ kind: 'APIGroupList', groups: ['apps', 'broken.io', 'gone.io'].map(versions) }),
    );
    const deployments = { name: 'deployments', kind: 'Deployment', namespaced: true, verbs: ['list'] };
    const scale = { name: 'deployments/scale', kind: 'Scale', namespaced: true, verbs: ['get'] };
    server.on('/apis/apps/v1', {}, json({ resources: [scale, deployments] }));
    server.on('/apis/broken.io/v1', {}, status(500, 'ServiceUnavailable', 'the server is currently unable'));
    const discovery = createDiscovery(transport);
    expect(await discovery.resolve('apps/v1', 'Deployment')).toMatchObject({
      resource: { plural: 'deployments' },
    });
    expect(discovery.lookup('apps/v1', 'Scale')).toEqual({ state: 'notServed' });
    expect(discovery.lookup('v1', 'Pod')?.state).toBe('served');
    expect(discovery.lookup('broken.io/v1', 'Thing')?.state).toBe('failed');
    expect(discovery.lookup('gone.io/v1', 'Thing')).toEqual({ state: 'notServed' });
  });
});

describe('resourcePath', () => {
  it('builds paths of core and named groups, with scope, name and subresource', () => {
    const pods = { group: '', version: 'v1', plural: 'pods', namespaced: true };
    const nodes = { group: '', version: 'v1', plural: 'nodes', namespaced: false };
    const items = { group: 'example.com', version: 'v1', plural: 'items', namespaced: true };
    expect(resourcePath(pods)).toBe('/api/v1/pods');
    expect(resourcePath(nodes, 'ignored', 'n')).toBe('/api/v1/nodes/n');
    expect(resourcePath(items, 'ns', 'a', 'status')).toBe(
      '/apis/example.com/v1/namespaces/ns/items/a/status',
    );
    expect(resourcePath(items, 'ns', 'a/../b')).toBe('/apis/example.com/v1/namespaces/ns/items/a%2F..%2Fb');
  });
});

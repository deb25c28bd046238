// src/kubernetes against a real API server: what the fake one of its unit tests cannot vouch for.
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  applyStatus,
  canI,
  canSubject,
  createDiscovery,
  createEventRecorder,
  createObject,
  createStore,
  createTransport,
  getObject,
  isConflict,
  type KubeObject,
  loadConnection,
  type Reflector,
  type ReflectorEvent,
  type ReflectorOptions,
  type Store,
  type StoreStatus,
  serverVersion,
  serviceAccountSubject,
  startLeaseElection,
  startReflector,
  type Transport,
} from '../../src/kubernetes/index.ts';
import { type LocalCluster, startCluster } from '../cluster/index.ts';
import { localClusters, suiteName } from '../cluster/suite.ts';

const CONFIG_MAPS = {
  group: '',
  version: 'v1',
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};
const COUNT = 2000;
const NAMESPACE = 'many';

type Projected = { metadata: { namespace: string; name: string }; data: unknown };
const project = ({ metadata, data }: KubeObject): Projected => ({
  metadata: { namespace: metadata.namespace ?? '', name: metadata.name ?? '' },
  data,
});

describe.skipIf(!localClusters())('src/kubernetes against a real API server', () => {
  let cluster: LocalCluster;
  let transport: Transport;

  beforeAll(async () => {
    const faults = { etcdCompactionInterval: '10s' };
    cluster = await startCluster({ name: suiteName('kubernetes'), nodes: 0, crds: 'none', faults });
    transport = await connect(cluster.kubeconfigPath);
    await createNamespace(NAMESPACE);
    const names = Array.from({ length: COUNT }, (_, index) => `map-${index}`);
    await Promise.all(names.map((name) => writeMap(name, { n: name })));
  });
  afterAll(async () => {
    await transport?.close();
    await cluster?.stop();
  });

  const connect = async (kubeconfig: string): Promise<Transport> =>
    createTransport(await loadConnection({ kubeconfig }), { userAgent: 'kubernetes-test' });

  const createNamespace = (name: string): Promise<KubeObject> =>
    createObject(
      transport,
      { group: '', version: 'v1', plural: 'namespaces', namespaced: false },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    );

  function writeMap(name: string, data: Record<string, string>, namespace = NAMESPACE): Promise<KubeObject> {
    const metadata = { namespace, name };
    return createObject(transport, CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
  }

  async function follow(options: Partial<ReflectorOptions<Projected>> = {}): Promise<Followed> {
    const store = createStore<Projected>();
    const statuses: StoreStatus[] = [];
    const seen: ReflectorEvent[] = [];
    const changes: string[] = [];
    store.onStatus((status) => statuses.push(status));
    const reflector = startReflector<Projected>({
      transport,
      resource: CONFIG_MAPS,
      namespace: NAMESPACE,
      project,
      sink: store,
      observe: (what) => seen.push(what),
      ...options,
    });
    await eventually(() => expect(store.status()).toEqual({ state: 'synced' }), 60_000);
    store.onChange((change) => changes.push(`${change.type} ${(change.new ?? change.old)?.metadata.name}`));
    return { store, statuses, seen, changes, reflector };
  }

  it('reads 2,000 objects by watch-list and by paged lists alike, and follows changes', async () => {
    const [streamed, listed] = await Promise.all([follow(), follow({ watchList: false })]);
    expect(streamed.seen).toContain('watchList');
    expect(streamed.seen).not.toContain('list');
    expect(listed.seen).not.toContain('watchList');
    expect(listed.store.list()).toEqual(streamed.store.list());
    expect(streamed.store.size).toBeGreaterThanOrEqual(COUNT);
    await writeMap('later', { n: 'ü' });
    for (const { store } of [streamed, listed]) {
      await eventually(() => expect(store.get(NAMESPACE, 'later')?.data).toEqual({ n: 'ü' }));
    }
    await cluster.kubectl(['delete', 'configmap', 'later', `--namespace=${NAMESPACE}`]);
    for (const { store } of [streamed, listed]) {
      await eventually(() => expect(store.get(NAMESPACE, 'later')).toBeUndefined());
    }
    await Promise.all([streamed.reflector.stop(), listed.reflector.stop()]);
  });

  it('lists anew, in one piece, when a continue token was compacted away', async () => {
    const codes: number[] = [];
    let delayed = false;
    const slow: Transport = {
      ...transport,
      stream: async (request) => {
        if (request.query?.continue !== undefined && !delayed) {
          delayed = true;
          // The first compaction only notes the revision that a later one compacts to: however long they take.
          await eventually(async () => {
            await wait(500);
            await expect(transport.request(request)).rejects.toMatchObject({ code: 410 });
          }, 90_000);
          await writeMap('after-compaction', {});
        }
        return transport.stream(request).catch((error: { code: number }) => {
          codes.push(error.code);
          throw error;
        });
      },
    };
    const { store, reflector } = await follow({ transport: slow, watchList: false, pageSize: 1000 });
    expect(codes).toEqual([410]);
    expect(store.get(NAMESPACE, 'after-compaction')).toBeDefined();
    await reflector.stop();
  });

  it('loses nothing over a restart of the API server, and reports no change that did not happen', async () => {
    const { store, reflector, changes, statuses, seen } = await follow();
    await cluster.restartApiServer();
    await writeMap('after-restart', {});
    await eventually(() => expect(store.get(NAMESPACE, 'after-restart')).toBeDefined(), 60_000);
    expect(changes).toEqual(['added after-restart']);
    expect(statuses.at(-1)).toEqual({ state: 'synced' });
    expect(seen).not.toContain('list');
    await reflector.stop();
  });

  it('lists anew when its version is too old, telling the difference only', async () => {
    const between = await startProxy(cluster.server);
    const connection = await loadConnection({ kubeconfig: cluster.kubeconfigPath });
    const cuttable = createTransport({ ...connection, server: between.url });
    const { store, reflector, changes, seen } = await follow({
      transport: cuttable,
      backoff: { initialMs: 100, maxMs: 300 },
    });
    between.cut();
    await writeMap('while-away', {});
    await cluster.kubectl(['delete', 'configmap', 'map-7', `--namespace=${NAMESPACE}`]);
    // Started anew, the API server knows no events from before, so the version of the cut watch is too old for it.
    await cluster.restartApiServer();
    expect(store.get(NAMESPACE, 'map-7')).toBeDefined();
    between.restore();
    await eventually(() => expect(store.get(NAMESPACE, 'map-7')).toBeUndefined(), 60_000);
    expect(seen).toContain('expired');
    expect(changes.sort()).toEqual(['added while-away', 'deleted map-7']);
    await reflector.stop();
    await cuttable.close();
    await between.close();
  });

  it('notices a black hole, keeps what it has, and catches up', async () => {
    const { store, reflector, statuses, changes } = await follow({
      idleTimeoutMs: 3_000,
      backoff: { initialMs: 200, maxMs: 1_000 },
    });
    await cluster.pauseApiServer();
    try {
      await eventually(
        () => expect(statuses.at(-1)).toMatchObject({ failure: { reason: 'Unreachable' } }),
        20_000,
      );
      expect(store.size).toBeGreaterThanOrEqual(COUNT);
      await expect(serverVersion(transport, { timeoutMs: 1_000 })).rejects.toThrow(
        /no answer from .* within 1 s/,
      );
    } finally {
      await cluster.resumeApiServer();
    }
    await writeMap('after-pause', {});
    await eventually(() => expect(store.get(NAMESPACE, 'after-pause')).toBeDefined(), 30_000);
    expect(changes).toEqual(['added after-pause']);
    expect(statuses.at(-1)).toEqual({ state: 'synced' });
    await reflector.stop();
  });

  it('hands a lease over at once when it is given back, and after it ran out when its holder died', async () => {
    const told: string[] = [];
    const elect = (identity: string, over: Transport = transport) =>
      startLeaseElection({
        transport: over,
        namespace: NAMESPACE,
        name: 'leader',
        identity,
        leaseDurationMs: 4_000,
        renewDeadlineMs: 3_000,
        retryPeriodMs: 500,
        onStarted: () => told.push(`${identity} leads`),
        onStopped: () => told.push(`${identity} lost`),
      });
    const a = elect('a');
    await eventually(() => expect(a.isLeader()).toBe(true));
    const cut = await connect(cluster.kubeconfigPath);
    const b = elect('b', cut);
    const c = elect('c', cut);
    await wait(2_000);
    expect([b.isLeader(), c.isLeader()]).toEqual([false, false]);
    await c.stop();
    const stoppedAt = performance.now();
    await a.stop();
    await eventually(() => expect(b.isLeader()).toBe(true));
    expect(performance.now() - stoppedAt).toBeLessThan(3_000);
    const d = elect('d');
    await cut.close();
    await eventually(() => expect(d.isLeader()).toBe(true), 15_000);
    expect(told).toEqual(['a leads', 'a lost', 'b leads', 'b lost', 'd leads']);
    await Promise.all([b.stop(), d.stop()]);
    const leases = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true };
    const lease = await getObject(transport, leases, NAMESPACE, 'leader');
    expect(lease?.spec).toMatchObject({ leaseDurationSeconds: 1, holderIdentity: '' });
  });

  it('records repeated events as one series that the API server accepts', async () => {
    const dropped: unknown[] = [];
    const recorder = createEventRecorder({
      transport,
      reportingController: 'example.com/controller',
      reportingInstance: 'test',
      onDropped: (why, _event, error) => dropped.push(why, error),
    });
    for (let count = 0; count < 4; count++) {
      recorder.record({
        regarding: { apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACE, name: 'map-1' },
        related: { apiVersion: 'v1', kind: 'ConfigMap', namespace: NAMESPACE, name: 'map-2' },
        type: 'Warning',
        reason: 'Drifted',
        action: 'Judged',
        note: 'ü'.repeat(2000),
      });
      await recorder.flush();
    }
    await recorder.stop();
    expect(dropped).toEqual([]);
    const { body } = await transport.request<{ items: KubeObject[] }>({
      path: `/apis/events.k8s.io/v1/namespaces/${NAMESPACE}/events`,
    });
    const mine = body.items.filter((each) => each.reportingController === 'example.com/controller');
    expect(mine).toHaveLength(1);
    expect(mine[0]).toMatchObject({ type: 'Warning', reason: 'Drifted', series: { count: 4 } });
  });

  it('discovers a new CRD, and applies its status under one field manager', async () => {
    const discovery = createDiscovery(transport);
    let changes = 0;
    expect(await discovery.resolve('example.com/v1', 'Item')).toEqual({ state: 'notServed' });
    expect(await discovery.resolve('apps/v1', 'Deployment')).toMatchObject({
      resource: { plural: 'deployments' },
    });
    discovery.onChange(() => changes++);
    await cluster.kubectl(['create', '--filename=-'], JSON.stringify(ITEM_CRD));
    await eventually(async () => {
      await discovery.refresh();
      expect(discovery.lookup('example.com/v1', 'Item')?.state).toBe('served');
    }, 30_000);
    expect(changes).toBeGreaterThan(0);
    const found = await discovery.resolve('example.com/v1', 'Item');
    if (found.state !== 'served') throw new Error('the CRD is not served');
    const { resource } = found;
    const item = {
      apiVersion: 'example.com/v1',
      kind: 'Item',
      metadata: { namespace: NAMESPACE, name: 'one' },
    };
    const created = await createObject(transport, resource, { ...item, spec: { n: 1 } });
    const applied = await applyStatus(
      transport,
      resource,
      { ...created, status: { state: 'Pending' } },
      { fieldManager: 'judge' },
    );
    expect(applied).toMatchObject({ spec: { n: 1 }, status: { state: 'Pending' } });
    expect(applied.metadata.managedFields).toContainEqual(
      expect.objectContaining({ manager: 'judge', operation: 'Apply', subresource: 'status' }),
    );
    const overtaken = applyStatus(
      transport,
      resource,
      { ...created, status: { state: 'Drifted' } },
      { fieldManager: 'judge' },
    ).catch((error: unknown) => error);
    expect(isConflict(await overtaken)).toBe(true);
    const again = await applyStatus(
      transport,
      resource,
      { ...applied, status: { state: 'Pending' } },
      { fieldManager: 'judge' },
    );
    // An apply that changes nothing is no write.
    expect(again.metadata.resourceVersion).toBe(applied.metadata.resourceVersion);
  });

  it('tells what a service account may do, and that it may not', async () => {
    await cluster.kubectl(['create', 'serviceaccount', 'reader', `--namespace=${NAMESPACE}`]);
    const question = { verb: 'list', group: '', resource: 'configmaps', namespace: NAMESPACE };
    const subject = serviceAccountSubject(NAMESPACE, 'reader');
    expect(await canSubject(transport, subject, question)).toMatchObject({ allowed: false });
    const asReader = await connect(await cluster.serviceAccountKubeconfig(NAMESPACE, 'reader'));
    expect(await canI(asReader, question)).toMatchObject({ allowed: false });
    const store: Store<Projected> = createStore();
    const backoff = { initialMs: 100, maxMs: 200 };
    const options = {
      transport: asReader,
      resource: CONFIG_MAPS,
      namespace: NAMESPACE,
      project,
      sink: store,
      backoff,
    };
    const reflector = startReflector<Projected>(options);
    await eventually(() => expect(store.status()).toMatchObject({ failure: { reason: 'Forbidden' } }));
    const role = [
      'create',
      'role',
      'reader',
      '--verb=list,watch',
      '--resource=configmaps',
      `--namespace=${NAMESPACE}`,
    ];
    await cluster.kubectl(role);
    const account = `--serviceaccount=${NAMESPACE}:reader`;
    await cluster.kubectl([
      'create',
      'rolebinding',
      'reader',
      '--role=reader',
      account,
      `--namespace=${NAMESPACE}`,
    ]);
    await eventually(() => expect(store.status()).toEqual({ state: 'synced' }), 15_000);
    expect(store.size).toBeGreaterThanOrEqual(COUNT);
    await eventually(async () =>
      expect(await canSubject(transport, subject, question)).toMatchObject({ allowed: true }),
    );
    await reflector.stop();
    await asReader.close();
  });
});

type Proxy = { url: string; cut(): void; restore(): void; close(): Promise<void> };

/** A TCP proxy to the API server whose connections can be cut, and refused until restored. */
async function startProxy(server: string): Promise<Proxy> {
  const port = Number(new URL(server).port);
  const sockets = new Set<Socket>();
  let refusing = false;
  const proxy = createServer((client) => {
    if (refusing) return client.destroy();
    const upstream = createConnection(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    }
    client.on('close', () => upstream.destroy()).pipe(upstream);
    upstream.on('close', () => client.destroy()).pipe(client);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    cut: () => {
      refusing = true;
      drop();
    },
    restore: () => {
      refusing = false;
    },
    close: () => {
      drop();
      return new Promise((resolve) => proxy.close(() => resolve()));
    },
  };
}

type Followed = {
  store: Store<Projected>;
  statuses: StoreStatus[];
  seen: ReflectorEvent[];
  changes: string[];
  reflector: Reflector;
};

const eventually = (claim: () => void | Promise<void>, timeout = 10_000): Promise<void> =>
  vi.waitFor(claim, { timeout, interval: 50 });

const ITEM_CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'items.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'items', singular: 'item', kind: 'Item' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    ],
  },
};

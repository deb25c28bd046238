import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Reflector, type ReflectorEvent, type ReflectorOptions, startReflector } from './reflector.ts';
import { createStore, type Store, type StoreStatus } from './store.ts';
import {
  added,
  blackHole,
  bookmark,
  configMap,
  deleted,
  END,
  event,
  type FakeServer,
  hangUp,
  json,
  list,
  modified,
  RESET,
  type Responder,
  startFakeServer,
  status,
  statusBody,
  stream,
} from './testing/fake-server.ts';
import { createTransport, type Transport } from './transport.ts';
import type { KubeObject } from './types.ts';

const PATH = '/api/v1/configmaps';
const CONFIG_MAPS = {
  group: '',
  version: 'v1',
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

let server: FakeServer;
let transport: Transport;
let store: Store<KubeObject>;
let reflector: Reflector | undefined;
let seen: ReflectorEvent[];
let statuses: StoreStatus[];

beforeEach(async () => {
  server = await startFakeServer();
  transport = createTransport(server.connection);
  store = createStore<KubeObject>();
  seen = [];
  statuses = [];
  store.onStatus((each) => statuses.push(each));
});
afterEach(async () => {
  await reflector?.stop();
  reflector = undefined;
  await transport.close();
  await server.close();
});

function start(options: Partial<ReflectorOptions<KubeObject>> = {}): void {
  reflector = startReflector<KubeObject>({
    transport,
    resource: CONFIG_MAPS,
    project: ({ kind, apiVersion, metadata: { namespace, name }, data }) => ({
      kind,
      apiVersion,
      metadata: { namespace, name },
      data,
    }),
    sink: store,
    backoff: { initialMs: 5, maxMs: 20 },
    observe: (what) => seen.push(what),
    ...options,
  });
}

const watchLists = (...responders: Responder[]): void =>
  server.on(PATH, { watch: 'true', sendInitialEvents: 'true' }, ...responders);
const watches = (...responders: Responder[]): void =>
  server.on(PATH, { watch: 'true', sendInitialEvents: '' }, ...responders);
const lists = (...responders: Responder[]): void => server.on(PATH, { watch: '' }, ...responders);
/** The usual beginning: one object, at version 9. */
const beginning = (...rest: Parameters<typeof stream>): Responder =>
  stream(added(configMap('a', '5')), bookmark('9', true), ...rest);

const names = (): (string | undefined)[] => store.list().map((each) => each.metadata.name);
const eventually = (claim: () => void): Promise<void> => vi.waitFor(claim, { timeout: 5000, interval: 5 });
const watchVersions = (): (string | undefined)[] =>
  server.requests
    .filter((each) => each.query.watch && !each.query.sendInitialEvents)
    .map((each) => each.query.resourceVersion);

describe('a server that refuses', () => {
  it.each([
    [401, 'Unauthorized', 'Unauthorized'],
    [403, 'Forbidden', 'Forbidden'],
    [404, 'NotFound', 'NotFound'],
    [500, 'InternalError', 'ServerError'],
  ])('with %i makes the kind %s, and is asked again until it allows', async (code, reason, expected) => {
    const refuse = status(code, reason, 'the words of the server');
    watchLists(refuse, refuse, beginning());
    start();
    await eventually(() => expect(store.status()).toEqual({ state: 'synced' }));
    expect(statuses[0]).toMatchObject({
      state: 'failed',
      hadSynced: false,
      failure: { reason: expected, message: 'v1 ConfigMap: the words of the server' },
    });
  });

  it('with 429 is left alone for as long as Retry-After says', async () => {
    watchLists(status(429, 'TooManyRequests', 'busy', { 'retry-after': '0.3' }), beginning());
    const started = performance.now();
    start();
    await eventually(() => expect(store.status()).toEqual({ state: 'synced' }));
    expect(performance.now() - started).toBeGreaterThanOrEqual(299);
    expect(statuses[0]).toMatchObject({ failure: { reason: 'Throttled' } });
  });

  it('after it allowed at first leaves the content in place, and says that it failed', async () => {
    watchLists(beginning(END));
    watches(status(403, 'Forbidden', 'configmaps is forbidden'));
    start();
    await eventually(() => expect(store.status()).toMatchObject({ state: 'failed', hadSynced: true }));
    expect(store.status()).toMatchObject({ failure: { reason: 'Forbidden' } });
    expect(names()).toEqual(['a']);
  });

  it('counts the failure from its beginning, however often it is repeated', async () => {
    watchLists(status(500, 'InternalError', 'one'), status(500, 'InternalError', 'two'));
    start();
    await eventually(() => expect(statuses.length).toBeGreaterThanOrEqual(2));
    const since = statuses.map((each) => (each.state === 'failed' ? each.failure.since : undefined));
    expect(since[0]).toBeTypeOf('number');
    expect(since[1]).toBe(since[0]);
  });
});

describe('a server that offers no watch-list', () => {
  it.each([
    ['400', status(400, 'BadRequest', 'sendInitialEvents is not known')],
    ['422', status(422, 'Invalid', 'sendInitialEvents is forbidden for watch')],
  ])('by %s is listed, and not asked for it again', async (_, refuse) => {
    watchLists(refuse);
    lists(list([configMap('a', '1')], '20'), list([configMap('b', '2')], '30'));
    watches(stream(event('ERROR', statusBody(410, 'Expired', 'too old'))), stream(bookmark('31')));
    start();
    await eventually(() => expect(names()).toEqual(['b']));
    expect(server.requests.filter((each) => each.query.sendInitialEvents)).toHaveLength(1);
    expect(store.get('default', 'b')).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
  });

  it('but takes the question and never ends the initial events is listed after two tries', async () => {
    watchLists(stream(added(configMap('a', '5')), END));
    lists(list([configMap('a', '5')], '20'));
    watches(stream(bookmark('21')));
    start();
    await eventually(() => expect(store.status()).toEqual({ state: 'synced' }));
    expect(seen.filter((each) => each === 'watchList')).toHaveLength(2);
    expect(statuses).toEqual([{ state: 'synced' }]);
  });

  it('or falls silent before their end', async () => {
    watchLists(stream(added(configMap('a', '5'))));
    lists(list([configMap('a', '5')], '20'));
    watches(stream(bookmark('21')));
    start({ idleTimeoutMs: 50 });
    await eventually(() => expect(store.status()).toEqual({ state: 'synced' }));
  });

  it('or no watch at all is listed again and again', async () => {
    watchLists(status(405, 'MethodNotAllowed', 'no watch'));
    lists(list([configMap('a', '5')], '20'), list([configMap('b', '5')], '21'));
    watches(status(405, 'MethodNotAllowed', 'no watch'));
    start({ pollMs: 20 });
    await eventually(() => expect(names()).toEqual(['b']));
    expect(statuses).toEqual([{ state: 'synced' }]);
  });
});

describe('lists', () => {
  it('of an empty kind are complete and empty', async () => {
    lists(json({ kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: '3' }, items: null }));
    watches(stream(bookmark('4')));
    start({ watchList: false });
    await eventually(() => expect(store.status()).toEqual({ state: 'synced' }));
    expect(store.list()).toEqual([]);
  });

  it('show nothing before their last page', async () => {
    let release: (value: unknown) => void = () => undefined;
    const gate = new Promise((resolve) => {
      release = resolve;
    });
    lists(list([configMap('a', '1')], '20', 'more'), async (request, response) => {
      await gate;
      await list([configMap('b', '1')], '20')(request, response);
    });
    watches(stream(bookmark('21')));
    start({ watchList: false });
    await eventually(() => expect(server.requests).toHaveLength(2));
    expect([store.size, store.status().state]).toEqual([0, 'pending']);
    release(undefined);
    await eventually(() => expect(names()).toEqual(['a', 'b']));
  });

  it('start over when a page fails, and lose nothing', async () => {
    lists(
      list([configMap('a', '1')], '20', 'more'),
      status(500, 'InternalError', 'etcd is away'),
      list([configMap('a', '1')], '22', 'more'),
      list([configMap('b', '1')], '22'),
    );
    watches(stream(bookmark('23')));
    start({ watchList: false, pageSize: 1 });
    await eventually(() => expect(names()).toEqual(['a', 'b']));
    expect(server.requests.slice(0, 4).map((each) => each.query.continue)).toEqual([
      undefined,
      'more',
      undefined,
      'more',
    ]);
  });

  it('are bounded by namespace and selectors, as are the watches', async () => {
    server.on('/api/v1/namespaces/team/configmaps', { watch: 'true' }, stream(bookmark('9', true)));
    start({ namespace: 'team', labelSelector: 'app in (a,b)', fieldSelector: 'metadata.name=x' });
    await eventually(() => expect(store.status()).toEqual({ state: 'synced' }));
    expect(server.requests[0]?.query).toMatchObject({
      labelSelector: 'app in (a,b)',
      fieldSelector: 'metadata.name=x',
    });
  });
});

describe('a watch that goes wrong', () => {
  it('by 410 as an answer leads to a new list', async () => {
    watchLists(beginning(END), stream(added(configMap('b', '50')), bookmark('60', true)));
    watches(status(410, 'Expired', 'too old resource version'));
    start();
    await eventually(() => expect(names()).toEqual(['b']));
    expect(statuses).toEqual([{ state: 'synced' }]);
  });

  it('by a chunk that breaks off inside an event goes on from the last whole one', async () => {
    const half = modified(configMap('a', '11', { x: 'new' })).slice(0, 40);
    watchLists(beginning(added(configMap('b', '10')), half, 20, RESET));
    watches(stream(modified(configMap('a', '11', { x: 'new' }))));
    start();
    await eventually(() => expect(store.get('default', 'a')?.data).toEqual({ x: 'new' }));
    expect(names()).toEqual(['a', 'b']);
    expect(watchVersions()).toEqual(['10']);
    expect(statuses).toEqual([{ state: 'synced' }]);
  });

  it('by a black hole is opened again from where it was', async () => {
    watchLists(beginning());
    watches(stream(added(configMap('b', '10'))));
    start({ idleTimeoutMs: 60 });
    await eventually(() => expect(names()).toEqual(['a', 'b']));
    expect(watchVersions()[0]).toBe('9');
    expect(seen).toContain('silent');
    expect(statuses).toEqual([{ state: 'synced' }]);
  });

  it('by a black hole that also swallows the next request is a failure, until that ends', async () => {
    watchLists(beginning());
    watches(blackHole, stream(added(configMap('b', '10'))));
    start({ idleTimeoutMs: 60 });
    await eventually(() => expect(names()).toEqual(['a', 'b']));
    expect(statuses.map((each) => each.state)).toEqual(['synced', 'failed', 'synced']);
    expect(statuses[1]).toMatchObject({ failure: { reason: 'Unreachable' }, hadSynced: true });
  });

  it('by an event that is no JSON, or none, goes on from the last good one', async () => {
    watchLists(
      beginning(added(configMap('b', '10')), '{"type":"ADDED","obj\n'),
      stream(added(configMap('z', '90')), bookmark('99', true)),
    );
    // Three times in a row without progress, and everything is read anew.
    watches(stream('null\n'), stream('{"type":"MODIFIED"}\n'), stream(added(configMap('never', '11'))));
    const told: string[] = [];
    store.onChange((change) => told.push(`${change.type} ${(change.new ?? change.old)?.metadata.name}`));
    start();
    await eventually(() => expect(names()).toEqual(['z']));
    expect(told).toEqual(['added a', 'added b', 'added z', 'deleted a', 'deleted b']);
    expect(watchVersions()).toEqual(['10', '10']);
    expect(statuses.some((each) => each.state === 'failed' && each.failure.reason === 'BadObject')).toBe(
      true,
    );
  });

  it('by a version that the server does not know yet is tried thrice, then listed anew', async () => {
    watchLists(beginning(END), stream(added(configMap('restored', '2')), bookmark('3', true)));
    watches(status(504, 'Timeout', 'Too large resource version: 9, current: 3', { 'retry-after': '0' }));
    start();
    await eventually(() => expect(names()).toEqual(['restored']));
    expect(watchVersions()).toEqual(['9', '9', '9']);
    expect(reflector?.resourceVersion()).toBe('3');
  });

  it('by closing at once, again and again, is not asked without a pause', async () => {
    watchLists(beginning(END));
    watches(stream(END));
    start({ backoff: { initialMs: 40, maxMs: 40, jitter: 0 } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(watchVersions().length).toBeLessThanOrEqual(8);
    expect(watchVersions().length).toBeGreaterThanOrEqual(2);
    expect(statuses).toEqual([{ state: 'synced' }]);
  });

  it('by a server that is restarted keeps what was known, and catches up', async () => {
    watchLists(beginning());
    watches(
      hangUp,
      hangUp,
      hangUp,
      hangUp,
      stream(deleted(configMap('a', '12')), added(configMap('b', '13'))),
    );
    const changes: string[] = [];
    store.onChange((change) => changes.push(`${change.type} ${(change.new ?? change.old)?.metadata.name}`));
    start();
    await eventually(() => expect(names()).toEqual(['a']));
    server.dropConnections();
    await eventually(() => expect(names()).toEqual(['b']));
    expect(changes).toEqual(['added a', 'deleted a', 'added b']);
    expect(statuses.at(-1)).toEqual({ state: 'synced' });
  });
});

describe('events', () => {
  it('that are old or doubled change nothing, and versions never go back', async () => {
    watchLists(
      beginning(
        modified(configMap('a', '20', { x: 'new' })),
        modified(configMap('a', '20', { x: 'doubled' })),
        modified(configMap('a', '15', { x: 'old' })),
        deleted(configMap('a', '7')),
        bookmark('12'),
        END,
      ),
    );
    watches(stream(bookmark('21')));
    start();
    await eventually(() => expect(reflector?.resourceVersion()).toBe('21'));
    expect(store.get('default', 'a')?.data).toEqual({ x: 'new' });
    expect(watchVersions()[0]).toBe('20');
  });

  it('of which there are only bookmarks keep the version fresh', async () => {
    watchLists(beginning(bookmark('100'), bookmark('200'), END));
    watches(stream(bookmark('300')));
    start();
    await eventually(() => expect(reflector?.resourceVersion()).toBe('300'));
    expect(watchVersions()).toEqual(['200']);
  });

  it('are whole when a character is split between two chunks', async () => {
    const bytes = Buffer.from(added(configMap('b', '10', { text: 'Prüfung 日本 😀' })));
    const steps = [...bytes].map((byte) => Buffer.from([byte]));
    watchLists(beginning(...steps));
    start();
    await eventually(() => expect(store.get('default', 'b')?.data).toEqual({ text: 'Prüfung 日本 😀' }));
  });

  it('may hold an object of 5 MB', async () => {
    const text = 'x'.repeat(5_000_000);
    watchLists(beginning(added(configMap('big', '10', { text })), added(configMap('c', '11'))));
    start();
    await eventually(() => expect(names()).toEqual(['a', 'big', 'c']));
    expect(store.get('default', 'big')?.data).toEqual({ text });
  });

  it('that cannot be projected make the kind fail, not the process', async () => {
    watchLists(stream(added(configMap('poison', '5')), bookmark('9', true)));
    start({
      project: () => {
        throw new Error('no such field');
      },
    });
    await eventually(() =>
      expect(store.status()).toMatchObject({
        failure: {
          reason: 'BadObject',
          message: 'v1 ConfigMap: ConfigMap default/poison cannot be projected: no such field',
        },
      }),
    );
  });
});

describe('stop', () => {
  it('ends a watch, a wait and a list, and nothing reaches the sink after it', async () => {
    watchLists(beginning(50, added(configMap('late', '10'))));
    start();
    await eventually(() => expect(names()).toEqual(['a']));
    await reflector?.stop();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(names()).toEqual(['a']);

    watchLists(status(500, 'InternalError', 'x'));
    start({ backoff: { initialMs: 60_000 } });
    await eventually(() => expect(seen).toContain('failure'));
    await reflector?.stop();

    lists(blackHole);
    start({ watchList: false });
    await eventually(() => expect(seen).toContain('list'));
    await reflector?.stop();
  });
});

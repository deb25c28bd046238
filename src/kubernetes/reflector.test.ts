import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApiResource } from './discovery.ts';
import { type Reflector, type ReflectorEvent, type ReflectorOptions, startReflector } from './reflector.ts';
import { createStore, type Store } from './store.ts';
import {
  added,
  bookmark,
  configMap,
  deleted,
  END,
  event,
  type FakeServer,
  hangUp,
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
const CONFIG_MAPS: ApiResource = {
  group: '',
  version: 'v1',
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  verbs: ['list', 'watch'],
};

type Projected = { metadata: { namespace: string; name: string }; data: unknown };
const project = (raw: KubeObject): Projected => ({
  metadata: { namespace: raw.metadata.namespace ?? '', name: raw.metadata.name ?? '' },
  data: raw.data,
});

let server: FakeServer;
let transport: Transport;
let store: Store<Projected>;
let reflector: Reflector | undefined;
let seen: ReflectorEvent[];

beforeEach(async () => {
  server = await startFakeServer();
  transport = createTransport(server.connection);
  store = createStore<Projected>();
  seen = [];
});

afterEach(async () => {
  await reflector?.stop();
  reflector = undefined;
  await transport.close();
  await server.close();
});

function start(options: Partial<ReflectorOptions<Projected>> = {}): void {
  reflector = startReflector({
    transport,
    resource: CONFIG_MAPS,
    project,
    sink: store,
    backoff: { initialMs: 5, maxMs: 20 },
    observe: (what) => seen.push(what),
    ...options,
  });
}

const startsWithWatchList = (...responders: Responder[]): void =>
  server.on(PATH, { watch: 'true', sendInitialEvents: 'true' }, ...responders);
const continuesWith = (...responders: Responder[]): void =>
  server.on(PATH, { watch: 'true', sendInitialEvents: '' }, ...responders);
const listsWith = (...responders: Responder[]): void => server.on(PATH, { watch: '' }, ...responders);
const refuseWatchList = status(
  422,
  'Invalid',
  'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch',
);

const names = (): string[] => store.list().map((each) => each.metadata.name);
const eventually = (claim: () => void): Promise<void> => vi.waitFor(claim, { timeout: 3000, interval: 5 });
const lastWatch = () =>
  server.requests.findLast((each) => each.query.watch === 'true' && !each.query.sendInitialEvents);

describe('the first state', () => {
  it('comes from a watch-list, and is synced only at the bookmark that ends it', async () => {
    let end: (value: unknown) => void = () => undefined;
    const ended = new Promise((resolve) => {
      end = resolve;
    });
    startsWithWatchList(
      stream(added(configMap('b', '5')), added(configMap('a', '7')), ended, bookmark('9', true)),
    );
    start();
    await eventually(() => expect(seen).toEqual(['watchList', 'event', 'event']));
    expect(store.status()).toEqual({ state: 'pending' });
    expect(store.size).toBe(0);
    end(undefined);
    await eventually(() => expect(store.status()).toEqual({ state: 'synced' }));
    expect(names()).toEqual(['a', 'b']);
    expect(reflector?.resourceVersion()).toBe('9');
    expect(server.requests[0]?.query).toMatchObject({
      watch: 'true',
      allowWatchBookmarks: 'true',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
    });
  });

  it('comes from paged lists where the server offers no watch-list', async () => {
    startsWithWatchList(refuseWatchList);
    listsWith(list([configMap('a', '1')], '20', 'page2'), list([configMap('b', '2')], '20'));
    continuesWith(stream(added(configMap('c', '21'))));
    start({ pageSize: 1 });
    await eventually(() => expect(names()).toEqual(['a', 'b', 'c']));
    const lists = server.requests.filter((each) => each.query.watch === undefined);
    expect(lists.map((each) => each.query)).toEqual([{ limit: '1' }, { limit: '1', continue: 'page2' }]);
    expect(lastWatch()?.query).toMatchObject({ resourceVersion: '20', allowWatchBookmarks: 'true' });
  });

  it('is listed in one piece after a continue token has expired', async () => {
    startsWithWatchList(refuseWatchList);
    listsWith(
      list([configMap('a', '1')], '20', 'page2'),
      status(410, 'Expired', 'The provided continue parameter is too old'),
      list([configMap('a', '1'), configMap('b', '2')], '30'),
    );
    continuesWith(stream(1));
    start({ pageSize: 1 });
    await eventually(() => expect(names()).toEqual(['a', 'b']));
    expect(server.requests.filter((each) => each.query.watch === undefined).at(-1)?.query).toEqual({});
  });
});

describe('following', () => {
  it('applies additions, changes and deletions', async () => {
    startsWithWatchList(
      stream(
        added(configMap('a', '5')),
        bookmark('9', true),
        added(configMap('b', '10')),
        modified(configMap('a', '11', { x: '1' })),
        deleted(configMap('b', '12')),
      ),
    );
    start();
    await eventually(() => expect(reflector?.resourceVersion()).toBe('12'));
    expect(store.list()).toEqual([{ metadata: { namespace: 'default', name: 'a' }, data: { x: '1' } }]);
  });

  it('resumes from the newest bookmark after the server has ended the watch', async () => {
    startsWithWatchList(stream(bookmark('9', true), bookmark('40'), END));
    continuesWith(stream(added(configMap('b', '41'))));
    start();
    await eventually(() => expect(names()).toEqual(['b']));
    expect(lastWatch()?.query.resourceVersion).toBe('40');
    expect(seen).not.toContain('list');
  });

  it('relists after 410 as an error event, telling only what differs', async () => {
    startsWithWatchList(
      stream(added(configMap('a', '5')), added(configMap('b', '6')), bookmark('9', true), RESET),
      stream(added(configMap('a', '5')), added(configMap('c', '50')), bookmark('60', true)),
    );
    continuesWith(stream(event('ERROR', statusBody(410, 'Expired', 'too old resource version: 9 (55)'))));
    const changes: string[] = [];
    store.onChange((change) => changes.push(`${change.type} ${(change.new ?? change.old)?.metadata.name}`));
    start();
    await eventually(() => expect(names()).toEqual(['a', 'c']));
    expect(changes).toEqual(['added a', 'added b', 'added c', 'deleted b']);
  });

  it('keeps what it has while the server is away', async () => {
    startsWithWatchList(stream(added(configMap('a', '5')), bookmark('9', true), RESET));
    continuesWith(hangUp);
    start();
    await eventually(() => expect(store.status()).toMatchObject({ state: 'failed', hadSynced: true }));
    expect(store.status()).toMatchObject({ failure: { reason: 'Unreachable' } });
    expect(names()).toEqual(['a']);
  });
});

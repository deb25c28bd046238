/** A reflector into a store, against the fake server: what the tests of its faults share. */
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { type Reflector, type ReflectorEvent, type ReflectorOptions, startReflector } from '../reflector.ts';
import { createStore, type Store, type StoreStatus } from '../store.ts';
import { createTransport, type Transport } from '../transport.ts';
import type { KubeObject } from '../types.ts';
import {
  added,
  bookmark,
  configMap,
  type FakeServer,
  type Responder,
  startFakeServer,
  stream,
} from './fake-server.ts';

const PATH = '/api/v1/configmaps';
const CONFIG_MAPS = {
  group: '',
  version: 'v1',
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

export type ReflectorFixture = {
  server: FakeServer;
  store: Store<KubeObject>;
  reflector: Reflector | undefined;
  seen: ReflectorEvent[];
  statuses: StoreStatus[];
  changes: string[];
  start(options?: Partial<ReflectorOptions<KubeObject>>): void;
  watchLists(...responders: Responder[]): void;
  watches(...responders: Responder[]): void;
  lists(...responders: Responder[]): void;
  names(): (string | undefined)[];
  /** The versions from which watches were asked for. */
  watchVersions(): (string | undefined)[];
  /** Resolves when the store is synced. */
  synced(): Promise<void>;
};

/** Registers what must happen before and after each test; the fields are those of the test that runs. */
export function reflectorFixture(): ReflectorFixture {
  let transport: Transport;
  const fixture = {
    start: (options = {}) => {
      fixture.reflector = startReflector<KubeObject>({
        transport,
        resource: CONFIG_MAPS,
        project: ({ kind, apiVersion, metadata: { namespace, name }, data }) => ({
          kind,
          apiVersion,
          metadata: { namespace, name },
          data,
        }),
        sink: fixture.store,
        backoff: { initialMs: 5, maxMs: 20 },
        observe: (what) => fixture.seen.push(what),
        ...options,
      });
    },
    watchLists: (...responders) =>
      fixture.server.on(PATH, { watch: 'true', sendInitialEvents: 'true' }, ...responders),
    watches: (...responders) =>
      fixture.server.on(PATH, { watch: 'true', sendInitialEvents: '' }, ...responders),
    lists: (...responders) => fixture.server.on(PATH, { watch: '' }, ...responders),
    names: () => fixture.store.list().map((each) => each.metadata.name),
    watchVersions: () =>
      fixture.server.requests
        .filter((each) => each.query.watch && !each.query.sendInitialEvents)
        .map((each) => each.query.resourceVersion),
    synced: () => eventually(() => expect(fixture.store.status()).toEqual({ state: 'synced' })),
  } as ReflectorFixture;

  beforeEach(async () => {
    fixture.server = await startFakeServer();
    transport = createTransport(fixture.server.connection);
    fixture.store = createStore<KubeObject>();
    fixture.seen = [];
    fixture.statuses = [];
    fixture.changes = [];
    fixture.store.onStatus((each) => fixture.statuses.push(each));
    fixture.store.onChange((change) =>
      fixture.changes.push(`${change.type} ${(change.new ?? change.old)?.metadata.name}`),
    );
  });
  afterEach(async () => {
    await fixture.reflector?.stop();
    fixture.reflector = undefined;
    await transport.close();
    await fixture.server.close();
  });
  return fixture;
}

/** The usual beginning of a watch-list: one object `a`, at version 9. */
export const beginning = (...rest: Parameters<typeof stream>): Responder =>
  stream(added(configMap('a', '5')), bookmark('9', true), ...rest);

export const eventually = (claim: () => void): Promise<void> =>
  vi.waitFor(claim, { timeout: 5000, interval: 5 });

// A live source against a scripted API server, with the wall clock in the test's
// hands: what the tests of live facts share.

import { afterEach, beforeEach, vi } from 'vitest';
import { createDiscovery, createTransport, systemClock, type Transport } from '../../kubernetes/index.ts';
import {
  bookmark,
  type FakeServer,
  json,
  type Responder,
  startFakeServer,
  stream,
} from '../../kubernetes/testing/fake-server.ts';
import { type FactChange, type LiveSource, liveSource } from '../live.ts';

export const DEFINITIONS_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const MINUTE = 60_000;

export interface LiveFixture {
  server: FakeServer;
  source: LiveSource;
  changes: FactChange[];
  /** How far the wall clock is ahead, in milliseconds. */
  ahead: number;
  watchLists(path: string, ...responders: Responder[]): void;
  watches(path: string, ...responders: Responder[]): void;
}

/** What the API server says that it serves. */
export const discoveryOf = (...groups: object[]): Responder =>
  json({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', items: groups });

/** A group as discovery tells it, with one namespaced kind that can be watched. */
export const groupOf = (group: string, version: string, kind: string, resource: string) => ({
  metadata: { name: group },
  versions: [
    {
      version,
      freshness: 'Current',
      resources: [
        {
          resource,
          responseKind: { group, version, kind },
          scope: 'Namespaced',
          verbs: ['get', 'list', 'watch'],
        },
      ],
    },
  ],
});

/** Something that a test lets happen when it wants to. */
export function gate<T = unknown>(): { readonly opened: Promise<T>; open(value: T): void } {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { opened: promise, open: resolve };
}
export const eventually = (claim: () => void): Promise<void> =>
  vi.waitFor(claim, { timeout: 10_000, interval: 5 });

/** Registers what must happen before and after each test; the fields are those of the test that runs. */
export function liveFixture(): LiveFixture {
  let transport: Transport;
  const fixture = {
    watchLists: (path, ...responders) =>
      fixture.server.on(path, { watch: 'true', sendInitialEvents: 'true' }, ...responders),
    watches: (path, ...responders) =>
      fixture.server.on(path, { watch: 'true', sendInitialEvents: '' }, ...responders),
  } as LiveFixture;

  beforeEach(async () => {
    fixture.server = await startFakeServer();
    transport = createTransport(fixture.server.connection);
    fixture.ahead = 0;
    fixture.changes = [];
    const real = systemClock();
    fixture.source = liveSource({
      transport,
      discovery: createDiscovery(transport),
      // Long waits take a fiftieth of their time.
      clock: {
        now: () => Date.now() + fixture.ahead,
        monotonic: () => real.monotonic() + fixture.ahead,
        after: (ms, action) => real.after(ms < 100 ? ms : ms / 50, action),
      },
      allowEvidenceFrom: ['127.0.0.1'],
    });
    fixture.source.onChange((change) => fixture.changes.push(change));
    fixture.server.on('/api', {}, discoveryOf());
    fixture.server.on('/apis', {}, discoveryOf());
    fixture.server.on(DEFINITIONS_PATH, { watch: 'true' }, stream(bookmark('1', true)));
  });
  afterEach(async () => {
    await fixture.source.stop();
    await transport.close();
    await fixture.server.close();
  });
  return fixture;
}

import { describe, expect, it } from 'vitest';
import {
  added,
  blackHole,
  bookmark,
  configMap,
  deleted,
  END,
  event,
  hangUp,
  json,
  list,
  modified,
  RESET,
  status,
  statusBody,
  stream,
} from './testing/fake-server.ts';
import { beginning, eventually, reflectorFixture } from './testing/reflector-fixture.ts';

const f = reflectorFixture();

describe('a server that refuses', () => {
  it.each([
    [401, 'Unauthorized', 'Unauthorized'],
    [403, 'Forbidden', 'Forbidden'],
    [404, 'NotFound', 'NotFound'],
    [500, 'InternalError', 'ServerError'],
  ])('with %i makes the kind %s, and is asked again until it allows', async (code, reason, expected) => {
    const refuse = status(code, reason, 'the words of the server');
    f.watchLists(refuse, refuse, beginning());
    f.start();
    await f.synced();
    expect(f.statuses[0]).toMatchObject({
      state: 'failed',
      hadSynced: false,
      failure: { reason: expected, message: 'v1 ConfigMap: the words of the server' },
    });
  });

  it('with 429 is left alone for as long as Retry-After says', async () => {
    f.watchLists(status(429, 'TooManyRequests', 'busy', { 'retry-after': '0.3' }), beginning());
    const started = performance.now();
    f.start();
    await f.synced();
    expect(performance.now() - started).toBeGreaterThanOrEqual(299);
    expect(f.statuses[0]).toMatchObject({ failure: { reason: 'Throttled' } });
  });

  it('after it allowed at first leaves the content in place, and says that it failed', async () => {
    f.watchLists(beginning(END));
    f.watches(status(403, 'Forbidden', 'configmaps is forbidden'));
    f.start();
    await eventually(() => expect(f.store.status()).toMatchObject({ state: 'failed', hadSynced: true }));
    expect(f.store.status()).toMatchObject({ failure: { reason: 'Forbidden' } });
    expect(f.names()).toEqual(['a']);
  });

  it('counts the failure from its beginning, however often it is repeated', async () => {
    f.watchLists(status(500, 'InternalError', 'one'), status(500, 'InternalError', 'two'));
    f.start();
    await eventually(() => expect(f.statuses.length).toBeGreaterThanOrEqual(2));
    const since = f.statuses.map((each) => (each.state === 'failed' ? each.failure.since : undefined));
    expect(since[0]).toBeTypeOf('number');
    expect(since[1]).toBe(since[0]);
  });
});

describe('a server that offers no watch-list', () => {
  it.each([
    ['400', status(400, 'BadRequest', 'sendInitialEvents is not known')],
    ['422', status(422, 'Invalid', 'sendInitialEvents is forbidden for watch')],
  ])('by %s is listed, and not asked for it again', async (_, refuse) => {
    f.watchLists(refuse);
    f.lists(list([configMap('a', '1')], '20'), list([configMap('b', '2')], '30'));
    f.watches(stream(event('ERROR', statusBody(410, 'Expired', 'too old'))), stream(bookmark('31')));
    f.start();
    await eventually(() => expect(f.names()).toEqual(['b']));
    expect(f.server.requests.filter((each) => each.query.sendInitialEvents)).toHaveLength(1);
    expect(f.store.get('default', 'b')).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
  });

  it('but takes the question and never ends the initial events is listed after two tries', async () => {
    f.watchLists(stream(added(configMap('a', '5')), END));
    f.lists(list([configMap('a', '5')], '20'));
    f.watches(stream(bookmark('21')));
    f.start();
    await f.synced();
    expect(f.seen.filter((each) => each === 'watchList')).toHaveLength(2);
    expect(f.statuses).toEqual([{ state: 'synced' }]);
  });

  it('or falls silent before their end', async () => {
    f.watchLists(stream(added(configMap('a', '5'))));
    f.lists(list([configMap('a', '5')], '20'));
    f.watches(stream(bookmark('21')));
    f.start({ idleTimeoutMs: 50 });
    await f.synced();
  });

  it('or no watch at all is listed again and again', async () => {
    f.watchLists(status(405, 'MethodNotAllowed', 'no watch'));
    f.lists(list([configMap('a', '5')], '20'), list([configMap('b', '5')], '21'));
    f.watches(status(405, 'MethodNotAllowed', 'no watch'));
    f.start({ pollMs: 20 });
    await eventually(() => expect(f.names()).toEqual(['b']));
    expect(f.statuses).toEqual([{ state: 'synced' }]);
  });
});

describe('lists', () => {
  it('of an empty kind are complete and empty', async () => {
    f.lists(
      json({ kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: '3' }, items: null }),
    );
    f.watches(stream(bookmark('4')));
    f.start({ watchList: false });
    await f.synced();
    expect(f.store.list()).toEqual([]);
  });

  it('show nothing before their last page', async () => {
    let release: (value: unknown) => void = () => undefined;
    const gate = new Promise((resolve) => {
      release = resolve;
    });
    f.lists(list([configMap('a', '1')], '20', 'more'), async (request, response) => {
      await gate;
      await list([configMap('b', '1')], '20')(request, response);
    });
    f.watches(stream(bookmark('21')));
    f.start({ watchList: false });
    await eventually(() => expect(f.server.requests).toHaveLength(2));
    expect([f.store.size, f.store.status().state]).toEqual([0, 'pending']);
    release(undefined);
    await eventually(() => expect(f.names()).toEqual(['a', 'b']));
  });

  it('start over when a page fails, and lose nothing', async () => {
    f.lists(
      list([configMap('a', '1')], '20', 'more'),
      status(500, 'InternalError', 'etcd is away'),
      list([configMap('a', '1')], '22', 'more'),
      list([configMap('b', '1')], '22'),
    );
    f.watches(stream(bookmark('23')));
    f.start({ watchList: false, pageSize: 1 });
    await eventually(() => expect(f.names()).toEqual(['a', 'b']));
    expect(f.server.requests.slice(0, 4).map((each) => each.query.continue)).toEqual([
      undefined,
      'more',
      undefined,
      'more',
    ]);
  });

  it('start over when a page breaks off inside an object, or ends before it is whole', async () => {
    const page = JSON.stringify({ metadata: { resourceVersion: '20' }, items: [configMap('a', '1')] });
    f.lists(
      stream(page.slice(0, 70), 10, RESET),
      stream(page.slice(0, -1), END),
      list([configMap('b', '1')], '22'),
    );
    f.watches(stream(bookmark('23')));
    f.start({ watchList: false });
    await f.synced();
    expect(f.names()).toEqual(['b']);
    expect(f.statuses.map((each) => (each.state === 'failed' ? each.failure.reason : each.state))).toEqual([
      'Unreachable',
      'BadObject',
      'synced',
    ]);
  });

  it('are bounded by namespace and selectors, as are the watches', async () => {
    f.server.on('/api/v1/namespaces/team/configmaps', { watch: 'true' }, stream(bookmark('9', true)));
    f.start({ namespace: 'team', labelSelector: 'app in (a,b)', fieldSelector: 'metadata.name=x' });
    await f.synced();
    expect(f.server.requests[0]?.query).toMatchObject({
      labelSelector: 'app in (a,b)',
      fieldSelector: 'metadata.name=x',
    });
  });
});

describe('a watch that goes wrong', () => {
  it('by 410 as an answer leads to a new list', async () => {
    f.watchLists(beginning(END), stream(added(configMap('b', '50')), bookmark('60', true)));
    f.watches(status(410, 'Expired', 'too old resource version'));
    f.start();
    await eventually(() => expect(f.names()).toEqual(['b']));
    expect(f.statuses).toEqual([{ state: 'synced' }]);
  });

  it('by a chunk that breaks off inside an event goes on from the last whole one', async () => {
    const half = modified(configMap('a', '11', { x: 'new' })).slice(0, 40);
    f.watchLists(beginning(added(configMap('b', '10')), half, 20, RESET));
    f.watches(stream(modified(configMap('a', '11', { x: 'new' }))));
    f.start();
    await eventually(() => expect(f.store.get('default', 'a')?.data).toEqual({ x: 'new' }));
    expect(f.names()).toEqual(['a', 'b']);
    expect(f.watchVersions()).toEqual(['10']);
    expect(f.statuses).toEqual([{ state: 'synced' }]);
  });

  it('by a black hole is opened again from where it was', async () => {
    f.watchLists(beginning());
    f.watches(stream(added(configMap('b', '10'))));
    f.start({ idleTimeoutMs: 60 });
    await eventually(() => expect(f.names()).toEqual(['a', 'b']));
    expect(f.watchVersions()[0]).toBe('9');
    expect(f.seen).toContain('silent');
    expect(f.statuses).toEqual([{ state: 'synced' }]);
  });

  it('by a black hole that also swallows the next request is a failure, until that ends', async () => {
    f.watchLists(beginning());
    f.watches(blackHole, stream(added(configMap('b', '10'))));
    f.start({ idleTimeoutMs: 60 });
    await eventually(() => expect(f.names()).toEqual(['a', 'b']));
    expect(f.statuses.map((each) => each.state)).toEqual(['synced', 'failed', 'synced']);
    expect(f.statuses[1]).toMatchObject({ failure: { reason: 'Unreachable' }, hadSynced: true });
  });

  it('by an event that is no JSON, or none, goes on from the last good one', async () => {
    f.watchLists(
      beginning(added(configMap('b', '10')), '{"type":"ADDED","obj\n'),
      stream(added(configMap('z', '90')), bookmark('99', true)),
    );
    // Three times in a row without progress, and everything is read anew.
    f.watches(stream('null\n'), stream('{"type":"MODIFIED"}\n'), stream(added(configMap('never', '11'))));
    f.start();
    await eventually(() => expect(f.names()).toEqual(['z']));
    expect(f.changes).toEqual(['added a', 'added b', 'added z', 'deleted a', 'deleted b']);
    expect(f.watchVersions()).toEqual(['10', '10']);
    expect(f.statuses.some((each) => each.state === 'failed' && each.failure.reason === 'BadObject')).toBe(
      true,
    );
  });

  it('by a version that the server does not know yet is tried thrice, then listed anew', async () => {
    f.watchLists(beginning(END), stream(added(configMap('restored', '2')), bookmark('3', true)));
    f.watches(status(504, 'Timeout', 'Too large resource version: 9, current: 3', { 'retry-after': '0' }));
    f.start();
    await eventually(() => expect(f.names()).toEqual(['restored']));
    expect(f.watchVersions()).toEqual(['9', '9', '9']);
    expect(f.reflector?.resourceVersion()).toBe('3');
  });

  it('by closing at once, again and again, is not asked without a pause', async () => {
    f.watchLists(beginning(END));
    f.watches(stream(END));
    f.start({ backoff: { initialMs: 40, maxMs: 40, jitter: 0 } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(f.watchVersions().length).toBeLessThanOrEqual(8);
    expect(f.watchVersions().length).toBeGreaterThanOrEqual(2);
    expect(f.statuses).toEqual([{ state: 'synced' }]);
  });

  it('by a server that is restarted keeps what was known, and catches up', async () => {
    f.watchLists(beginning());
    f.watches(
      hangUp,
      hangUp,
      hangUp,
      hangUp,
      stream(deleted(configMap('a', '12')), added(configMap('b', '13'))),
    );
    f.start();
    await eventually(() => expect(f.names()).toEqual(['a']));
    f.server.dropConnections();
    await eventually(() => expect(f.names()).toEqual(['b']));
    expect(f.changes).toEqual(['added a', 'deleted a', 'added b']);
    expect(f.statuses.at(-1)).toEqual({ state: 'synced' });
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createEventRecorder,
  cutBytes,
  type EventInput,
  type EventRecorder,
  type EventRecorderOptions,
} from './events.ts';
import { createFakeClock, type FakeClock } from './testing/fake-clock.ts';
import { type FakeServer, hangUp, json, startFakeServer, status } from './testing/fake-server.ts';
import { createTransport, type Transport } from './transport.ts';

const PATH = '/apis/events.k8s.io/v1/namespaces/team/events';
let server: FakeServer;
let transport: Transport;
let clock: FakeClock;
let dropped: string[];

beforeEach(async () => {
  server = await startFakeServer();
  transport = createTransport(server.connection);
  clock = createFakeClock();
  dropped = [];
});
afterEach(async () => {
  await transport.close();
  await server.close();
});

const recorder = (options: Partial<EventRecorderOptions> = {}): EventRecorder =>
  createEventRecorder({
    transport,
    reportingController: 'example.com/controller',
    reportingInstance: 'pod-1',
    clock,
    onDropped: (why) => dropped.push(why),
    ...options,
  });

const drifted = (name = 'item', note = 'broken'): EventInput => ({
  regarding: { apiVersion: 'example.com/v1', kind: 'Item', namespace: 'team', name, uid: 'u' },
  related: { apiVersion: 'v1', kind: 'Pod', namespace: 'team', name: 'p' },
  type: 'Warning',
  reason: 'Drifted',
  action: 'Judged',
  note,
});

const bodies = (method: string) =>
  server.requests.filter((each) => each.method === method).map((each) => each.body);

/** Any event of the namespace may be patched, whatever its name is. */
function acceptAll(): void {
  server.on(PATH, {}, (request, response) => {
    const { name } = (request.body as { metadata: { name: string } }).metadata;
    server.on(`${PATH}/${name}`, {}, json({}));
    json({}, 201)(request, response);
  });
}

describe('events', () => {
  it('are sent with the fields that events.k8s.io/v1 asks for', async () => {
    acceptAll();
    const events = recorder();
    events.record(drifted());
    await events.flush();
    expect(bodies('POST')).toEqual([
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { namespace: 'team', name: expect.stringMatching(/^item\.[0-9a-f]+$/) },
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'example.com/controller',
        reportingInstance: 'pod-1',
        ...drifted(),
      },
    ]);
  });

  it('become a series: the second is written at once, further ones once a minute, the last on stop', async () => {
    acceptAll();
    const events = recorder();
    for (let i = 0; i < 5; i++) {
      events.record(drifted());
      await events.flush();
      await clock.advance(1000);
    }
    expect(bodies('POST')).toHaveLength(1);
    expect(bodies('PATCH')).toEqual([
      { series: { count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z' } },
    ]);
    await clock.advance(60_000);
    events.record(drifted());
    await events.flush();
    events.record(drifted());
    await events.stop();
    expect(bodies('PATCH').map((each) => (each as { series: { count: number } }).series.count)).toEqual([
      2, 6, 7,
    ]);
  });

  it('start a new event after six silent minutes, and for another note', async () => {
    acceptAll();
    const events = recorder();
    events.record(drifted('item', 'a'));
    events.record(drifted('item', 'b'));
    await clock.advance(360_000);
    events.record(drifted('item', 'a'));
    await events.flush();
    expect(bodies('POST')).toHaveLength(3);
  });

  it('are held back per object: 25 at once, then one in five minutes', async () => {
    acceptAll();
    const events = recorder();
    for (let i = 0; i < 30; i++) events.record(drifted('noisy', `note ${i}`));
    events.record(drifted('quiet'));
    await events.flush();
    expect(bodies('POST')).toHaveLength(26);
    expect(dropped).toEqual(Array(5).fill('spam'));
    await clock.advance(300_000);
    events.record(drifted('noisy', 'later'));
    await events.flush();
    expect(bodies('POST')).toHaveLength(27);
  });

  it('are tried again while the server is away, and given up when it refuses', async () => {
    server.on(
      PATH,
      {},
      hangUp,
      status(500, 'InternalError', 'x'),
      json({}, 201),
      status(403, 'Forbidden', 'no'),
    );
    const events = recorder();
    events.record(drifted('a'));
    const sent = events.flush();
    for (let i = 0; i < 100 && server.requests.length < 3; i++) {
      await clock.advance(10_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await sent;
    expect(server.requests).toHaveLength(3);
    events.record(drifted('b'));
    await events.flush();
    expect(dropped).toEqual(['refused']);
  });

  it('go on in a new event when the server has forgotten the old one', async () => {
    server.on(PATH, {}, json({}, 201));
    const events = recorder();
    events.record(drifted());
    await events.flush();
    events.record(drifted());
    await events.flush();
    expect(bodies('POST')).toHaveLength(2);
    expect(bodies('POST')[1]).toMatchObject({ series: { count: 2 } });
  });

  it('never wait in a queue without bounds, and do not hold up a stop', async () => {
    server.on(PATH, {}, () => undefined);
    const events = recorder({ queueLimit: 2 });
    for (const name of ['a', 'b', 'c', 'd']) events.record(drifted(name));
    expect(dropped).toEqual(['queueFull']);
    const stopped = events.stop(1000);
    await clock.advance(1000);
    await stopped;
    expect(dropped.filter((why) => why === 'refused').length).toBeGreaterThan(0);
  });

  it('have notes that fit into 1024 bytes, cut between characters', async () => {
    expect(cutBytes('short', 1024)).toBe('short');
    const cut = cutBytes('ä'.repeat(600), 1024);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1024);
    expect(cut).toBe(`${'ä'.repeat(510)}…`);
    expect(cutBytes('😀'.repeat(300), 1024)).not.toContain('\ufffd');
  });
});

import { describe, expect, it } from 'vitest';
import {
  added,
  blackHole,
  bookmark,
  configMap,
  deleted,
  END,
  modified,
  status,
  stream,
} from './testing/fake-server.ts';
import { beginning, eventually, reflectorFixture } from './testing/reflector-fixture.ts';

const f = reflectorFixture();

describe('events', () => {
  it('that are old or doubled change nothing, and versions never go back', async () => {
    f.watchLists(
      beginning(
        modified(configMap('a', '20', { x: 'new' })),
        modified(configMap('a', '20', { x: 'doubled' })),
        modified(configMap('a', '15', { x: 'old' })),
        deleted(configMap('a', '7')),
        bookmark('12'),
        END,
      ),
    );
    f.watches(stream(bookmark('21')));
    f.start();
    await eventually(() => expect(f.reflector?.resourceVersion()).toBe('21'));
    expect(f.store.get('default', 'a')?.data).toEqual({ x: 'new' });
    expect(f.watchVersions()[0]).toBe('20');
  });

  it('of which there are only bookmarks keep the version fresh', async () => {
    f.watchLists(beginning(bookmark('100'), bookmark('200'), END));
    f.watches(stream(bookmark('300')));
    f.start();
    await eventually(() => expect(f.reflector?.resourceVersion()).toBe('300'));
    expect(f.watchVersions()).toEqual(['200']);
  });

  it('are whole when a character is split between two chunks', async () => {
    const bytes = Buffer.from(added(configMap('b', '10', { text: 'Prüfung 日本 😀' })));
    const steps = [...bytes].map((byte) => Buffer.from([byte]));
    f.watchLists(beginning(...steps));
    f.start();
    await eventually(() => expect(f.store.get('default', 'b')?.data).toEqual({ text: 'Prüfung 日本 😀' }));
  });

  it('may hold an object of 5 MB', async () => {
    const text = 'x'.repeat(5_000_000);
    f.watchLists(beginning(added(configMap('big', '10', { text })), added(configMap('c', '11'))));
    f.start();
    await eventually(() => expect(f.names()).toEqual(['a', 'big', 'c']));
    expect(f.store.get('default', 'big')?.data).toEqual({ text });
  });

  it('that cannot be projected make the kind fail, not the process', async () => {
    f.watchLists(stream(added(configMap('poison', '5')), bookmark('9', true)));
    f.start({
      project: () => {
        throw new Error('no such field');
      },
    });
    await eventually(() =>
      expect(f.store.status()).toMatchObject({
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
    f.watchLists(beginning(50, added(configMap('late', '10'))));
    f.start();
    await eventually(() => expect(f.names()).toEqual(['a']));
    await f.reflector?.stop();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(f.names()).toEqual(['a']);

    f.watchLists(status(500, 'InternalError', 'x'));
    f.start({ backoff: { initialMs: 60_000 } });
    await eventually(() => expect(f.seen).toContain('failure'));
    await f.reflector?.stop();

    f.lists(blackHole);
    f.start({ watchList: false });
    await eventually(() => expect(f.seen).toContain('list'));
    await f.reflector?.stop();
  });
});

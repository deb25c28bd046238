// What a hostile artifact may be: each ends in an error that says what is wrong,
// within its limits, and the one beside it arrives all the same.

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import type { Header } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGuardedFetch, type GuardedFetch } from '../network/guarded-fetch.ts';
import { fetchArtifact } from './fetch.ts';
import type { TreeFiles } from './files.ts';
import { TREE_LIMITS, type TreeLimits } from './limits.ts';
import {
  type ArtifactServer,
  type Given,
  sha256,
  startArtifactServer,
  tarGzOf,
  tarOf,
} from './testing/archives.ts';

const MIB = 1024 * 1024;
const ANY = `sha256:${'0'.repeat(64)}`;
let server: ArtifactServer;
let network: GuardedFetch;

beforeEach(async () => {
  server = await startArtifactServer();
  network = createGuardedFetch({ allow: ['127.0.0.0/8'] });
});
afterEach(async () => {
  await network.close();
  await server.close();
});

function get(digest: string, limits: Partial<TreeLimits> = {}): Promise<TreeFiles> {
  const { signal } = new AbortController();
  return fetchArtifact({ url: `${server.url}/a.tar.gz`, digest }, network.open, {
    signal,
    limits: { ...TREE_LIMITS, ...limits },
  });
}
function getBytes(archive: Buffer, limits: Partial<TreeLimits> = {}): Promise<TreeFiles> {
  server.on('/a.tar.gz', archive);
  return get(sha256(archive), limits);
}
const getEntries = async (...entries: readonly Given[]) => getBytes(await tarGzOf(...entries));

/** Fetches an honest artifact beside the hostile one. */
async function neighbour(): Promise<void> {
  const archive = await tarGzOf(['README.md', 'honest']);
  server.on('/honest.tar.gz', archive);
  const { signal } = new AbortController();
  const found = await fetchArtifact(
    { url: `${server.url}/honest.tar.gz`, digest: sha256(archive) },
    network.open,
    { signal },
  );
  expect(found.files.get('README.md')?.text).toBe('honest');
}

describe('a path', () => {
  test.each([
    '../evil',
    'docs/../../evil',
    '..',
    '/etc/passwd',
    '//etc/passwd',
    'docs\\..\\evil',
    `${'d/'.repeat(600)}deep`,
  ])('%j makes the archive refused', async (name) => {
    await expect(getEntries(['README.md', 'x'], [name, 'x'])).rejects.toMatchObject({ reason: 'Unreadable' });
  });

  test('that comes twice makes the archive refused', async () => {
    await expect(getEntries(['a.md', 'one'], ['./a.md', 'two'])).rejects.toThrow('holds a.md twice');
  });

  test('that is the name of something every object has is a path like any other', async () => {
    const { files } = await getEntries(['__proto__', 'x'], ['constructor', 'y']);
    expect([...files.keys()]).toEqual(['__proto__', 'constructor']);
  });
});

test('links, devices and pipes are passed over, and said', async () => {
  const of = (name: string, type: Header['type'], linkname = ''): Given => [{ name, type, linkname }];
  const found = await getEntries(
    ['real.md', 'x'],
    of('soft', 'symlink', '/etc/passwd'),
    of('soft/below', 'symlink', '..'),
    of('hard', 'link', 'real.md'),
    of('tty', 'character-device'),
    of('disk', 'block-device'),
    of('pipe', 'fifo'),
  );
  expect([...found.files.keys()]).toEqual(['real.md']);
  expect(found.notes).toEqual([
    'symbolic links are passed over: soft, soft/below',
    'hard links are passed over: hard',
    'devices are passed over: tty, disk',
    'named pipes are passed over: pipe',
  ]);
});

describe('a size', () => {
  test('of 10 GB in a few megabytes is left when it is too much', async () => {
    const taken = serveGzip(function* () {
      yield tarHeader({ name: 'zeros', size: 10 * 1024 * MIB });
      const zeros = Buffer.alloc(MIB);
      for (let at = 0; at < 10 * 1024; at++) yield zeros;
    });
    const before = process.memoryUsage().rss;
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const [, honest] = await Promise.allSettled([
      expect(get(ANY)).rejects.toThrow('more than 256 MiB unpacked'),
      neighbour(),
    ]);
    delay.disable();
    expect(honest.status).toBe('fulfilled');
    // The whole has about 46 MB; what is under way when it is left is sent all the same.
    expect(taken()).toBeLessThan(16 * MIB);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB);
    // Tens of milliseconds where the machine has time for it.
    expect(delay.max / 1e6).toBeLessThan(2_000);
  }, 60_000);

  test('of one file that is large is not kept, and the others are', async () => {
    const { files } = await getEntries(['big.json', Buffer.alloc(2 * MIB, 'a')], ['small.md', 'x']);
    expect(files.get('big.json')).toEqual({ path: 'big.json', size: 2 * MIB, unread: 'larger than 1 MiB' });
    expect(files.get('small.md')?.text).toBe('x');
  });

  test('of many files is kept up to a bound, and the rest named', async () => {
    const archive = await tarGzOf(['a', 'x'.repeat(60)], ['b', 'x'.repeat(60)], ['c', 'x'.repeat(30)]);
    const { files } = await getBytes(archive, { keptBytes: 100 });
    expect([...files.values()].map(({ text }) => text?.length)).toEqual([60, undefined, 30]);
    expect(files.get('b')?.unread).toContain('100 bytes');
  });

  test('of the download is bounded, whatever the header says', async () => {
    let sent = 0;
    server.on('/a.tar.gz', (_request, response) => {
      // Stored, not compressed: as many bytes as are let in.
      const gzip = createGzip({ level: 0 });
      Readable.from(endless(() => sent++)).pipe(gzip);
      gzip.pipe(response);
      response.on('close', () => gzip.destroy());
    });
    await expect(get(ANY, { archiveBytes: 3 * MIB })).rejects.toThrow('larger than 3 MiB');
    expect(sent * 64 * 1024).toBeLessThan(16 * MIB);
  });

  test('that a header claims, and that is not there, is no whole archive', async () => {
    const archive = gzipSync(Buffer.concat([tarHeader({ name: 'a', size: 1e15 }), Buffer.alloc(1024)]));
    await expect(getBytes(archive)).rejects.toMatchObject({ reason: 'Unreadable' });
  });
});

test('a million entries are left at the first that is too much', async () => {
  const taken = serveGzip(function* () {
    for (let at = 0; at < 1_000_000; at++) yield tarHeader({ name: `folder/file-${at}` });
  });
  const before = process.memoryUsage().rss;
  await expect(get(ANY)).rejects.toThrow('more than 50000 entries');
  expect(taken()).toBeLessThan(4 * MIB);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB);
}, 60_000);

describe('extended headers', () => {
  const pax = (text: string, type: 'x' | 'g' = 'x') => {
    const content = Buffer.from(text);
    return [
      tarHeader({ name: 'PaxHeader', size: content.length, type }),
      content,
      Buffer.alloc((512 - (content.length % 512)) % 512),
    ];
  };
  const record = (name: string, value: string) => {
    const body = ` ${name}=${value}\n`;
    let length = body.length + 1;
    while (String(length).length + body.length !== length) length = String(length).length + body.length;
    return `${length}${body}`;
  };
  const archiveOf = (...blocks: readonly Buffer[]) =>
    gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));

  test('of ordinary size give the path, as Flux writes long ones', async () => {
    const name = `${'long/'.repeat(40)}name.md`;
    const { files } = await getEntries([name, 'x']);
    expect(files.get(name)?.text).toBe('x');
  });

  test('of 8 MB are refused', async () => {
    const archive = archiveOf(...pax(record('comment', 'x'.repeat(8 * MIB))), tarHeader({ name: 'a' }));
    await expect(getBytes(archive)).rejects.toMatchObject({ reason: 'Unreadable' });
  });

  test('of a hundred thousand names, to be copied for every file, are refused at the first', async () => {
    const many = Array.from({ length: 100_000 }, (_, at) => record(`k${at}`, 'v')).join('');
    const files = Array.from({ length: 10_000 }, (_, at) => [
      ...pax(record('path', `f${at}`)),
      tarHeader({ name: 'f' }),
    ]);
    const archive = archiveOf(...pax(many, 'g'), ...files.flat());
    const started = performance.now();
    await expect(getBytes(archive)).rejects.toThrow('extended headers');
    expect(performance.now() - started).toBeLessThan(5_000);
  }, 20_000);

  test('that leave the folder are seen as the path that they make', async () => {
    const archive = archiveOf(...pax(record('path', '../../evil')), tarHeader({ name: 'harmless' }));
    await expect(getBytes(archive)).rejects.toThrow('leaves its folder');
  });

  test('that claim another size, or a sparse file, are refused', async () => {
    const negative = archiveOf(...pax(record('size', '-1')), tarHeader({ name: 'a' }));
    await expect(getBytes(negative)).rejects.toMatchObject({ reason: 'Unreadable' });
    const sparse = archiveOf(...pax(record('GNU.sparse.major', '1')), tarHeader({ name: 'a' }));
    await expect(getBytes(sparse)).rejects.toThrow('sparse');
  });

  test('whose lengths are wrong harm nothing', async () => {
    for (const text of ['-5 a=b\n', '99999999 a=b\n', '0 a=b\n', 'x', '3 a\n', ' '.repeat(600)]) {
      const archive = archiveOf(...pax(text), tarHeader({ name: 'a' }));
      await getBytes(archive).then(
        ({ files }) => expect([...files.keys()]).toEqual(['a']),
        (error: unknown) => expect(error).toMatchObject({ reason: 'Unreadable' }),
      );
    }
  });
});

describe('an archive', () => {
  test('whose digest is another is not used at all', async () => {
    server.on('/a.tar.gz', await tarGzOf(['a', 'x']));
    await expect(get(ANY)).rejects.toThrow('nothing of it is used');
  });

  test('that is cut off is not used', async () => {
    const whole = await tarGzOf(['a', 'x'.repeat(5000)], ['b', 'y']);
    for (const length of [0, 5, 30, whole.length - 9, whole.length - 1])
      await expect(getBytes(whole.subarray(0, length))).rejects.toMatchObject({ reason: 'Unreadable' });
    const tar = await tarOf(['a', 'x'.repeat(5000)]);
    await expect(getBytes(gzipSync(tar.subarray(0, 3000)))).rejects.toMatchObject({ reason: 'Unreadable' });
  });

  test('that is something else says so', async () => {
    await expect(getBytes(Buffer.from('<html>Sign in</html>'))).rejects.toThrow('no whole gzip');
    await expect(getBytes(gzipSync('no tar at all, but long enough '.repeat(100)))).rejects.toThrow(
      'no whole tar',
    );
    await expect(getBytes(await tarOf(['a', 'x']))).rejects.toThrow('no whole gzip');
  });

  test('within an archive is a file like any other', async () => {
    const inner = await tarGzOf(['../evil', 'x']);
    const { files } = await getEntries(['inner.tar.gz', inner]);
    expect(files.get('inner.tar.gz')?.unread).toBe('no text in UTF-8');
  });

  test('with something behind it is not used', async () => {
    const whole = Buffer.concat([await tarGzOf(['a', 'x']), Buffer.alloc(MIB, 1)]);
    await expect(getBytes(whole)).rejects.toThrow('no whole gzip');
  });
});

describe('a server', () => {
  test('that breaks off is unreachable, not unreadable', async () => {
    const whole = await tarGzOf(['a', 'x']);
    server.on('/a.tar.gz', (_request, response) => {
      response.writeHead(200, { 'content-length': whole.length });
      response.write(whole.subarray(0, 20), () => response.destroy());
    });
    await expect(get(sha256(whole))).rejects.toMatchObject({ reason: 'Unreachable' });
  });

  test('that sends a byte now and then is left when the time is over', async () => {
    const drip: ReturnType<typeof setInterval>[] = [];
    let gone: Promise<unknown> = Promise.resolve();
    server.on('/a.tar.gz', (_request, response) => {
      response.writeHead(200);
      response.write(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]));
      // Blocks of nothing: a gzip that is whole so far, for ever.
      drip.push(setInterval(() => response.write(Buffer.from([0, 0, 0, 0xff, 0xff])), 50));
      gone = once(response, 'close');
    });
    const [slow] = await Promise.allSettled([get(ANY, { milliseconds: 600 }), neighbour()]);
    expect(slow).toMatchObject({
      status: 'rejected',
      reason: { reason: 'Unreachable', message: expect.stringContaining('within 0.6 s') },
    });
    await gone;
    for (const each of drip) clearInterval(each);
  });

  test('of whose URL the credentials are no secret any more does not get them told', async () => {
    const { signal } = new AbortController();
    const url = `${server.url.replace('//', '//me:secret@')}/a.tar.gz?token=secret`;
    const asking = fetchArtifact({ url, digest: ANY }, network.open, { signal });
    await expect(asking).rejects.toMatchObject({ reason: 'Forbidden' });
    await expect(asking).rejects.not.toThrow('secret');
  });

  test.each([
    [404, 'Unreachable', 'does not hold this artifact any more'],
    [500, 'Unreachable', 'answers 500'],
    [401, 'Forbidden', 'without credentials'],
    [403, 'Forbidden', 'without credentials'],
    [206, 'Unreachable', 'answers 206'],
  ])('that answers %i: %s', async (status, reason, message) => {
    server.on('/a.tar.gz', (_request, response) => void response.writeHead(status).end());
    await expect(get(ANY)).rejects.toMatchObject({ reason, message: expect.stringContaining(message) });
  });
});

function* endless(onEach: () => void): Generator<Buffer> {
  yield tarHeader({ name: 'endless', size: 1e12 });
  for (const chunk = Buffer.alloc(64 * 1024, 7); ; onEach()) yield chunk;
}

/** Serves what is made while it is asked for, gzipped. Returns how many bytes went out. */
function serveGzip(make: () => Generator<Buffer>): () => number {
  let response: ServerResponse | undefined;
  server.on('/a.tar.gz', (_request, asked) => {
    response = asked;
    const gzip = createGzip({ level: 1 });
    Readable.from(make()).pipe(gzip).pipe(asked);
    asked.on('close', () => gzip.destroy());
  });
  return () => response?.socket?.bytesWritten ?? 0;
}

/** A header by hand: what no archiver would write. */
function tarHeader({
  name = 'a',
  size = 0,
  type = '0',
}: {
  name?: string;
  size?: number;
  type?: string;
}): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 100);
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  if (size < 8 ** 11) block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(size), 128);
  }
  block.write('00000000000\0', 136);
  block.write(type, 156);
  block.write('ustar\x0000', 257);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

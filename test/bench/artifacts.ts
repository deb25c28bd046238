// npm run bench:artifacts: what many Flux sources cost, from 10 to 200 of them,
// with artifacts of 1 MB and of 20 MB: time, memory and how long nothing else ran,
// at a start and while new revisions come. No API server: the reader of artifacts
// alone, in a process of its own with the flags of the image. Nothing is asserted.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { pack } from 'tar-stream';
import type { Task } from './artifacts-reader.ts';
import { imageFlags } from './process.ts';

const MB = 1_000_000;
/** As Node sets it where the container may use 512 MiB, the limit in deploy/base. */
const HEAP_FLAG = '--max-old-space-size=256';

interface Archive {
  readonly bytes: Buffer;
  readonly digest: string;
}

/** About this many bytes of archive: files of 20 kB, of words that compress about as well as manifests do. */
async function archiveOf(bytes: number, revision: number): Promise<Archive> {
  const archive = pack();
  const whole = buffer(archive as unknown as NodeJS.ReadableStream);
  let seed = 1;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed;
  };
  const files = Math.ceil(bytes / 6_800);
  for (let at = 0; at < files; at++) {
    const lines: string[] = [`# revision ${at % 10 === 0 ? revision : 0}`];
    for (let size = 0; size < 20_000; ) {
      const line = `  name-${random() % 512}: ${random().toString(36)}`;
      lines.push(line);
      size += line.length + 1;
    }
    archive.entry({ name: `apps/team-${at % 40}/app-${at}/values.yaml` }, lines.join('\n'));
  }
  archive.finalize();
  const zipped = gzipSync(await whole, { level: 6 });
  return { bytes: zipped, digest: `sha256:${createHash('sha256').update(zipped).digest('hex')}` };
}

/** In one file, as the operator is: taking the types out of sources takes a hundred megabytes. */
async function bundle(folder: string): Promise<string> {
  const outfile = join(folder, 'reader.mjs');
  const require =
    "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  await build({
    entryPoints: [join(import.meta.dirname, 'artifacts-reader.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    banner: { js: require },
  });
  return outfile;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-artifacts-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  const reader = await bundle(folder);
  const sizes = (process.argv[2] ?? '1,20').split(',').map(Number);
  const counts = (process.argv[3] ?? '10,100,200').split(',').map(Number);
  for (const size of sizes) {
    const archives: Archive[] = [];
    for (let revision = 0; revision < 3; revision++) archives.push(await archiveOf(size * MB, revision));
    const server = createServer((request, response) => {
      const archive = archives[Number(request.url?.split('/')[1])];
      response.writeHead(archive ? 200 : 404).end(archive?.bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const sources of counts) {
      console.log(`\n${sources} sources of ${((archives[0]?.bytes.length ?? 0) / MB).toFixed(1)} MB\n`);
      console.log(
        '| | took | known | text kept | files not kept | RSS after | RSS at most | loop held up at most |',
      );
      console.log('|---|---:|---:|---:|---:|---:|---:|---:|');
      const task: Task = { url, sources, digests: archives.map(({ digest }) => digest) };
      const child = spawn(process.execPath, [...imageFlags(), HEAP_FLAG, reader, JSON.stringify(task)], {
        stdio: 'inherit',
      });
      await new Promise<void>((resolve) =>
        child.once('exit', (code, signal) => {
          if (code !== 0) console.log(`The reader ended with ${signal ?? code}.`);
          resolve();
        }),
      );
    }
    server.close();
    server.closeAllConnections();
  }
}

await main();

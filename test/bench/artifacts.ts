// npm run bench:artifacts: what many Flux sources cost, from 10 to 200 of them,
// with artifacts of 1 MB and of 20 MB: time, memory and how long nothing else ran,
// at a start and while new revisions come. No API server: the reader of artifacts
// alone, in a process of its own with the flags of the image. Nothing is asserted.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import {
  type Given,
  sha256,
  startArtifactServer,
  tarGzOf,
} from '../../src/facts/artifacts/testing/archives.ts';
import type { Task } from './artifacts-reader.ts';
import { imageFlags } from './process.ts';

const MB = 1_000_000;
/** As Node sets it where the container may use 512 MiB, the limit in deploy/base. */
const HEAP_FLAG = '--max-old-space-size=256';

/** About this many bytes of archive: files of 20 kB, of words that compress about as well as manifests do. */
function archiveOf(bytes: number, revision: number): Promise<Buffer> {
  let seed = 1;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed;
  };
  const files = Array.from({ length: Math.ceil(bytes / 6_800) }, (_, at): Given => {
    const lines: string[] = [`# revision ${at % 10 === 0 ? revision : 0}`];
    for (let size = 0; size < 20_000; ) {
      const line = `  name-${random() % 512}: ${random().toString(36)}`;
      lines.push(line);
      size += line.length + 1;
    }
    return [`apps/team-${at % 40}/app-${at}/values.yaml`, lines.join('\n')];
  });
  return tarGzOf(...files);
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

/** Runs the reader to its end; what it prints is the table. */
function run(reader: string, task: Task): Promise<void> {
  const child = spawn(process.execPath, [...imageFlags(), HEAP_FLAG, reader, JSON.stringify(task)], {
    stdio: 'inherit',
  });
  return new Promise((resolve) =>
    child.once('exit', (code, signal) => {
      if (code !== 0) console.log(`The reader ended with ${signal ?? code}.`);
      resolve();
    }),
  );
}

async function measure(reader: string, bytes: number, counts: readonly number[]): Promise<void> {
  const archives = await Promise.all([0, 1, 2].map((revision) => archiveOf(bytes, revision)));
  const server = await startArtifactServer();
  for (const sources of counts) {
    for (const [revision, archive] of archives.entries())
      for (let at = 0; at < sources; at++) server.on(`/${revision}/source-${at}`, archive);
    console.log(`\n${sources} sources of ${((archives[0]?.length ?? 0) / MB).toFixed(1)} MB\n`);
    console.log(
      '| | took | known | text kept | files not kept | RSS after | RSS at most | loop held up at most |',
    );
    console.log('|---|---:|---:|---:|---:|---:|---:|---:|');
    await run(reader, { url: server.url, sources, digests: archives.map(sha256) });
  }
  await server.close();
}

const folder = mkdtempSync(join(tmpdir(), 'bench-artifacts-'));
try {
  const reader = await bundle(folder);
  for (const megabytes of [1, 20]) await measure(reader, megabytes * MB, [10, 100, 200]);
} finally {
  rmSync(folder, { recursive: true });
}

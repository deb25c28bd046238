// Unpacks a gzipped tar archive as it arrives: regular files within bounds, in
// memory, and nothing else. Whatever a hostile archive may hold ends here.

import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Extract, type Header, extract as untar } from 'tar-stream';
import { EvidenceError, isEvidenceError } from '../network/evidence-error.ts';
import { type Collector, collectFiles, type Keeping, type TreeFiles } from './files.ts';
import { size, type TreeLimits } from './limits.ts';

type Entry = Extract extends AsyncIterable<infer E> ? E : never;

/** What tar calls regular; null and the rest are passed over. */
const REGULAR: ReadonlySet<unknown> = new Set(['file', 'contiguous-file']);

const OTHERS: Readonly<Record<string, string>> = {
  symlink: 'symbolic links',
  link: 'hard links',
  'character-device': 'devices',
  'block-device': 'devices',
  fifo: 'named pipes',
};

/** More records than any archiver writes for one file; each further one is copied for every file that follows. */
const MAX_PAX_RECORDS = 64;

/**
 * Throws EvidenceError (Unreadable) for what is no archive, or one that is
 * refused; what `chunks` throws comes through. Nothing of an archive may be used
 * before all of `chunks` has been seen, and its digest with it. `onRefused` is to
 * end `chunks`: what is refused is not waited for.
 */
export async function unpack(
  chunks: AsyncIterable<Buffer>,
  keeping: Keeping,
  signal: AbortSignal,
  onRefused: () => void,
): Promise<TreeFiles> {
  const { limits } = keeping;
  const collector = collectFiles(keeping);
  const archive = untar();
  async function* bounded(unpacked: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let total = 0;
    for await (const chunk of unpacked) {
      total += chunk.length;
      if (total > limits.unpackedBytes) throw tooMuch(`more than ${size(limits.unpackedBytes)} unpacked`);
      yield chunk;
    }
  }
  const ends = await Promise.allSettled([
    readEntries(archive, collector, limits).catch((error: unknown) => {
      onRefused();
      throw error;
    }),
    pipeline(chunks, createGunzip(), bounded, archive, { signal }),
  ]);
  const errors = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
  // Where one end stops, the other is cut off: what was refused says more than that.
  if (errors.length > 0) throw errors.find(isEvidenceError) ?? asUnreadable(errors.at(-1));
  return collector.done();
}

async function readEntries(
  archive: AsyncIterable<Entry>,
  collector: Collector,
  limits: TreeLimits,
): Promise<void> {
  let entries = 0;
  for await (const entry of archive) {
    if (++entries > limits.entries) throw tooMuch(`more than ${limits.entries} entries`);
    await readEntry(entry, collector, limits);
  }
}

async function readEntry(entry: Entry, collector: Collector, limits: TreeLimits): Promise<void> {
  const { header } = entry;
  const path = pathOf(header, limits);
  refuseOddRecords(header, path);
  const bytes = header.size;
  const regular = REGULAR.has(header.type);
  const wanted = regular && collector.wants(bytes);
  const content: Buffer[] = [];
  for await (const chunk of entry) if (wanted) content.push(chunk as Buffer);
  if (header.type === 'directory') {
    if (path !== '') collector.folder(path);
    return;
  }
  if (!regular) {
    collector.passedOver(OTHERS[String(header.type)] ?? 'entries of an unknown kind', path);
    return;
  }
  if (collector.has(path)) throw refused(`holds ${path} twice`);
  collector.file(path, bytes, wanted ? Buffer.concat(content) : undefined);
}

/** From the root, without leading or doubled slashes; refuses what leaves the root, as Flux does when it unpacks. */
function pathOf({ name }: Header, { pathBytes }: TreeLimits): string {
  if (Buffer.byteLength(name) > pathBytes) throw refused(`has a path of more than ${pathBytes} bytes`);
  if (name.startsWith('/')) throw refused(`holds the absolute path ${shown(name)}`);
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refused(`holds ${shown(name)}, which leaves its folder`);
  if (/[\0\\]/.test(name)) throw refused(`holds ${shown(name)}, which is no path of Git`);
  return parts.join('/');
}

/** Records that change what an entry is, or that are there to be many. */
function refuseOddRecords(header: Header, path: string): void {
  const { pax } = header as { pax?: Readonly<Record<string, string>> | null };
  if (!pax) return;
  const names = Object.keys(pax);
  if (names.length > MAX_PAX_RECORDS)
    throw refused(`has ${names.length} extended headers for ${shown(path)}`);
  const sparse = names.find((name) => name.startsWith('GNU.sparse'));
  if (sparse) throw refused(`holds ${shown(path)} as a sparse file`);
}

const shown = (path: string) => JSON.stringify(path.slice(0, 100));
const refused = (what: string) => new EvidenceError('Unreadable', `the archive ${what}, and is refused`);
const tooMuch = (what: string) =>
  new EvidenceError(
    'Unreadable',
    `the archive holds ${what}: too much to be judged. Leave out what is not needed with spec.ignore of the source`,
  );

/** Errors of zlib and of tar are about the archive; others, such as the end of the time, are not. */
function asUnreadable(error: unknown): unknown {
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  if (name === 'AbortError' || name === 'TimeoutError') return error;
  if (code?.startsWith('Z_'))
    return new EvidenceError('Unreadable', `the archive is no whole gzip: ${message}`, error);
  return new EvidenceError('Unreadable', `the archive is no whole tar: ${message}`, error);
}

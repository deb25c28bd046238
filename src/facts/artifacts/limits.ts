// How much of a tree is taken: past these, what is too much is said, and the
// process stays well.

export interface TreeLimits {
  /** Bytes of the archive as it is downloaded. */
  readonly archiveBytes: number;
  /** Bytes of the archive unpacked, the content that is not kept included. */
  readonly unpackedBytes: number;
  /** Files, folders and whatever else a tree holds. */
  readonly entries: number;
  /** Bytes of one path. */
  readonly pathBytes: number;
  /** Bytes of one file whose content is kept. */
  readonly fileBytes: number;
  /** Bytes of all contents that are kept of one tree. */
  readonly keptBytes: number;
  /** For the whole fetch, from the first byte asked for to the last one unpacked. */
  readonly milliseconds: number;
}

const MIB = 1024 * 1024;

export const TREE_LIMITS: TreeLimits = {
  archiveBytes: 64 * MIB,
  unpackedBytes: 256 * MIB,
  entries: 50_000,
  pathBytes: 1024,
  fileBytes: MIB,
  keptBytes: 32 * MIB,
  milliseconds: 30_000,
};

/**
 * All trees together take up to this part of the heap: with everything else that
 * may be there at once (objects, what files were read to, the next revisions of
 * several sources) the heap is not full.
 */
export const HEAP_SHARE = 3;

/** What an entry of a tree takes beside its path and its content: measured at 120 bytes, with some to spare. */
export const ENTRY_BYTES = 200;

/** For a person: 1.5 MiB, 300 bytes. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < MIB) return `${Math.round(bytes / 1024)} KiB`;
  return `${Math.round((bytes / MIB) * 10) / 10} MiB`;
}

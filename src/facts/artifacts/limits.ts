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

/** Bytes of all contents that are kept of all trees: half of what the operator's container may use. */
export const ALL_KEPT_BYTES = 192 * MIB;

/** For a person: 1.5 MiB, 300 bytes. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < MIB) return `${Math.round(bytes / 1024)} KiB`;
  return `${Math.round((bytes / MIB) * 10) / 10} MiB`;
}

// How much memory all trees together may take: a tenth source does not cost the
// process its life.

import { getHeapStatistics } from 'node:v8';
import { EvidenceError } from '../network/evidence-error.ts';
import { HEAP_SHARE, size } from './limits.ts';

/** What one tree takes of the whole. */
export interface Allowance {
  /** Takes this many bytes. Throws EvidenceError (Unreadable) where there is no room for them. */
  take(bytes: number): void;
  /** How much is taken. */
  readonly taken: number;
  /** The tree is whole: what its source had before and it does not need is free. */
  settle(): void;
  /** The tree is not held any more. */
  giveBack(): void;
}

export interface Budget {
  /** Bytes in all. */
  readonly room: number;
  /** Bytes that are taken, by trees and by what is kept free for the next of a source. */
  readonly taken: number;
  /**
   * `before` is what the source holds now, and holds no more: its room is there for its next
   * revision, whoever else waits for some.
   */
  allowance(before?: Allowance): Allowance;
}

/** The heap is what V8 gave itself at the start: half of the memory that the container may use. */
const roomInHeap = (): number => Math.floor(getHeapStatistics().heap_size_limit / HEAP_SHARE);

/** Makes allowances that share a number of bytes. */
export function createBudget(room = roomInHeap()): Budget {
  let left = room;
  const handOver = new WeakMap<Allowance, () => number>();

  function allowance(before?: Allowance): Allowance {
    let reserved = (before && handOver.get(before)?.()) ?? 0;
    let taken = 0;
    const keep = (bytes: number) => {
      left += reserved - bytes;
      reserved = bytes;
    };
    const made: Allowance = {
      take: (bytes) => {
        const more = Math.max(0, taken + bytes - reserved);
        if (more > left) throw noRoom(room);
        keep(reserved + more);
        taken += bytes;
      },
      get taken() {
        return taken;
      },
      settle: () => keep(taken),
      giveBack: () => {
        taken = 0;
        keep(0);
      },
    };
    handOver.set(made, () => {
      const all = reserved;
      reserved = 0;
      taken = 0;
      return all;
    });
    return made;
  }

  return {
    room,
    get taken() {
      return room - left;
    },
    allowance,
  };
}

const noRoom = (room: number) =>
  new EvidenceError(
    'Unreadable',
    `there is no room for its files: the sources that are read together fill the ${size(room)} that are kept of them. Leave out what is not needed with spec.ignore of the sources, or give the operator more memory (resources.limits.memory; a sixth of it is for sources)`,
  );

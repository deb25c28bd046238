// A lock between processes that the kernel gives back when its holder dies,
// however it dies: SQLite's exclusive transaction, which is a file lock. Node
// offers no file lock itself, and a lock made of files has to guess whether
// its holder is still alive.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const SQLITE_BUSY = 5;

/** Runs `work` while holding the lock at `path` (a file of its own); `onWait` is called once if another holds it. */
export async function withLock<T>(path: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path);
  try {
    for (let waited = false; !tryLock(database); waited = true) {
      if (!waited) onWait();
      await sleep(50);
    }
    return await work();
  } finally {
    database.close();
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false;
    throw error;
  }
}

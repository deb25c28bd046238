// What files were read to, for as long as they live and there is room: what one
// item has had read is there for the next, and many items do not fill the memory.

import type { SourceFile } from '../../facts/view.ts';

export interface Memory<T> {
  get(file: SourceFile): T | undefined;
  set(file: SourceFile, value: T): void;
}

/** Holds what files of `capacity` bytes together were read to; the oldest is forgotten first. */
export function createMemory<T>(capacity: number): Memory<T> {
  const values = new WeakMap<SourceFile, T>();
  const queue: { readonly file: WeakRef<SourceFile>; readonly size: number }[] = [];
  let held = 0;
  return {
    get: (file) => values.get(file),
    set: (file, value) => {
      values.set(file, value);
      queue.push({ file: new WeakRef(file), size: file.size });
      held += file.size;
      while (held > capacity && queue.length > 1) {
        const oldest = queue.shift();
        held -= oldest?.size ?? 0;
        const gone = oldest?.file.deref();
        if (gone) values.delete(gone);
      }
    },
  };
}

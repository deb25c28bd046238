// Which changes of an item are the operator's own status writes coming back
// over the watch: they are no reason to judge it again.

export interface OwnWrites {
  /** A write of the item's status is about to be sent. */
  begin(item: string): void;
  /**
   * It was answered, with the resourceVersion that it made (undefined: refused).
   * True when a change that came meanwhile was somebody else's after all.
   */
  end(item: string, resourceVersion: string | undefined): boolean;
  /** Is this change ours, or may it be while a write is under way? `end` tells of the latter. */
  covers(item: string, resourceVersion: string | undefined): boolean;
  forget(item: string): void;
}

interface Entry {
  written: string | undefined;
  /** The versions that arrived while the write was under way. */
  meanwhile: (string | undefined)[] | undefined;
}

export function createOwnWrites(): OwnWrites {
  const entries = new Map<string, Entry>();
  return {
    begin: (item) => {
      entries.set(item, { written: entries.get(item)?.written, meanwhile: [] });
    },
    end: (item, resourceVersion) => {
      const entry = entries.get(item);
      const written = resourceVersion ?? entry?.written;
      entries.set(item, { written, meanwhile: undefined });
      return (entry?.meanwhile ?? []).some((seen) => seen === undefined || seen !== written);
    },
    covers: (item, resourceVersion) => {
      const entry = entries.get(item);
      if (!entry) return false;
      if (entry.meanwhile) {
        entry.meanwhile.push(resourceVersion);
        return true;
      }
      return resourceVersion !== undefined && entry.written === resourceVersion;
    },
    forget: (item) => {
      entries.delete(item);
    },
  };
}

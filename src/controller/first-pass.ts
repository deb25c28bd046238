// Whether every item that there was at the start has been judged once: from
// then on this process knows what its predecessor knew.

export interface FirstPass {
  /** These are the items there are. Only the first call counts. */
  begin(items: readonly string[]): void;
  /** The item was judged, or is gone. */
  judged(item: string): void;
  /** How many are left; undefined before the items are known. */
  left(): number | undefined;
}

export function createFirstPass(): FirstPass {
  let left: Set<string> | undefined;
  /** Items may be judged before the list of them counts as complete. */
  const early = new Set<string>();
  return {
    begin: (items) => {
      left ??= new Set(items.filter((item) => !early.has(item)));
      early.clear();
    },
    judged: (item) => {
      if (left) left.delete(item);
      else early.add(item);
    },
    left: () => left?.size,
  };
}

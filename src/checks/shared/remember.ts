// What hangs on one object alone is worked out once, and kept for as long as the
// object lives. Facts never change in place: another state is another object.

/** Answers the same as `workOut`, and the same object for the same one. */
export function remember<K extends WeakKey, V extends {}>(workOut: (of: K) => V): (of: K) => V {
  const known = new WeakMap<K, V>();
  return (of) => {
    const before = known.get(of);
    if (before !== undefined) return before;
    const now = workOut(of);
    known.set(of, now);
    return now;
  };
}

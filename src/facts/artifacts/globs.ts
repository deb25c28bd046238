// Globs as checks write them, in parts: for telling what they might mean without
// asking for each path.

/** A glob with more alternatives in braces than this is taken to mean anything. */
const MAX_ALTERNATIVES = 64;

/** `a/{b,c}` as [a, b] and [a, c]. */
export function alternatives(glob: string): readonly (readonly string[])[] {
  let all = [glob];
  while (all.length <= MAX_ALTERNATIVES) {
    const next = all.flatMap(expanded);
    if (next.every((each, index) => each === all[index])) return next.map((each) => each.split('/'));
    all = next;
  }
  return [['**']];
}

/** The first braces that hold none themselves, as each of their alternatives. */
function expanded(glob: string): readonly string[] {
  let start = -1;
  const commas: number[] = [];
  for (let at = 0; at < glob.length; at++) {
    const character = glob[at];
    if (character === '\\') at++;
    else if (character === '{') {
      start = at;
      commas.length = 0;
    } else if (character === ',' && start >= 0) commas.push(at);
    else if (character === '}' && start >= 0) {
      const edges = [start, ...commas, at];
      return edges
        .slice(1)
        .map(
          (end, index) =>
            glob.slice(0, start) + glob.slice((edges[index] ?? 0) + 1, end) + glob.slice(at + 1),
        );
    }
  }
  return [glob];
}

/** The parts at the beginning that stand for themselves. */
export function literalParts(glob: readonly string[]): readonly string[] {
  const at = glob.findIndex((part) => /[*?[{\\]/.test(part));
  return at < 0 ? glob : glob.slice(0, at);
}

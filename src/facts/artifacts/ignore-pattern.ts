// One pattern of a .sourceignore or of spec.ignore, with the meaning that Flux
// gives it: gitignore as go-git has it, which differs from Git's own (what lies in
// a folder that is left out can be taken back in; `**` does not backtrack). So no
// library of Git's semantics would tell what Flux did.
// Source: github.com/fluxcd/pkg/sourceignore.

/** A path or a glob in parts. */
type Parts = readonly string[];

export interface IgnorePattern {
  /** As it was written. */
  readonly text: string;
  /** Where it was written: spec.ignore, the default list, the path of a .sourceignore. */
  readonly from: string;
  /** Takes files back in. */
  readonly includes: boolean;
  /** Does it mean this path, a folder where `isFolder`, or a folder above it? */
  matches(path: Parts, isFolder: boolean): boolean;
  /**
   * Might it mean a path that the glob means? True where that is not certain. A wildcard of the glob is not thought to
   * stand for a folder that is called like a file (`*.png`), nor for a folder of CI anywhere but in the root.
   */
  mightMean(glob: Parts): boolean;
}

export interface Origin {
  /** What `from` of the patterns says. */
  readonly from: string;
  /** Where the text lies; left out for the root. */
  readonly folder?: Parts;
  /** Patterns of Flux's own: each means a kind of file, or a folder in the root. */
  readonly builtIn?: boolean;
}

/** The patterns of one text, in their order; comments and empty lines are none. */
export function parsePatterns(text: string, origin: Origin): IgnorePattern[] {
  return text
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#') && line.trim() !== '')
    .map((line) => parsePattern(line, origin));
}

/** Means everything in a folder. */
export const folderPattern = (folder: string): IgnorePattern => pathPattern(`${folder.replace(/\/+$/, '')}/`);

/** Means this path, and what lies below it where that could be a folder. */
export const pathPattern = (path: string): IgnorePattern =>
  parsePattern(`/${path.replace(/^\.?\/+/, '').replace(/[*?[\\]/g, '\\$&')}`, { from: '' });

function parsePattern(line: string, { from, folder = [], builtIn = false }: Origin): IgnorePattern {
  const includes = line.startsWith('!');
  let text = includes ? line.slice(1) : line;
  if (!text.endsWith('\\ ')) text = text.replace(/ +$/, '');
  const foldersOnly = text.endsWith('/');
  if (foldersOnly) text = text.slice(0, -1);
  const anchored = text.includes('/');
  const parts = text.split('/').filter((part) => part !== '');
  const matchers = parts.map(matcherOf);
  const anywhere = anchored || (builtIn && foldersOnly) ? parts : ['**', ...parts];
  const ends = foldersOnly ? 'folder' : builtIn || /[^/]\.[^/.]+$/.test(text) ? 'file' : 'either';
  return {
    text: line,
    from,
    includes,
    matches: (path, isFolder) => {
      const below = inFolder(path, folder);
      if (!below) return false;
      return anchored
        ? atRoot(parts, matchers, below, foldersOnly && !isFolder)
        : byName(matchers[0], below, foldersOnly && !isFolder);
    },
    mightMean: (glob) => overlap(glob, [...folder, ...anywhere], ends),
  };
}

/** The path from the folder on; undefined when it does not lie in it. */
function inFolder(path: Parts, folder: Parts): Parts | undefined {
  if (path.length <= folder.length || folder.some((part, at) => part !== path[at])) return undefined;
  return path.slice(folder.length);
}

/** A pattern without a slash means every part of that name. `file`: the last part is none of its folders. */
const byName = (matches: Matcher | undefined, path: Parts, file: boolean): boolean =>
  matches !== undefined && path.some((part, at) => (!file || at < path.length - 1) && matches(part));

/** A pattern with a slash goes from its folder on, and means what lies below, too. */
function atRoot(pattern: Parts, matchers: readonly Matcher[], path: Parts, file: boolean): boolean {
  let at = 0;
  let anyDepth = false;
  let matched = false;
  for (const [index, part] of pattern.entries()) {
    if (part === '**') {
      if (index === pattern.length - 1) break;
      anyDepth = true;
      continue;
    }
    if (part.includes('**')) return false;
    const matches = matchers[index] as Matcher;
    // After ** the first part of the name counts, and no later one is tried.
    while (anyDepth && at < path.length - 1 && !matches(path[at] ?? '')) at++;
    anyDepth = false;
    if (at >= path.length || !matches(path[at] ?? '')) return false;
    matched = true;
    at++;
  }
  return matched && !(file && at === path.length);
}

/** One character, one of some, any one, or any number of them, of a part of a path. */
type Token = { readonly one: string } | { readonly within: (one: string) => boolean } | 'any' | 'some';

/** Of filepath.Match of Go, and of the globs of checks, whose sets differ: one counts as any character. */
function tokens(part: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; at < part.length; at++) {
    const character = part[at] as string;
    const end = character === '[' ? part.indexOf(']', at + 2) : -1;
    if (character === '*') found.push('some');
    else if (character === '?') found.push('any');
    else if (end > 0) {
      found.push('any');
      at = end;
    } else if (character === '\\' && at + 1 < part.length) found.push({ one: part[++at] as string });
    else found.push({ one: character });
  }
  return found;
}

type Matcher = (part: string) => boolean;

/** Exactly, as filepath.Match does it; a pattern that is malformed matches nothing. */
function matcherOf(pattern: string): Matcher {
  if (!/[*?[\\]/.test(pattern)) return (part) => pattern === part;
  const wanted = exactTokens(pattern);
  return wanted ? (part) => isMeant([...part], wanted) : () => false;
}

/** Where it does not go on, only the newest star can stand for more. */
function isMeant(text: readonly string[], wanted: readonly Token[]): boolean {
  let star = -1;
  let from = 0;
  let t = 0;
  for (let at = 0; at < text.length; ) {
    const token = wanted[t];
    if (token === 'some') {
      star = t++;
      from = at;
    } else if (token !== undefined && meet(token, { one: text[at] as string })) {
      t++;
      at++;
    } else if (star >= 0) {
      t = star + 1;
      at = ++from;
    } else return false;
  }
  return wanted.slice(t).every((token) => token === 'some');
}

/** Undefined for a pattern that is malformed. */
function exactTokens(pattern: string): Token[] | undefined {
  const characters = [...pattern];
  const found: Token[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string;
    if (character === '*') found.push('some');
    else if (character === '?') found.push('any');
    else if (character === '\\') {
      const one = characters[++at];
      if (one === undefined) return undefined;
      found.push({ one });
    } else if (character === '[') {
      const set = setAt(characters, at + 1);
      if (!set) return undefined;
      found.push({ within: set.within });
      at = set.end;
    } else found.push({ one: character });
  }
  return found;
}

/** The set that begins after its bracket, and where it ends: `[^a-z\\]]`; `!` negates nothing. */
function setAt(characters: readonly string[], start: number) {
  const negated = characters[start] === '^';
  const ranges: (readonly [string, string])[] = [];
  let at = start + (negated ? 1 : 0);
  const edge = (): string | undefined => {
    const one = characters[at++];
    if (one === '-' || one === ']') return undefined;
    return one === '\\' ? characters[at++] : one;
  };
  while (characters[at] !== ']' || ranges.length === 0) {
    const low = edge();
    if (low === undefined) return undefined;
    let high: string | undefined = low;
    if (characters[at] === '-') {
      at++;
      high = edge();
    }
    if (high === undefined) return undefined;
    ranges.push([low, high]);
  }
  const code = (one: string) => one.codePointAt(0) as number;
  const within = (one: string) =>
    ranges.some(([low, high]) => code(low) <= code(one) && code(one) <= code(high)) !== negated;
  return { within, end: at };
}

/** Is there a text that both mean? Counted from the end, one row at a time: no pattern makes it explode. */
function partsOverlap(left: readonly Token[], right: readonly Token[]): boolean {
  let below: boolean[] = [];
  for (let i = left.length; i >= 0; i--) {
    const row: boolean[] = [];
    for (let j = right.length; j >= 0; j--) {
      const [a, b] = [left[i], right[j]];
      row[j] =
        a === undefined && b === undefined
          ? true
          : (a === 'some' && (below[j] || (b !== undefined && row[j + 1]))) ||
            (b === 'some' && (row[j + 1] || (a !== undefined && below[j]))) ||
            (a !== undefined &&
              b !== undefined &&
              a !== 'some' &&
              b !== 'some' &&
              meet(a, b) &&
              below[j + 1]) ||
            false;
    }
    below = row;
  }
  return below[0] ?? false;
}

function meet(a: Exclude<Token, 'some'>, b: Exclude<Token, 'some'>): boolean {
  if (a === 'any' || b === 'any') return true;
  if ('one' in a && 'one' in b) return a.one === b.one;
  if ('one' in b) return 'within' in a && a.within(b.one);
  return !('one' in a) || b.within(a.one);
}

/** Is there a path that the glob means and that the pattern means, as a file or as a folder above it? */
function overlap(glob: Parts, pattern: Parts, ends: 'file' | 'folder' | 'either'): boolean {
  const reached = new Set<string>();
  const todo: [number, number][] = [[0, 0]];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const [g, p] = next;
    if (reached.has(`${g}/${p}`)) continue;
    reached.add(`${g}/${p}`);
    const [mine, its] = [glob[g], pattern[p]];
    if (its === undefined || (its === '**' && p === pattern.length - 1)) {
      if (ends === 'either' || (ends === 'folder') === (mine !== undefined)) return true;
      if (mine === '**') todo.push([g + 1, p]);
      continue;
    }
    if (its === '**') todo.push([g, p + 1]);
    if (mine === undefined) continue;
    if (its === '**') todo.push([g + 1, p]);
    if (mine === '**') todo.push([g + 1, p], [g, p + 1]);
    if (mine !== '**' && its !== '**' && partsOverlap(tokens(mine), tokens(its))) todo.push([g + 1, p + 1]);
  }
  return false;
}

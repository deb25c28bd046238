// Globs over the paths of a tree, as RE2: linear in the path whatever the glob,
// where the usual libraries make backtracking expressions of it. `*` and `?` do
// not cross `/`, `**` does, and a leading dot is a character like any other.

import { compileRe2, type Re2 } from '../shared/re2.ts';

export interface Glob {
  readonly state: 'compiled';
  /** The one path that it stands for, where it has no wildcard. */
  readonly path?: string;
  /** Asking of a path costs its length times this, in the units of Effort. */
  readonly cost: number;
  matches(path: string): boolean;
}

export interface GlobProblem {
  readonly state: 'invalid';
  readonly message: string;
}

const SPECIAL = /[*?{[\\]/;

/** Compiles a glob: `*`, `?`, `**` as a whole part, `{a,b}`, `[a-z]`, `[!a-z]`, and `\` before what is meant as it stands. */
export function compileGlob(glob: string): Glob | GlobProblem {
  const parts = glob.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    return invalid(
      'a path goes from the root of the tree, without a leading or trailing /, and without . and ..',
    );
  }
  const special = SPECIAL.exec(glob);
  if (!special) return { state: 'compiled', path: glob, cost: 0, matches: (path) => path === glob };
  const pattern = translate(glob);
  if (typeof pattern !== 'string') return pattern;
  const compiled = compileRe2(`(?s)^(?:${pattern})$`);
  if (compiled.state === 'invalid') return invalid(`not a glob: ${compiled.message}`);
  const prefix = glob.slice(0, special.index);
  return {
    state: 'compiled',
    // Paths are short and alike: they cost a fraction of what text does.
    cost: compiled.size / 20,
    matches: (path) => path.startsWith(prefix) && holds(compiled, path),
  };
}

const invalid = (message: string): GlobProblem => ({ state: 'invalid', message });

/** A path too long to be asked is far longer than any file system allows. */
const holds = (pattern: Re2, path: string): boolean => pattern.test(path) === true;

const literal = (character: string) => character.replace(/[\\^$.|?*+()[\]{}-]/, '\\$&');

function translate(glob: string): string | GlobProblem {
  let pattern = '';
  let braces = 0;
  for (let at = 0; at < glob.length; at++) {
    const character = glob[at] as string;
    const whole = at === 0 || glob[at - 1] === '/';
    switch (character) {
      case '*':
        if (whole && glob.startsWith('**/', at)) {
          pattern += '(?:[^/]+/)*';
          at += 2;
        } else if (whole && glob.slice(at) === '**') {
          pattern += '.+';
          at += 1;
        } else if (glob[at + 1] !== '*') pattern += '[^/]*';
        break;
      case '?':
        pattern += '[^/]';
        break;
      case '{':
        braces++;
        pattern += '(?:';
        break;
      case '}':
        pattern += braces > 0 ? ')' : '\\}';
        if (braces > 0) braces--;
        break;
      case ',':
        pattern += braces > 0 ? '|' : ',';
        break;
      case '[': {
        const end = glob.indexOf(']', at + 2);
        const inside = glob.slice(at + 1, end);
        if (end < 0 || /[/\\[]/.test(inside))
          return invalid('a [ has no matching ]; write \\[ for the character');
        pattern += `[${inside.replace(/^[!^]/, '^/')}]`;
        at = end;
        break;
      }
      case '\\':
        if (at + 1 === glob.length) return invalid('nothing follows the \\ at its end');
        pattern += literal(glob[++at] as string);
        break;
      default:
        pattern += literal(character);
    }
  }
  return braces > 0 ? invalid('a { has no matching }; write \\{ for the character') : pattern;
}

// Variables in manifests, as Flux puts them in after the build: the grammar and
// the strictness of github.com/fluxcd/pkg/envsubst, where ${var-default} and an
// unclosed brace are errors, $$ is a dollar, and what is not set is empty.

import { RE2JS } from 're2js';
import { whyHidden } from '../../api/hidden.ts';

/** The text cannot be read as Flux reads it. */
class SubstitutionError extends Error {}

/** A variable's value; undefined counts as empty. */
export type Lookup = (name: string) => string | undefined;

const LETTER = /[\p{L}\p{Nd}_]/u;
const MAX_NESTING = 50;

/** Puts the values in. Throws a SubstitutionError. */
export function substitute(text: string, lookup: Lookup): string {
  let at = 0;
  /** A hidden value that the expansion at hand came upon. */
  let hidden: string | undefined;

  const peek = () => text[at];
  const startsExpansion = () => text.startsWith('${', at);
  const fail = (what: string): never => {
    const line = text.slice(0, at).split('\n').length;
    throw new SubstitutionError(
      `${what} in line ${line}: ${(text.split('\n')[line - 1] ?? '').trim().slice(0, 80)}`,
    );
  };
  const expect = (character: string) => {
    if (peek() !== character) fail(`missing ${character}`);
    at += 1;
  };

  /** Characters until one of `ends` or an expansion; in patterns $$, \/ and \\ are escapes. */
  function run(ends: string, escapes: boolean): string {
    let found = '';
    for (; at < text.length && !ends.includes(peek() as string) && !startsExpansion(); at += 1) {
      const pair = text.slice(at, at + 2);
      if (escapes && (pair === '$$' || pair === '\\/' || pair === '\\\\')) at += 1;
      found += peek();
    }
    return found;
  }

  /** One argument: an expansion, or text. */
  function argument(ends: string, depth: number, escapes = false): string {
    if (startsExpansion()) {
      at += 2;
      return expansion(depth + 1);
    }
    const found = run(ends, escapes);
    // An escaped end alone is text too.
    if (found === '') fail('unable to parse substitution');
    return found;
  }

  function identifier(): string {
    const from = at;
    while (at < text.length && LETTER.test(String.fromCodePoint(text.codePointAt(at) as number)))
      at += String.fromCodePoint(text.codePointAt(at) as number).length;
    if (at === from) fail('unable to parse variable name');
    return text.slice(from, at);
  }

  /** After `${`, up to and with its brace. */
  function expansion(depth: number): string {
    if (depth > MAX_NESTING) fail(`variables nested more than ${MAX_NESTING} deep`);
    const around = hidden;
    hidden = undefined;
    const result = changed(depth);
    // What becomes of a hidden value, and what a hidden argument makes of a value, is hidden too.
    const shown = hidden ?? result;
    hidden = around ?? hidden;
    return shown;
  }

  function read(name: string): string {
    const value = lookup(name) ?? '';
    if (whyHidden(value) !== undefined) hidden = value;
    return value;
  }

  function changed(depth: number): string {
    if (peek() === '#') {
      at += 1;
      const length = Buffer.byteLength(read(identifier()));
      expect('}');
      return String(length);
    }
    const value = read(identifier());
    const next = peek();
    if (next === ':' && '=-?+'.includes(text[at + 1] ?? ' ')) return orDefault(value, 2, depth);
    if (next === '=') return orDefault(value, 1, depth);
    if (next === ':') return part(value, depth);
    if (next === ',' || next === '^') return cased(value);
    if (next === '/') return replaced(value, depth);
    if (next === '#' || next === '%') return trimmed(value, next, depth);
    if (next !== '}') fail('missing closing brace');
    at += 1;
    return value;
  }

  function orDefault(value: string, operator: number, depth: number): string {
    at += operator;
    let fallback = '';
    while (peek() !== '}') fallback += argument('}', depth);
    at += 1;
    // A default that is not used hides nothing; one that is used hides no more than itself.
    hidden = whyHidden(value) === undefined ? undefined : value;
    // ${var:?x} and ${var:+x} are read and mean what ${var:-x} means.
    return value === '' ? fallback : value;
  }

  function part(value: string, depth: number): string {
    at += 1;
    const from = argument(':}', depth);
    if (peek() === '}') {
      at += 1;
      return slice(value, from, undefined);
    }
    if (peek() !== ':') fail('bad substitution');
    while (peek() === ':') at += 1;
    const length = argument('}', depth);
    expect('}');
    return slice(value, from, length);
  }

  function cased(value: string): string {
    const from = at;
    while (at < from + 2 && (peek() === ',' || peek() === '^')) at += 1;
    const operator = text.slice(from, at);
    expect('}');
    const [first = ''] = value;
    switch (operator) {
      case ',,':
        return value.toLowerCase();
      case '^^':
        return value.toUpperCase();
      case ',':
        return first.toLowerCase() + value.slice(first.length);
      case '^':
        return first.toUpperCase() + value.slice(first.length);
      default:
        return value;
    }
  }

  function replaced(value: string, depth: number): string {
    at += 1;
    const mode = '/#%'.includes(peek() ?? ' ') ? text[at++] : '';
    const pattern = argument('/', depth, true);
    if (peek() !== '/') fail('bad substitution');
    while (peek() === '/') at += 1;
    const replacement = peek() === '}' ? undefined : argument('}', depth, true);
    expect('}');
    switch (mode) {
      case '/':
        return value.replaceAll(pattern, () => replacement ?? '');
      case '#':
        return replacement !== undefined && value.startsWith(pattern)
          ? replacement + value.slice(pattern.length)
          : value;
      case '%':
        return replacement !== undefined && value.endsWith(pattern)
          ? value.slice(0, value.length - pattern.length) + replacement
          : value;
      default:
        return value.replace(pattern, () => replacement ?? '');
    }
  }

  function trimmed(value: string, side: '#' | '%', depth: number): string {
    at += 1;
    const longest = peek() === side;
    if (longest) at += 1;
    const pattern = argument('}', depth);
    expect('}');
    return side === '#' ? trimStart(value, pattern, longest) : trimEnd(value, pattern, longest);
  }

  let result = '';
  while (at < text.length) {
    if (startsExpansion()) {
      at += 2;
      result += expansion(0);
    } else {
      if (text.startsWith('$$', at)) at += 1;
      result += peek();
      at += 1;
    }
  }
  return result;
}

/** By bytes, as Go counts; a number that is none leaves the value as it is. */
function slice(value: string, from: string, length: string | undefined): string {
  const bytes = Buffer.from(value);
  const whole = /^[+-]?\d+$/;
  if (!whole.test(from) || (length !== undefined && !whole.test(length))) return value;
  const start = Number(from) < 0 ? Math.max(0, bytes.length + Number(from)) : Number(from);
  const end = length === undefined ? bytes.length : start + Number(length);
  if (length !== undefined && Number(length) < 0)
    throw new SubstitutionError(`a part of negative length ${length}`);
  return bytes.subarray(start, end).toString();
}

function trimStart(value: string, pattern: string, longest: boolean): string {
  const matches = globTest(pattern);
  const lengths = Array.from({ length: value.length }, (_, index) => index + 1);
  const found = (longest ? lengths.reverse() : lengths).find((length) => matches(value.slice(0, length)));
  return found === undefined ? value : value.slice(found);
}

/** Flux turns value and pattern around; for patterns without classes that is the end. */
function trimEnd(value: string, pattern: string, longest: boolean): string {
  const turn = (text: string) => [...text].reverse().join('');
  return turn(trimStart(turn(value), turn(pattern), longest));
}

function globTest(pattern: string): (text: string) => boolean {
  const source = pattern.replace(/\\(.)|[*?]|[.+^${}()|[\]\\]/gsu, (token, plain) => {
    if (plain !== undefined) return RE2JS.quote(plain);
    if (token === '*') return '.*';
    if (token === '?') return '.';
    return `\\${token}`;
  });
  const compiled = RE2JS.compile(source, RE2JS.DOTALL);
  return (text) => compiled.matches(text);
}

// Regular expressions that a user writes: RE2 only, whose time grows linearly
// with the input, and both pattern and work bounded on top of that.

import { RE2JS } from 're2js';

const MAX_PATTERN = 1024;
/** Instructions of the compiled program: nested counts such as ((a{100}){10}) grow it. */
const MAX_PROGRAM = 10_000;
/** Characters of input times instructions: well under a second of work at worst. */
const MAX_WORK = 20_000_000;
/** To ask where takes ten times as long as to ask whether. */
export const WHERE_COST = 10;
const MAX_WHERE = MAX_WORK / 2;

export interface Re2 {
  readonly state: 'compiled';
  /** Instructions; the work of a test is at most this times the length of its input. */
  readonly size: number;
  /** Does the pattern occur in the text? `undefined` where finding out costs too much. */
  test(text: string): boolean | undefined;
  /** Where it occurs first, in a text in which it does; `undefined` where finding out costs too much. */
  where(text: string): number | undefined;
}

export interface Re2Problem {
  readonly state: 'invalid';
  readonly message: string;
}

export interface Re2Options {
  /** ^ and $ match at lines. */
  readonly multiline?: boolean;
  /** Characters of input times instructions, where more is to be done than is usual. */
  readonly maxWork?: number;
}

const known = new Map<string, Re2 | Re2Problem>();
const MAX_KNOWN = 5_000;

/** Compiles a pattern; the same pattern gives the same answer for as long as it is remembered. */
export function compileRe2(pattern: string, options: Re2Options = {}): Re2 | Re2Problem {
  const { multiline = false, maxWork = MAX_WORK } = options;
  const key = `${multiline}|${maxWork}|${pattern}`;
  const before = known.get(key);
  if (before) return before;
  const made = describe(pattern, multiline, maxWork);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, made);
  return made;
}

function describe(pattern: string, multiline: boolean, maxWork: number): Re2 | Re2Problem {
  if (pattern.length > MAX_PATTERN) {
    return { state: 'invalid', message: `the pattern is longer than ${MAX_PATTERN} characters` };
  }
  let size: number;
  try {
    size = programOf(pattern, multiline).programSize();
  } catch (error) {
    return { state: 'invalid', message: `not a RE2 pattern: ${(error as Error).message}` };
  }
  if (size > MAX_PROGRAM) {
    return {
      state: 'invalid',
      message: `the pattern compiles to ${size} instructions; at most ${MAX_PROGRAM}`,
    };
  }
  return {
    state: 'compiled',
    size,
    test: (text) => (text.length * size > maxWork ? undefined : programOf(pattern, multiline).test(text)),
    where: (text) => {
      if (text.length * size > MAX_WHERE) return undefined;
      const matcher = programOf(pattern, multiline).matcher(text);
      return matcher.find() ? matcher.start() : undefined;
    },
  };
}

/** What a program has learned of texts may come to 8 MB, so few are kept, those used last. */
const MAX_PROGRAMS = 16;
const programs = new Map<string, RE2JS>();

function programOf(pattern: string, multiline: boolean): RE2JS {
  const key = `${multiline}|${pattern}`;
  const program = programs.get(key) ?? RE2JS.compile(pattern, multiline ? RE2JS.MULTILINE : 0);
  programs.delete(key);
  programs.set(key, program);
  for (const oldest of programs.keys()) {
    if (programs.size <= MAX_PROGRAMS) break;
    programs.delete(oldest);
  }
  return program;
}

// Regular expressions that a user writes: RE2 only, whose time grows linearly
// with the input, and both pattern and work bounded on top of that.

import { RE2JS } from 're2js';

const MAX_PATTERN = 1024;
/** Instructions of the compiled program: nested counts such as ((a{100}){10}) grow it. */
const MAX_PROGRAM = 10_000;
/** Characters of input times instructions: well under a second of work at worst. */
const MAX_WORK = 20_000_000;
/** To ask where takes ten times as long as to ask whether. */
const MAX_WHERE = 2_000_000;

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

/** Compiles a pattern, optionally with ^ and $ matching at lines, and for more work than is usual. */
export function compileRe2(
  pattern: string,
  { multiline = false, maxWork = MAX_WORK }: { readonly multiline?: boolean; readonly maxWork?: number } = {},
): Re2 | Re2Problem {
  if (pattern.length > MAX_PATTERN) {
    return { state: 'invalid', message: `the pattern is longer than ${MAX_PATTERN} characters` };
  }
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern, multiline ? RE2JS.MULTILINE : 0);
  } catch (error) {
    return { state: 'invalid', message: `not a RE2 pattern: ${(error as Error).message}` };
  }
  const size = compiled.programSize();
  if (size > MAX_PROGRAM) {
    return {
      state: 'invalid',
      message: `the pattern compiles to ${size} instructions; at most ${MAX_PROGRAM}`,
    };
  }
  return {
    state: 'compiled',
    size,
    test: (text) => (text.length * size > maxWork ? undefined : compiled.test(text)),
    where: (text) => {
      if (text.length * size > MAX_WHERE) return undefined;
      const matcher = compiled.matcher(text);
      return matcher.find() ? matcher.start() : undefined;
    },
  };
}

// CEL expressions that a user writes, over any object: compiled once, and run
// under a budget of steps, so that no expression and no object can hold the
// evaluation up or bring it down.

import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { Meter, matchesOf, OverBudget } from './cel-meter.ts';
import { convert, TooDeep } from './cel-values.ts';
import { remember } from './remember.ts';

const MAX_SOURCE = 1024;

/** What an expression comes to for one object. */
export type CelResult =
  | { readonly state: 'value'; readonly value: boolean; readonly steps: number }
  /** It errs on this object: no such field, wrong type, not a bool. */
  | { readonly state: 'error'; readonly message: string; readonly steps: number }
  /** It rests on a value that cannot be read here. */
  | { readonly state: 'hidden'; readonly message: string; readonly steps: number }
  /** Finding out costs too much. */
  | { readonly state: 'over'; readonly message: string; readonly steps: number };

export interface CelProgram {
  readonly state: 'compiled';
  readonly source: string;
  /** Evaluates over `self`; remembered for as long as the object lives. `steps` says what it cost. */
  run(self: Readonly<Record<string, unknown>>): CelResult;
}

export interface CelProblem {
  readonly state: 'invalid';
  readonly message: string;
}

const programs = new Map<string, CelProgram | CelProblem>();
const MAX_PROGRAMS = 2_000;

/** Compiles an expression over `self` that must give a bool. The same source gives the same program. */
export function compileCel(source: string): CelProgram | CelProblem {
  const known = programs.get(source);
  if (known) return known;
  const made = compile(source);
  if (programs.size >= MAX_PROGRAMS) programs.clear();
  programs.set(source, made);
  return made;
}

function compile(source: string): CelProgram | CelProblem {
  if (source.length > MAX_SOURCE) return invalid(`it is longer than ${MAX_SOURCE} characters`);
  const meter = new Meter();
  const environment = newEnvironment(meter);
  try {
    const plain = environment.parse(source);
    const checked = plain.check();
    if (!checked.valid) return invalid(messageOf(checked.error));
    if (checked.type !== 'bool' && checked.type !== 'dyn')
      return invalid(`it gives ${checked.type}, not bool`);
    const pattern = matchesOf(plain.ast);
    if (pattern) return invalid(pattern);
    // A line of its own, so that a comment at the end ends there.
    const metered = environment.parse(`metered(\n${source}\n)`);
    return { state: 'compiled', source, run: remember((self) => run(metered, meter, self)) };
  } catch (error) {
    return invalid(messageOf(error));
  }
}

const invalid = (message: string): CelProblem => ({ state: 'invalid', message });

/** `self`, optional access (self.?a.orValue(b)), lists of mixed types, and the metered root. */
function newEnvironment(meter: Meter): Environment {
  return new Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 500, maxDepth: 50, maxListElements: 100, maxMapEntries: 100 },
  })
    .registerVariable('self', 'dyn')
    .registerFunction('metered(ast): dyn', ((macro: { args: ASTNode[] }) =>
      meter.root(macro.args[0])) as never);
}

function run(
  evaluate: (context: Record<string, unknown>) => unknown,
  meter: Meter,
  self: Readonly<Record<string, unknown>>,
): CelResult {
  meter.start();
  let outcome: CelResult;
  try {
    const value = evaluate({ self: convert(self, meter.weights, meter.hiddenParts) });
    outcome =
      typeof value === 'boolean'
        ? { state: 'value', value, steps: meter.steps }
        : { state: 'error', message: `it gives ${typeof value}, not bool`, steps: meter.steps };
  } catch (error) {
    outcome = failed(error, meter.steps);
  } finally {
    meter.end();
  }
  // The library turns errors inside || and && and all() into values: the meter remembers.
  if (meter.exceeded === undefined) return outcome;
  return { state: meter.hidden ? 'hidden' : 'over', message: meter.exceeded, steps: meter.steps };
}

function failed(error: unknown, steps: number): CelResult {
  if (error instanceof TooDeep || error instanceof OverBudget) {
    return { state: 'over', message: error.message, steps };
  }
  // A stack or a string that outgrows the engine: too much, and no verdict about the object.
  if (error instanceof RangeError) return { state: 'over', message: error.message, steps };
  return { state: 'error', message: messageOf(error), steps };
}

/** The first line: what is wrong, without the picture of where. */
function messageOf(error: unknown): string {
  const { message, summary } = error as { message?: string; summary?: string };
  return (summary ?? message ?? String(error)).split('\n')[0] as string;
}

// Stands in for vitest where tests are run once per mutant: it only collects them. One process loads everything once,
// and a mutant costs milliseconds where a test runner with workers takes a second.

import { format } from 'node:util';
import { expect as vitestExpect } from 'vitest';

export interface Test {
  readonly id: string;
  readonly run: () => unknown;
}

export const expect = vitestExpect;

const collected: Test[] = [];
const suites: string[] = [];

/** What the test files that were loaded so far have to say. */
export function tests(): readonly Test[] {
  return collected;
}

export function describe(name: string, body: () => unknown) {
  suites.push(name);
  body();
  suites.pop();
}

export function it(name: string, run: () => unknown) {
  collected.push({ id: [collected.length, ...suites, name].join(' '), run });
}

function each(one: (name: string, run: () => unknown) => void) {
  return (rows: readonly unknown[]) => (name: string, run: (...row: unknown[]) => unknown) => {
    for (const row of rows) {
      const columns = Array.isArray(row) ? row : [row];
      one(format(name, ...columns.slice(0, placeholdersIn(name))), () => run(...columns));
    }
  };
}

const placeholdersIn = (name: string) => name.match(/%[a-z]/gi)?.length ?? 0;

describe.each = each(describe);
it.each = each(it);

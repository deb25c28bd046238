// Asks a CEL expression of one object after another, within what one judgement
// may spend, and words what comes of it.

import type { WholeObject } from '../../facts/view.ts';
import type { Finding } from '../check.ts';
import { type CelProgram, compileCel } from './cel.ts';
import { finding } from './messages.ts';

/** Steps of CEL over all objects of one judgement: about a second. */
const MAX_STEPS = 5_000_000;

export interface Budget {
  steps: number;
}

/** What a finding about the answer says of itself, and the name of the object in its message. */
export interface About extends Pick<Finding, 'subject' | 'field' | 'location'> {
  readonly who: string;
}

export type Answer = 'holds' | 'not' | Finding;

/** The expression must compile: problems() has let it through. */
export function ask(source: string, { who, ...about }: About, object: WholeObject, budget: Budget): Answer {
  const program = compileCel(source) as CelProgram;
  if (budget.steps > MAX_STEPS) {
    return {
      ...about,
      level: 'Unknown',
      reason: 'CostLimit',
      message: `${who}: the expressions of this check cost too much over all objects (more than ${MAX_STEPS} steps). Narrow what it selects, or simplify them.`,
    };
  }
  const result = program.run(object);
  budget.steps += result.steps;
  switch (result.state) {
    case 'value':
      return result.value ? 'holds' : 'not';
    case 'error':
      return finding({
        ...about,
        level: 'Fail',
        reason: 'ExpressionError',
        what: `${who}: ${source} errs: ${result.message}.`,
        fix: 'Set the field, or guard the expression with has() or self.?field.orValue(…).',
      });
    case 'hidden':
      return finding({
        ...about,
        level: 'Unknown',
        reason: 'Unreadable',
        what: `${who}: ${source} cannot be decided: ${result.message}.`,
        fix: 'Judge the live cluster.',
      });
    case 'over':
      return finding({
        ...about,
        level: 'Unknown',
        reason: 'CostLimit',
        what: `${who}: ${source} cannot be decided: ${result.message}.`,
        fix: 'Simplify the expression, above all loops within loops.',
      });
    default:
      return result satisfies never;
  }
}

// What import proposes: an entry of spec.checks or spec.prerequisites, marked as
// a guess so that nobody takes it for a decision.

import { bare } from './words.ts';

/** An entry of spec.checks or spec.prerequisites. */
export interface SuggestedCheck {
  readonly name: string;
  readonly description: string;
  readonly [block: string]: unknown;
}

/** Said in front of every description, so that nobody takes a guess for a decision. */
export const SUGGESTED = 'Suggested by import: ';

/** The line of the document that a suggestion is made from, marked as one. */
export const suggested = (line: string) => `${SUGGESTED}${bare(line.replaceAll(/[*`]/g, ''))}`.slice(0, 1024);

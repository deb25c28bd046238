// What a check is: declared parameters, the kinds it reads, and one pure
// function from parameters and facts to a judgement.

import type { z } from 'zod';
import type { KindName } from '../facts/kinds.ts';
import type { Facts, ForeignKind } from '../facts/view.ts';

/** The object that a finding is about. */
export interface Subject {
  readonly kind: string;
  /** Left out for cluster-scoped objects. */
  readonly namespace?: string;
  readonly name: string;
}

/**
 * Fail and Unknown decide; Warning and Note are told and decide nothing.
 * NotApplicable says why a subject was left out of the count.
 */
export type Level = 'Fail' | 'Unknown' | 'Warning' | 'NotApplicable' | 'Note';

export interface Finding {
  readonly level: Level;
  /** CamelCase, stable; documented in the check's `reasons`. */
  readonly reason: string;
  /** Names object, field, value, and what it should be. */
  readonly message: string;
  readonly subject?: Subject;
  /** The field that decides, such as spec.minAvailable. */
  readonly field?: string;
  /** What to do about it, in one or two sentences. */
  readonly fix?: string;
  /** Objects whose change can have caused this (a policy, a budget), beside the subject. */
  readonly culprits?: readonly Subject[];
}

/** What a check says. It passes only if something was judged good and nothing Fail or Unknown. */
export interface Judgement {
  readonly findings: readonly Finding[];
  /** How many subjects were judged and found good. 0 without findings is NotApplicable, never Pass. */
  readonly passed: number;
  /** One line for a check that passes: what was seen. */
  readonly message?: string;
  /** When the verdict may change by the passing of time alone. */
  readonly recheckAt?: Date;
}

export interface CheckContext {
  readonly facts: Facts;
  readonly now: Date;
  /** The item's own namespace: the default for every namespace that is left out. */
  readonly namespace: string;
}

/** What a reason means, for the reference. */
export interface ReasonDoc {
  readonly level: Level;
  readonly meaning: string;
  readonly mend: string;
}

export interface Check<P = unknown> {
  /** The name of its block in spec.checks[], such as podDisruptionBudget. */
  readonly type: string;
  /** One sentence: what it proves. */
  readonly summary: string;
  readonly schema: z.ZodType<P>;
  /** The kinds it may read; the operator's ClusterRole is generated from them. */
  readonly reads: readonly (KindName | ForeignKind)[];
  readonly reasons: Readonly<Record<string, ReasonDoc>>;
  /** A complete example of the block, for the reference and `explain`. */
  readonly example: string;
  /** What in the parameters cannot be judged (a CEL that does not compile): each makes the item Invalid. */
  problems?(params: P): readonly { readonly field: string; readonly message: string }[];
  /** Pure: no I/O, no clock, no awaiting. */
  judge(params: P, context: CheckContext): Judgement;
}

/** Keeps the parameters' type inside a check while the registry holds checks of any parameters. */
export function defineCheck<P>(check: Check<P>): Check {
  return check as unknown as Check;
}

/** The registry by block name, as the engine wants it. */
export const byType = (checks: readonly Check[]): ReadonlyMap<string, Check> =>
  new Map(checks.map((check) => [check.type, check]));

/** The blocks that spec.checks[] takes, as the API wants them. */
export const blocksOf = (checks: readonly Check[]): Readonly<Record<string, z.ZodType>> =>
  Object.fromEntries(checks.map((check) => [check.type, check.schema]));

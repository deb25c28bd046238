// What a check is: declared parameters, the kinds it reads, and one pure
// function from parameters and facts to a judgement.

import type { z } from 'zod';
import type { Edit } from '../facts/edits.ts';
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

/** Where the evidence stands, if that is a file of a source. */
export interface Location {
  /** From the root of the tree. */
  readonly path: string;
  /** From 1. */
  readonly line?: number;
  /** The revision of the tree, as Flux writes it. */
  readonly revision: string;
}

export interface Finding {
  readonly level: Level;
  /** CamelCase, stable; documented in the check's `reasons`. */
  readonly reason: string;
  /** Names object, field, value, and what it should be. */
  readonly message: string;
  readonly subject?: Subject;
  /** The field that decides, such as spec.minAvailable. */
  readonly field?: string;
  /** Where the evidence stands, if that is a file. */
  readonly location?: Location;
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

/** One way out of some findings: `suggest` judges with the edits applied before it shows them. */
export interface Way {
  readonly edits: readonly Edit[];
  /** What only a person can decide, or find out, before these edits are applied. */
  readonly decide: readonly string[];
}

/** What would mend findings of one check. */
export interface Remedy {
  /** The findings that it is to mend, each one of those that were handed in. */
  readonly mends: readonly Finding[];
  /** The best first; none where nothing can be proposed. */
  readonly ways: readonly Way[];
  /** Why nothing can be proposed, or what is missing for it; told where no way is confirmed. */
  readonly without?: string;
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
  /**
   * What would mend these Fail findings of `judge`. Pure as well. Nothing of it
   * has to be sure: whoever asks judges again with the edits applied.
   */
  remedies?(params: P, context: CheckContext, failing: readonly Finding[]): readonly Remedy[];
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

// How findings are worded and made: the object, the field, what it is, and
// what to do about it, in that order.

import type { Meta } from '../../facts/kinds.ts';
import type { Unknowable } from '../../facts/view.ts';
import type { Finding, ReasonDoc, Subject } from '../check.ts';

/** Kind namespace/name, as kubectl users write it. */
export function refer(subject: Subject): string {
  return `${subject.kind} ${subject.namespace ? `${subject.namespace}/` : ''}${subject.name}`;
}

/** The subject of an object with projected metadata. */
export function subjectOf(kind: string, meta: Meta): Subject {
  return meta.namespace === ''
    ? { kind, name: meta.name }
    : { kind, namespace: meta.namespace, name: meta.name };
}

/** `1 replica`, `2 replicas`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

/** The first few of a list of names, and how many more there are. */
export function someOf(names: readonly string[], limit = 3): string {
  const shown = names.slice(0, limit).join(', ');
  return names.length > limit ? `${shown} and ${names.length - limit} more` : shown;
}

/** A finding whose message ends in what to do. */
export function finding(given: Omit<Finding, 'message'> & { readonly what: string }): Finding {
  const { what, ...rest } = given;
  return { ...rest, message: given.fix ? `${what} ${given.fix}` : what };
}

/** Is this something that only leads to Unknown? */
export function isUnknowable(fact: { readonly state: string }): fact is Unknowable {
  return fact.state === 'pending' || fact.state === 'failed';
}

/** The Unknown that a fact leads to which is not here or cannot be had. */
export function unknownFinding(fact: Unknowable, subject?: Subject): Finding {
  return {
    level: 'Unknown',
    reason: fact.state === 'pending' ? 'Pending' : fact.reason,
    message: fact.message,
    ...(subject ? { subject } : {}),
  };
}

/** The reasons that every check can give because of the facts it reads. */
export const FACT_REASONS = {
  Pending: {
    level: 'Unknown',
    meaning: 'Evidence was asked for and is not here yet.',
    mend: 'Nothing: the check is judged again when it arrives.',
  },
  Forbidden: {
    level: 'Unknown',
    meaning: 'The item, or the operator, may not read what the check needs.',
    mend: 'Grant the permission that the message names, or move the item to where it may look.',
  },
  Unreachable: {
    level: 'Unknown',
    meaning: 'The API server does not answer for a kind that the check needs.',
    mend: 'See why the API server, or the aggregated API behind it, is away.',
  },
  NotServed: {
    level: 'Unknown',
    meaning: 'The API does not serve the kind, so that nothing can be shown about its objects.',
    mend: 'Install the CRD that the message names.',
  },
  NeedsCluster: {
    level: 'Unknown',
    meaning: 'Manifests cannot show it; only a running cluster can.',
    mend: 'Judge against the cluster, or say --static to judge by the templates alone.',
  },
  Unreadable: {
    level: 'Unknown',
    meaning: 'An object was found and could not be understood.',
    mend: 'Mend the file or object that the message names.',
  },
} as const satisfies Record<string, ReasonDoc>;

/** The reasons that every check over workloads can give. */
export const WORKLOAD_REASONS = {
  SubjectMissing: {
    level: 'Fail',
    meaning: 'An entry of `workloads` matches nothing.',
    mend: 'Deploy the workload, correct the entry, or set whenMissing: NotApplicable.',
  },
  ScaledToZero: {
    level: 'NotApplicable',
    meaning: 'The workload has no replicas, so there is nothing to judge.',
    mend: 'Nothing, if no replicas are wanted.',
  },
  Settling: {
    level: 'Unknown',
    meaning:
      'What fails comes from pods in transition (a rollout, a drain) and is held back for 60 s after their last change.',
    mend: 'Wait; if it still fails then, it is reported.',
  },
} as const satisfies Record<string, ReasonDoc>;

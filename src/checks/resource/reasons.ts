// Every reason that the resource check can give, for the reference.

import type { ReasonDoc } from '../check.ts';
import { FACT_REASONS } from '../shared/messages.ts';

export const reasons: Readonly<Record<string, ReasonDoc>> = {
  SubjectMissing: {
    level: 'Fail',
    meaning: 'No such object exists, no namespace is meant, or the cluster does not even serve its kind.',
    mend: 'Create it, install its CRD, or correct the parameters.',
  },
  TooFew: {
    level: 'Fail',
    meaning: 'Fewer objects exist, of those that where lets count, than count.min.',
    mend: 'Create the others, or correct where and count.',
  },
  TooMany: {
    level: 'Fail',
    meaning: 'More objects exist, of those that where lets count, than count.max.',
    mend: 'Remove those that should not be there.',
  },
  ExpectationFailed: {
    level: 'Fail',
    meaning: 'A CEL expression of expect does not hold for the object.',
    mend: 'Change the object so that it does.',
  },
  ExpressionError: {
    level: 'Fail',
    meaning: 'A CEL expression errs on the object, so it does not hold: most often a field is missing.',
    mend: 'Set the field, or guard the expression with has() or self.?field.orValue(…).',
  },
  ConditionFailed: {
    level: 'Fail',
    meaning: 'The condition is missing, or has the opposite status, for 60 s or longer.',
    mend: 'See the message of the condition.',
  },
  ConditionUnknown: {
    level: 'Unknown',
    meaning: 'The condition is Unknown: the controller that writes it has not come to an end.',
    mend: 'Wait; if it stays, see the message of the condition.',
  },
  BeingDeleted: {
    level: 'Unknown',
    meaning:
      'The object is being deleted: it counts no more where it is wanted, and is still there where it is not.',
    mend: 'Wait; if it stays, see what its finalizers wait for.',
  },
  TooOld: {
    level: 'Fail',
    meaning: 'The time at freshness.path, of each object or the newest of them, is older than maxAge.',
    mend: 'See why it is not renewed.',
  },
  TimeMissing: {
    level: 'Fail',
    meaning: 'There is no time at freshness.path, or what stands there is none.',
    mend: 'Correct the path, or see why the time was never written.',
  },
  NotYetDue: {
    level: 'Unknown',
    meaning: 'There is no time at freshness.path yet, in an object that is younger than maxAge.',
    mend: 'Wait; if there is none when the object is as old, that is Fail TimeMissing.',
  },
  StatusStale: {
    level: 'Unknown',
    meaning: 'The status of the object is of an older generation: its controller has not caught up.',
    mend: 'Wait; if it stays, see whether its controller runs.',
  },
  Settling: {
    level: 'Unknown',
    meaning: 'The condition changed less than 60 s ago; what fails is held back that long.',
    mend: 'Wait; if it still fails then, it is reported.',
  },
  CostLimit: {
    level: 'Unknown',
    meaning: 'An expression costs too much on this object, or the object is nested too deep.',
    mend: 'Simplify the expression, above all loops within loops.',
  },
  ...FACT_REASONS,
};

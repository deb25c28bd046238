// Every reason that the attestation check can give, for the reference.

import type { ReasonDoc } from '../check.ts';

export const reasons: Readonly<Record<string, ReasonDoc>> = {
  Lapsed: {
    level: 'Fail',
    meaning: 'What was said held until at plus validFor, and that is over.',
    mend: 'Do again what was attested, and set at, by and evidence.',
  },
  NotYetSaid: {
    level: 'Fail',
    meaning: 'at lies more than 5 minutes ahead: nobody can have seen it yet.',
    mend: 'Set at to when it was seen.',
  },
};

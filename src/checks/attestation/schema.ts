// The parameters of the attestation check.

import { z } from 'zod';
import { goDuration, matching, moment } from '../../api/primitives.ts';

/** A letter or a digit of whatever script: blanks and dashes say nothing, and name nobody. */
const SAYS = '[^\\s!-/:-@\\[-`{-~]';

export const schema = z
  .strictObject({
    statement: matching(512, SAYS, 'must say what was done or seen', {
      description: 'What was done or seen, in a sentence.',
    }),
    by: matching(128, SAYS, 'must say who', { description: 'Who says so.' }),
    at: moment('When it was done or seen.'),
    validFor: goDuration('How long that holds, from at: 168h is a week, 2160h are 90 days.'),
    evidence: matching(512, '^https?://[^ ]+$', 'must be a http or https URL', {
      description: 'Where the record of it is: minutes, a video, a pull request. It is shown, never fetched.',
    }).optional(),
  })
  .meta({
    description: 'What only a person can say: who saw it, when, and until when that is good enough.',
  });

export type Params = z.output<typeof schema>;

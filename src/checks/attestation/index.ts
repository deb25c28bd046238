// Holds what only a person can say, a drill or a review, and for as long as it
// was said to hold: it lapses by itself, on the moment.

import { durationMs } from '../../api/primitives.ts';
import { type CheckContext, defineCheck, type Finding, type Judgement } from '../check.ts';
import { finding } from '../shared/messages.ts';
import { after } from '../shared/settling.ts';
import { reasons } from './reasons.ts';
import { type Params, schema } from './schema.ts';

/** A clock that runs ahead by this much is forgiven. */
const SKEW_MS = 300_000;

export const attestation = defineCheck<Params>({
  type: 'attestation',
  summary: 'A person said so, and it is not yet time to look again.',
  schema,
  reads: [],
  reasons,
  example: `attestation:
  statement: The monthly restore drill brought Grafana back within the RTO of 4 hours
  by: alice@example.org
  at: "2026-01-03T14:00:00Z"
  validFor: 744h
  evidence: https://example.org/drills/2026-01
`,
  judge,
});

function judge({ statement, by, at, validFor, evidence }: Params, { now }: CheckContext): Judgement {
  const said = new Date(at);
  const until = after(said.getTime(), durationMs(validFor));
  const what = `“${statement}”, said by ${by}${evidence ? ` (${evidence})` : ''}`;
  if (said.getTime() > now.getTime() + SKEW_MS) {
    return { findings: [notYet(what, said)], passed: 0, recheckAt: new Date(said.getTime() - SKEW_MS) };
  }
  if (until <= now) return { findings: [lapsed(what, said, validFor, until)], passed: 0 };
  return {
    findings: [],
    passed: 1,
    message: `${what} on ${day(said)}, holds until ${minute(until)}`,
    recheckAt: until,
  };
}

const notYet = (what: string, said: Date): Finding =>
  finding({
    level: 'Fail',
    reason: 'NotYetSaid',
    field: 'at',
    what: `${what}, is dated ${minute(said)}: nobody can have seen it yet.`,
    fix: 'Set at to when it was seen.',
  });

const lapsed = (what: string, said: Date, validFor: string, until: Date): Finding =>
  finding({
    level: 'Fail',
    reason: 'Lapsed',
    field: 'validFor',
    what: `${what} on ${day(said)}, held for ${validFor}, until ${minute(until)}.`,
    fix: 'Look again, and set at, by and evidence to what you found.',
  });

const day = (time: Date) => time.toISOString().replace(/T.*/, '');
const minute = (time: Date) => time.toISOString().replace(/:\d\d\.\d+Z$/, 'Z');

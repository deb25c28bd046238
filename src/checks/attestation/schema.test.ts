// What nobody says, or says of no time that there is, is refused before it is judged.

import { expect, it } from 'vitest';
import { schema } from './schema.ts';

const said = { statement: 'Restored', by: 'alice', at: '2026-01-03T14:00:00Z', validFor: '720h' };

it.each([
  ['by nobody', { by: '' }, 'must say who'],
  ['by a blank', { by: ' \t' }, 'must say who'],
  ['by a dash', { by: '-- ?' }, 'must say who'],
  ['of nothing', { statement: '...' }, 'must say what was done or seen'],
  ['on a day that no year has', { at: '2026-02-30T14:00:00Z' }, 'must be a date-time'],
  ['on a leap day of another year', { at: '2027-02-29T14:00:00Z' }, 'must be a date-time'],
  ['at an hour that no day has', { at: '2026-01-03T24:00:00Z' }, 'must be a date-time'],
  ['without a time zone', { at: '2026-01-03T14:00:00' }, 'must be a date-time'],
  ['in a time zone that is none', { at: '2026-01-03T14:00:00+24:00' }, 'must be a date-time'],
])('%s', (_, more, message) => {
  expect(schema.safeParse({ ...said, ...more }).error?.message).toContain(message);
});

it.each([
  ['in any script', { by: '山田', statement: '復元した' }],
  ['on a leap day', { at: '2028-02-29T23:59:59.999Z' }],
  ['in a time zone half an hour off', { at: '2026-01-03T14:00:00+05:30' }],
])('%s is said', (_, more) => {
  expect(schema.safeParse({ ...said, ...more }).error).toBeUndefined();
});

import { describe, expect, it } from 'vitest';
import type { CheckStatus, ItemStatus } from '../api/status.ts';
import { newsIn } from './news.ts';

const check: CheckStatus = {
  name: 'budget',
  type: 'podDisruptionBudget',
  verdict: 'Pass',
  reason: 'Passed',
  message: '3 of 3 pods are healthy',
  since: '2026-01-17T12:00:00Z',
};
const status: ItemStatus = { observedGeneration: 1, state: 'Implemented', checks: [check] };

describe('what a new status says', () => {
  it('is nothing when it is the same, fields that are undefined left out', () => {
    expect(newsIn(status, { ...status, summary: undefined, checks: [{ ...check }] })).toBe('none');
  });

  it.each([
    ['a field that is there now', { ...status, summary: 'all good' }],
    ['another message', { ...status, checks: [{ ...check, message: '2 of 3 pods are healthy' }] }],
  ])('is only wording: %s', (_, after) => {
    expect(newsIn(status, after)).toBe('wording');
    expect(newsIn(after, status)).toBe('wording');
  });

  it.each<[string, ItemStatus]>([
    ['another state', { ...status, state: 'Drifted' }],
    ['another generation', { ...status, observedGeneration: 2 }],
    ['another verdict of a check', { ...status, checks: [{ ...check, verdict: 'Fail' }] }],
    ['another reason', { ...status, checks: [{ ...check, reason: 'NoBudget' }] }],
    ['one check more', { ...status, checks: [check, { ...check, name: 'other' }] }],
  ])('is a verdict: %s', (_, after) => {
    expect(newsIn(status, after)).toBe('verdict');
  });
});

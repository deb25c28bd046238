// The words of the check, case by case; UPDATE_FINDINGS=1 writes them anew, to be read before they are committed.

import { describe, expect, it } from 'vitest';
import { toldIn } from '../testing/findings.ts';
import { resource } from './index.ts';

describe('cases/findings.txt says what people are told', () => {
  const { cases, stale } = toldIn(resource, import.meta.dirname);

  it.each(cases)('%s', (_, told) => {
    expect(told.now()).toBe(told.kept);
  });

  it('of cases that there are', () => {
    expect(stale).toEqual([]);
  });
});

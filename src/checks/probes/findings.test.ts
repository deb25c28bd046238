// The words of the check, case by case; UPDATE_FINDINGS=1 writes them anew, to be read before they are committed.

import { expect, it } from 'vitest';
import { toldIn } from '../testing/findings.ts';
import { probes } from './index.ts';

it('tells people what cases/findings.txt says', () => {
  const { now, kept } = toldIn(probes, import.meta.dirname);
  expect(now).toBe(kept);
});

// The offline parser refuses what the API server refuses, and says what to mend.

import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { blocksOf } from '../checks/check.ts';
import { CHECKS } from '../checks/index.ts';
import { itemParser } from './remediation-item.ts';
import { patched, RIGHT, UNUSUAL, WRONG } from './testing/items.ts';

const parseItem = itemParser(blocksOf(CHECKS));
const problemsOf = (raw: unknown) => {
  const parsed = parseItem(raw);
  return parsed.ok ? [] : parsed.problems;
};

describe('the offline parser', () => {
  it.each(UNUSUAL)('accepts $name', ({ patch }) => {
    expect(problemsOf(patched(patch))).toEqual([]);
  });

  it.each(WRONG)('refuses $name, and says what to mend', ({ patch, says }) => {
    const problems = problemsOf(patched(patch)).join('\n');
    for (const part of says) expect(problems).toContain(part);
  });

  it('names every problem at once', () => {
    const problems = problemsOf(patched('spec: {priority: Urgent, effort: long, dueDate: soon}'));
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'spec.priority',
      'spec.effort',
      'spec.dueDate',
    ]);
  });

  it('fills in the defaults that the API server would', () => {
    const parsed = parseItem(patched(UNUSUAL[1]?.patch ?? ''));
    expect(parsed.ok && parsed.item.spec).toEqual({
      title: 'x',
      priority: 'Medium',
      interval: '10m',
      suspend: false,
      checks: [
        {
          name: 'a',
          advisory: false,
          probes: {
            workloads: [{}],
            whenMissing: 'Fail',
            containers: ['*'],
            exceptContainers: [],
            require: ['Readiness', 'Liveness'],
          },
        },
      ],
    });
  });

  it.each([null, undefined, 7, 'text', [], { spec: [] }, { spec: 'text' }, { metadata: 7 }])(
    'takes %j for an item that is wrong, and does not break',
    (raw) => {
      expect(problemsOf(raw).join()).toContain('spec');
    },
  );

  it('reads the status that the operator wrote, and forgets one that it cannot read', () => {
    const item = parse(RIGHT) as object;
    const good = parseItem({ ...item, status: { state: 'Pending', observedGeneration: 3 } });
    expect(good.ok && good.item.status).toEqual({ state: 'Pending', observedGeneration: 3 });
    const bad = parseItem({ ...item, status: { state: 'Excellent' } });
    expect(bad.ok && bad.item.status).toEqual({});
  });
});

import { describe, expect, it } from 'vitest';
import type { ItemStatus } from '../api/status.ts';
import type { JudgedItem } from './items.ts';
import { reviewReport } from './review.ts';
import { asSarif } from './sarif.ts';

const NOW = new Date('2026-02-01T00:00:00Z');
const EVIL = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>&\u0000\u001b[31m`;

const check = (verdict: 'Pass' | 'Fail' | 'Unknown' | 'Waived', name = 'a') => ({
  name,
  type: 'probes',
  verdict,
  reason: 'MissingProbe',
  message: EVIL,
  since: '2026-01-09T00:00:00Z',
  ...(verdict === 'Fail'
    ? {
        findings: [
          {
            severity: 'Fail' as const,
            reason: 'MissingProbe',
            message: EVIL,
            fix: `Fix ${EVIL}`,
            subject: { kind: 'Deployment', namespace: 'shop', name: 'web' },
          },
        ],
      }
    : {}),
});
const item = (number: number, status: ItemStatus): JudgedItem => ({
  raw: {
    metadata: { name: `item-${number}`, namespace: 'default' },
    spec: {
      number,
      title: EVIL,
      description: EVIL,
      category: EVIL,
      milestone: EVIL,
      owner: EVIL,
      claim: { status: 'Implemented', note: EVIL },
      source: { document: 'docs/a review.md', line: 7 },
    },
  },
  status,
});
const VIEW = reviewReport(
  { title: EVIL, tracking: [{ action: EVIL }], related: [EVIL] },
  [
    item(1, {
      state: 'Drifted',
      summary: EVIL,
      checks: [check('Fail'), check('Pass', 'b'), check('Waived', 'c')],
      history: [
        {
          at: '2026-01-09T00:00:00Z',
          to: 'Drifted',
          reason: 'x',
          message: EVIL,
          changedBy: { kind: EVIL, name: EVIL },
        },
      ],
    }),
    item(2, { state: 'Unknown', summary: EVIL, checks: [check('Unknown')] }),
    item(3, { state: 'Implemented', checks: [check('Pass')] }),
    item(4, { state: 'Unknown', summary: 'Nothing proves it yet.' }),
  ],
  NOW,
);

describe('SARIF', () => {
  const log = JSON.parse(asSarif(VIEW, '1.2.3'));
  const [run] = log.runs;

  it('has a result for each finding that decides, at the line of the review', () => {
    expect(log.version).toBe('2.1.0');
    expect(run.results.map((each: { ruleId: string; level: string }) => [each.ruleId, each.level])).toEqual([
      ['finding/MissingProbe', 'error'],
      ['state/Unknown', 'warning'],
      ['state/Unknown', 'warning'],
    ]);
    expect(run.results[0].locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: 'docs/a%20review.md' },
      region: { startLine: 7 },
    });
  });

  it('names a rule for each result, and tells results apart', () => {
    for (const { ruleId, ruleIndex } of run.results) expect(run.tool.driver.rules[ruleIndex].id).toBe(ruleId);
    const prints = run.results.map((each: { partialFingerprints: object }) =>
      JSON.stringify(each.partialFingerprints),
    );
    expect(new Set(prints).size).toBe(prints.length);
  });
});

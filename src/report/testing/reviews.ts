// Reviews as reports show them, for tests: the one of January in every state,
// one with nothing in it, a long one, and one by an attacker.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { type ItemStatus, STATES } from '../../api/status.ts';
import { itemsOf, manifestOf } from '../../review/items.ts';
import { JANUARY, load } from '../../review/testing/load.ts';
import type { JudgedItem } from '../items.ts';
import { type ReviewReport, reviewReport } from '../review.ts';

export const NOW = new Date('2026-02-01T06:30:00Z');

/** A report, and the judged items that it was made of. */
export interface Reported {
  readonly report: ReviewReport;
  readonly judged: readonly JudgedItem[];
}

/** The January review, its items in every state that there is. */
export function january(): Reported {
  const review = load(JANUARY);
  const statuses = parse(readFileSync(path.join(import.meta.dirname, 'january.yaml'), 'utf8')) as Readonly<
    Record<number, ItemStatus>
  >;
  const judged = itemsOf(review, { namespace: 'remediation-system', document: 'docs/REVIEW.md' }).map(
    (item) => ({ raw: manifestOf(item), status: statuses[item.number ?? 0] ?? {} }),
  );
  return { report: reviewReport(review, judged, NOW), judged };
}

/** A review whose items are all gone. */
export const empty = (): Reported => ({
  report: reviewReport({ title: 'Review of nothing', tracking: [], related: [] }, [], NOW),
  judged: [],
});

/** As many items as asked for, in all states, priorities and in 24 milestones. */
export function many(count: number): Reported {
  const priorities = ['Critical', 'High', 'Medium', 'Low'];
  const judged = Array.from({ length: count }, (_, index): JudgedItem => {
    const state = STATES[(index * 5) % STATES.length] ?? 'Unknown';
    const failing = state === 'Drifted' || state === 'Pending';
    return {
      raw: {
        metadata: { name: `item-${index}`, namespace: `team-${index % 7}` },
        spec: {
          number: index + 1,
          title: `Bring service ${index} under the rules of the platform`,
          priority: priorities[index % 4],
          category: ['Security', 'Resilience', 'Performance'][index % 3],
          milestone: `Week ${(index % 24) + 1}`,
          effort: `${(index % 9) + 1}h`,
          ...(index % 2 ? { claim: { status: 'Implemented', date: '2026-01-03' } } : {}),
        },
      },
      status: {
        state,
        summary: failing ? '1 of 1 checks fail: budget' : '1 of 1 checks pass',
        progress: failing ? '0/1' : '1/1',
        since: '2026-01-09T00:00:00Z',
        checks: [
          {
            name: 'budget',
            type: 'podDisruptionBudget',
            verdict: failing ? 'Fail' : 'Pass',
            reason: failing ? 'NoBudget' : 'Passed',
            message: failing ? 'no budget selects its pods' : 'its budget lets 1 of 2 pods go',
            since: '2026-01-09T00:00:00Z',
          },
        ],
      },
    };
  });
  return {
    report: reviewReport({ title: `Review of ${count} services`, tracking: [], related: [] }, judged, NOW),
    judged,
  };
}

/** Markup, a word without end, Arabic and Hebrew, marks that turn text, controls of terminals and half a character. */
export const HOSTILE = {
  markup: `<script>document.title='owned'</script>"'><img src=https://evil.example/x onerror=alert(2)></style></title>&lt;b&gt;`,
  markdown:
    '![x](https://evil.example/i.png) [go](javascript:alert(1)) <iframe src="https://evil.example">| a | b |',
  word: 'Donaudampfschifffahrtsgesellschaft'.repeat(12),
  rtl: 'مراجعة الأمان 2026 (עברית) – تم',
  turned: 'safe\u202Eexe.txt\u202C \u2066x\u2069',
  terminal: '\u001b[2J\u001b]0;owned\u0007\u009b31m red\u0000\u0008',
  cdata: ']]>--><![CDATA[x]]>',
  half: 'half \ud800 character',
} as const;

/** A review in which every text tries to be something else. */
export function hostile(): Reported {
  const texts = Object.values(HOSTILE);
  const judged = texts.map((text, index): JudgedItem => {
    const state = STATES[index % STATES.length] ?? 'Unknown';
    return {
      raw: {
        metadata: { name: `item-${index}`, namespace: 'default', labels: { 'remediation.dev/review': text } },
        spec: {
          number: index + 1,
          title: text,
          description: `# ${text}\n\n${texts.join('\n\n')}\n\n- [x] ${text}\n\n| a | b |\n|---|---|\n| ${HOSTILE.word} | ${HOSTILE.word} |\n\n\`\`\`\n${text}\n\`\`\`\n`,
          category: text,
          milestone: text,
          owner: text,
          impact: text,
          effort: text,
          dueDate: text,
          claim: { status: 'Implemented', date: text, note: text },
          source: { document: text, line: 7 },
          prerequisites: [{ name: 'a', description: text }],
        },
      },
      status: {
        state,
        summary: text,
        progress: '0/2',
        since: '2026-01-09T00:00:00Z',
        regressions: 3,
        checks: [
          {
            name: text,
            type: text,
            verdict: 'Fail',
            reason: 'MissingProbe',
            message: text,
            since: '2026-01-09T00:00:00Z',
            findings: [
              {
                severity: 'Fail',
                reason: 'MissingProbe',
                message: text,
                field: text,
                fix: `Fix ${text}`,
                subject: { kind: text, namespace: text, name: text },
              },
              { severity: 'Unknown', reason: 'Forbidden', message: `${text} again` },
            ],
            findingsTotal: 40,
          },
        ],
        history: [
          {
            at: '2026-01-09T00:00:00Z',
            from: 'Implemented',
            to: 'Drifted',
            reason: 'Regressed',
            message: text,
            changedBy: { kind: text, namespace: text, name: text, manager: text },
          },
        ],
      },
    };
  });
  const head = {
    title: texts.join(' '),
    created: '2026-01-03',
    tracking: texts.map((text) => ({ date: text, action: text, status: text })),
    related: texts,
  };
  return { report: reviewReport(head, judged, NOW), judged };
}

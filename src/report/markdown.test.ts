import { describe, expect, it } from 'vitest';
import type { ItemStatus } from '../api/status.ts';
import { itemsOf, manifestOf } from '../review/items.ts';
import type { Review } from '../review/model.ts';
import { readReview } from '../review/read.ts';
import { JANUARY, load, REVIEWS } from '../review/testing/load.ts';
import type { JudgedItem } from './items.ts';
import { asMarkdown } from './markdown.ts';
import { type ReviewReport, reviewReport } from './review.ts';

const NOW = new Date('2026-02-01T00:00:00Z');
const options = { namespace: 'remediation-system', document: 'REVIEW.md' };

const judged = (review: Review, statusOf: (number: number) => ItemStatus): JudgedItem[] =>
  itemsOf(review, options).map((item) => ({ raw: manifestOf(item), status: statusOf(item.number ?? 0) }));

const reported = (
  review: Review,
  statusOf: (number: number) => ItemStatus = () => ({ state: 'Unknown' }),
): ReviewReport => reviewReport(review, judged(review, statusOf), NOW);

/** What an item says, without where it says it. */
const specs = (review: Review) =>
  itemsOf(review, options).map(({ name, spec: { source: _source, ...spec } }) => ({ name, spec }));
const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

const DRIFTED: ItemStatus = {
  state: 'Drifted',
  summary: '1 of 1 checks fail: a: no <probe> | none',
  checks: [
    {
      name: 'a',
      type: 'probes',
      verdict: 'Fail',
      reason: 'MissingProbe',
      message: 'no probe',
      since: '2026-01-09T00:00:00Z',
      findings: [{ severity: 'Fail', reason: 'MissingProbe', message: 'no <probe> | none', fix: 'Add one.' }],
    },
  ],
  history: [
    {
      at: '2026-01-09T00:00:00Z',
      from: 'Implemented',
      to: 'Drifted',
      reason: 'Regressed',
      message: 'gone',
      changedBy: { kind: 'Deployment', namespace: 'shop', name: 'web', manager: 'kubectl-edit' },
    },
  ],
};

describe('the report in Markdown', () => {
  it('counts what was observed, and what of the claims is true', () => {
    const text = asMarkdown(
      reported(load(JANUARY), (number) =>
        number === 9 ? DRIFTED : { state: number === 13 ? 'Implemented' : 'Unknown' },
      ),
    );
    expect(text).toContain('13 items: 1 Implemented, 11 Unknown, 1 Drifted.');
    expect(text).toContain(
      'Of 6 items that the review says are implemented, 1 is (#13), 1 is not (#9), and of 4 it is not known (#3, #10, #14, #15).',
    );
    expect(text).toContain(
      '| 9 | Add health probes to critical apps | 4h | Medium | ✅ Implemented (2026-01-03) | ❌ Drifted |',
    );
  });

  it('says what fails, how to mend it, and who changed what when', () => {
    const text = asMarkdown(
      reported(load(JANUARY), (number) => (number === 9 ? DRIFTED : { state: 'Unknown' })),
    );
    expect(text).toContain('- **a**: Fail MissingProbe: no \\<probe\\> \\| none\n  Fix: Add one.');
    expect(text).toContain(
      '| 2026-01-09T00:00:00Z | #9 | Implemented | Drifted | gone | Deployment shop/web by kubectl-edit |',
    );
  });

  it.each(REVIEWS)('%s: import, report, import is a fixed point', (name) => {
    const first = load(name);
    const text = asMarkdown(reported(first, (number) => (number % 2 ? DRIFTED : { state: 'Implemented' })));
    const second = readReview(text, { fileName: name });
    expect(second.unaccounted).toEqual([]);
    expect(second.contradictions).toEqual([]);
    expect(specs(second).sort(byName)).toEqual(specs(first).sort(byName));
    const lineless = (review: Review) => ({
      ...review,
      ...(review.again ? { again: { ...review.again, line: 0 } } : {}),
    });
    expect({ ...lineless(second), items: [], slug: '' }).toEqual({
      ...lineless(first),
      items: [],
      slug: '',
      contradictions: [],
      unaccounted: [],
    });
    const again = asMarkdown(reported(second, (number) => (number % 2 ? DRIFTED : { state: 'Implemented' })));
    expect(again).toBe(text);
  });

  it('a title shows as it is written, scripts and bars and all', () => {
    const title = '<script>alert(1)</script> | `x` *y* [z](javascript:1) &amp; ~s~';
    const item: JudgedItem = {
      raw: { metadata: { name: 'a' }, spec: { title, number: 1 } },
      status: { state: 'Pending', summary: title },
    };
    const text = asMarkdown(reviewReport({ title, tracking: [], related: [] }, [item], NOW));
    expect(text).not.toMatch(/(^|[^\\])<script/);
    const read = readReview(text, { fileName: 'a.md' });
    expect(read.items.map((each) => each.title)).toEqual([title]);
    expect(read.title).toBe(title);
  });
});

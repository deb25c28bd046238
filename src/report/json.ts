// The review as JSON: the counts, and each item with the status that the
// operator would write.

import type { JudgedItem } from './items.ts';
import { toJson } from './printable.ts';
import { byMilestone, byPriority, claims, done, type ReportItem, type ReviewReport } from './review.ts';

export function asReportJson(report: ReviewReport, judged: readonly JudgedItem[]): string {
  const { head, items, at } = report;
  const { claimed, proven, refuted, open } = claims(items);
  const groups = (all: readonly { readonly title: string; readonly items: readonly ReportItem[] }[]) =>
    all.map(({ title, items: members }) => ({ title, items: members.length, done: done(members) }));
  const content = {
    title: head.title,
    ...(head.created ? { created: head.created } : {}),
    observedAt: at.toISOString(),
    counts: {
      items: items.length,
      states: Object.fromEntries(
        Object.entries(Object.groupBy(items, ({ state }) => state)).map(([state, some]) => [
          state,
          some?.length ?? 0,
        ]),
      ),
      claimed: {
        total: claimed.length,
        proven: proven.length,
        refuted: refuted.length,
        unknown: open.length,
      },
    },
    priorities: groups(byPriority(items)),
    milestones: groups(byMilestone(items)),
    ...(head.again ? { toBeReviewed: head.again.text } : {}),
    tracking: head.tracking,
    related: head.related,
    items: judged.map(({ raw, status }) => ({ ...raw, status })),
  };
  return toJson(content);
}

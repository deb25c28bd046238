// The review as Markdown: what was observed, with the claim beside it, in a form
// that `import` reads back to the same items.

import { enclosed } from './enclosed.ts';
import { fixOf } from './items.ts';
import {
  byMilestone,
  byPriority,
  claims,
  claimText,
  counted,
  countStates,
  deciding,
  evidenceOf,
  type PlaceOf,
  placeText,
  type ReportItem,
  type ReviewReport,
  refer,
} from './review.ts';

const MARKS: Readonly<Record<ReportItem['state'], string>> = {
  Implemented: '✅',
  Waived: '☑️',
  Pending: '⏳',
  Blocked: '⛔',
  Suspended: '⏸️',
  Unknown: '❔',
  Invalid: '⚠️',
  Drifted: '❌',
};
const CLAIM_MARKS: Readonly<Record<string, string>> = {
  Implemented: '✅',
  InProgress: '🚧',
  Pending: '⏳',
  Abandoned: '🚫',
};

export function asMarkdown(report: ReviewReport): string {
  const { head, items } = report;
  const sections = [
    `# ${inline(head.title)}`,
    [
      ...(head.created ? [`**Created:** ${head.created}  `] : []),
      `**Observed:** ${report.at.toISOString().slice(0, 19)}Z by remediation-operator`,
    ].join('\n'),
    '## Executive Summary',
    ...summary(items),
    '## Action Items by Priority',
    ...byPriority(items).flatMap(({ title, items: members }) => [
      `### ${inline(title)}`,
      table(
        ['#', 'Action', 'Effort', 'Impact', 'Owner', 'Due', 'Claim', 'Observed', 'Passing'],
        members.map((item) => [
          item.number === undefined ? '' : String(item.number),
          item.title,
          item.effort ?? '',
          item.impact ?? '',
          item.owner ?? '',
          item.dueDate ?? '',
          marked(item),
          `${MARKS[item.state]} ${item.state}`,
          item.status.progress ?? '',
        ]),
      ),
      ...members.flatMap(details),
    ]),
    ...roadmap(items),
    ...prerequisites(items),
    ...observed(items, report.placeOf),
    ...tracking(report),
    ...(head.related.length > 0
      ? ['## Related Documents', head.related.map((each) => `- ${each}`).join('\n')]
      : []),
    // As import understands it.
    ...(head.again ? [`*This document should be reviewed ${inline(head.again.text)}.*`] : []),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

function summary(items: readonly ReportItem[]): string[] {
  if (items.length === 0) return ['This review has no items.'];
  const { claimed, proven, refuted, open, unclaimed } = claims(items);
  const list = (some: readonly ReportItem[]) =>
    some.length > 0 ? ` (${some.map((item) => inline(refer(item))).join(', ')})` : '';
  return [
    `${counted(items.length, 'item')}: ${countStates(items)
      .map(([state, count]) => `${count} ${state}`)
      .join(', ')}.`,
    claimed.length > 0
      ? `Of ${counted(claimed.length, 'item')} that the review says ${claimed.length === 1 ? 'is' : 'are'} implemented, ${proven.length} ${proven.length === 1 ? 'is' : 'are'}${list(proven)}, ${refuted.length} ${refuted.length === 1 ? 'is' : 'are'} not${list(refuted)}${open.length > 0 ? `, and of ${open.length} it is not known${list(open)}` : ''}.`
      : '',
    unclaimed.length > 0
      ? `Implemented although the review does not say so: ${unclaimed.map((item) => inline(refer(item))).join(', ')}.`
      : '',
  ];
}

const marked = (item: ReportItem): string =>
  item.claim ? `${CLAIM_MARKS[item.claim.status] ?? ''} ${claimText(item)}`.trim() : '';

function details(item: ReportItem): string[] {
  if (!item.description) return [];
  const about =
    item.number === undefined ? `"${inline(item.title.replaceAll('"', "'"))}"` : `#${item.number}`;
  return [`**Details for ${about}:**`, enclosed(item.description)];
}

function roadmap(items: readonly ReportItem[]): string[] {
  const groups = byMilestone(items);
  if (groups.length === 0) return [];
  return [
    '## Implementation Roadmap',
    ...groups.flatMap(({ title, items: members }) => [
      `### ${inline(title)}`,
      table(
        ['#', 'Action', 'Observed'],
        members.map((item) => [
          item.number === undefined ? '' : String(item.number),
          item.title,
          `${MARKS[item.state]} ${item.state}`,
        ]),
      ),
    ]),
  ];
}

function prerequisites(items: readonly ReportItem[]): string[] {
  const having = items.filter((item) => item.prerequisites.length > 0);
  if (having.length === 0) return [];
  return [
    '## Dependencies & Prerequisites',
    ...having.flatMap((item) => [
      `### For ${inline(item.title)}${item.number === undefined ? '' : ` (#${item.number})`}`,
      item.prerequisites.map((each) => `- ${inline(each)}`).join('\n'),
    ]),
  ];
}

/** The evidence: what fails or cannot be known, item by item, and what changed when. */
function observed(items: readonly ReportItem[], placeOf: PlaceOf): string[] {
  const open = items.filter(({ state }) => state !== 'Implemented');
  const history = items
    .flatMap((item) => (item.status.history ?? []).map((each) => ({ ...each, item })))
    .sort((a, b) => b.at.localeCompare(a.at));
  return [
    ...(open.length > 0 ? ['## As Observed'] : []),
    ...open.flatMap((item) => [
      `### ${inline(item.number === undefined ? item.title : `#${item.number} ${item.title}`)}: ${item.state}`,
      inline(item.status.summary ?? ''),
      findings(item, placeOf),
    ]),
    ...(history.length > 0
      ? [
          '## Observed Changes',
          table(
            ['Date', 'Item', 'From', 'To', 'Why', 'Changed by'],
            history.map(({ at, from, to, message, changedBy, item }) => [
              at,
              refer(item),
              from ?? '',
              to,
              message,
              changedBy
                ? `${changedBy.kind} ${[changedBy.namespace, changedBy.name].filter(Boolean).join('/')}${changedBy.manager ? ` by ${changedBy.manager}` : ''}`
                : '',
            ]),
          ),
        ]
      : []),
  ];
}

const findings = (item: ReportItem, placeOf: PlaceOf): string =>
  deciding(item)
    .map(({ check, finding }) => {
      const place = evidenceOf(finding, placeOf);
      const fix = fixOf(finding);
      return [
        `- **${inline(check)}**: ${finding.severity} ${finding.reason}: ${inline(finding.message)}`,
        ...(place && !finding.message.includes(place.path) ? [`  Where: ${inline(placeText(place))}`] : []),
        ...(fix ? [`  Fix: ${inline(fix)}`] : []),
      ].join('\n');
    })
    .join('\n');

function tracking({ head }: ReviewReport): string[] {
  if (head.tracking.length === 0) return [];
  return [
    '## Tracking',
    table(
      ['Date', 'Action', 'Status'],
      head.tracking.map(({ date = '', action, status = '' }) => [date, action, status]),
    ),
  ];
}

/** Columns that nothing stands in are left out. */
function table(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const kept = headers
    .map((header, index) => (header === 'Action' || rows.some((row) => row[index]) ? index : -1))
    .filter((index) => index >= 0);
  const line = (cells: readonly string[]) => `| ${kept.map((index) => cells[index] ?? '').join(' | ')} |`;
  return [
    line(headers),
    line(headers.map(() => '---')),
    ...rows.map((row) => line(row.map((cell) => inline(cell)))),
  ].join('\n');
}

/** Text that Markdown shows as it is, on one line, in a table too. */
const inline = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/[\\`*_[\]<>|~]|&(?=#?\w+;)/g, '\\$&')
    .trim()
    // What would make a heading, a list or a rule of a line of its own.
    .replace(/^(?:#{1,6}|[-+])(?=\s|$)|^(?:-{3,}|=+)\s*$/, '\\$&')
    .replace(/^(\d{1,9})([.)])(?=\s|$)/, '$1\\$2');

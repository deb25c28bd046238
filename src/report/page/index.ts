// The review as one self-contained page: light and dark, no scripts, no requests,
// fit for a phone and for paper.

import { STATES, type State } from '../../api/status.ts';
import {
  byMilestone,
  byPriority,
  claims,
  counted,
  countStates,
  done,
  type Group,
  type ReportItem,
  type ReviewReport,
} from '../review.ts';
import { article, blamed, title } from './items.ts';
import {
  ago,
  anchor,
  bar,
  chips,
  esc,
  icon,
  moment,
  progress,
  SPRITE,
  STATE_SHAPES,
  stateBadge,
} from './parts.ts';
import { prose } from './prose.ts';
import { STYLE } from './style.ts';

export function asHtml(report: ReviewReport): string {
  const { head, items, at } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<link rel="icon" href="data:,">
<title>${esc(head.title)}</title>
<style>${STYLE}${filterStyle(items)}</style>
</head>
<body>
${SPRITE}
<header class="top">
<h1 dir="auto">${esc(head.title)}</h1>
<p class="quiet">${head.created ? `Written <time>${esc(head.created)}</time> · ` : ''}Observed ${moment(at.toISOString())}${head.again ? ` · To be reviewed ${esc(head.again.text)}` : ''}</p>
</header>
<main>
${summary(items)}
${attention(items, at)}
${progressed(items)}
${roadmap(byMilestone(items))}
${allItems(report)}
${tracking(head.tracking)}
${related(head.related)}
</main>
<footer class="bottom">
${legend(items)}
<p class="quiet">Judged by remediation-operator from what it observed, whatever the review claims.</p>
</footer>
</body>
</html>
`;
}

function section(id: string, heading: string, content: string): string {
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${heading}</h2>
${content}
</section>`;
}

function summary(items: readonly ReportItem[]): string {
  if (items.length === 0) return section('summary', 'Summary', '<p>This review has no items.</p>');
  const { claimed, proven, refuted, open, unclaimed } = claims(items);
  const told = (word: string, some: readonly ReportItem[]) =>
    `<div><dt><b>${some.length}</b> ${word}</dt><dd>${chips(some) || '<span class="quiet">none</span>'}</dd></div>`;
  const claimText = `Of ${counted(claimed.length, 'item')} that the review calls implemented`;
  return section(
    'summary',
    'Summary',
    `<div class="panel hero">
<p class="score"><b>${done(items)}</b> of ${counted(items.length, 'item')} ${done(items) === 1 ? 'is' : 'are'} done</p>
${bar(items)}
<ul class="states">${countStates(items)
      .map(
        ([state, count]) =>
          `<li><span class="badge s-${state}">${icon(STATE_SHAPES[state])}${count} ${state}</span></li>`,
      )
      .join('')}</ul>
${
  claimed.length > 0
    ? `<h3>${claimText}</h3>
<dl class="claims">${told('proven', proven)}${told('refuted', refuted)}${told('not known', open)}</dl>`
    : ''
}
${unclaimed.length > 0 ? `<p class="unclaimed">Implemented although the review does not say so: ${chips(unclaimed)}</p>` : ''}
</div>`,
  );
}

/** How many items stand under "Needs attention" before the rest is left to the list below. */
const MAX_ATTENTION = 12;

function attention(items: readonly ReportItem[], now: Date): string {
  const some = items
    .filter(({ state }) => state === 'Drifted' || state === 'Invalid')
    .toSorted((a, b) => (b.status.since ?? '').localeCompare(a.status.since ?? ''));
  if (some.length === 0) return '';
  const hidden = some.length - MAX_ATTENTION;
  return section(
    'attention',
    'Needs attention',
    `<ul class="attention">${some
      .slice(0, MAX_ATTENTION)
      .map(
        (item) =>
          `<li class="s-${item.state}">${stateBadge(item)}<div><p dir="auto"><a href="#${anchor(item)}">${title(item)}</a>${
            item.status.since
              ? ` <span class="quiet">since ${moment(item.status.since)}, ${ago(item.status.since, now)}</span>`
              : ''
          }</p>${item.status.summary ? `<p dir="auto">${esc(item.status.summary)}</p>` : ''}${
            blamed(item) ? `<p class="about">Changed by ${blamed(item)}</p>` : ''
          }</div></li>`,
      )
      .join('')}</ul>${hidden > 0 ? `<p class="quiet">and ${counted(hidden, 'more item')} below</p>` : ''}`,
  );
}

function progressed(items: readonly ReportItem[]): string {
  if (items.length === 0) return '';
  const rows = (heading: string, groups: readonly Group[]) =>
    groups.length === 0
      ? ''
      : `<div class="panel"><h3>${heading}</h3>
<ul class="rows">${groups
          .map(
            (group) =>
              `<li><span class="name" dir="auto">${esc(group.title)}</span><span class="count">${progress(group.items)}</span>${bar(group.items)}</li>`,
          )
          .join('')}</ul></div>`;
  return section(
    'progress',
    'Progress',
    `<div class="columns">${rows('By priority', byPriority(items))}${rows('By milestone', byMilestone(items))}</div>`,
  );
}

function roadmap(groups: readonly Group[]): string {
  if (groups.length === 0) return '';
  return section(
    'roadmap',
    'Roadmap',
    `<ol class="timeline">
${groups.map(stop).join('\n')}
</ol>`,
  );
}

function stop({ title: name, items }: Group): string {
  const finished = done(items) === items.length;
  const drifted = items.some(({ state }) => state === 'Drifted' || state === 'Invalid');
  const mark = finished ? 'Implemented' : drifted ? 'Drifted' : 'Pending';
  return `<li><div class="stop s-${mark}">${finished ? icon('check') : drifted ? icon('fall') : ''}</div>
<h3 dir="auto">${esc(name)}</h3><p class="quiet">${progress(items)}</p>
<ul>${items
    .map(
      (item) =>
        `<li class="s-${item.state}">${icon(STATE_SHAPES[item.state])}<span dir="auto"><a href="#${anchor(item)}">${title(item)}</a> <span class="to">${item.state}</span></span></li>`,
    )
    .join('')}</ul></li>`;
}

function allItems(report: ReviewReport): string {
  const { items } = report;
  if (items.length === 0) return '';
  return section(
    'items',
    'Items',
    `${filter(items)}
${byPriority(items)
  .map(
    (group) =>
      `<section class="group"><h3 dir="auto">${esc(group.title)}</h3>\n${group.items.map((item) => article(item, report)).join('\n')}</section>`,
  )
  .join('\n')}`,
  );
}

/** Which items are shown: by style alone, without a script. */
function filter(items: readonly ReportItem[]): string {
  const states = countStates(items);
  if (states.length < 2) return '';
  const choice = (value: string, label: string, count: number, checked = false) =>
    `<label${value === 'all' ? '' : ` class="s-${value}"`}><input type="radio" name="show" id="show-${value}"${checked ? ' checked' : ''}>${label} <span class="quiet">${count}</span></label>`;
  return `<fieldset class="filter"><legend>Show</legend>${choice('all', 'All', items.length, true)}${states
    .map(([state, count]) => choice(state, `${icon(STATE_SHAPES[state])}${state}`, count))
    .join('')}</fieldset>`;
}

/** An item that a link leads to is shown whatever the filter says. */
const filterStyle = (items: readonly ReportItem[]): string =>
  countStates(items)
    .map(
      ([state]) =>
        `@media screen{:root:has(#show-${state}:checked) :is(article:not(.s-${state}):not(:target),.group:not(:has(article.s-${state},:target))){display:none}}`,
    )
    .join('\n');

function tracking(rows: ReviewReport['head']['tracking']): string {
  if (rows.length === 0) return '';
  return section(
    'tracking',
    'Tracking',
    `<table><thead><tr><th scope="col">Date</th><th scope="col">Action</th><th scope="col">Status</th></tr></thead><tbody>${rows
      .map(
        ({ date = '', action, status = '' }) =>
          `<tr><td dir="auto">${esc(date)}</td><td dir="auto">${esc(action)}</td><td dir="auto">${esc(status)}</td></tr>`,
      )
      .join('')}</tbody></table>`,
  );
}

const related = (documents: readonly string[]): string =>
  documents.length === 0
    ? ''
    : section(
        'related',
        'Related documents',
        `<ul class="related">${documents.map((each) => `<li class="prose" dir="auto">${prose(each)}</li>`).join('')}</ul>`,
      );

const MEANINGS: Readonly<Record<State, string>> = {
  Implemented: 'Every check that decides passes.',
  Waived: 'What fails is waived, with a reason and an end.',
  Unknown: 'Something cannot be judged, so nothing is claimed.',
  Pending: 'A check fails, and nobody said otherwise.',
  Blocked: 'A prerequisite is missing, or an item that it depends on is not done.',
  Drifted: 'It was done, or was said to be, and a check fails.',
  Invalid: 'The item itself cannot be judged and needs mending.',
  Suspended: 'Put aside: spec.suspend is set.',
};

function legend(items: readonly ReportItem[]): string {
  const seen = STATES.toReversed().filter((each) => items.some(({ state }) => state === each));
  if (seen.length === 0) return '';
  return `<h2 class="small">What the states mean</h2>
<dl class="legend">${seen
    .map(
      (state) =>
        `<div><dt class="s-${state}">${icon(STATE_SHAPES[state])}<span class="to">${state}</span></dt><dd>${MEANINGS[state]}</dd></div>`,
    )
    .join('')}</dl>`;
}

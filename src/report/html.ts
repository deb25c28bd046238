// The review as one self-contained page: light and dark, no scripts, no requests,
// fit for printing. Whatever comes from outside is escaped.

import type { CheckStatus } from '../api/status.ts';
import { claimText, fixOf } from './markdown.ts';
import { STYLE } from './page-style.ts';
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
  refer,
} from './review.ts';

export function asHtml({ head, items, at }: ReviewReport): string {
  const { claimed, proven, refuted, open } = claims(items);
  const refers = (some: readonly ReportItem[]) =>
    some.length > 0
      ? ` (${some.map((item) => `<a href="#${anchor(item)}">${esc(refer(item))}</a>`).join(', ')})`
      : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<link rel="icon" href="data:,">
<title>${esc(head.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${esc(head.title)}</h1>
<p class="quiet">${head.created ? `Written ${esc(head.created)} · ` : ''}Observed <time datetime="${at.toISOString()}">${when(at.toISOString())}</time></p>
</header>
<main>
<section aria-labelledby="summary">
<h2 id="summary">Summary</h2>
<p class="lead"><strong>${done(items)} of ${counted(items.length, 'item')}</strong> ${done(items) === 1 ? 'is' : 'are'} done.${
    claimed.length > 0
      ? ` Of ${claimed.length} that the review says ${claimed.length === 1 ? 'is' : 'are'} implemented, ${proven.length} ${proven.length === 1 ? 'is' : 'are'}${refers(proven)}, ${refuted.length} ${refuted.length === 1 ? 'is' : 'are'} not${refers(refuted)}, and of ${open.length} it is not known${refers(open)}.`
      : ''
  }</p>
<ul class="tiles">${countStates(items)
    .map(([state, count]) => `<li class="tile s-${state}"><b>${count}</b> <span>${state}</span></li>`)
    .join('')}</ul>
</section>
<section aria-labelledby="progress">
<h2 id="progress">Progress by priority</h2>
${byPriority(items).map(bar).join('\n')}
</section>
${roadmap(byMilestone(items))}
<section aria-labelledby="items">
<h2 id="items">Items</h2>
${byPriority(items)
  .map(({ title, items: members }) => `<h3>${esc(title)}</h3>\n${members.map(article).join('\n')}`)
  .join('\n')}
</section>
${tracking(head.tracking)}
</main>
</body>
</html>
`;
}

/** A bar of all states, said in words beside it. */
function bar({ title, items }: Group): string {
  const parts = countStates(items);
  return `<div class="row"><span class="name">${esc(title)}</span><span class="bar" aria-hidden="true">${parts
    .map(([state, count]) => `<i class="s-${state}" style="flex:${count}"></i>`)
    .join('')}</span><span class="count">${done(items)} of ${items.length} done</span></div>`;
}

function roadmap(groups: readonly Group[]): string {
  if (groups.length === 0) return '';
  return `<section aria-labelledby="roadmap">
<h2 id="roadmap">Roadmap</h2>
<ol class="timeline">
${groups
  .map(
    (
      group,
    ) => `<li><div class="stop"><h3>${esc(group.title)}</h3><span class="quiet">${done(group.items)} of ${group.items.length} done</span></div>
<ul>${group.items
      .map(
        (item) =>
          `<li><a href="#${anchor(item)}">${item.number === undefined ? '' : `<span class="number">#${item.number}</span> `}${esc(item.title)}</a> ${badge(item)}</li>`,
      )
      .join('')}</ul></li>`,
  )
  .join('\n')}
</ol>
</section>`;
}

const badge = ({ state }: ReportItem) => `<span class="badge s-${state}">${state}</span>`;

function article(item: ReportItem): string {
  const facts: [string, string | undefined][] = [
    ['Claim', claimText(item).replace(/^[^\p{L}]+/u, '')],
    ['Checks', item.status.progress ? `${item.status.progress} pass` : undefined],
    ['Since', item.status.since && when(item.status.since)],
    ['Effort', item.effort],
    ['Impact', item.impact],
    ['Milestone', item.milestone],
    ['Owner', item.owner],
    ['Due', item.dueDate],
    ['Regressions', item.status.regressions ? String(item.status.regressions) : undefined],
    ['Source', item.source && `${item.source.document}${item.source.line ? `:${item.source.line}` : ''}`],
  ];
  const { history = [] } = item.status;
  return `<article id="${anchor(item)}">
<h4>${item.number === undefined ? '' : `<span class="number">#${item.number}</span> `}${esc(item.title)} ${badge(item)}</h4>
${item.status.summary ? `<p>${esc(item.status.summary)}</p>` : ''}
<dl>${facts
    .filter(([, value]) => value)
    .map(([name, value]) => `<div><dt>${name}</dt><dd>${esc(value ?? '')}</dd></div>`)
    .join('')}</dl>
${checks('Prerequisites', item.status.prerequisites)}
${checks('Evidence', item.status.checks)}
${
  history.length > 0
    ? `<details><summary>History</summary><ul class="history">${history
        .map(
          ({ at, from, to, message, changedBy }) =>
            `<li><time datetime="${esc(at)}">${when(at)}</time> ${from ? `${esc(from)} → ` : ''}<b>${to}</b>: ${esc(message)}${changedBy ? ` <span class="quiet">(${esc([changedBy.kind, [changedBy.namespace, changedBy.name].filter(Boolean).join('/')].join(' '))}${changedBy.manager ? `, by ${esc(changedBy.manager)}` : ''})</span>` : ''}</li>`,
        )
        .join('')}</ul></details>`
    : ''
}
${item.description ? `<details><summary>What the review says</summary><pre>${esc(item.description)}</pre></details>` : ''}
</article>`;
}

function checks(title: string, all: readonly CheckStatus[] = []): string {
  if (all.length === 0) return '';
  return `<h5>${title}</h5>
<ul class="checks">${all
    .map(
      (check) =>
        `<li><span class="badge v-${check.verdict}">${check.verdict}</span> <b>${esc(check.name)}</b> <span class="quiet">${esc(check.type)}${check.advisory ? ', advisory' : ''}</span>${findings(check) && check.message.startsWith(check.findings?.[0]?.message ?? '-') ? '' : `<p>${esc(check.message)}</p>`}${findings(check)}</li>`,
    )
    .join('')}</ul>`;
}

function findings({ findings: all = [], findingsTotal = 0, message }: CheckStatus): string {
  // A single finding that the check's own message repeats needs no list.
  const told = all.filter((finding) => all.length > 1 || finding.fix || finding.message !== message);
  if (told.length === 0) return '';
  const hidden = findingsTotal - all.length;
  return `<ul class="findings">${told
    .map((finding) => {
      const fix = fixOf(finding);
      return `<li><span class="quiet">${finding.severity} · ${esc(finding.reason)}</span> ${esc(finding.message)}${fix ? `<p class="fix"><b>Fix:</b> ${esc(fix)}</p>` : ''}</li>`;
    })
    .join('')}${hidden > 0 ? `<li>and ${counted(hidden, 'more finding')}</li>` : ''}</ul>`;
}

function tracking(rows: ReviewReport['head']['tracking']): string {
  if (rows.length === 0) return '';
  return `<section aria-labelledby="tracking">
<h2 id="tracking">Tracking</h2>
<table><thead><tr><th scope="col">Date</th><th scope="col">Action</th><th scope="col">Status</th></tr></thead><tbody>${rows
    .map(
      ({ date = '', action, status = '' }) =>
        `<tr><td>${esc(date)}</td><td>${esc(action)}</td><td>${esc(status)}</td></tr>`,
    )
    .join('')}</tbody></table>
</section>`;
}

/** Unique on the page, and nothing but letters, digits and dashes. */
const anchor = ({ namespace, name }: ReportItem) =>
  `item-${`${namespace}-${name}`.replace(/[^a-zA-Z0-9-]/g, '-')}`;

const when = (time: string) => esc(time.replace('T', ' ').replace(/:\d\d(\.\d+)?Z$/, ' UTC'));

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters, and marks that turn the direction of text. */
const CONTROLS = /[[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]--[\n\t]]/gv;

/** For text and for attributes in quotes. */
const esc = (text: string): string =>
  text.replace(CONTROLS, ' ').replace(/[&<>"']/g, (each) => ENTITIES[each] ?? each);

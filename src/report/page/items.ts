// An item on the page: its state, the claim beside it, the evidence with its
// findings and fixes, what changed when, and what the review says.

import type { CheckStatus, StatusFinding, Transition } from '../../api/status.ts';
import { fixOf } from '../items.ts';
import {
  claimText,
  counted,
  evidenceOf,
  type Place,
  type PlaceOf,
  placeText,
  type ReportItem,
  type ReviewReport,
} from '../review.ts';
import {
  ago,
  anchor,
  esc,
  icon,
  moment,
  type Shape,
  STATE_SHAPES,
  stateBadge,
  verdictBadge,
} from './parts.ts';
import { prose } from './prose.ts';

export function article(item: ReportItem, { at: now, placeOf }: ReviewReport): string {
  const { status } = item;
  return `<article id="${anchor(item)}" class="s-${item.state}">
<header><h4 dir="auto">${title(item)}</h4>${stateBadge(item)}</header>
${summary(status)}
<dl>${facts(item, now)
    .map(([name, value]) => `<div><dt>${name}</dt><dd dir="auto">${value}</dd></div>`)
    .join('')}</dl>
${checks('Prerequisites', status.prerequisites, item.descriptions.prerequisites, placeOf)}
${checks('Evidence', status.checks, item.descriptions.checks, placeOf)}
${history(status.history)}
${item.description ? `<details><summary>What the review says</summary><div class="prose" dir="auto">${prose(item.description)}</div></details>` : ''}
</article>`;
}

/** In a sentence, where the evidence below does not say the same. */
function summary({ summary: text, checks: all = [], prerequisites = [] }: ReportItem['status']): string {
  const repeated = [...prerequisites, ...all].some(
    ({ verdict, message }) => verdict !== 'Pass' && text?.includes(message.slice(0, REPEATED)),
  );
  return text && !repeated ? `<p class="summary" dir="auto">${esc(text)}</p>` : '';
}

/** The summary is cut where it grows too long, so the start of a message tells. */
const REPEATED = 200;

export const title = ({ number, title: text }: ReportItem) =>
  `${number === undefined ? '' : `<span class="number">#${number}</span> `}${esc(text)}`;

/** Whose change brought the drift about, as HTML. */
export const blamed = ({ state, status: { history: [last] = [] } }: ReportItem): string =>
  state === 'Drifted' && last ? changer(last) : '';

/** Name and value as HTML, of what is known. */
function facts(item: ReportItem, now: Date): [string, string][] {
  const { status, source } = item;
  const all: [string, string | undefined][] = [
    ['Claim', esc(claimText(item))],
    ['Checks', status.progress && `${esc(status.progress)} pass`],
    ['Since', status.since && [moment(status.since), ago(status.since, now)].filter(Boolean).join(' · ')],
    ['Changed by', blamed(item)],
    ['Regressions', status.regressions ? String(status.regressions) : ''],
    ['Effort', item.effort && esc(item.effort)],
    ['Impact', item.impact && esc(item.impact)],
    ['Milestone', item.milestone && esc(item.milestone)],
    ['Owner', item.owner && esc(item.owner)],
    ['Due', item.dueDate && esc(item.dueDate)],
    ['Source', source && `<code>${esc(source.document)}${source.line ? `:${source.line}` : ''}</code>`],
  ];
  return all.filter((each): each is [string, string] => Boolean(each[1]));
}

function checks(
  heading: string,
  all: readonly CheckStatus[] = [],
  descriptions: ReadonlyMap<string, string>,
  placeOf: PlaceOf,
): string {
  const about = ({ name }: CheckStatus) => {
    const text = descriptions.get(name);
    return text ? `<p class="about" dir="auto">${esc(text)}</p>` : '';
  };
  if (all.length === 0) return '';
  return `<h5>${heading}</h5>
<ul class="checks">${all
    .map(
      (check) =>
        `<li><p class="check">${verdictBadge(check.verdict)} <b><bdi>${esc(check.name)}</bdi></b> <span class="quiet"><bdi>${esc(check.type)}</bdi>${check.advisory ? ', advisory' : ''}</span></p>${about(check)}${said(check)}${findings(check, placeOf)}</li>`,
    )
    .join('')}</ul>`;
}

/** The check's own message, where its first finding does not say the same. */
const said = ({ message, findings: [first] = [] }: CheckStatus): string =>
  first && told(first, message) && message.startsWith(first.message)
    ? ''
    : `<p dir="auto">${esc(message)}</p>`;

/** A finding that the check's own message repeats needs no list, unless it knows more. */
const told = ({ fix, field, location, message }: StatusFinding, said: string) =>
  Boolean(fix || field || location || message !== said);

function findings({ findings: all = [], findingsTotal = 0, message }: CheckStatus, placeOf: PlaceOf): string {
  const shown = all.filter((each) => all.length > 1 || told(each, message));
  if (shown.length === 0) return '';
  const hidden = findingsTotal - all.length;
  return `<ul class="findings">${shown.map((each) => finding(each, evidenceOf(each, placeOf))).join('')}${
    hidden > 0 ? `<li class="quiet">and ${counted(hidden, 'more finding')}</li>` : ''
  }</ul>`;
}

const SEVERITY_SHAPES: Readonly<Record<StatusFinding['severity'], Shape>> = {
  Fail: 'cross',
  Unknown: 'question',
  Warning: 'warning',
  NotApplicable: 'dash',
  Note: 'note',
  Waived: 'wave',
};

function finding(each: StatusFinding, place: Place | undefined): string {
  const { severity, reason, subject, field, message } = each;
  const fix = fixOf(each);
  const about = [
    subject &&
      `<bdi>${esc(`${subject.kind} ${[subject.namespace, subject.name].filter(Boolean).join('/')}`)}</bdi>`,
    field && `<code>${esc(field)}</code>`,
    place && `<code>${esc(placeText(place))}</code>`,
  ].filter(Boolean);
  return `<li class="v-${severity}"><p class="kind">${icon(SEVERITY_SHAPES[severity])} <b>${severity}</b> <span>${esc(reason)}</span></p>
<p dir="auto">${esc(message)}</p>${about.length > 0 ? `<p class="about">${about.join(' · ')}</p>` : ''}${
    fix ? `<p class="fix" dir="auto"><b>Fix</b> ${esc(fix)}</p>` : ''
  }</li>`;
}

function history(all: readonly Transition[] = []): string {
  if (all.length === 0) return '';
  return `<details><summary>History <span class="quiet">${counted(all.length, 'change')}</span></summary><ol class="history">${all
    .map(
      (each) =>
        `<li class="s-${each.to}">${icon(STATE_SHAPES[each.to])}<div><p>${moment(each.at)} ${each.from ? `<span class="quiet">${esc(each.from)} →</span> ` : ''}<b class="to">${each.to}</b></p><p dir="auto">${esc(each.message)}</p>${
          each.changedBy ? `<p class="about">Changed by ${changer(each)}</p>` : ''
        }</div></li>`,
    )
    .join('')}</ol></details>`;
}

function changer({ changedBy }: Transition): string {
  if (!changedBy) return '';
  const { kind, namespace, name, manager } = changedBy;
  const object = `${kind} ${[namespace, name].filter(Boolean).join('/')}`;
  return `<bdi>${esc(object)}</bdi>${manager ? ` (<bdi>${esc(manager)}</bdi>)` : ''}`;
}

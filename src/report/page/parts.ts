// The small parts that the page of a report is put together from. Whatever comes
// from outside goes through `esc`, and nothing else makes markup of text.

import type { State, Verdict } from '../../api/status.ts';
import { countStates, done, type ReportItem, refer } from '../review.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters, marks that turn the direction of text, and what no text may hold. */
const CONTROLS = /[[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]--[\n\t]]/gv;

/** For text and for attributes in quotes. */
export const esc = (text: string): string =>
  text
    .toWellFormed()
    .replace(CONTROLS, ' ')
    .replace(/[&<>"']/g, (each) => ENTITIES[each] ?? each);

/** Unique on the page, and nothing but letters, digits, dashes and underscores. */
export const anchor = ({ namespace, name }: ReportItem) =>
  `item-${`${namespace}/${name}`.replace(/[^a-zA-Z0-9-]/gu, (each) => `_${each.codePointAt(0)?.toString(16)}_`)}`;

const SHAPES = {
  check: '<path d="M3 8.6l3.2 3.2L13 4.6"/>',
  cross: '<path d="M4 4l8 8M12 4l-8 8"/>',
  fall: '<path d="M2 4.5l4 4 2.6-2.6L14 11.3M14 7.6v3.7h-3.7"/>',
  ring: '<circle cx="8" cy="8" r="5"/>',
  stop: '<circle cx="8" cy="8" r="5.4"/><path d="M4.2 4.2l7.6 7.6"/>',
  question: '<path d="M5.6 6.2a2.4 2.4 0 1 1 3.7 2c-.9.6-1.3 1-1.3 2M8 12.6v.1"/>',
  warning: '<path d="M8 2.4l6.2 11.2H1.8zM8 6.6v3.2M8 11.7v.1"/>',
  pause: '<path d="M5.8 3.8v8.4M10.2 3.8v8.4"/>',
  wave: '<path d="M2.4 9.4c1.6-3.4 3.9-3.4 5.6-1.4s4 2 5.6-1.4"/>',
  dash: '<path d="M3.6 8h8.8"/>',
  note: '<circle cx="8" cy="8" r="5.6"/><path d="M8 7.4v3.2M8 5.2v.1"/>',
} as const;
export type Shape = keyof typeof SHAPES;

/** Every icon once; the page refers to them. */
export const SPRITE = `<svg width="0" height="0" class="sprite" aria-hidden="true">${Object.entries(SHAPES)
  .map(([name, shape]) => `<symbol id="i-${name}" viewBox="0 0 16 16">${shape}</symbol>`)
  .join('')}</svg>`;

export const icon = (shape: Shape) => `<svg class="icon" aria-hidden="true"><use href="#i-${shape}"/></svg>`;

export const STATE_SHAPES: Readonly<Record<State, Shape>> = {
  Implemented: 'check',
  Waived: 'wave',
  Unknown: 'question',
  Pending: 'ring',
  Blocked: 'stop',
  Drifted: 'fall',
  Invalid: 'warning',
  Suspended: 'pause',
};

const VERDICT_SHAPES: Readonly<Record<Verdict, Shape>> = {
  Pass: 'check',
  Fail: 'cross',
  Unknown: 'question',
  NotApplicable: 'dash',
  Waived: 'wave',
};

/** The state in words, with its icon: never the colour alone. */
export const stateBadge = ({ state }: ReportItem) =>
  `<span class="badge s-${state}">${icon(STATE_SHAPES[state])}${state}</span>`;

export const verdictBadge = (verdict: Verdict) =>
  `<span class="badge v-${verdict}">${icon(VERDICT_SHAPES[verdict])}${verdict === 'NotApplicable' ? 'Not applicable' : verdict}</span>`;

/** How many links to items a sentence takes. */
const MAX_CHIPS = 24;

/** Short links to items; the title tells what a number stands for. */
export function chips(items: readonly ReportItem[]): string {
  const hidden = items.length - MAX_CHIPS;
  return items
    .slice(0, MAX_CHIPS)
    .map(
      (item) =>
        `<a class="chip s-${item.state}" href="#${anchor(item)}" title="${esc(`${item.title}: ${item.state}`)}">${icon(STATE_SHAPES[item.state])}<bdi>${esc(refer(item))}</bdi></a>`,
    )
    .concat(hidden > 0 ? [`<span class="quiet">and ${hidden} more</span>`] : [])
    .join(' ');
}

/** A bar of all states, said in words for those who do not see it. */
export function bar(items: readonly ReportItem[]): string {
  const parts = countStates(items);
  const words = parts.map(([state, count]) => `${count} ${state}`).join(', ');
  return `<span class="bar" title="${words}" aria-hidden="true">${parts
    .map(([state, count]) => `<i class="s-${state}" style="flex:${count}"></i>`)
    .join('')}</span><span class="hidden">${words}</span>`;
}

export const progress = (items: readonly ReportItem[]) => `${done(items)} of ${items.length} done`;

/** A moment to the minute; what is no moment is shown as it stands. */
export function moment(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return esc(time);
  const text = at.toISOString();
  return `<time datetime="${text}">${text.slice(0, 10)} <span class="clock">${text.slice(11, 16)} UTC</span></time>`;
}

/** How long ago, in whole days. */
export function ago(time: string, now: Date): string {
  const days = Math.floor((now.getTime() - Date.parse(time)) / 86_400_000);
  if (!(days >= 0)) return '';
  return days === 0 ? 'today' : days === 1 ? '1 day ago' : `${days} days ago`;
}

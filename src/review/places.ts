// What a heading opens: a group of one priority, one item, the roadmap, the
// prerequisites, the tracking table.

import { bare, type Claim, type Priority, priorityGroup, statusIn } from './words.ts';

export type PlaceKind =
  | 'preamble'
  | 'summary'
  | 'actions'
  | 'group'
  | 'item'
  | 'details'
  | 'roadmap'
  | 'prerequisites'
  | 'tracking'
  | 'observed'
  | 'related'
  | 'legend'
  | 'other';

/** Where in the document a block stands. */
export interface Place {
  readonly kind: PlaceKind;
  readonly depth: number;
  readonly heading: string;
  readonly line: number;
  readonly priority?: Priority;
  readonly category?: string;
  readonly milestone?: string;
  /** A group such as "Done": what it claims of its items. */
  readonly claim?: Claim;
  /** What a section of details or prerequisites is about. */
  readonly about?: string;
  /** Of a heading that is an item. */
  readonly number?: number;
  readonly title?: string;
}

const NAMES: readonly (readonly [PlaceKind, RegExp])[] = [
  ['observed', /^(as observed|observed|verdicts?|evidence)\b/iu],
  ['legend', /^(legend|key|status (legend|key)|table of contents|contents|toc)$/iu],
  [
    'prerequisites',
    /\b(pre-?requisites?|dependencies|preconditions?|requirements|voraussetzung(?:en)?|abhängigkeiten)\b/iu,
  ],
  [
    'roadmap',
    /\b(road ?map|milestones|timeline|schedule|implementation plan|phases|sprints?|fahrplan|zeitplan|meilensteine)\b/iu,
  ],
  [
    'tracking',
    /^(tracking|progress( tracking| log)?|change ?log|history|updates|activity|log|status log|revision history|document history|verlauf|änderungen|fortschritt)$/iu,
  ],
  [
    'related',
    /^(related\b.*|references?|links|see also|further reading|resources|documentation|verwandte dokumente|siehe auch|quellen)$/iu,
  ],
  [
    'summary',
    /^((executive|management)? ?summary|overview|introduction|background|context|tl;?dr|scope|methodology|about\b.*|purpose|conclusions?|at a glance|zusammenfassung|überblick|einleitung|hintergrund)$/iu,
  ],
  [
    'actions',
    /\b(action items?|actions|findings|recommendations|tasks?|to-?dos?|issues|(remaining|open) items|backlog|checklist|items by priority|maßnahmen|aufgaben|befunde|empfehlungen)\b/iu,
  ],
];

const NUMBERED =
  /^(?<word>item|finding|issue|action|task|recommendation|rec)?\s*(?<hash>#)?(?<number>\d{1,5})\s*(?<mark>[.):–—-])?\s+(?<title>\S.*)$/iu;
const CODED = /^\[?(?<code>[A-Z]{2,8}-(?<number>\d{1,5}))\]?\s*[:–—-]?\s+(?<title>\S.*)$/u;

/** How the section goes on until the next heading of its depth. */
export interface Section {
  readonly hasItems: boolean;
  readonly hasHeadings: boolean;
}

/** The place that a heading opens under its parent. */
export function placeOf(
  heading: string,
  { isTitle, ...at }: { readonly depth: number; readonly line: number; readonly isTitle?: boolean },
  parent: Place | undefined,
  section: Section,
): Place {
  const base = { ...at, heading };
  const inherited = parent?.kind;
  const name = bare(heading).replace(/^(\d+(\.\d+)*[.):]?\s+)/, '');
  if ((at.depth === 1 || isTitle) && !parent) return { ...base, kind: 'preamble' };
  if (/^(implementation )?(details?|notes|resolution|evidence|fix) (for|of|on)\b/iu.test(name))
    return { ...base, kind: 'details', about: name.replace(/^.*?\b(for|of|on)\b/iu, '') };
  // What stands under an item belongs to it, whatever it is called.
  if (parent && (inherited === 'item' || inherited === 'details')) return { ...parent, depth: at.depth };
  // What stands under a summary or a tracking table is of the same kind, whatever it is called.
  if (parent && ['summary', 'tracking', 'related', 'observed', 'legend'].includes(parent.kind))
    return { ...parent, ...at };
  const under = inherited === 'group' || inherited === 'actions';
  const item = itemHeading(heading.trim(), under || at.depth >= 3);
  // "4. Update dependencies" under a group is an item, and no list of prerequisites.
  if (item && under && !(section.hasItems && !item.certain))
    return { ...base, ...carried(parent), kind: 'item', ...item };
  const known = NAMES.find(([, pattern]) => pattern.test(name))?.[0];
  const group = priorityGroup(heading);
  if (known && known !== 'actions' && known !== inherited && !group) return { ...base, kind: known };
  if (inherited === 'roadmap') return { ...base, kind: 'roadmap', milestone: milestoneOf(heading) };
  if (inherited === 'prerequisites')
    return { ...base, kind: 'prerequisites', about: name.replace(/^(for|of|für|zu)\s+/iu, '') };
  if (known && known !== 'actions' && !group) return { ...base, kind: known };
  if (group) return { ...base, kind: 'group', ...group };
  if (item && !(section.hasItems && !item.certain))
    return { ...base, ...carried(parent), kind: 'item', ...item };
  const status =
    /^[\p{L} ]{2,30}$/u.test(name.replace(/\s*items?$/iu, '')) && !under ? statusIn(name) : undefined;
  if (status && !status.note) return { ...base, kind: 'group', claim: status.status };
  if (known === 'actions') return { ...base, ...carried(parent), kind: 'actions' };
  if (under) {
    if (section.hasItems || section.hasHeadings)
      return { ...base, ...carried(parent), kind: 'group', category: name };
    return { ...base, ...carried(parent), kind: 'item', title: name };
  }
  return {
    ...base,
    kind: section.hasItems ? 'group' : 'other',
    ...(section.hasItems ? { category: name } : {}),
  };
}

/** What the items of a group have from it. */
const carried = (parent: Place | undefined) => ({
  ...(parent?.priority ? { priority: parent.priority } : {}),
  ...(parent?.category ? { category: parent.category } : {}),
  ...(parent?.claim ? { claim: parent.claim } : {}),
});

function itemHeading(
  text: string,
  under: boolean,
): { number?: number; title: string; certain: boolean } | undefined {
  const coded = CODED.exec(text)?.groups;
  if (coded) return { number: Number(coded.number), title: `${coded.code}: ${coded.title}`, certain: true };
  const numbered = NUMBERED.exec(text)?.groups;
  if (!numbered) return undefined;
  const certain = numbered.word !== undefined || numbered.hash !== undefined;
  if (!certain && !(under && numbered.mark)) return undefined;
  return { number: Number(numbered.number), title: numbered.title ?? '', certain };
}

/** "Week 2-3 (Immediate)" is the milestone Week 2-3. */
export const milestoneOf = (heading: string): string =>
  bare(heading)
    .replace(/\s*\([^()]*\)$/, '')
    .replace(/^(milestone|phase)\s*:\s*/iu, '')
    .slice(0, 128);

// The words of a review: statuses, priorities, efforts, impacts and dates as
// people write them, turned into the values of a RemediationItem.

import type { CLAIMS, IMPACTS, PRIORITIES } from '../api/item.ts';

export type Claim = (typeof CLAIMS)[number];
export type Priority = (typeof PRIORITIES)[number];
export type Impact = (typeof IMPACTS)[number];

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH = `(?<month>jan(?:uary?)?|feb(?:ruary?)?|mar(?:ch)?|märz|apr(?:il)?|ma[yi]|jun[ei]?|jul[yi]?|aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)\\.?`;
const DATES: readonly RegExp[] = [
  /\b(?<year>\d{4})[-/](?<m>\d{1,2})[-/](?<day>\d{1,2})(?!\d)/,
  new RegExp(`\\b${MONTH}\\s+(?<day>\\d{1,2})(?:st|nd|rd|th)?,?\\s+(?<year>\\d{4})\\b`, 'i'),
  new RegExp(`\\b(?<day>\\d{1,2})(?:st|nd|rd|th|\\.)?\\s+${MONTH},?\\s+(?<year>\\d{4})\\b`, 'i'),
  /\b(?<day>\d{1,2})\.(?<m>\d{1,2})\.(?<year>\d{4})\b/,
];

export interface FoundDate {
  /** YYYY-MM-DD */
  readonly day: string;
  /** As it stands in the text. */
  readonly text: string;
}

const GERMAN_MONTHS: Readonly<Record<string, string>> = { mär: 'mar', mai: 'may', okt: 'oct', dez: 'dec' };

/** 1 for January, in either language. */
function monthOf(name: string): number {
  const short = name.slice(0, 3).toLowerCase();
  return MONTHS.indexOf(GERMAN_MONTHS[short] ?? short) + 1;
}

/**
 * The first date of a text. 03/04/2026 is not taken for one: half of the world
 * reads it as April and the other half as March.
 */
export function dateIn(text: string): FoundDate | undefined {
  for (const pattern of DATES) {
    const match = pattern.exec(text);
    if (!match?.groups) continue;
    const { year, month, m, day } = match.groups;
    const number = month ? monthOf(month) : Number(m);
    const date = new Date(Date.UTC(Number(year), number - 1, Number(day)));
    // 2026-02-31 is nobody's day.
    if (number < 1 || date.getUTCMonth() !== number - 1 || date.getUTCDate() !== Number(day)) continue;
    return { day: date.toISOString().slice(0, 10), text: match[0] };
  }
  return undefined;
}

/** In this order: "not implemented" and "partially done" must not be taken for done. */
const STATUSES: readonly (readonly [Claim, RegExp])[] = [
  [
    'Abandoned',
    /\b(abandoned|won'?t[ -]?(fix|do)|wontfix|rejected|obsolete|cancell?ed|not planned|dropped|verworfen|abgelehnt|entfällt|n\/a|not applicable)\b|🚫|🗑/iu,
  ],
  [
    'Pending',
    /\b(not (yet )?(done|started|implemented|fixed|complete[d]?|addressed|resolved)|incomplete|unresolved|pending|to-?do|open|offen|ausstehend|geplant|zurückgestellt|nicht (?:begonnen|umgesetzt|erledigt)|planned|backlog|queued|deferred|on hold|blocked|new|proposed|scheduled)\b|❌|⬜|☐|🔲|📋|⏸|🔴|^-$|^no$/iu,
  ],
  [
    'InProgress',
    /\b(in[ -]?progress|wip|ongoing|started|partial(ly)?(\s+(fixed|done|implemented|completed?|remediated|resolved))?|in (?:arbeit|bearbeitung|umsetzung)|teilweise|begonnen|in review|doing|underway|under way)\b|🚧|🔄|⏳|🟡|🟠|◐|🏗/iu,
  ],
  [
    'Implemented',
    /\b(implemented|done|completed?|fixed|resolved|remediated|erledigt|umgesetzt|abgeschlossen|behoben|fertig|closed|merged|shipped|deployed|finished|addressed)\b|✅|☑|✔|✓|🟢|🎉|^x$|^yes$/iu,
  ],
];

/** As the report writes a claim; its note may say anything. */
const CANONICAL =
  /^(?:\S+ )?(?<status>Implemented|In progress|Pending|Abandoned)(?: \((?<day>\d{4}-\d{2}-\d{2})\))?(?:: (?<note>\S.*))?$/u;

export interface FoundStatus {
  readonly status: Claim;
  readonly date?: string;
  /** What else the text says. */
  readonly note?: string;
}

/** What a status cell or a remark claims; undefined where it claims nothing that is known. */
export function statusIn(text: string): FoundStatus | undefined {
  const own = CANONICAL.exec(text)?.groups;
  if (own)
    return {
      status: (own.status ?? '').replace('In progress', 'InProgress') as Claim,
      ...(own.day ? { date: own.day } : {}),
      ...(own.note ? { note: own.note } : {}),
    };
  const straight = text.replaceAll('’', "'");
  for (const [status, pattern] of STATUSES) {
    const match = pattern.exec(straight);
    if (!match) continue;
    const date = dateIn(straight);
    let rest = straight.replaceAll(new RegExp(pattern.source, `g${pattern.flags}`), ' ');
    if (date) rest = rest.replace(date.text, ' ');
    // What is left of "✅ **Implemented** (2026-01-03)" is decoration.
    const note = rest
      .replace(/\p{Extended_Pictographic}|\uFE0F/gu, ' ')
      .replace(/\(\s*\)|\[\s*\]/g, ' ')
      .replace(/\s+/g, ' ')
      .replace(/^[\s,;:.·–—-]+|[\s,;:·–—-]+$/gu, '')
      .replace(/^\((?<inside>[^()]*)\)$/, '$<inside>')
      .trim();
    const said = /[\p{L}\p{N}]{2}/u.test(note) && !/^(on|at|in|by|am|vom|seit)$/i.test(note);
    const why = said ? note : status === 'Abandoned' ? match[0] : undefined;
    return {
      status,
      ...(date ? { date: date.day } : {}),
      ...(why ? { note: why.slice(0, 1024) } : {}),
    };
  }
  return undefined;
}

const PRIORITY_WORDS: readonly (readonly [Priority, RegExp])[] = [
  ['Critical', /^(critical|kritische?|urgent|blockers?|highest|immediate|p0|sev ?(erity)? ?[01])\b|^🔴/iu],
  ['High', /^(high|hoch|hohe|major|important|p1|must[ -](?:have|fix|do)|sev(erity)? ?2)\b|^🟠/iu],
  [
    'Medium',
    /^(medium|mittel|mittlere|med|moderate|normal|p2|should[ -](?:have|fix|do)|sev(erity)? ?3)\b|^🟡/iu,
  ],
  [
    'Low',
    /^(low|niedrige?|gering|geringe|lowest|minor|trivial|nice[ -]to[ -]have|could[ -](?:have|fix|do)|p[345]|sev(erity)? ?[45])\b|^🟢/iu,
  ],
];

/** The priority that a cell names. */
export function priorityIn(text: string): Priority | undefined {
  const plain = bare(text);
  for (const [priority, pattern] of PRIORITY_WORDS)
    if (pattern.test(plain) || pattern.test(text.trim())) return priority;
  return undefined;
}

/**
 * A heading that opens a group of one priority, such as "High Priority - Performance",
 * "🔴 Critical", "Priority 1: High" or "Items of medium severity"; with what else it says.
 */
export function priorityGroup(heading: string): { priority: Priority; category?: string } | undefined {
  const plain = bare(heading).replace(/^\d+(\.\d+)*[.):]?\s+/, '');
  const around = /^(?:priority|severity)\s*\d*\s*[:–—-]\s*(?<rest>.+)$/iu.exec(plain)?.groups?.rest ?? plain;
  const priority = priorityIn(around);
  if (priority) {
    const rest = around.replace(/^(?:nice|must|should|could)[ -](?:to[ -])?(?:have|fix|do)|^\S+/iu, '');
    // "High availability for Redis" is a title, "High Priority", "High: x", "High (x)" and "High" are groups.
    const group =
      /^\s*(?:[-/&]?\s*(?:priority|priorität|severity|impact|risk|prio)(?:\s+(?:items?|findings?|issues?|actions?|tasks?|fixes))?|\s*(?:items?|findings?|issues?|actions?|tasks?))?\s*(?:$|[-–—:|/]\s*(?<after>.+)$|\((?<inside>[^()]*)\)\s*$)/iu.exec(
        rest,
      );
    if (!group) return undefined;
    const category = (group.groups?.after ?? group.groups?.inside ?? '').trim();
    return { priority, ...(category ? { category } : {}) };
  }
  const later =
    /^(?<before>.*?)[\s(–—-]+(?:of\s+)?(?<word>critical|high|medium|low|p[0-4])(?:\s+(?:priority|severity))?\)?$/iu.exec(
      plain,
    );
  if (later?.groups && /priority|severity|\(/iu.test(plain)) {
    const found = priorityIn(later.groups.word ?? '');
    const before = (later.groups.before ?? '')
      .replace(/\b(items?|findings?|priority|severity)\b/giu, '')
      .trim();
    if (found) return { priority: found, ...(before ? { category: before } : {}) };
  }
  return undefined;
}

/** HIGH, medium, Low; critical counts as High, the highest that an impact can be. */
export function impactIn(text: string): Impact | undefined {
  const priority = priorityIn(text);
  return priority === 'Critical' ? 'High' : priority;
}

const UNITS: Readonly<Record<string, number>> = { m: 1, h: 60, s: 60, d: 480, t: 480, p: 480, w: 2400 };

/**
 * An effort as a Go duration: 2h, 30 min, 1.5 hours, 3 days (of 8 hours), 2 weeks
 * (of 40), ~4h; of a range the larger end. `exact` is false where something was lost.
 */
export function effortIn(text: string): { duration: string; exact: boolean } | undefined {
  if (/^(\d+h)?(\d+m)?$/.test(text) && text !== '') return { duration: text, exact: true };
  const plain = bare(text).toLowerCase().replaceAll(',', '.');
  const match =
    /^[~≈<]?\s*(?:(?<low>\d+(?:\.\d+)?)\s*\S{0,7}?\s*(?:-|–|—|to|bis)\s*)?(?<amount>\d+(?:\.\d+)?)\s*(?<unit>m(?:in(?:ute)?[ns]?)?|h(?:(?:ou)?rs?)?|std|stunden?|d(?:ays?)?|tage?n?|pt|w(?:(?:ee)?ks?)?|wochen?)\b\.?$/u.exec(
      plain,
    );
  if (!match?.groups) return undefined;
  const minutes = Math.round(
    Number(match.groups.amount) * (UNITS[(match.groups.unit ?? 'h').charAt(0)] ?? 60),
  );
  if (minutes <= 0 || minutes > 60 * 100_000) return undefined;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  const duration = `${hours > 0 ? `${hours}h` : ''}${rest > 0 ? `${rest}m` : ''}`;
  return {
    duration,
    exact: match.groups.low === undefined && /^\d/.test(plain) && /^[hms]/.test(match.groups.unit ?? ''),
  };
}

/** Without emphasis, emoji and blanks at the ends. */
export const bare = (text: string): string =>
  text
    .replace(/\p{Extended_Pictographic}|[\uFE0F\u200D]/gu, ' ')
    .replace(/\s+/g, ' ')
    .replace(/^[\s*_:–—-]+|[\s*_:]+$/gu, '')
    .trim();

/** Lower case letters, digits and dashes; empty where nothing of the text can be kept. */
export const slug = (text: string, max = 63): string =>
  text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, max)
    .replace(/-+$/, '');

const PLAIN_WORDS = new Set(
  'a an and add adds added the to for of in on with from at by is are be new use using create created implement implemented set up setup improve update updated make item items action completed priority'.split(
    ' ',
  ),
);

/** The words by which two texts are compared: lower case, singular, without the common ones. */
export const keywords = (text: string): string[] => [
  ...new Set(
    (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
      .map((word) =>
        word.length > 4 && word.endsWith('ies')
          ? `${word.slice(0, -3)}y`
          : word.length > 3
            ? word.replace(/s$/, '')
            : word,
      )
      .filter((word) => word.length > 1 && !PLAIN_WORDS.has(word)),
  ),
];

/** The share, 0 to 1, of the words of `part` that `whole` has, also as a part of a longer word. */
export function likeness(part: string, whole: string): number {
  const wanted = keywords(part);
  if (wanted.length === 0) return 0;
  const there = keywords(whole);
  const found = wanted.filter((word) =>
    there.some(
      (other) =>
        other === word ||
        (word.length >= 5 && other.includes(word)) ||
        (other.length >= 5 && word.includes(other)),
    ),
  );
  return found.length / wanted.length;
}

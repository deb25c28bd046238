// One line of a task list or roadmap as people write it: "Add probes (#9, 4h) -
// done 2026-01-03 @alice", taken apart.

import { bare, dateIn, effortIn, type FoundStatus, type Priority, priorityIn, statusIn } from './words.ts';

export interface Entry {
  readonly title: string;
  readonly number?: number;
  readonly priority?: Priority;
  readonly effort?: string;
  readonly owner?: string;
  readonly dueDate?: string;
  readonly claim?: FoundStatus;
}

const REFERENCE = /#(\d{1,5})\b/g;

/** The item numbers that a text refers to as #9. */
export const numbersIn = (text: string): number[] =>
  [...text.matchAll(REFERENCE)].map((match) => Number(match[1]));

/** Takes a line apart; `checked` is its check box, where it has one. */
export function entryOf(text: string, checked: boolean | null | undefined): Entry {
  const [number] = numbersIn(text);
  let rest = text
    .replace(/#\d{1,5}\b:?/, ' ')
    .replace(/([([])\s*[,;]?\s*/g, '$1')
    .replace(/\(\s*\)|\[\s*\]/g, ' ');
  let owner: string | undefined;
  rest = rest.replace(/(^|\s)\(?@([\w-]{2,64})\)?/u, (_all, _before, name: string) => {
    owner = name;
    return ' ';
  });
  let dueDate: string | undefined;
  const due = /\(?\b(?:due|by|until|deadline)\b\s*:?\s*/iu.exec(rest);
  const dueOn = due ? dateIn(rest.slice(due.index, due.index + 48)) : undefined;
  if (due && dueOn && rest.slice(due.index + due[0].length).startsWith(dueOn.text)) {
    dueDate = dueOn.day;
    rest = rest.replace(`${due[0]}${dueOn.text}`, due[0].startsWith('(') ? '(' : ' ').replace(/\(\s*\)/, ' ');
  }
  let effort: string | undefined;
  let priority: Priority | undefined;
  rest = rest.replace(/[([]([^()[\]]{1,60})[)\]]/gu, (all, inside: string) => {
    const kept = inside.split(/[,;]/).filter((part) => {
      const found = effort ? undefined : effortIn(part);
      if (found) effort = found.duration;
      const named = found || priority ? undefined : wholePriority(part);
      if (named) priority = named;
      return !found && !named && part.trim() !== '';
    });
    return kept.length === inside.split(/[,;]/).length
      ? all
      : kept.length > 0
        ? `(${kept.join(',').trim()})`
        : ' ';
  });
  const prefix = /^\s*\**(critical|high|medium|low|p[0-4])\**\s*[:–—-]\s+/iu.exec(rest);
  if (prefix) {
    priority ??= priorityIn(prefix[1] ?? '');
    rest = rest.slice(prefix[0].length);
  }
  // What stands after the last dash, or in front as an emoji, or in brackets at the end, may be a status.
  const tail =
    /^(?<title>.*\S)\s*(?:\s[–—-]+\s|:\s|\s(?=✅|🚧|❌|⏳|🔄)|(?=\([^()]*\)\s*$))(?<tail>.+)$/u.exec(
      rest,
    )?.groups;
  const remark = tail?.tail ? statusIn(tail.tail) : undefined;
  const short = remark && (remark.date !== undefined || (tail?.tail ?? '').length <= 48);
  const front = /^\s*(?:✅|☑️?|✔️?|🚧|⏳|🔄|⬜|❌)/u.exec(rest)?.[0];
  const title = bare(short ? (tail?.title ?? rest) : rest)
    .replace(/\s+([,.;:)])/gu, '$1')
    .replace(/[\s.;,:–—-]+$/u, '');
  const said = short ? remark : front ? statusIn(front) : undefined;
  const claim = claimOf(checked, said);
  return {
    title: title || bare(text),
    ...(number !== undefined ? { number } : {}),
    ...(priority ? { priority } : {}),
    ...(effort ? { effort } : {}),
    ...(owner ? { owner } : {}),
    ...(dueDate ? { dueDate } : {}),
    ...(claim ? { claim } : {}),
  };
}

/** A ticked box says Implemented, whatever the words; an empty one lets the words say more than Pending. */
function claimOf(
  checked: boolean | null | undefined,
  remark: FoundStatus | undefined,
): FoundStatus | undefined {
  if (checked === true) return remark?.status === 'Implemented' ? remark : { status: 'Implemented' };
  if (checked === false) return remark && remark.status !== 'Implemented' ? remark : { status: 'Pending' };
  return remark;
}

const wholePriority = (text: string): Priority | undefined =>
  /^\s*(critical|high|medium|low|p[0-4])(\s+(priority|severity))?\s*$/iu.test(text)
    ? priorityIn(text)
    : undefined;

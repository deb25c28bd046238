// Lines such as "**Priority:** High" that people write under the heading of an item.

import { type Draft, RANKS } from './gather.ts';
import { milestoneOf } from './places.ts';
import { bare, dateIn, effortIn, impactIn, priorityIn, statusIn } from './words.ts';

export interface Field {
  readonly name: string;
  readonly value: string;
}

const FIELD =
  /^\s*(?:[-*]\s+)?\*{0,2}(?<name>[\p{L}][\p{L} ]{1,24}?)\*{0,2}\s*:\s*\*{0,2}\s*(?<value>\S.*?)\s*\\?$/u;

/** A line of Markdown as name and value, where it is one. */
export function fieldOf(line: string): Field | undefined {
  const groups = FIELD.exec(line)?.groups;
  return groups && { name: bare(groups.name ?? ''), value: groups.value ?? '' };
}

/** Sets the field and answers whether all of the value is in it. */
type Setter = (draft: Draft, value: string, line: number) => boolean;

const keep =
  <K extends keyof Draft>(key: K, parse: (value: string) => Draft[K] | undefined): Setter =>
  (draft, value) => {
    const found = parse(value);
    if (found === undefined) return false;
    draft[key] = found;
    return true;
  };

const unmarked = (value: string) => value.replaceAll(/[*_`]/g, '');
const plainText = (value: string) => bare(unmarked(value)).slice(0, 128) || undefined;

const SETTERS: readonly (readonly [RegExp, Setter])[] = [
  [/^(priority|severity)$/iu, keep('priority', priorityIn)],
  [/^impact$/iu, keep('impact', impactIn)],
  [/^(owner|assignee)$/iu, keep('owner', (value) => plainText(value.replace(/^@/, '')))],
  [/^milestone$/iu, keep('milestone', milestoneOf)],
  [/^(category|area)$/iu, keep('category', plainText)],
  [/^(due( date)?|deadline)$/iu, keep('dueDate', (value) => dateIn(value)?.day)],
  [
    /^(effort|estimate)$/iu,
    (draft, value) => {
      const found = effortIn(unmarked(value));
      if (found) draft.effort = found.duration;
      return found?.exact === true;
    },
  ],
  [
    /^status$/iu,
    (draft, value, line) => {
      const status = statusIn(unmarked(value));
      if (status) draft.evidence.push({ ...status, rank: RANKS.item, line });
      return status !== undefined;
    },
  ],
];

const setterOf = (name: string) => SETTERS.find(([pattern]) => pattern.test(name))?.[1];

/** True where a field of that name belongs to an item. */
export const isField = (name: string): boolean => setterOf(name) !== undefined;

/** Sets a field of an item; a value that cannot be read whole is kept in its description. */
export function setField(draft: Draft, { name, value }: Field, line: number): void {
  if (!setterOf(name)?.(draft, value, line)) draft.paragraphs.push(`${name}: ${value}`);
}

// What must and must not occur in the text of a file.

import type { SourceFile } from '../../facts/view.ts';
import type { Finding } from '../check.ts';
import { finding } from '../shared/messages.ts';
import { compileRe2, type Re2, type Re2Problem, WHERE_COST } from '../shared/re2.ts';
import type { FileParams } from './schema.ts';
import { at, type Effort, lineAt, located, MAX_WORK, type Place, spend, textOf } from './tree.ts';

/** A pattern in which ^ and $ match at lines. */
export const patternOf = (source: string): Re2 | Re2Problem =>
  compileRe2(source, { multiline: true, maxWork: MAX_WORK });

/** Whether a pattern occurs in a file, and in which line where that was asked. */
interface Answer {
  readonly occurs: boolean | undefined;
  line?: number | undefined;
}

/** As long as the file lives and this does not grow too large. */
let answers = new WeakMap<SourceFile, Map<string, Answer>>();
let remembered = 0;
const MAX_REMEMBERED = 200_000;

/** Does the pattern occur? Undefined where finding out costs too much. */
function search(source: string, file: SourceFile, text: string, effort: Effort): Answer {
  const pattern = patternOf(source) as Re2;
  if (!spend(effort, text.length * pattern.size)) return { occurs: undefined };
  const known = answers.get(file)?.get(source);
  if (known) return known;
  if (++remembered > MAX_REMEMBERED) {
    answers = new WeakMap();
    remembered = 0;
  }
  const answer: Answer = { occurs: pattern.test(text) };
  const ofFile = answers.get(file) ?? new Map<string, Answer>();
  answers.set(file, ofFile.set(source, answer));
  return answer;
}

/** The line of its first occurrence, where there is still leave to find it. */
function lineOf(source: string, answer: Answer, text: string, effort: Effort): number | undefined {
  const pattern = patternOf(source) as Re2;
  const cost = text.length * pattern.size * WHERE_COST;
  if (effort.work + cost > MAX_WORK) return undefined;
  effort.work += cost;
  if (!('line' in answer)) {
    const offset = pattern.where(text);
    answer.line = offset === undefined ? undefined : lineAt(text, offset);
  }
  return answer.line;
}

/** The findings of matches and notMatches for each file whose content was kept: pattern by pattern, since few are kept ready. */
export function judgeTexts(
  { matches, notMatches }: FileParams,
  entry: string,
  files: readonly SourceFile[],
  place: Place,
  effort: Effort,
): ReadonlyMap<SourceFile, readonly Finding[]> {
  const findings = new Map(files.map((file): [SourceFile, Finding[]] => [file, []]));
  const each = (
    patterns: readonly string[],
    name: string,
    judge: (about: About, answer: Answer, text: string) => Finding | undefined,
  ) => {
    for (const [index, pattern] of patterns.entries()) {
      for (const [file, own] of findings) {
        const text = textOf(file);
        if (text === undefined) continue;
        const about = { pattern, file, place, field: `${entry}.${name}[${index}]` };
        const answer = search(pattern, file, text, effort);
        const said = answer.occurs === undefined ? tooCostly(about) : judge(about, answer, text);
        if (said) own.push(said);
      }
    }
  };
  each(matches, 'matches', (about, { occurs }) => (occurs ? undefined : noMatch(about)));
  each(notMatches, 'notMatches', (about, answer, text) =>
    answer.occurs ? forbidden(about, lineOf(about.pattern, answer, text, effort)) : undefined,
  );
  return findings;
}

interface About {
  readonly pattern: string;
  readonly file: SourceFile;
  readonly place: Place;
  readonly field: string;
}

const noMatch = ({ pattern, file, place, field }: About): Finding =>
  finding({
    level: 'Fail',
    reason: 'NoMatch',
    subject: place.subject,
    field,
    location: located(place, file.path),
    what: `${at(place, file.path)} has nothing that matches ${pattern}.`,
    fix: 'Put it there (again), or correct the pattern.',
  });

function forbidden({ pattern, file, place, field }: About, line: number | undefined): Finding {
  return finding({
    level: 'Fail',
    reason: 'Matches',
    subject: place.subject,
    field,
    location: located(place, file.path, line),
    what: `${at(place, file.path, line)} has what must not be there: it matches ${pattern}.`,
    fix: 'Take it out, or correct the pattern.',
  });
}

const tooCostly = ({ pattern, file: { path }, place, field }: About): Finding =>
  finding({
    level: 'Unknown',
    reason: 'CostLimit',
    subject: place.subject,
    field,
    location: located(place, path),
    what: `${at(place, path)} cannot be searched for ${pattern}: it costs too much.`,
    fix: 'Narrow path, or simplify the patterns, above all counts such as {1,100}.',
  });

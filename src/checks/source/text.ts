// What must and must not occur in the text of a file.

import type { SourceFile } from '../../facts/view.ts';
import type { Finding } from '../check.ts';
import { finding } from '../shared/messages.ts';
import { compileRe2, type Re2, type Re2Problem } from '../shared/re2.ts';
import type { FileParams } from './schema.ts';
import { at, type Effort, lineAt, located, MAX_WORK, type Place, spend } from './tree.ts';

const compiled = new Map<string, Re2 | Re2Problem>();
const MAX_PATTERNS = 2_000;

/** A pattern in which ^ and $ match at lines; compiled once. */
export function patternOf(source: string): Re2 | Re2Problem {
  const known = compiled.get(source);
  if (known) return known;
  const made = compileRe2(source, { multiline: true, maxWork: MAX_WORK });
  if (compiled.size >= MAX_PATTERNS) compiled.clear();
  compiled.set(source, made);
  return made;
}

const answers = new WeakMap<SourceFile, Map<string, boolean | undefined>>();

/** Does the pattern occur? Undefined where finding out costs too much. */
function occurs(source: string, file: SourceFile, text: string, effort: Effort): boolean | undefined {
  const pattern = patternOf(source) as Re2;
  if (!spend(effort, text.length * pattern.size)) return undefined;
  const known = answers.get(file) ?? new Map<string, boolean | undefined>();
  answers.set(file, known);
  if (!known.has(source)) known.set(source, pattern.test(text));
  return known.get(source);
}

/** The line of its first occurrence, where that is not too costly to say. */
function lineOf(source: string, text: string): number | undefined {
  const offset = (patternOf(source) as Re2).where(text);
  return offset === undefined ? undefined : lineAt(text, offset);
}

/** The findings of matches and notMatches for one file. */
export function judgeText(
  { matches, notMatches }: FileParams,
  entry: string,
  file: SourceFile,
  text: string,
  place: Place,
  effort: Effort,
): readonly Finding[] {
  const findings: Finding[] = [];
  const { subject } = place;
  for (const [index, pattern] of matches.entries()) {
    const found = occurs(pattern, file, text, effort);
    const field = `${entry}.matches[${index}]`;
    if (found === undefined) findings.push(tooCostly(field, pattern, file, place));
    if (found !== false) continue;
    findings.push(
      finding({
        level: 'Fail',
        reason: 'NoMatch',
        subject,
        field,
        location: located(place, file.path),
        what: `${at(place, file.path)} has nothing that matches ${pattern}.`,
        fix: 'Put it there (again), or correct the pattern.',
      }),
    );
  }
  for (const [index, pattern] of notMatches.entries()) {
    const found = occurs(pattern, file, text, effort);
    const field = `${entry}.notMatches[${index}]`;
    if (found === undefined) findings.push(tooCostly(field, pattern, file, place));
    if (!found) continue;
    const line = lineOf(pattern, text);
    findings.push(
      finding({
        level: 'Fail',
        reason: 'Matches',
        subject,
        field,
        location: located(place, file.path, line),
        what: `${at(place, file.path, line)} has what must not be there: it matches ${pattern}.`,
        fix: 'Take it out, or correct the pattern.',
      }),
    );
  }
  return findings;
}

function tooCostly(field: string, pattern: string, { path }: SourceFile, place: Place): Finding {
  return finding({
    level: 'Unknown',
    reason: 'CostLimit',
    subject: place.subject,
    field,
    location: located(place, path),
    what: `${at(place, path)} cannot be searched for ${pattern}: it costs too much.`,
    fix: 'Narrow path, or simplify the patterns, above all counts such as {1,100}.',
  });
}

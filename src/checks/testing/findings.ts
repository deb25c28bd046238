// What a check tells people, in full: every finding of every case as text, kept
// beside the cases, so that a changed message shows as a changed line.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Check, Finding, Subject } from '../check.ts';
import { type Case, readCases, runCase, verdictOf } from './cases.ts';

export interface Told {
  /** What the check says now of this case. */
  now(): string;
  /** What cases/findings.txt says of it. */
  readonly kept: string;
}

/**
 * The words of every case by its name, and the names under which cases/findings.txt keeps words of no case. With
 * `UPDATE_FINDINGS=1` in the environment the file is written anew first. Throws where two cases have one name.
 */
export function toldIn(check: Check, folder: string): { cases: readonly [string, Told][]; stale: string[] } {
  const file = join(folder, 'cases/findings.txt');
  const cases = new Map<string, Case>();
  for (const given of readCases(folder)) {
    if (cases.has(given.name)) throw new Error(`${folder}: two cases are named "${given.name}"`);
    cases.set(given.name, given);
  }
  if (process.env.UPDATE_FINDINGS === '1') {
    const all = [...cases.values()].map((given) => `# ${given.name}\n${words(check, given)}\n`);
    writeFileSync(file, all.join('\n'));
  }
  const kept = keptIn(file);
  return {
    cases: [...cases].map(([name, given]) => [
      name,
      { now: () => words(check, given), kept: kept.get(name) ?? 'nothing' },
    ]),
    stale: [...kept.keys()].filter((name) => !cases.has(name)),
  };
}

function keptIn(file: string): ReadonlyMap<string, string> {
  const blocks = readFileSync(file, 'utf8').split(/^# /m).slice(1);
  return new Map(
    blocks.map((block) => {
      const [name = '', ...lines] = block.trimEnd().split('\n');
      return [name, lines.join('\n')];
    }),
  );
}

function words(check: Check, given: Case): string {
  const judgement = runCase(check, given);
  const { passed, message = '-' } = judgement;
  const verdict = verdictOf(judgement);
  const first = verdict === 'Pass' ? `Pass (${passed}): ${message}` : verdict;
  return [first, ...judgement.findings.flatMap(linesOf)].join('\n');
}

function linesOf({
  level,
  reason,
  subject,
  field,
  message,
  location,
  fix,
  culprits = [],
}: Finding): string[] {
  return [
    `${level} ${reason} ${subject ? named(subject) : '-'} ${field ?? '-'}`,
    `  ${message}`,
    ...(location ? [`  at: ${location.path}${location.line ? `:${location.line}` : ''}`] : []),
    ...(fix ? [`  fix: ${fix}`] : []),
    ...(culprits.length > 0 ? [`  culprits: ${culprits.map(named).join(', ')}`] : []),
  ];
}

const named = ({ kind, namespace, name }: Subject) => [kind, namespace, name].filter(Boolean).join('/');

// What a check tells people, in full: every finding of every case as one text,
// kept beside the cases, so that a changed message shows as a changed line.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Check, Finding, Subject } from '../check.ts';
import { readCases, runCase, verdictOf } from './cases.ts';

export interface Told {
  /** What the check says now. */
  readonly now: string;
  /** What cases/findings.txt says. */
  readonly kept: string;
}

/** With `UPDATE_FINDINGS=1` in the environment the file is written anew first. */
export function toldIn(check: Check, folder: string): Told {
  const file = join(folder, 'cases/findings.txt');
  const now = readCases(folder)
    .map((given) => {
      const judgement = runCase(check, given);
      const { passed, message = '-' } = judgement;
      const verdict = verdictOf(judgement);
      return [
        `# ${given.name}`,
        verdict === 'Pass' ? `Pass (${passed}): ${message}` : verdict,
        ...judgement.findings.flatMap(linesOf),
        '',
      ].join('\n');
    })
    .join('\n');
  if (process.env.UPDATE_FINDINGS === '1') writeFileSync(file, now);
  return { now, kept: readFileSync(file, 'utf8') };
}

function linesOf({ level, reason, subject, field, message, fix, culprits = [] }: Finding): string[] {
  return [
    `${level} ${reason} ${subject ? named(subject) : '-'} ${field ?? '-'}`,
    `  ${message}`,
    ...(fix ? [`  fix: ${fix}`] : []),
    ...(culprits.length > 0 ? [`  culprits: ${culprits.map(named).join(', ')}`] : []),
  ];
}

const named = ({ kind, namespace, name }: Subject) => [kind, namespace, name].filter(Boolean).join('/');

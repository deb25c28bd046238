// The verdicts as JUnit XML, in the form that Jenkins' schema allows and others
// read too: a suite per item, a case per check that decides.

import type { CheckStatus } from '../api/status.ts';
import { fixOf } from './items.ts';
import { evidenceOf, type PlaceOf, placeText, type ReportItem, type ReviewReport, refer } from './review.ts';

/** Work that nobody called done is no failure, unless `strict`: it is skipped, as `verify` ends with 0. */
export function asJunit({ head, items, placeOf, at }: ReviewReport, strict = false): string {
  const suites = items.map((item) => {
    const cases = casesOf(item, placeOf);
    return { item, cases: strict ? cases : spared(item, cases) };
  });
  const sum = (kind: Outcome) =>
    suites.reduce((total, { cases }) => total + cases.filter((each) => each.outcome === kind).length, 0);
  const total = suites.reduce((count, { cases }) => count + cases.length, 0);
  const lines = suites.flatMap(({ item, cases }) => {
    const count = (kind: Outcome) => cases.filter((each) => each.outcome === kind).length;
    return [
      `  <testsuite name="${xml(`${refer(item)}${item.number === undefined ? '' : ` ${item.title}`}`)}" tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}" timestamp="${at.toISOString().slice(0, 19)}">`,
      ...cases.map(
        ({ name, outcome, reason, message, text }) =>
          `    <testcase classname="${xml(`${item.namespace}.${item.name}`)}" name="${xml(name)}"${
            outcome === 'passed' ? '/>' : `>${told(outcome, reason, message, text)}</testcase>`
          }`,
      ),
      '  </testsuite>',
    ];
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="${xml(head.title)}" tests="${total}" failures="${sum('failure')}" errors="${sum('error')}">
${lines.map((line) => `${line}\n`).join('')}</testsuites>
`;
}

/** What is skipped has no attributes in the schema: its reason is its text. */
const told = (
  outcome: Exclude<Outcome, 'passed'>,
  reason: string,
  message: string,
  text = message,
): string =>
  outcome === 'skipped'
    ? `<skipped>${xml(text)}</skipped>`
    : `<${outcome} type="${xml(reason)}" message="${xml(message.split('\n')[0] ?? '')}">${xml(text)}</${outcome}>`;

type Outcome = 'passed' | 'failure' | 'error' | 'skipped';

interface Case {
  readonly name: string;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly message: string;
  /** More than the message, where there is more. */
  readonly text?: string;
}

function spared({ state }: ReportItem, cases: readonly Case[]): readonly Case[] {
  if (state !== 'Pending' && state !== 'Blocked') return cases;
  return cases.map((each) =>
    each.outcome === 'failure' || each.outcome === 'error'
      ? { ...each, outcome: 'skipped', text: `${state}: ${each.text ?? each.message}` }
      : each,
  );
}

function casesOf({ status, state }: ReportItem, placeOf: PlaceOf): readonly Case[] {
  const { prerequisites = [], checks: all = [] } = status;
  const checks = all.filter(({ advisory }) => !advisory);
  // What cannot be judged at all must not look like a suite that passed.
  if (state === 'Suspended' || prerequisites.length + checks.length === 0 || state === 'Invalid')
    return [
      {
        name: 'state',
        outcome: state === 'Suspended' ? 'skipped' : 'error',
        reason: state,
        message: `${state}: ${status.summary ?? ''}`,
      },
    ];
  // A prerequisite and a check may share a name.
  return [
    ...prerequisites.map((check) => ({ ...caseOf(check, placeOf), name: `prerequisite ${check.name}` })),
    ...checks.map((check) => caseOf(check, placeOf)),
  ];
}

function caseOf(check: CheckStatus, placeOf: PlaceOf): Case {
  // The check's own message is that of its first finding.
  const findings = (check.findings ?? [])
    .filter(({ severity }) => severity === 'Fail' || severity === 'Unknown')
    .flatMap((finding) => {
      const place = evidenceOf(finding, placeOf);
      const fix = fixOf(finding);
      return [
        `${finding.reason}: ${finding.message}`,
        ...(place && !finding.message.includes(place.path) ? [`Where: ${placeText(place)}`] : []),
        ...(fix ? [`Fix: ${fix}`] : []),
      ];
    });
  return {
    name: check.name,
    outcome: outcomeOf(check.verdict),
    reason: check.reason,
    message: check.message,
    text: findings.length > 0 ? findings.join('\n') : check.message,
  };
}

function outcomeOf(verdict: CheckStatus['verdict']): Outcome {
  switch (verdict) {
    case 'Pass':
      return 'passed';
    case 'Fail':
      return 'failure';
    case 'Unknown':
      return 'error';
    case 'NotApplicable':
    case 'Waived':
      return 'skipped';
    default:
      return verdict satisfies never;
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML 1.0 has no place for most control characters, not even as entities. */
const xml = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\p{Cc}\uFFFE\uFFFF]/gu, (each) => (each === '\n' || each === '\t' ? each : ' '))
    .replace(/[&<>"']/g, (each) => ENTITIES[each] ?? each);

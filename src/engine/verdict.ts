// From what a check found to the verdict that stands in status.

import type { CheckSpec, Waiver } from '../api/item.ts';
import {
  type CheckStatus,
  MAX_FINDINGS,
  MAX_MESSAGE,
  MAX_REVISION,
  type StatusFinding,
  type Verdict,
} from '../api/status.ts';
import type { Check, CheckContext, Finding, Judgement, Location } from '../checks/check.ts';
import { count } from '../checks/shared/messages.ts';
import { covers, inForce } from './waivers.ts';

/** The registry, by block name. */
export type Checks = ReadonlyMap<string, Check>;

export interface Judged {
  readonly status: CheckStatus;
  /** Fail findings that are not waived: the engine looks for who caused them. */
  readonly failures: readonly Finding[];
  readonly recheckAt: Date | undefined;
}

/** The block of a check's type. The schema has seen to it that there is exactly one. */
export function blockOf(checks: Checks, spec: CheckSpec): { check: Check; params: unknown } {
  for (const [type, check] of checks) {
    if (spec[type] !== undefined) return { check, params: spec[type] };
  }
  throw new Error(`check ${spec.name} has no block of a known type`);
}

/** Judges one check. A check that throws is Unknown: a bug in one harms no other. */
export function judge(
  checks: Checks,
  spec: CheckSpec,
  waivers: readonly Waiver[],
  context: CheckContext,
  before: CheckStatus | undefined,
): Judged {
  const { check, params } = blockOf(checks, spec);
  const judgement = safely(check, params, context);
  const active = waivers.filter((waiver) => waiver.check === spec.name && inForce(waiver, context.now));
  const isWaived = (finding: Finding) =>
    finding.level === 'Fail' && active.some((waiver) => covers(waiver, spec.name, finding.subject));
  const failures = judgement.findings.filter((finding) => finding.level === 'Fail' && !isWaived(finding));
  const waived = judgement.findings.filter(isWaived);
  const unknowns = judgement.findings.filter((finding) => finding.level === 'Unknown');
  const verdict = verdictOf(failures.length, unknowns.length, waived.length, judgement.passed);
  const { reason, message } = inWords(verdict, judgement, failures, unknowns, waived);
  const findings = ordered(judgement.findings, isWaived);
  return {
    status: {
      name: spec.name,
      type: check.type,
      ...(spec.advisory ? { advisory: true } : {}),
      verdict,
      reason,
      message: clip(message),
      ...(findings.length > 0 ? { findings: findings.slice(0, MAX_FINDINGS) } : {}),
      ...(findings.length > MAX_FINDINGS ? { findingsTotal: findings.length } : {}),
      since: before?.verdict === verdict ? before.since : timestamp(context.now),
    },
    failures,
    recheckAt: earliest([judgement.recheckAt, ...active.map((waiver) => new Date(waiver.expires))]),
  };
}

function safely(check: Check, params: unknown, context: CheckContext): Judgement {
  try {
    return check.judge(params, context);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return {
      passed: 0,
      findings: [
        {
          level: 'Unknown',
          reason: 'CheckError',
          message: `the ${check.type} check broke while judging: ${said}`,
          fix: 'This is a bug of the operator: please report it with the item and the operator log.',
        },
      ],
    };
  }
}

function verdictOf(failures: number, unknowns: number, waived: number, passed: number): Verdict {
  if (failures > 0) return 'Fail';
  if (unknowns > 0) return 'Unknown';
  if (waived > 0) return 'Waived';
  return passed > 0 ? 'Pass' : 'NotApplicable';
}

function inWords(
  verdict: Verdict,
  judgement: Judgement,
  failures: readonly Finding[],
  unknowns: readonly Finding[],
  waived: readonly Finding[],
): { reason: string; message: string } {
  switch (verdict) {
    case 'Fail':
      return said(failures);
    case 'Unknown':
      return said(unknowns);
    case 'Waived':
      return { reason: 'Waived', message: `waived: ${said(waived).message}` };
    case 'Pass':
      return {
        reason: 'Passed',
        message: judgement.message ?? `${count(judgement.passed, 'subject')} as required`,
      };
    case 'NotApplicable': {
      const why = judgement.findings.find((finding) => finding.level === 'NotApplicable');
      return { reason: why?.reason ?? 'NotApplicable', message: why?.message ?? 'nothing here to judge' };
    }
    default:
      return verdict satisfies never;
  }
}

function said(findings: readonly Finding[]): { reason: string; message: string } {
  const [first, ...more] = findings;
  const message = first?.message ?? '';
  return {
    reason: first?.reason ?? 'Unknown',
    message: more.length === 0 ? message : `${message} (and ${count(more.length, 'more finding')})`,
  };
}

const ORDER = ['Fail', 'Unknown', 'Waived', 'Warning', 'NotApplicable', 'Note'] as const;

function ordered(findings: readonly Finding[], isWaived: (finding: Finding) => boolean): StatusFinding[] {
  return findings
    .map(
      (finding): StatusFinding => ({
        severity: isWaived(finding) ? 'Waived' : finding.level,
        ...(finding.subject ? { subject: { ...finding.subject } } : {}),
        ...(finding.field ? { field: clip(finding.field, 256) } : {}),
        reason: finding.reason,
        message: clip(finding.message),
        ...(finding.location ? { location: located(finding.location) } : {}),
        ...(finding.fix ? { fix: clip(finding.fix) } : {}),
      }),
    )
    .sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}

const located = ({ path, line, revision }: Location) => ({
  path: clip(path),
  ...(line === undefined ? {} : { line }),
  revision: clip(revision, MAX_REVISION),
});

/** Cuts text to what the CRD accepts, never inside a character; half characters, which no API server stores, are replaced. */
export function clip(text: string, max: number = MAX_MESSAGE): string {
  const whole = text.toWellFormed();
  if (whole.length <= max) return whole;
  const cut = whole.slice(0, max - 1);
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`;
}

/** RFC 3339 in whole seconds, as the API server writes times. */
export const timestamp = (at: Date) => `${at.toISOString().slice(0, 19)}Z`;

export function earliest(times: readonly (Date | undefined)[]): Date | undefined {
  const given = times.filter((time): time is Date => time !== undefined);
  return given.length === 0 ? undefined : new Date(Math.min(...given.map((time) => time.getTime())));
}

// Runs the cases of a check: plain Kubernetes YAML in, verdict and findings out.
// A case is a file cases/*.yaml in the folder of its check; several in one file
// are separated by `---`.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { Manifest } from '../../facts/manifest-files.ts';
import { manifestSource } from '../../facts/manifests.ts';
import { recordFacts } from '../../facts/recording.ts';
import type { Check, Finding, Judgement } from '../check.ts';

const expectedFinding = z.strictObject({
  level: z.enum(['Fail', 'Unknown', 'Warning', 'NotApplicable', 'Note']).optional(),
  reason: z.string(),
  /** Kind/namespace/name. */
  subject: z.string().optional(),
  field: z.string().optional(),
  /** Parts of the message, each of which must occur. */
  message: z.array(z.string()).or(z.string()).optional(),
  /** Kind/namespace/name of each. */
  culprits: z.array(z.string()).optional(),
});

const caseFile = z.strictObject({
  /** The claim: given these objects, this verdict. */
  name: z.string(),
  params: z.unknown(),
  now: z.string().default('2026-01-17T12:00:00Z'),
  namespace: z.string().default('remediation-system'),
  static: z.boolean().default(false),
  objects: z.array(z.looseObject({ apiVersion: z.string(), kind: z.string() })).default([]),
  expect: z.strictObject({
    verdict: z.enum(['Pass', 'Fail', 'Unknown', 'NotApplicable']),
    /** All findings that decide, and any other that is worth a claim. */
    findings: z.array(expectedFinding).default([]),
    recheckAt: z.string().optional(),
  }),
});

export type Case = z.output<typeof caseFile> & { readonly file: string };

/** All cases of a check's folder. Throws, naming the file, where one is not a case. */
export function readCases(folder: string): readonly Case[] {
  return readdirSync(join(folder, 'cases'))
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .flatMap((name) =>
      parseAllDocuments(readFileSync(join(folder, 'cases', name), 'utf8')).map((document) => {
        const parsed = caseFile.safeParse(document.toJS({ maxAliasCount: -1 }));
        if (!parsed.success) throw new Error(`${folder}/cases/${name}: ${z.prettifyError(parsed.error)}`);
        return { ...parsed.data, file: name };
      }),
    );
}

/** Judges a case as `verify --manifests` would. */
export function runCase(check: Check, given: Case): Judgement {
  const params = check.schema.parse(given.params);
  const facts = recordFacts(manifestSource(given.objects as unknown as Manifest[], { static: given.static }));
  return check.judge(params, { facts, now: new Date(given.now), namespace: given.namespace });
}

/** The verdict of a judgement: any Fail, else any Unknown, else Pass if something was good. */
export function verdictOf({ findings, passed }: Judgement): string {
  if (findings.some(({ level }) => level === 'Fail')) return 'Fail';
  if (findings.some(({ level }) => level === 'Unknown')) return 'Unknown';
  return passed > 0 ? 'Pass' : 'NotApplicable';
}

/** The finding in the words of `expect`, so that a difference reads as one. */
function told(finding: Finding): string {
  const { subject } = finding;
  const name = subject ? subjectText(subject) : '-';
  return `${finding.level} ${finding.reason} ${name} ${finding.field ?? '-'}: ${finding.message}`;
}

const subjectText = (subject: NonNullable<Finding['subject']>) =>
  [subject.kind, ...(subject.namespace ? [subject.namespace] : []), subject.name].join('/');

/** What differs between what was expected and what was judged; empty where nothing does. */
export function differences(given: Case, judgement: Judgement): readonly string[] {
  const wrong: string[] = [];
  const { expect } = given;
  const verdict = verdictOf(judgement);
  if (verdict !== expect.verdict) wrong.push(`verdict ${verdict}, expected ${expect.verdict}`);
  const left = [...judgement.findings];
  for (const wanted of expect.findings) {
    const at = left.findIndex((finding) => meets(finding, wanted));
    if (at < 0) wrong.push(`no finding ${JSON.stringify(wanted)}`);
    else left.splice(at, 1);
  }
  for (const finding of left) wrong.push(`unexpected finding: ${told(finding)}`);
  if (expect.recheckAt !== undefined) {
    const at = judgement.recheckAt?.toISOString();
    if (at !== new Date(expect.recheckAt).toISOString()) {
      wrong.push(`recheckAt ${at}, expected ${expect.recheckAt}`);
    }
  }
  return wrong;
}

function meets(finding: Finding, wanted: z.output<typeof expectedFinding>): boolean {
  const parts = typeof wanted.message === 'string' ? [wanted.message] : (wanted.message ?? []);
  return (
    finding.reason === wanted.reason &&
    (wanted.level === undefined || finding.level === wanted.level) &&
    (wanted.subject === undefined ||
      (finding.subject !== undefined && subjectText(finding.subject) === wanted.subject)) &&
    (wanted.field === undefined || finding.field === wanted.field) &&
    (wanted.culprits === undefined ||
      JSON.stringify((finding.culprits ?? []).map(subjectText)) === JSON.stringify(wanted.culprits)) &&
    parts.every((part) => finding.message.includes(part))
  );
}

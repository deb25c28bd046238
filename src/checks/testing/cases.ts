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
import {
  type Fact,
  SOURCE_KINDS,
  type SourceFile,
  type SourceRef,
  type SourceTree,
} from '../../facts/view.ts';
import type { Check, CheckContext, Finding, Judgement } from '../check.ts';

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

const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

/** A Flux source and what is in it. */
const givenTree = z.strictObject({
  kind: z.enum(SOURCE_KINDS).default('GitRepository'),
  /** namespace/name */
  name: z.string().default('flux-system/flux-system'),
  revision: z.string().default('main@sha1:4ae1b7a7f5a9c9d7b6d2f1f1e8a0c3d5e7f90123'),
  files: z.record(z.string(), z.string()),
  /** Paths whose content was not kept, and why. */
  unread: z.record(z.string(), z.string()).default({}),
  /** Globs of which files may be missing, and why. */
  leftOut: z.record(z.string(), z.string()).default({}),
  stale: z.array(z.string()).default([]),
  notes: z.array(z.string()).default([]),
});

const givens = {
  params: z.unknown().optional(),
  now: z.string().optional(),
  /** The item's own namespace. */
  namespace: z.string().optional(),
  static: z.boolean().optional(),
  objects: z.array(object).default([]),
  trees: z.array(givenTree).optional(),
};

const oneCase = z.strictObject({
  /** The claim: given these objects, this verdict. */
  name: z.string(),
  ...givens,
  /** Kind/namespace/name of objects of the suite that are not there in this case. */
  without: z.array(z.string()).default([]),
  expect: z.strictObject({
    verdict: z.enum(['Pass', 'Fail', 'Unknown', 'NotApplicable']),
    /** Every finding that there is, in any order. */
    findings: z.array(expectedFinding).default([]),
    recheckAt: z.string().optional(),
  }),
});

/** What several cases share; a case's own objects take the place of those of the same name. */
const suite = z.strictObject({ ...givens, cases: z.array(oneCase).min(1) });

type Object = z.output<typeof object>;

export type Case = z.output<typeof oneCase> & { readonly file: string };

/** All cases of a check's folder. Throws, naming the file, where one is not a case. */
export function readCases(folder: string): readonly Case[] {
  return readdirSync(join(folder, 'cases'))
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .flatMap((file) => {
      const text = readFileSync(join(folder, 'cases', file), 'utf8');
      return parseAllDocuments(text).flatMap((document) => {
        const [error] = document.errors;
        if (error) throw new Error(`${folder}/cases/${file}: ${error.message}`);
        return casesOf(document.toJS({ maxAliasCount: -1 }), `${folder}/cases/${file}`);
      });
    });
}

function casesOf(document: unknown, path: string): readonly Case[] {
  const isSuite = typeof document === 'object' && document !== null && 'cases' in document;
  const parsed = isSuite ? suite.safeParse(document) : oneCase.safeParse(document);
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
  const file = path.slice(path.lastIndexOf('/') + 1);
  if (!('cases' in parsed.data)) return [{ ...parsed.data, file }];
  const { cases, ...shared } = parsed.data;
  return cases.map((given) => ({
    ...given,
    file,
    params: given.params ?? shared.params,
    now: given.now ?? shared.now,
    namespace: given.namespace ?? shared.namespace,
    static: given.static ?? shared.static,
    trees: given.trees ?? shared.trees,
    objects: together(shared.objects, given.objects, given.without),
  }));
}

function together(shared: readonly Object[], own: readonly Object[], without: readonly string[]): Object[] {
  const key = ({ kind, metadata }: Object) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
  const left = new Map(shared.map((entry) => [key(entry), entry]));
  for (const gone of without) {
    if (!left.delete(gone)) throw new Error(`${gone} cannot be left out: the suite does not have it`);
  }
  for (const entry of own) left.set(key(entry), entry);
  return [...left.values()];
}

/** Judges a case as `verify --manifests` would. */
export const runCase = (check: Check, given: Case): Judgement =>
  check.judge(check.schema.parse(given.params), contextOf(given));

/** What a case gives a check beside its parameters. */
export function contextOf(given: Case): CheckContext {
  const source = manifestSource(given.objects as unknown as Manifest[], {
    static: given.static ?? false,
    ...(given.trees ? { tree: treesOf(given.trees) } : {}),
  });
  return {
    facts: recordFacts(source),
    now: new Date(given.now ?? '2026-01-17T12:00:00Z'),
    namespace: given.namespace ?? 'remediation-system',
  };
}

const treesOf =
  (trees: readonly z.output<typeof givenTree>[]) =>
  (ref: SourceRef): Fact<SourceTree> => {
    const given = trees.find(
      ({ kind, name }) => kind === ref.kind && name === `${ref.namespace}/${ref.name}`,
    );
    if (!given) return { state: 'absent', served: true };
    const paths = [...Object.keys(given.files), ...Object.keys(given.unread)].sort();
    const files = paths.map((path): [string, SourceFile] => {
      const text = given.files[path];
      const unread = given.unread[path];
      return [
        path,
        text === undefined ? { path, size: 0, unread: unread ?? '' } : { path, size: text.length, text },
      ];
    });
    return {
      state: 'known',
      value: {
        revision: given.revision,
        files: new Map(files),
        leftOut: (glob) => given.leftOut[glob],
        stale: given.stale,
        notes: given.notes,
      },
    };
  };

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

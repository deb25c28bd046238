// Proves what the files of a Flux source say, at the revision that Flux applies:
// which exist, and what their content is.

import type { SourceFile } from '../../facts/view.ts';
import { type CheckContext, defineCheck, type Finding, type Judgement, type Subject } from '../check.ts';
import { compileCel } from '../shared/cel.ts';
import { count, finding, isUnknowable, refer, someOf, unknownFinding } from '../shared/messages.ts';
import { judgeDocuments, notKept } from './expectations.ts';
import { compileGlob } from './glob.ts';
import { judgeHeadings } from './headings.ts';
import { reasons } from './reasons.ts';
import { type FileParams, type Params, schema } from './schema.ts';
import { judgeSteps, type Steps, stepMissing } from './steps.ts';
import { judgeTexts, patternOf } from './text.ts';
import {
  at,
  type Effort,
  filesOf,
  located,
  locatedOf,
  type Place,
  SOURCE_KINDS,
  shortRevision,
  textOf,
} from './tree.ts';

export const source = defineCheck<Params>({
  type: 'source',
  summary: 'The files of a Flux source say what they should, at the revision that Flux applies.',
  schema,
  reads: SOURCE_KINDS.map((kind) => ({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind })),
  reasons,
  example: `source:
  ref: {kind: GitRepository, namespace: flux-system, name: flux-system}
  files:
  - path: .github/workflows/flux-local.yaml
    workflowStep:
      uses: aquasecurity/trivy-action
      pinned: true
      with: {scan-type: config, severity: "CRITICAL,HIGH,*"}
      job: security-scan
  - path: docs/runbooks/disaster-recovery.md
    headings: ["*RTO*", "*RPO*", "Restore*"]
  - path: scripts/bootstrap-apps.sh
    matches: ['^run_parallel\\(\\) \\{']
    notMatches: ['^set \\+e']
  - path: "**/*.key"
    exists: false
`,
  problems,
  judge,
});

function problems({ files }: Params) {
  return files.flatMap((entry, index) => {
    const of = (field: string, compiled: { readonly state: string; readonly message?: string }) =>
      compiled.state === 'invalid'
        ? [{ field: `files[${index}].${field}`, message: compiled.message ?? '' }]
        : [];
    return [
      ...of('path', compileGlob(entry.path)),
      ...entry.matches.flatMap((pattern, nr) => of(`matches[${nr}]`, patternOf(pattern))),
      ...entry.notMatches.flatMap((pattern, nr) => of(`notMatches[${nr}]`, patternOf(pattern))),
      ...entry.yaml.flatMap(({ cel }, nr) => of(`yaml[${nr}].cel`, compileCel(cel))),
    ];
  });
}

function judge({ ref, files }: Params, context: CheckContext): Judgement {
  const { kind, name, namespace = context.namespace } = ref;
  const subject: Subject = { kind, namespace, name };
  const tree = context.facts.tree({ kind, namespace, name });
  if (isUnknowable(tree)) return { findings: [unknownFinding(tree, subject)], passed: 0 };
  if (tree.state === 'absent') return { findings: [missing(subject, tree.served)], passed: 0 };

  const place: Place = { tree: tree.value, subject };
  const effort: Effort = { work: 0, steps: 0 };
  const outcomes = files.map((entry, index) => judgeEntry(entry, `files[${index}]`, place, effort));
  const judged = new Set(outcomes.flatMap(({ files }) => files.map(({ path }) => path)));
  return {
    findings: [...outcomes.flatMap(({ findings }) => findings), ...notes(place)],
    passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
    message:
      judged.size === 0
        ? `${refer(subject)} has no such file, as wanted`
        : `${count(judged.size, 'file')} of ${refer(subject)} ${judged.size === 1 ? 'is' : 'are'} as expected`,
  };
}

interface Outcome {
  readonly findings: readonly Finding[];
  readonly passed: number;
  readonly files: readonly SourceFile[];
}

function judgeEntry(entry: FileParams, field: string, place: Place, effort: Effort): Outcome {
  const found = filesOf(place.tree, entry.path, effort);
  if (!found) return { findings: [tooMany(entry, field, place)], passed: 0, files: [] };
  const leftOut = place.tree.leftOut(entry.path);
  if (!entry.exists) {
    if (found.length > 0) return { findings: forbidden(found, field, place), passed: 0, files: found };
    return leftOut === undefined
      ? { findings: [], passed: 1, files: [] }
      : { findings: [away(entry.path, field, place, leftOut)], passed: 0, files: [] };
  }
  if (found.length === 0) {
    const none =
      leftOut === undefined ? absent(entry, field, place) : away(entry.path, field, place, leftOut);
    return { findings: [none], passed: 0, files: [] };
  }
  if (!entry.workflowStep && !asksEach(entry) && found.every(isBlank)) {
    const none = leftOut === undefined ? blank(found, field, place) : away(entry.path, field, place, leftOut);
    return { findings: [none], passed: 0, files: [] };
  }
  const findings: Finding[] = [];
  let passed = 0;
  const texts = judgeTexts(entry, field, found, place, effort);
  for (const file of found) {
    const said = [...(texts.get(file) ?? []), ...judgeFile(entry, field, file, place, effort)];
    findings.push(...said);
    if (said.length === 0) passed++;
  }
  if (leftOut !== undefined && asksEach(entry)) findings.push(partly(entry, field, place, leftOut));
  if (!entry.workflowStep) return { findings, passed, files: found };
  const step = judgeStep(entry.workflowStep, entry.path, field, found, place, effort, leftOut);
  findings.push(...step.findings);
  if (asksEach(entry)) return { findings, passed, files: found };
  return { findings, passed: step.file ? 1 : 0, files: step.file ? [step.file] : [] };
}

/** Is anything asked of the content of each file? */
const asksEach = ({ matches, notMatches, headings, yaml }: FileParams): boolean =>
  matches.length + notMatches.length + headings.length + yaml.length > 0;

/** What is asked of the content of a file beside patterns. */
function judgeFile(
  entry: FileParams,
  field: string,
  file: SourceFile,
  place: Place,
  effort: Effort,
): readonly Finding[] {
  if (!asksEach(entry)) return [];
  if (file.text === undefined) return [notKept(file, `${field}.path`, place)];
  return [
    ...(entry.headings.length > 0 ? judgeHeadings(entry, field, file, place, effort) : []),
    ...(entry.yaml.length > 0 ? judgeDocuments(entry, field, file, place, effort) : []),
  ];
}

/** A step that nobody sees is missing only where every workflow can be seen. */
function judgeStep(
  wanted: NonNullable<FileParams['workflowStep']>,
  path: string,
  field: string,
  files: readonly SourceFile[],
  place: Place,
  effort: Effort,
  leftOut: string | undefined,
): Steps {
  const judged = judgeSteps(wanted, field, files, place, effort);
  if (judged) return judged;
  if (leftOut !== undefined) return { findings: [away(path, field, place, leftOut)] };
  return { findings: [stepMissing(wanted, field, files, place, effort)] };
}

function missing(subject: Subject, served: boolean): Finding {
  return finding({
    level: 'Fail',
    reason: 'SubjectMissing',
    subject,
    what: served
      ? `${refer(subject)} does not exist, so that nothing is applied from it.`
      : `The cluster does not serve ${subject.kind}: Flux's source-controller is not installed, so that nothing is applied from ${refer(subject)}.`,
    fix: 'Create the source, or correct ref.',
  });
}

const tooMany = ({ path }: FileParams, field: string, { subject, tree }: Place): Finding =>
  finding({
    level: 'Unknown',
    reason: 'CostLimit',
    subject,
    field: `${field}.path`,
    what: `Which of the ${tree.files.size} files of ${refer(subject)} are ${path} costs too much to find out.`,
    fix: 'Write the folders out, and fewer wildcards.',
  });

function absent({ path }: FileParams, field: string, place: Place): Finding {
  return finding({
    level: 'Fail',
    reason: 'FileMissing',
    subject: place.subject,
    field: `${field}.path`,
    ...locatedOf(place, path),
    what: `${refer(place.subject)} has no file ${at(place, path)}.`,
    fix: 'Commit it (again), or correct path.',
  });
}

const isBlank = (file: SourceFile): boolean => textOf(file)?.trim() === '';

function blank([first, ...more]: readonly SourceFile[], field: string, place: Place): Finding {
  const path = first?.path ?? '';
  return finding({
    level: 'Fail',
    reason: 'FileEmpty',
    subject: place.subject,
    field: `${field}.path`,
    location: located(place, path),
    what: `${at(place, path)} is empty${more.length > 0 ? `, and so ${more.length === 1 ? 'is' : 'are'} ${count(more.length, 'more file')}` : ''}.`,
    fix: "Fill it; one that is meant to be empty is asked for with matches: ['^'].",
  });
}

/** The tree says itself what to do about it. */
function away(path: string, field: string, place: Place, why: string): Finding {
  return {
    level: 'Unknown',
    reason: 'LeftOut',
    subject: place.subject,
    field: `${field}.path`,
    ...locatedOf(place, path),
    message: `${refer(place.subject)} cannot show ${at(place, path)}: ${why}.`,
  };
}

function partly({ path }: FileParams, field: string, place: Place, why: string): Finding {
  return {
    level: 'Warning',
    reason: 'PartlyLeftOut',
    subject: place.subject,
    field: `${field}.path`,
    message: `${path} may mean more files than ${refer(place.subject)} shows: ${why}.`,
  };
}

const forbidden = (found: readonly SourceFile[], field: string, place: Place): readonly Finding[] =>
  found.map(({ path }) =>
    finding({
      level: 'Fail',
      reason: 'FileForbidden',
      subject: place.subject,
      field: `${field}.exists`,
      location: located(place, path),
      what: `${at(place, path)} exists (${someOf(found.map((file) => file.path))}), and must not.`,
      fix: 'Remove it, or correct path.',
    }),
  );

/** What there is to know about the tree as a whole. */
function notes({ tree, subject }: Place): readonly Finding[] {
  const where = `${refer(subject)} at ${shortRevision(tree.revision)}`;
  return [
    ...tree.stale.map((message): Finding => ({ level: 'Warning', reason: 'SourceStale', subject, message })),
    ...tree.notes.map(
      (note): Finding => ({ level: 'Note', reason: 'SourceNote', subject, message: `${where}: ${note}` }),
    ),
  ];
}

// What to propose for an item: its checks' own remedies, each tried over the
// facts and judged again with the same functions, and kept only if that shows
// what it mends to be mended and nothing of the item to be worse. Pure.

import type { CheckSpec } from '../../api/item.ts';
import type { RemediationItem } from '../../api/remediation-item.ts';
import type { Verdict } from '../../api/status.ts';
import type { Check, CheckContext, Finding, Judgement, Remedy, Way } from '../../checks/check.ts';
import { noRemedy } from '../../checks/shared/remedies.ts';
import { blockOf, type Checks } from '../../engine/verdict.ts';
import { covers, inForce } from '../../engine/waivers.ts';
import type { Edit } from '../../facts/edits.ts';
import { overlay } from '../../facts/overlay.ts';
import { type RecordedFacts, recordFacts } from '../../facts/recording.ts';
import type { Source } from '../../facts/source.ts';

/** Edits that have been judged, and what they mend. */
export interface Suggestion {
  readonly edits: readonly Edit[];
  readonly mends: readonly Finding[];
  readonly decide: readonly string[];
}

/** A finding for which there is no suggestion, and why. */
export interface Unmended {
  readonly finding: Finding;
  readonly because: string;
}

export interface CheckPlan {
  readonly name: string;
  readonly type: string;
  readonly advisory: boolean;
  readonly before: Verdict;
  /** With all suggestions of the item applied. */
  readonly after: Verdict;
  /** What was seen then, in a sentence. */
  readonly seen: string;
  readonly suggestions: readonly Suggestion[];
  readonly without: readonly Unmended[];
}

export interface Plan {
  readonly checks: readonly CheckPlan[];
  /** All edits, in the order in which they were judged. */
  readonly edits: readonly Edit[];
  /** Facts that have not arrived yet: the plan is not final before this is empty. */
  readonly pending: readonly string[];
}

export function planFor(checks: Checks, item: RemediationItem, base: Source, now: Date): Plan {
  const pending = new Set<string>();
  const judgeWith = (edits: readonly Edit[]) => {
    const source = overlay(base, edits);
    return item.spec.checks.map((spec) => judgeCheck(checks, item, spec, source, now, pending));
  };
  const before = judgeWith([]);
  let sofar: Progress = { edits: [], state: before };
  const found = before.map((_, at) => {
    const mended = mend(at, sofar, judgeWith, pending);
    sofar = mended.sofar;
    return mended;
  });
  return {
    edits: sofar.edits,
    pending: [...pending],
    checks: found.map(({ suggestions, givenUp }, at) =>
      checkPlan(before[at] as Judged, sofar.state[at] as Judged, suggestions, givenUp),
    ),
  };
}

/** What has been accepted, and the checks of the item as they are judged with it. */
interface Progress {
  readonly edits: readonly Edit[];
  readonly state: readonly Judged[];
}

/** Goes on as long as something is accepted, of which each leaves less that fails. */
function mend(
  at: number,
  start: Progress,
  judgeWith: JudgeWith,
  pending: Set<string>,
): {
  readonly sofar: Progress;
  readonly suggestions: readonly Suggestion[];
  readonly givenUp: ReadonlyMap<string, string>;
} {
  let sofar = start;
  const suggestions: Suggestion[] = [];
  const givenUp = new Map<string, string>();
  let accepted = 0;
  const accept = (trials: readonly Trial[], state: readonly Judged[]) => {
    for (const { way, gone } of trials) {
      suggestions.push({ edits: way.edits, mends: gone, decide: way.decide });
      sofar = { edits: [...sofar.edits, ...way.edits], state };
    }
    accepted += trials.length;
  };
  /** Many at once where they agree; halves of them where they do not. */
  const attempt = (remedies: readonly Remedy[]): void => {
    const [remedy, ...more] = remedies;
    if (!remedy) return;
    if (more.length > 0) {
      const together = allAtOnce(remedies, at, sofar, judgeWith);
      const half = Math.ceil(remedies.length / 2);
      if (together) accept(together.trials, together.state);
      else for (const part of [remedies.slice(0, half), remedies.slice(half)]) attempt(part);
      return;
    }
    const tried = bestWay(remedy, at, sofar, judgeWith);
    if (tried.trial) accept([tried.trial], tried.trial.state);
    // It was proposed for the facts as they were before others were accepted: it gets another go.
    else if (accepted === 0) giveUp(remedy, tried.because);
  };
  const giveUp = ({ mends }: Remedy, because: string) => {
    for (const finding of mends) givenUp.set(keyOf(finding), because);
  };
  do {
    accepted = 0;
    const current = sofar.state[at] as Judged;
    const failing = current.failing.filter((finding) => !givenUp.has(keyOf(finding)));
    if (failing.length === 0) break;
    const remedies = remediesOf(current, failing, pending);
    for (const remedy of remedies.filter(({ ways }) => ways.length === 0)) giveUp(remedy, reasonOf(remedy));
    attempt(remedies.filter(({ ways }) => ways.length > 0));
  } while (accepted > 0);
  return { sofar, suggestions, givenUp };
}

interface Judged {
  readonly spec: CheckSpec;
  readonly check: Check;
  readonly params: unknown;
  readonly facts: RecordedFacts;
  readonly context: CheckContext;
  readonly judgement: Judgement;
  /** Fail findings that are not waived. */
  readonly failing: readonly Finding[];
  readonly unknown: readonly Finding[];
  readonly verdict: Verdict;
}

function judgeCheck(
  checks: Checks,
  { metadata, spec: { waivers = [] } }: RemediationItem,
  spec: CheckSpec,
  source: Source,
  now: Date,
  pending: Set<string>,
): Judged {
  const { check, params } = blockOf(checks, spec);
  const facts = recordFacts(source);
  const context = { facts, now, namespace: metadata.namespace };
  const judgement = check.judge(params, context);
  for (const message of facts.pending()) pending.add(message);
  const active = waivers.filter((waiver) => waiver.check === spec.name && inForce(waiver, now));
  const fails = judgement.findings.filter(({ level }) => level === 'Fail');
  const failing = fails.filter(
    (finding) => !active.some((waiver) => covers(waiver, spec.name, finding.subject)),
  );
  const unknown = judgement.findings.filter(({ level }) => level === 'Unknown');
  const verdict = verdictOf(failing, unknown, fails.length - failing.length, judgement.passed);
  return { spec, check, params, facts, context, judgement, failing, unknown, verdict };
}

function verdictOf(
  failing: readonly Finding[],
  unknown: readonly Finding[],
  waived: number,
  passed: number,
): Verdict {
  if (failing.length > 0) return 'Fail';
  if (unknown.length > 0) return 'Unknown';
  if (waived > 0) return 'Waived';
  return passed > 0 ? 'Pass' : 'NotApplicable';
}

/** What is read for a remedy is waited for like what is read for a verdict. */
function remediesOf(
  { check, params, facts, context }: Judged,
  failing: readonly Finding[],
  pending: Set<string>,
): readonly Remedy[] {
  if (check.remedies) {
    const remedies = check.remedies(params, context, failing);
    for (const message of facts.pending()) pending.add(message);
    return remedies;
  }
  return failing.map((finding) =>
    noRemedy(
      [finding],
      `For checks of type ${check.type} nothing can be proposed.${finding.fix ? ` ${finding.fix}` : ''}`,
    ),
  );
}

/** A way, judged. */
interface Trial {
  readonly way: Way;
  readonly state: readonly Judged[];
  /** The findings of the remedy that are no longer there. */
  readonly gone: readonly Finding[];
}

type JudgeWith = (edits: readonly Edit[]) => readonly Judged[];

/** The first way of each, if together they mend everything that they are to mend. */
function allAtOnce(
  remedies: readonly Remedy[],
  at: number,
  { edits, state: before }: Progress,
  judgeWith: JudgeWith,
): { readonly trials: readonly Trial[]; readonly state: readonly Judged[] } | undefined {
  const first = remedies.flatMap(({ mends, ways: [way] }) => (way ? [{ mends, way }] : []));
  const state = judgeWith([...edits, ...first.flatMap(({ way }) => way.edits)]);
  if (before.some((was, i) => worsened(was, state[i] as Judged))) return undefined;
  const left = badOf(state[at] as Judged);
  const mends = first.flatMap((each) => each.mends);
  if (goneFrom(mends, left).length < mends.length) return undefined;
  return { state, trials: first.map(({ way, mends: gone }) => ({ way, state, gone })) };
}

/** The first way that mends all that it is to mend, else the first that mends some of it. */
function bestWay(
  remedy: Remedy,
  at: number,
  { edits, state: before }: Progress,
  judgeWith: JudgeWith,
): { readonly trial?: Trial; readonly because: string } {
  let partial: Trial | undefined;
  let objection: string | undefined;
  for (const way of remedy.ways) {
    const state = judgeWith([...edits, ...way.edits]);
    const worse = before.map((was, i) => worsened(was, state[i] as Judged)).find(Boolean);
    if (worse) {
      objection ??= `What is known was judged and is not shown: with it, ${worse}`;
      continue;
    }
    const gone = goneFrom(remedy.mends, badOf(state[at] as Judged));
    if (gone.length === remedy.mends.length) return { trial: { way, state, gone }, because: '' };
    if (gone.length > 0) partial ??= { way, state, gone };
    else objection ??= 'What is known was judged and is not shown: it does not mend it.';
  }
  if (partial) return { trial: partial, because: '' };
  return { because: reasonOf(remedy, objection) };
}

function reasonOf({ without, mends }: Remedy, objection?: string): string {
  const because = [without, objection].filter(Boolean).join(' ');
  return because || mends[0]?.fix || 'Nothing is known that would mend it.';
}

/** Those of the findings that are no longer there; of several alike, those whose very words are not. */
function goneFrom(mends: readonly Finding[], left: readonly Finding[]): readonly Finding[] {
  const words = new Set(left.map(({ message }) => message));
  return [...Map.groupBy(mends, keyOf)].flatMap(([key, alike]) => {
    const still = left.filter((finding) => keyOf(finding) === key).length;
    const sorted = alike.toSorted((a, b) => Number(words.has(a.message)) - Number(words.has(b.message)));
    return sorted.slice(0, Math.max(0, alike.length - still));
  });
}

const badOf = ({ failing, unknown }: Judged) => [...failing, ...unknown];

/** What is wrong after and was not before, or what is no longer seen to be good. */
function worsened(before: Judged, after: Judged): string | undefined {
  const allowed = new Map<string, number>();
  for (const finding of badOf(before)) allowed.set(keyOf(finding), (allowed.get(keyOf(finding)) ?? 0) + 1);
  for (const finding of badOf(after)) {
    const left = allowed.get(keyOf(finding)) ?? 0;
    if (left === 0) return `check ${after.spec.name} says: ${withoutFix(finding)}`;
    allowed.set(keyOf(finding), left - 1);
  }
  if (after.judgement.passed >= before.judgement.passed) return undefined;
  return `check ${after.spec.name} finds only ${after.judgement.passed} good where it was ${before.judgement.passed}`;
}

/** What was found, without the advice at its end. */
export function withoutFix({ message, fix }: Finding): string {
  return fix && message.endsWith(fix) ? message.slice(0, -fix.length).trim() : message;
}

/** Equal for the same finding before and after. The first word tells flows apart, whose messages begin with their path. */
function keyOf({ reason, subject, message }: Finding): string {
  const about = subject ? `${subject.kind}/${subject.namespace ?? ''}/${subject.name}` : '';
  return `${reason} ${about} ${message.split(' ', 1)[0]}`;
}

function checkPlan(
  before: Judged,
  after: Judged,
  suggestions: readonly Suggestion[],
  givenUp: ReadonlyMap<string, string>,
): CheckPlan {
  const { spec, check } = before;
  return {
    name: spec.name,
    type: check.type,
    advisory: spec.advisory,
    before: before.verdict,
    after: after.verdict,
    seen: seen(after),
    suggestions,
    without: [
      ...after.failing.map((finding) => ({
        finding,
        because: givenUp.get(keyOf(finding)) ?? finding.fix ?? 'Nothing is known that would mend it.',
      })),
      ...after.unknown.map((finding) => ({ finding, because: 'It is not known whether this fails.' })),
    ],
  };
}

function seen({ verdict, judgement, failing, unknown }: Judged): string {
  const [first, ...more] = verdict === 'Fail' ? failing : verdict === 'Unknown' ? unknown : [];
  if (!first) return judgement.message ?? '';
  return more.length === 0 ? withoutFix(first) : `${withoutFix(first)} (and ${more.length} more)`;
}

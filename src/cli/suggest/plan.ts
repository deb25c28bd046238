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

/** Rounds of one check: each mends something, so this many workloads at most. */
const MOST_ROUNDS = 200;

export function planFor(checks: Checks, item: RemediationItem, base: Source, now: Date): Plan {
  const pending = new Set<string>();
  const judgeItem = (edits: readonly Edit[]) => {
    const source = overlay(base, edits);
    return item.spec.checks.map((spec) => judgeCheck(checks, item, spec, source, now, pending));
  };
  const before = judgeItem([]);
  let edits: readonly Edit[] = [];
  let state: readonly Judged[] = before;
  const found = before.map((_, at) => {
    const suggestions: Suggestion[] = [];
    const givenUp = new Map<string, string>();
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const current = state[at] as Judged;
      const failing = current.failing.filter((finding) => !givenUp.has(keyOf(finding)));
      if (failing.length === 0) break;
      let accepted: Trial | undefined;
      for (const remedy of remediesOf(current, failing, pending)) {
        const tried = bestWay(remedy, at, state, (way) => judgeItem([...edits, ...way.edits]));
        if (tried.trial) {
          accepted = tried.trial;
          suggestions.push({
            edits: tried.trial.way.edits,
            mends: tried.trial.gone,
            decide: tried.trial.way.decide,
          });
          edits = [...edits, ...tried.trial.way.edits];
          state = tried.trial.state;
          break;
        }
        for (const finding of remedy.mends) givenUp.set(keyOf(finding), tried.because);
      }
      if (!accepted) break;
    }
    return { suggestions, givenUp };
  });
  return {
    edits,
    pending: [...pending],
    checks: found.map(({ suggestions, givenUp }, at) =>
      checkPlan(before[at] as Judged, state[at] as Judged, suggestions, givenUp),
    ),
  };
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

/** The first way that mends all that it is to mend, else the first that mends some of it. */
function bestWay(
  remedy: Remedy,
  at: number,
  before: readonly Judged[],
  judgeWith: (way: Way) => readonly Judged[],
): { readonly trial?: Trial; readonly because: string } {
  let partial: Trial | undefined;
  let objection: string | undefined;
  for (const way of remedy.ways) {
    const state = judgeWith(way);
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
  const because = [remedy.without, objection].filter(Boolean).join(' ');
  return { because: because || remedy.mends[0]?.fix || 'Nothing is known that would mend it.' };
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

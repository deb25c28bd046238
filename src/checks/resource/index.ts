// Proves that objects of any kind exist, as many as wanted, and that each is as
// CEL expressions, a condition and a time say it must be.

import type { WholeObject } from '../../facts/view.ts';
import { type CheckContext, defineCheck, type Finding, type Judgement, type Subject } from '../check.ts';
import { type Answer, ask, type Budget } from '../shared/ask.ts';
import { compileCel } from '../shared/cel.ts';
import { count, finding, refer, someOf } from '../shared/messages.ts';
import { describeSelector } from '../shared/selectors.ts';
import { earliest } from '../shared/settling.ts';
import { findObjects, metaOf, wholeSubject } from './objects.ts';
import { reasons } from './reasons.ts';
import { type Params, schema } from './schema.ts';
import { doubtOf, judgeCondition, judgeFreshness, judgeNewest } from './status.ts';

export const resource = defineCheck<Params>({
  type: 'resource',
  summary: 'Objects of any kind exist, as many as wanted, and each is as it should be.',
  schema,
  reads: ['Namespace'],
  reasons,
  example: `resource:
  apiVersion: helm.toolkit.fluxcd.io/v2
  kind: HelmRelease
  namespace: monitoring
  expect:
  - cel: "self.spec.?suspend.orValue(false) != true"
    message: the release must not be suspended
  condition: {type: Ready, status: "True"}
`,
  problems,
  judge,
});

/** The expressions by the field that they stand in. */
function expressions(params: Params): readonly (readonly [string, string])[] {
  return [
    ...(params.where === undefined ? [] : [['where', params.where] as const]),
    ...params.expect.map(({ cel }, index) => [`expect[${index}].cel`, cel] as const),
  ];
}

function problems(params: Params) {
  return expressions(params).flatMap(([field, source]) => {
    const compiled = compileCel(source);
    return compiled.state === 'invalid' ? [{ field, message: compiled.message }] : [];
  });
}

function judge(params: Params, context: CheckContext): Judgement {
  const found = findObjects(params, context);
  if (found.unknown.length > 0) return { findings: found.unknown, passed: 0 };
  if (!found.served) return { findings: [notServed(params, context)], passed: 0 };

  const budget: Budget = { steps: 0 };
  const { going, ...counted } = thoseThatCount(params, found.objects, budget);
  const findings: Finding[] = [...counted.findings];
  let passed = 0;
  let recheckAt: Date | undefined;
  for (const object of counted.objects) {
    const outcome = judgeObject(params, object, budget, context.now);
    findings.push(...outcome.findings);
    if (outcome.findings.length === 0) passed++;
    recheckAt = earliest(recheckAt, outcome.recheckAt);
  }
  if (params.freshness?.of === 'newest') {
    const all = counted.objects.map((object) => ({ object, subject: wholeSubject(params.kind, object) }));
    const newest = judgeNewest(params.freshness, all, context.now);
    if (newest.finding) findings.push(newest.finding);
    recheckAt = earliest(recheckAt, newest.recheckAt);
  }
  const amount = counted.objects.length;
  // Where one that cannot be decided might count, too few is not proven; too many is.
  const undecided = counted.findings.some(({ level }) => level === 'Unknown');
  const { min, max = Number.POSITIVE_INFINITY } = params.count;
  if (amount > max) findings.push(...tooMany(params, counted.objects));
  else if ((amount < min && amount + going.length >= min) || amount + going.length > max) {
    findings.push(...going.map((object) => beingDeleted(wholeSubject(params.kind, object), object)));
  } else if (amount < min && !undecided) {
    findings.push(tooFew(params, amount, found.objects, context));
  }
  if (params.count.max !== undefined && found.nowhere && findings.length === 0)
    findings.push(nowhere(params, context));
  if (amount === 0 && params.count.max !== undefined && findings.length === 0) passed = 1;
  return {
    findings,
    passed,
    message:
      amount === 0
        ? `no ${params.kind} exists${where(params, context)}, as wanted`
        : `${amount} ${params.kind} ${amount === 1 ? 'is' : 'are'} as expected`,
    recheckAt,
  };
}

/** Asks an expression of an object whose status, where that is what it looks at, is there and of now. */
function askOf(cel: string, subject: Subject, field: string, object: WholeObject, budget: Budget): Answer {
  const answer = ask(cel, { subject, field, who: refer(subject) }, object, budget);
  if (typeof answer !== 'string' && answer.level === 'Unknown') return answer;
  return doubtOf(cel, object, subject, field) ?? answer;
}

/** Those that where lets count, and beside them those that it would if they were not being deleted. */
function thoseThatCount({ kind, where }: Params, all: readonly WholeObject[], budget: Budget) {
  const objects: WholeObject[] = [];
  const going: WholeObject[] = [];
  const findings: Finding[] = [];
  for (const object of all) {
    const isGoing = Boolean(metaOf(object).deletionTimestamp);
    const answer =
      where === undefined ? 'holds' : askOf(where, wholeSubject(kind, object), 'where', object, budget);
    if (answer === 'holds') (isGoing ? going : objects).push(object);
    else if (answer !== 'not' && !isGoing) findings.push(answer);
  }
  return { objects, going, findings };
}

function judgeObject(
  params: Params,
  object: WholeObject,
  budget: Budget,
  now: Date,
): { readonly findings: readonly Finding[]; readonly recheckAt?: Date } {
  const subject = wholeSubject(params.kind, object);
  const findings: Finding[] = [];
  for (const [index, { cel, message }] of params.expect.entries()) {
    const answer = askOf(cel, subject, `expect[${index}]`, object, budget);
    if (answer === 'holds') continue;
    findings.push(answer === 'not' ? notAsExpected(subject, cel, message, index) : answer);
  }
  const condition = params.condition && judgeCondition(params.condition, object, subject, now);
  if (condition) findings.push(condition.finding);
  const fresh =
    params.freshness?.of === 'each' ? judgeFreshness(params.freshness, object, subject, now) : undefined;
  if (fresh?.finding) findings.push(fresh.finding);
  return { findings, recheckAt: earliest(condition?.recheckAt, fresh?.recheckAt) };
}

function notAsExpected(subject: Subject, cel: string, message: string | undefined, index: number): Finding {
  return {
    level: 'Fail',
    reason: 'ExpectationFailed',
    subject,
    field: `expect[${index}]`,
    message: `${refer(subject)}: ${message ?? `${cel} does not hold.`}`,
  };
}

/** The objects that are meant, to stand behind a word. */
function where(params: Params, context: CheckContext): string {
  const { name, namespace, namespaceSelector, labelSelector } = params;
  const named = [
    ...(name ? [` named ${name}`] : []),
    ...(labelSelector ? [` with labels ${describeSelector(labelSelector)}`] : []),
  ].join('');
  if (context.facts.isClusterScoped(params)) return named;
  const spaces = namespaceSelector && describeSelector(namespaceSelector, '');
  const within =
    spaces === undefined
      ? `in namespace ${namespace ?? context.namespace}`
      : spaces && `in the namespaces with ${spaces}`;
  return `${named} ${within || 'in any namespace'}`;
}

/** What the check is about as a whole, where there is no object to name. */
function meant(params: Params, context: CheckContext): Subject {
  const { kind, name = '*' } = params;
  if (context.facts.isClusterScoped(params)) return { kind, name };
  return { kind, namespace: params.namespaceSelector ? '*' : (params.namespace ?? context.namespace), name };
}

function notServed(params: Params, context: CheckContext): Finding {
  const subject = meant(params, context);
  const what = `The cluster does not serve ${params.kind} of ${params.apiVersion}`;
  return params.count.min > 0
    ? finding({
        level: 'Fail',
        reason: 'SubjectMissing',
        subject,
        what: `${what}: its CRD is not installed, so no such object exists.`,
        fix: 'Install the CRD, or correct apiVersion and kind.',
      })
    : finding({
        level: 'Unknown',
        reason: 'NotServed',
        subject,
        what: `${what}: that there is none of it proves nothing.`,
        fix: 'Install the CRD, or correct apiVersion and kind.',
      });
}

function tooFew(params: Params, amount: number, all: readonly WholeObject[], context: CheckContext): Finding {
  const none = all.length === 0;
  const which = where(params, context);
  const counting = params.where ? `, of which ${amount} count (${params.where})` : '';
  return finding({
    level: 'Fail',
    reason: none ? 'SubjectMissing' : 'TooFew',
    subject: meant(params, context),
    what: none
      ? `No ${params.kind} exists${which}; at least ${params.count.min} wanted.`
      : `${count(all.length, 'object')} of kind ${params.kind} ${all.length === 1 ? 'exists' : 'exist'}${which}${counting}; at least ${params.count.min} wanted.`,
    fix: none ? 'Create it, or correct the parameters.' : 'Create the others, or correct where and count.',
  });
}

/** As good as gone, and still there: neither proves anything. */
function beingDeleted(subject: Subject, object: WholeObject): Finding {
  const { deletionTimestamp, finalizers } = metaOf(object);
  const held = Array.isArray(finalizers) && finalizers.length > 0 ? `, held by ${someOf(finalizers)}` : '';
  return finding({
    level: 'Unknown',
    reason: 'BeingDeleted',
    subject,
    field: 'metadata.deletionTimestamp',
    what: `${refer(subject)} is being deleted since ${deletionTimestamp}${held}.`,
    fix: 'If it stays so, see why what is named in its finalizers does not let it go.',
  });
}

/** That there is none where nobody has looked proves nothing. */
const nowhere = (params: Params, context: CheckContext): Finding =>
  finding({
    level: 'Fail',
    reason: 'SubjectMissing',
    subject: meant(params, context),
    what: `No namespace has ${describeSelector(params.namespaceSelector ?? {}, 'any labels')}, so that ${params.kind} is looked for nowhere.`,
    fix: 'Correct namespaceSelector.',
  });

/** One finding for each object, since any of them may be the one too many. */
function tooMany(params: Params, objects: readonly WholeObject[]): readonly Finding[] {
  const names = objects.map((object) => metaOf(object).name ?? '');
  return objects.map((object) => {
    const subject = wholeSubject(params.kind, object);
    return finding({
      level: 'Fail',
      reason: 'TooMany',
      subject,
      what: `${refer(subject)} is one of ${objects.length} (${someOf(names)}); at most ${params.count.max} wanted.`,
      fix: 'Remove those that should not be there.',
    });
  });
}

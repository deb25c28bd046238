// `remediation suggest ITEM`: the manifests and patches that would make the
// failing checks of an item pass, each judged before it is shown.

import { stat } from 'node:fs/promises';
import type { RemediationItem } from '../../api/remediation-item.ts';
import { byType } from '../../checks/check.ts';
import { CHECKS } from '../../checks/index.ts';
import { refer } from '../../checks/shared/messages.ts';
import { type EditTarget, targetOf } from '../../facts/edits.ts';
import type { KindName } from '../../facts/kinds.ts';
import { overlay } from '../../facts/overlay.ts';
import { KINDS } from '../../facts/projections.ts';
import { kindRef, type Source, wholeRef } from '../../facts/source.ts';
import { EXIT_DRIFTED, EXIT_OK, UsageError } from '../exit.ts';
import type { JudgeFlags } from '../flags.ts';
import { placesOf } from '../places.ts';
import { say } from '../terminal.ts';
import { openWorld, type World } from '../world.ts';
import { dryRun } from './dry-run.ts';
import { type Hints, hintsFor } from './hints.ts';
import { originOf } from './origin.ts';
import { type Plan, planFor, withoutFix } from './plan.ts';
import { asJson, asYaml, type ItemPlan, type Knowledge } from './render.ts';

export interface SuggestFlags extends JudgeFlags {
  readonly output: 'yaml' | 'json';
  /** Ask the API server whether it would take what is suggested. */
  readonly dryRun: boolean;
}

export async function suggest(given: string, flags: SuggestFlags): Promise<void> {
  const isPath = await stat(given).then(
    () => true,
    () => false,
  );
  // No name of an object has these in it: a file was meant.
  if (!isPath && /\/|\.(ya?ml|json|draft)$/.test(given))
    throw new UsageError(`${given}: no such file or folder`);
  const paths = isPath ? [given] : [];
  if (flags.dryRun && (flags.manifests || flags.flux !== undefined))
    throw new UsageError(
      '--dry-run asks the API server of a cluster: it goes with neither --manifests nor --flux',
    );
  const world = await openWorld(paths, flags);
  try {
    for (const line of world.notes) say(`note: ${line}`);
    for (const problem of world.problems) say(`error: ${problem}`);
    if (world.problems.length > 0) throw new UsageError('suggestions from half of the input would not hold');
    const items = chosen(world, given, isPath, flags);
    const plans = await plansFor(world, items);
    const isFailing = plans.some(({ plan }) => plan.checks.some(({ before }) => before === 'Fail'));
    const hints: Hints = isFailing ? await hintsFor(world, items, new Date()) : () => undefined;
    const knowledge = await knowledgeOf(world, plans, hints);
    if (flags.dryRun && !(await isAccepted(plans, flags, knowledge))) {
      process.exitCode = EXIT_DRIFTED;
      return;
    }
    process.stdout.write(flags.output === 'json' ? asJson(plans, knowledge) : asYaml(plans, knowledge));
    for (const each of plans) explain(each, hints);
    process.exitCode = plans.some(isOpen) ? EXIT_DRIFTED : EXIT_OK;
  } finally {
    await world.close();
  }
}

/** The items of a file, or the one of that name. */
function chosen(
  world: World,
  given: string,
  isPath: boolean,
  flags: SuggestFlags,
): readonly RemediationItem[] {
  const meant = world.items.filter(
    (parsed) => isPath || (parsed.ok ? parsed.item.metadata : parsed.metadata).name === given,
  );
  if (meant.length === 0) {
    throw new UsageError(
      isPath
        ? `no RemediationItem in ${given}`
        : `there is no RemediationItem ${given}${flags.namespace ? ` in namespace ${flags.namespace}` : ''}, and no such file; see kubectl get ri -A`,
    );
  }
  if (!isPath && meant.length > 1) {
    const names = meant.map((parsed) => (parsed.ok ? parsed.item.metadata : parsed.metadata).namespace);
    throw new UsageError(`there is a RemediationItem ${given} in ${names.join(', ')}: say which with -n`);
  }
  return meant.map((parsed) => {
    if (parsed.ok) return parsed.item;
    throw new UsageError(`RemediationItem ${parsed.metadata.name} is invalid: ${parsed.problems.join('; ')}`);
  });
}

/** Plans anew until every fact that a plan reads is here. */
async function plansFor(world: World, items: readonly RemediationItem[]): Promise<readonly ItemPlan[]> {
  const checks = byType(CHECKS);
  const deadline = Date.now() + world.patienceMs;
  for (;;) {
    const now = new Date();
    let source = world.source;
    const plans = items.map((item) => {
      const plan = planFor(checks, item, source, now);
      // The next item is judged with what this one suggests, so that both can be applied.
      source = overlay(source, plan.edits);
      return { item, plan };
    });
    if (plans.every(({ plan }) => plan.pending.length === 0) || Date.now() >= deadline) return plans;
    await world.nextChange(Math.max(1, deadline - Date.now()));
  }
}

/** Would the API server take all of it? Documents count on each other, so one refusal keeps back all. */
async function isAccepted(
  plans: readonly ItemPlan[],
  flags: SuggestFlags,
  { exists: isThere }: Knowledge,
): Promise<boolean> {
  const { refused, unasked } = await dryRun(
    plans.flatMap(({ plan }) => plan.edits),
    flags,
    isThere,
  );
  for (const line of unasked) say(`not asked of the API server: ${line}`);
  for (const line of refused) say(`refused by the API server: ${line}`);
  if (refused.length > 0) say('nothing is suggested: what would make the checks pass is refused as above');
  return refused.length === 0;
}

/** What else is known of the objects that the plans are about. */
async function knowledgeOf(world: World, plans: readonly ItemPlan[], hints: Hints): Promise<Knowledge> {
  const targets = plans.flatMap(({ plan }) => [
    ...plan.edits.map(targetOf),
    ...plan.checks.flatMap(({ suggestions }) =>
      suggestions.flatMap(({ mends }) => mends.flatMap(({ subject }) => subject ?? [])),
    ),
  ]);
  const placeOf = await placesOf(
    world,
    new Set(targets.map(({ kind, namespace = '', name }) => `${kind}/${namespace}/${name}`)),
  );
  return {
    hintOf: hints,
    exists: (target) => exists(world.source, target),
    originOf: (target, isNew) => {
      const place = placeOf(target);
      const where = place && `${place.path}${place.line === undefined ? '' : `:${place.line}`}`;
      return [
        ...(where ? [isNew ? `beside ${refer(target)}, which stands in ${where}` : `in ${where}`] : []),
        ...originOf(world.source, target, isNew),
      ];
    },
  };
}

function exists(source: Source, { apiVersion, kind, namespace, name }: EditTarget): boolean {
  const ref = kind in KINDS ? kindRef(kind as KindName) : wholeRef({ apiVersion, kind });
  return source.get(ref, namespace, name).state === 'known';
}

/** Is something left that fails or is not known, of what decides? */
function isOpen({ plan }: { readonly plan: Plan }): boolean {
  return plan.checks.some(({ advisory, without }) => !advisory && without.length > 0);
}

function explain({ item, plan }: ItemPlan, hints: Hints): void {
  const name = `${item.metadata.namespace}/${item.metadata.name}`;
  for (const check of plan.checks) {
    const { before, after, suggestions, without } = check;
    const documents = suggestions.reduce((sum, { edits }) => sum + edits.length, 0);
    const printed = documents === 1 ? 'the document' : `the ${documents} documents`;
    const outcome =
      documents === 0
        ? before
        : `${before}, and ${after === before ? 'still ' : ''}${after} with ${printed} printed for it`;
    say(`${name}: check ${check.name} (${check.type}) is ${outcome}`);
    for (const [because, alike] of Map.groupBy(without, (each) => each.because)) {
      for (const { finding } of alike) {
        const { reason, subject } = finding;
        say(`  no suggestion for ${reason}${subject ? ` of ${refer(subject)}` : ''}: ${withoutFix(finding)}`);
      }
      say(`    ${because}`);
      for (const hint of new Set(alike.flatMap(({ finding }) => hints(finding) ?? []))) say(`    ${hint}`);
    }
  }
}

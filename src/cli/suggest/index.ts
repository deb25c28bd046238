// `remediation suggest ITEM`: the manifests and patches that would make the
// failing checks of an item pass, each judged before it is shown.

import { stat } from 'node:fs/promises';
import type { RemediationItem } from '../../api/remediation-item.ts';
import { byType } from '../../checks/check.ts';
import { CHECKS } from '../../checks/index.ts';
import { refer } from '../../checks/shared/messages.ts';
import type { EditTarget } from '../../facts/edits.ts';
import type { KindName } from '../../facts/kinds.ts';
import { KINDS } from '../../facts/projections.ts';
import { kindRef, type Source, wholeRef } from '../../facts/source.ts';
import { printable } from '../../report/printable.ts';
import { EXIT_DRIFTED, EXIT_OK, UsageError } from '../exit.ts';
import type { JudgeFlags } from '../flags.ts';
import { fromCluster, fromManifests, type World } from '../world.ts';
import { originOf } from './origin.ts';
import { type Plan, planFor, withoutFix } from './plan.ts';
import { asJson, asYaml, type ItemPlan } from './render.ts';

export interface SuggestFlags extends JudgeFlags {
  readonly output: 'yaml' | 'json';
}

const say = (line: string) => process.stderr.write(`${printable(line)}\n`);

export async function suggest(given: string, flags: SuggestFlags): Promise<void> {
  if (flags.static && !flags.manifests)
    throw new UsageError('--static judges manifests: give them with --manifests DIR');
  const isPath = await stat(given).then(
    () => true,
    () => false,
  );
  const paths = isPath ? [given] : [];
  const world = flags.manifests ? await fromManifests(paths, flags) : await fromCluster(paths, flags);
  try {
    for (const line of world.notes) say(`note: ${line}`);
    for (const problem of world.problems) say(`error: ${problem}`);
    if (world.problems.length > 0) throw new UsageError('suggestions from half of the input would not hold');
    const items = chosen(world, given, isPath);
    const plans = await plansFor(world, items);
    const knowledge = {
      originOf: (target: EditTarget, isNew: boolean) => originOf(world.source, target, isNew),
      exists: (target: EditTarget) => exists(world.source, target),
    };
    process.stdout.write(flags.output === 'json' ? asJson(plans, knowledge) : asYaml(plans, knowledge));
    for (const each of plans) explain(each);
    process.exitCode = plans.some(isOpen) ? EXIT_DRIFTED : EXIT_OK;
  } finally {
    await world.close();
  }
}

/** The items of a file, or the one of that name. */
function chosen(world: World, given: string, isPath: boolean): readonly RemediationItem[] {
  const meant = world.items.filter(
    (parsed) => isPath || (parsed.ok ? parsed.item.metadata : parsed.metadata).name === given,
  );
  if (meant.length === 0) {
    throw new UsageError(
      isPath
        ? `no RemediationItem in ${given}`
        : `there is no RemediationItem ${given}, and no such file; see kubectl get ri -A`,
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
    const plans = items.map((item) => ({ item, plan: planFor(checks, item, world.source, now) }));
    if (plans.every(({ plan }) => plan.pending.length === 0) || Date.now() >= deadline) return plans;
    await world.nextChange(Math.max(1, deadline - Date.now()));
  }
}

function exists(source: Source, { apiVersion, kind, namespace, name }: EditTarget): boolean {
  const ref = kind in KINDS ? kindRef(kind as KindName) : wholeRef({ apiVersion, kind });
  return source.get(ref, namespace, name).state === 'known';
}

/** Is something left that fails or is not known, of what decides? */
function isOpen({ plan }: { readonly plan: Plan }): boolean {
  return plan.checks.some(({ advisory, without }) => !advisory && without.length > 0);
}

function explain({ item, plan }: ItemPlan): void {
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
    }
  }
}

// Which budgets select a workload's pods: by its template, which decides at
// once, and by the pods that run, which must first have settled.

import type { Pod, PodDisruptionBudget } from '../../facts/kinds.ts';
import type { Finding } from '../check.ts';
import { finding, refer, someOf, subjectOf } from '../shared/messages.ts';
import { isAlive, selectedPods } from '../shared/pods.ts';
import { remember } from '../shared/remember.ts';
import { describeSelector, type Labels, matcher } from '../shared/selectors.ts';
import type { MatchedWorkload } from '../shared/workloads.ts';
import { budgetsSelecting } from './eviction.ts';
import { type Refusal, refusal } from './legality.ts';

export interface Coverage {
  /** The one budget, if there is one. */
  readonly budget?: PodDisruptionBudget;
  /** What fails whatever the pods do. */
  readonly finding?: Finding;
  /** What fails because of these pods, once they have settled. */
  readonly unsettled?: { readonly finding: Finding; readonly pods: readonly Pod[] };
}

export const budgetSubject = ({ meta }: PodDisruptionBudget) => subjectOf('PodDisruptionBudget', meta);

/** `pods` are the workload's own, `all` those of the namespace; both undefined where they cannot be known. */
export function coverage(
  workload: MatchedWorkload,
  labels: Labels,
  budgets: readonly PodDisruptionBudget[],
  pods: readonly Pod[] | undefined,
  all: readonly Pod[] | undefined,
): Coverage {
  const name = refer(workload.subject);
  const byTemplate = budgetsSelecting(labels, budgets);
  const alive = (pods ?? []).filter(isAlive);
  const [budget] = byTemplate;
  if (!budget) {
    const covered = alive.filter((pod) => budgetsSelecting(pod.meta.labels, budgets).length > 0);
    return {
      finding:
        covered.length === 0
          ? noBudget(workload, labels, budgets, all)
          : onlyPods(workload, labels, covered.length, budgetsOver(covered, budgets)),
    };
  }
  if (byTemplate.length > 1) return { finding: multiple(workload, byTemplate, `All of the pods of ${name}`) };
  const refused = refusal(budget);
  if (refused) return { finding: budgetRefused(workload, budget, refused) };

  const outside = alive.filter((pod) => !matcher(budget.spec.selector)(pod.meta.labels));
  if (outside.length > 0)
    return {
      budget,
      unsettled: { pods: outside, finding: leftOut(workload, budget, outside, alive.length) },
    };
  const doubly = alive.filter((pod) => budgetsSelecting(pod.meta.labels, budgets).length > 1);
  if (doubly.length > 0) {
    const which = `Pods of ${name} (${someOf(doubly.map(({ meta }) => meta.name))})`;
    return {
      budget,
      unsettled: { pods: doubly, finding: multiple(workload, budgetsOver(doubly, budgets), which) },
    };
  }
  return { budget };
}

const budgetsOver = (pods: readonly Pod[], budgets: readonly PodDisruptionBudget[]) => [
  ...new Set(pods.flatMap((pod) => budgetsSelecting(pod.meta.labels, budgets))),
];

/** Some pods are covered, and the next one that the template makes is not. */
function onlyPods(
  { subject }: MatchedWorkload,
  labels: Labels,
  covered: number,
  over: readonly PodDisruptionBudget[],
): Finding {
  return finding({
    level: 'Fail',
    reason: 'PartialCoverage',
    subject,
    field: 'spec.template.metadata.labels',
    culprits: over.map(budgetSubject),
    what: `No PodDisruptionBudget selects the labels of the template of ${refer(subject)} (${labelText(labels)}), only those of ${covered} running pods.`,
    fix: 'Give the template and the budget labels in common, so that the next pod is covered too.',
  });
}

function budgetRefused(
  { subject }: MatchedWorkload,
  budget: PodDisruptionBudget,
  { field, what }: Refusal,
): Finding {
  return finding({
    level: 'Fail',
    reason: 'BudgetRefused',
    subject,
    field,
    culprits: [budgetSubject(budget)],
    what: `${refer(budgetSubject(budget))} ${what}: the API server refuses it, so nothing protects the pods of ${refer(subject)}.`,
    fix: 'Correct the manifest.',
  });
}

function leftOut(
  { subject }: MatchedWorkload,
  budget: PodDisruptionBudget,
  outside: readonly Pod[],
  alive: number,
): Finding {
  return finding({
    level: 'Fail',
    reason: 'PartialCoverage',
    subject,
    field: 'spec.selector',
    culprits: [budgetSubject(budget)],
    what: `${refer(budgetSubject(budget))} selects ${describeSelector(budget.spec.selector)}, which leaves out ${outside.length} of ${alive} pods of ${refer(subject)}: ${someOf(outside.map(({ meta }) => meta.name))}.`,
    fix: 'Let the selector of the budget match every pod, or roll the pods over to the current template.',
  });
}

function noBudget(
  { subject }: MatchedWorkload,
  labels: Labels,
  budgets: readonly PodDisruptionBudget[],
  all: readonly Pod[] | undefined,
): Finding {
  const withoutPods = all ? idleBudgets(budgets)(all) : [];
  const near = (withoutPods.length > 0 ? withoutPods : [...budgets].sort(byName))
    .slice(0, 3)
    .map((budget) => {
      const selects = describeSelector(budget.spec.selector);
      return `${budget.meta.name} selects ${selects}${withoutPods.length > 0 ? ' (no pod)' : ''}`;
    });
  return finding({
    level: 'Fail',
    reason: 'NoBudget',
    subject,
    culprits: withoutPods.slice(0, 5).map(budgetSubject),
    what: [
      `No PodDisruptionBudget selects the pods of ${refer(subject)} (${labelText(labels)}).`,
      ...(near.length > 0 ? [`In its namespace ${near.join('; ')}.`] : []),
    ].join(' '),
    fix: 'Add a PodDisruptionBudget whose selector matches these labels.',
  });
}

/** Budgets that select no pod of `all`: one of them may have lost its pods by a change of its selector. */
const idleBudgets = remember((budgets: readonly PodDisruptionBudget[]) =>
  remember((all: readonly Pod[]) =>
    budgets.filter(({ spec }) => selectedPods(spec.selector, all).length === 0).sort(byName),
  ),
);

const byName = (a: PodDisruptionBudget, b: PodDisruptionBudget) => (a.meta.name < b.meta.name ? -1 : 1);

function multiple(
  { subject }: MatchedWorkload,
  over: readonly PodDisruptionBudget[],
  which: string,
): Finding {
  return finding({
    level: 'Fail',
    reason: 'MultipleBudgets',
    subject,
    field: 'spec.selector',
    culprits: over.map(budgetSubject),
    what: `${which} are selected by ${over.length} PodDisruptionBudgets (${someOf(over.map(({ meta }) => meta.name))}), and the eviction API answers 500 for such pods.`,
    fix: 'Keep one budget over these pods, and narrow or delete the others.',
  });
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? 'no labels' : someOf(pairs, 4);
}

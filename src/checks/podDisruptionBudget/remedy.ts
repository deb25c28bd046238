// What would mend a workload without a good budget: a budget that fits, the one
// that is there changed until it does, or more replicas where no budget could.

import type { Edit } from '../../facts/edits.ts';
import type { Pod, PodDisruptionBudget, Selector } from '../../facts/kinds.ts';
import type { CheckContext, Finding, Remedy, Way } from '../check.ts';
import { count, isUnknowable, refer, someOf } from '../shared/messages.ts';
import { isAlive, selectedPods } from '../shared/pods.ts';
import { bySubject, editTarget, freeName, noRemedy, patchOf } from '../shared/remedies.ts';
import { budgetSubject } from './coverage.ts';
import { budgetsSelecting } from './eviction.ts';
import { refusal } from './legality.ts';
import { type Amount, fitting, type Need, needsOf, raise } from './remedy-amount.ts';
import type { Params } from './schema.ts';

export function remedies(
  params: Params,
  context: CheckContext,
  failing: readonly Finding[],
): readonly Remedy[] {
  const known = new Map<string, readonly Need[]>();
  const needsIn = (namespace: string) => {
    const needs = known.get(namespace) ?? needsOf(context, namespace);
    known.set(namespace, needs);
    return needs;
  };
  return bySubject(failing).map((findings) => remedyOf(params, context, findings, needsIn));
}

function remedyOf(
  params: Params,
  context: CheckContext,
  findings: readonly Finding[],
  needsIn: (namespace: string) => readonly Need[],
): Remedy {
  const [first] = findings;
  const why = first?.fix ?? 'Nothing is known that would mend it.';
  if (!first?.subject) return noRemedy(findings, why);
  const needs = needsIn(first.subject.namespace ?? '');
  const need = needs.find(
    ({ subject: { kind, name } }) => kind === first.subject?.kind && name === first.subject.name,
  );
  const budgets = context.facts.list('PodDisruptionBudget', first.subject.namespace);
  if (!need || isUnknowable(budgets)) return noRemedy(findings, why);
  if (!fitting(params, need, undefined)) return noRemedy(findings, unfit(params, need));
  const culprits = new Set(findings.flatMap((found) => (found.culprits ?? []).map(refer)));
  const scene: Scene = {
    params,
    need,
    others: needs.filter((other) => other !== need),
    budgets: budgets.value,
    blamed: budgets.value.filter((budget) => culprits.has(refer(budgetSubject(budget)))),
  };
  return { mends: findings, ways: waysFor(scene, findings), without: why };
}

/** One workload, and what of its namespace bears on it. */
interface Scene {
  readonly params: Params;
  readonly need: Need;
  /** The other workloads of the namespace that a budget could be for. */
  readonly others: readonly Need[];
  readonly budgets: readonly PodDisruptionBudget[];
  /** Budgets that the findings name. */
  readonly blamed: readonly PodDisruptionBudget[];
}

function unfit({ minAvailable }: Params, { subject, floor }: Need): string {
  return `No budget guarantees ${minAvailable ?? 1} of ${count(floor, 'replica')} of ${refer(subject)} and lets a drain proceed: ask for less in minAvailable of the check, or set allowBlocking where no drain may proceed.`;
}

function waysFor(scene: Scene, findings: readonly Finding[]): readonly Way[] {
  const { need, budgets, blamed } = scene;
  const over = budgetsSelecting(need.template, budgets);
  const [budget] = over;
  const rivals = findings.some(({ reason }) => reason === 'MultipleBudgets') ? blamed : over;
  if (rivals.length > 1) {
    // The one that needs the least change stays.
    const ways = over.flatMap((keeper) => keepOnly(scene, keeper, rivals));
    return ways.toSorted((a, b) => a.edits.length - b.edits.length);
  }
  if (budget) {
    // Of why a sync fails, only pods of others are known: nothing else may count as mended by an edit.
    const unexplained =
      findings.some(({ reason }) => reason === 'SyncFailed') &&
      foreignTo(need, budget.spec.selector).length === 0;
    return unexplained ? [] : changes(scene, budget);
  }
  const partial = findings.some(({ reason }) => reason === 'PartialCoverage');
  const near = blamed.filter(({ meta }) => partial || meta.name === need.subject.name);
  return [...near.flatMap((each) => changes(scene, each)), ...creation(scene)];
}

function creation({ params, need, budgets }: Scene): readonly Way[] {
  const fit = fitting(params, need, undefined);
  if (!fit) return [];
  const raised = raise(need, fit.replicas);
  const { selector, decide } = selectorFor(need);
  const name = freeName(need.subject.name, new Set(budgets.map(({ meta }) => meta.name)));
  return [
    {
      edits: [...raised.edits, newBudget(need, name, fit.amount, selector)],
      decide: [...raised.decide, ...decide],
    },
  ];
}

/** The budget that is there with other numbers, and where that is not enough with the workload's own selector. */
function changes(scene: Scene, budget: PodDisruptionBudget): readonly Way[] {
  const { params, need } = scene;
  const fit = fitting(params, need, refusal(budget) ? undefined : budget.spec);
  if (!fit) return [];
  const raised = raise(need, fit.replicas);
  const { selector, decide } = selectorFor(need);
  const amount = amountEdit(budget, fit.amount);
  const narrowed: Edit = { action: 'Create', object: replaced(budget, fit.amount, selector) };
  const lost = losing(need, budget);
  const heirs = replacements(scene, budget);
  const same = JSON.stringify(selector) === JSON.stringify(budget.spec.selector) && amount.length === 0;
  const numbers = { edits: [...raised.edits, ...amount], decide: raised.decide };
  return [
    ...(numbers.edits.length > 0 ? [numbers] : []),
    ...(heirs.length > 0
      ? [
          {
            edits: [...raised.edits, narrowed, ...heirs],
            decide: [
              ...raised.decide,
              ...decide,
              `${refer(budgetSubject(budget))} is narrowed to one workload; each other one that it selected gets a budget of its own: see that they fit`,
            ],
          },
        ]
      : []),
    ...(same ? [] : [{ edits: [...raised.edits, narrowed], decide: [...raised.decide, ...decide, ...lost] }]),
  ];
}

/** Keeps one of several budgets and deletes the others: the eviction API answers for no pod under two. */
function keepOnly(
  { params, need }: Scene,
  keeper: PodDisruptionBudget,
  over: readonly PodDisruptionBudget[],
): readonly Way[] {
  const fit = fitting(params, need, refusal(keeper) ? undefined : keeper.spec);
  if (!fit) return [];
  const raised = raise(need, fit.replicas);
  const gone = over.filter((budget) => budget !== keeper);
  const names = someOf(gone.map((budget) => refer(budgetSubject(budget))));
  return [
    {
      edits: [
        ...raised.edits,
        ...amountEdit(keeper, fit.amount),
        ...gone.map((budget): Edit => ({ action: 'Delete', target: editTarget(budgetSubject(budget)) })),
      ],
      decide: [
        ...raised.decide,
        `which budget is to stay: here ${refer(budgetSubject(keeper))} is kept, and ${names} deleted`,
        ...gone.flatMap((budget) => losing(need, budget)),
      ],
    },
  ];
}

/** Pods that the selector selects and that are not of the workload. */
function foreignTo({ own, pods }: Need, selector: Selector | undefined): readonly Pod[] {
  return selectedPods(selector, pods).filter((pod) => isAlive(pod) && !own.has(pod));
}

function losing(need: Need, budget: PodDisruptionBudget): readonly string[] {
  const others = foreignTo(need, budget.spec.selector);
  if (others.length === 0) return [];
  return [
    `${refer(budgetSubject(budget))} no longer covers ${count(others.length, 'pod')} of others (${someOf(others.map(({ meta }) => meta.name))}): give them a budget of their own if they need one`,
  ];
}

/** Budgets for the other workloads that a budget selects, so that narrowing it leaves none of them bare. */
function replacements({ params, others, budgets }: Scene, budget: PodDisruptionBudget): readonly Edit[] {
  const taken = new Set(budgets.map(({ meta }) => meta.name));
  return others.flatMap((other): Edit[] => {
    const over = budgetsSelecting(other.template, budgets);
    const fit = over.length === 1 && over[0] === budget ? fitting(params, other, undefined) : undefined;
    if (fit?.replicas !== other.floor) return [];
    const name = freeName(other.subject.name, taken);
    taken.add(name);
    return [newBudget(other, name, fit.amount, selectorFor(other).selector)];
  });
}

/** The selector that no one can change on the workload; all labels of its template where others have those of it. */
function selectorFor(need: Need): { readonly selector: Selector; readonly decide: readonly string[] } {
  const others = foreignTo(need, need.selector);
  if (others.length === 0) return { selector: need.selector, decide: [] };
  const whole: Selector = { matchLabels: need.template };
  if (foreignTo(need, whole).length === 0) return { selector: whole, decide: [] };
  const names = someOf(others.map(({ meta }) => meta.name));
  return {
    selector: need.selector,
    decide: [
      `the selector of ${refer(need.subject)} also selects ${names}, which count towards the budget: give the pods labels that tell them apart`,
    ],
  };
}

function newBudget({ subject }: Need, name: string, amount: Amount, selector: Selector): Edit {
  return {
    action: 'Create',
    object: {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name, ...(subject.namespace ? { namespace: subject.namespace } : {}) },
      spec: { ...amount, selector },
    },
  };
}

/** Whole, because a patch would merge the selectors. */
function replaced({ meta, spec }: PodDisruptionBudget, amount: Amount, selector: Selector) {
  const policy = spec.unhealthyPodEvictionPolicy;
  const isKnown = policy === 'IfHealthyBudget' || policy === 'AlwaysAllow';
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: {
      name: meta.name,
      namespace: meta.namespace,
      ...(Object.keys(meta.labels).length > 0 ? { labels: meta.labels } : {}),
    },
    spec: { ...amount, selector, ...(isKnown ? { unhealthyPodEvictionPolicy: policy } : {}) },
  };
}

function amountEdit(budget: PodDisruptionBudget, amount: Amount): readonly Edit[] {
  const patch = Object.fromEntries(
    (['minAvailable', 'maxUnavailable'] as const).flatMap((field) => {
      if (budget.spec[field] === amount[field]) return [];
      return [[field, amount[field] ?? null]];
    }),
  );
  return Object.keys(patch).length === 0 ? [] : [patchOf(budgetSubject(budget), { spec: patch })];
}

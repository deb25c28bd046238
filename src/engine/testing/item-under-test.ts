// An item whose checks say what a test wants them to say, judged step by step
// with its memory carried on: what the tests of the engine are written with.

import type { CheckSpec, ItemSpec, Waiver } from '../../api/item.ts';
import type { RemediationItem } from '../../api/remediation-item.ts';
import type { CheckStatus, ItemStatus, StatusCondition } from '../../api/status.ts';
import { type Check, defineCheck, type Finding, type Judgement, type Subject } from '../../checks/check.ts';
import type { Item } from '../../facts/kinds.ts';
import type { Fact, Facts, ListFact } from '../../facts/view.ts';
import type { Change } from '../culprit.ts';
import { type Evaluation, evaluate } from '../evaluate.ts';
import type { Checks } from '../verdict.ts';

export const START: Date = new Date('2026-01-03T10:00:00Z');
export const WEB: Subject = { kind: 'Deployment', namespace: 'shop', name: 'web' };

/** A finding of each level, short to write. */
export const finding = (level: Finding['level'], more: Partial<Finding> = {}): Finding => ({
  level,
  reason: `${level}Reason`,
  message: `${level} of shop/web`,
  subject: WEB,
  ...more,
});

/** What a check says, by one word. */
const SAYS = {
  Pass: { passed: 1, findings: [] },
  Fail: { passed: 0, findings: [finding('Fail')] },
  Unknown: { passed: 0, findings: [finding('Unknown')] },
  NotApplicable: { passed: 0, findings: [finding('NotApplicable')] },
} as const satisfies Record<string, Judgement>;

export type Says = keyof typeof SAYS | Judgement | (() => Judgement);

/** A check that says what its parameters are told to say. */
const scripted: Check = defineCheck<{ says: Says; problems?: { field: string; message: string }[] }>({
  type: 'scripted',
  summary: '',
  schema: undefined as never,
  reads: [],
  reasons: {},
  example: '',
  problems: ({ problems }) => problems ?? [],
  judge: ({ says }) => {
    if (typeof says === 'function') return says();
    return typeof says === 'string' ? SAYS[says] : says;
  },
});

export const CHECKS: Checks = new Map([[scripted.type, scripted]]);

/** An entry of spec.checks that says this. */
export const check = (name: string, says: Says, more: Record<string, unknown> = {}): CheckSpec => ({
  name,
  advisory: false,
  scripted: { says, ...('problems' in more ? { problems: more.problems } : {}) },
  ...(more.advisory ? { advisory: true } : {}),
});

export const waiver = (more: Partial<Waiver> = {}): Waiver => ({
  check: 'a',
  reason: 'agreed',
  expires: '2026-12-31T00:00:00Z',
  ...more,
});

export const spec = (checks: readonly CheckSpec[], more: Partial<ItemSpec> = {}): ItemSpec => ({
  title: 'Disruption budgets',
  priority: 'Medium',
  interval: '10m',
  suspend: false,
  ...more,
  checks,
});

/** Facts that hold other items only. */
export function itemFacts(items: Record<string, Partial<Item> | Fact<Item>>): Facts {
  return {
    get: (_kind: string, namespace: string | undefined, name: string) => {
      const given = items[`${namespace}/${name}`];
      if (given === undefined) return { state: 'absent', served: true } as Fact<never>;
      if ('state' in given && ['pending', 'failed', 'absent'].includes(String(given.state)))
        return given as Fact<never>;
      return { state: 'known', value: { dependsOn: [], state: '', ...given } } as Fact<never>;
    },
    list: () => ({ state: 'known', value: [], served: true }) as ListFact<never>,
    getWhole: () => ({ state: 'absent', served: true }),
    listWhole: () => ({ state: 'known', value: [], served: true }),
    isClusterScoped: () => false,
    tree: () => ({ state: 'absent', served: true }),
  };
}

export interface Step {
  readonly checks?: readonly CheckSpec[];
  /** Shorthand for one check named a. */
  readonly says?: Says;
  readonly spec?: Partial<ItemSpec>;
  readonly facts?: Facts;
  readonly changes?: readonly Change[];
  /** Default: one minute after the step before. */
  readonly at?: Date;
}

export interface ItemUnderTest {
  judge(step: Step): ItemStatus;
  /** The last evaluation, with its recheckAt. */
  last(): Evaluation;
  readonly status: ItemStatus;
}

/** An item that remembers from step to step, as the API server does for the operator. */
export function itemUnderTest(): ItemUnderTest {
  let status: ItemStatus = {};
  let evaluation: Evaluation | undefined;
  let now = START.getTime() - 60_000;
  let generation = 0;
  return {
    judge: (step) => {
      now = step.at?.getTime() ?? now + 60_000;
      generation++;
      const checks = step.checks ?? [check('a', step.says ?? 'Pass')];
      evaluation = evaluate(
        CHECKS,
        itemWith(spec(checks, step.spec), status, generation),
        step.facts ?? itemFacts({}),
        { now: new Date(now), changes: step.changes ?? [] },
      );
      status = JSON.parse(JSON.stringify(evaluation.status)) as ItemStatus;
      return status;
    },
    last: () => {
      if (!evaluation) throw new Error('nothing was judged yet');
      return evaluation;
    },
    get status() {
      return status;
    },
  };
}

export const itemWith = (given: ItemSpec, status: ItemStatus = {}, generation = 1): RemediationItem => ({
  apiVersion: 'remediation.dev/v1alpha1',
  kind: 'RemediationItem',
  metadata: {
    name: 'item',
    namespace: 'team',
    uid: 'u',
    generation,
    resourceVersion: '1',
    labels: {},
    annotations: {},
  },
  spec: given,
  status,
});

/** The condition of this type, or undefined. */
export const conditionOf = (status: ItemStatus, type: string): StatusCondition | undefined =>
  status.conditions?.find((condition) => condition.type === type);

/** The status of the check of this name. */
export function checkOf(status: ItemStatus, name: string): CheckStatus {
  const found = status.checks?.find((each) => each.name === name);
  if (!found) throw new Error(`no check ${name} in ${JSON.stringify(status.checks)}`);
  return found;
}

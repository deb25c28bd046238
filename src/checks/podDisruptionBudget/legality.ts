// Which budgets the API server refuses: a manifest of such a one protects
// nothing. After ValidatePodDisruptionBudgetSpec (pkg/apis/policy/validation)
// and ValidateLabelSelector (k8s.io/apimachinery) of Kubernetes 1.36.

import type { PodDisruptionBudget, Selector } from '../../facts/kinds.ts';

/** Why the API server would refuse the budget, and the field that it is about. */
export interface Refusal {
  readonly field: string;
  readonly what: string;
}

export function refusal({ spec }: PodDisruptionBudget): Refusal | undefined {
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    return { field: 'spec', what: 'has both minAvailable and maxUnavailable' };
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    const value = spec[field];
    if (value === undefined || isAmount(value)) continue;
    return { field: `spec.${field}`, what: `has ${field} ${JSON.stringify(value)}` };
  }
  const policy = spec.unhealthyPodEvictionPolicy;
  if (policy !== undefined && policy !== 'IfHealthyBudget' && policy !== 'AlwaysAllow') {
    return { field: 'spec.unhealthyPodEvictionPolicy', what: `has unhealthyPodEvictionPolicy ${policy}` };
  }
  const what = spec.selector && badSelector(spec.selector);
  return what ? { field: 'spec.selector', what } : undefined;
}

/** A number of pods, or a percentage up to 100%. */
function isAmount(value: number | string): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 && value < 2 ** 31;
  return /^[0-9]+%$/.test(value) && Number.parseInt(value, 10) <= 100;
}

function badSelector({ matchLabels = {}, matchExpressions = [] }: Selector): string | undefined {
  for (const [key, value] of Object.entries(matchLabels)) {
    if (!isLabelKey(key)) return `selects on label ${JSON.stringify(key)}, which no object can have`;
    if (!isLabelValue(value))
      return `selects label ${key} ${JSON.stringify(value)}, which no object can have`;
  }
  for (const { key, operator, values = [] } of matchExpressions) {
    if (!isLabelKey(key)) return `selects on label ${JSON.stringify(key)}, which no object can have`;
    const takes = OPERATORS.get(operator);
    if (takes === undefined) return `has operator ${operator} in its selector`;
    if (takes && values.length === 0) return `has operator ${operator} without values in its selector`;
    if (!takes && values.length > 0) return `has operator ${operator} with values in its selector`;
    const bad = values.find((value) => !isLabelValue(value));
    if (bad !== undefined) return `selects label ${key} ${JSON.stringify(bad)}, which no object can have`;
  }
  return undefined;
}

/** Whether the operator takes values. */
const OPERATORS: ReadonlyMap<string, boolean> = new Map([
  ['In', true],
  ['NotIn', true],
  ['Exists', false],
  ['DoesNotExist', false],
]);

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const isLabelValue = (value: string) => value === '' || (value.length <= 63 && NAME.test(value));

function isLabelKey(key: string): boolean {
  const parts = key.split('/');
  const name = parts.pop() ?? '';
  const [prefix, ...more] = parts;
  if (more.length > 0 || name.length > 63 || !NAME.test(name)) return false;
  return prefix === undefined || (prefix.length <= 253 && PREFIX.test(prefix));
}

// Label selectors as the API server reads them: compiled once per selector
// object, so that judging thousands of pods costs no parsing.

import type { Selector } from '../../facts/kinds.ts';
import { remember } from './remember.ts';

export type Labels = Readonly<Record<string, string>>;
export type LabelMatcher = (labels: Labels) => boolean;

const nothing: LabelMatcher = () => false;
const everything: LabelMatcher = () => true;

/**
 * metav1.LabelSelectorAsSelector: null selects nothing, {} everything. One that
 * does not parse selects nothing, as for the eviction API
 * (pkg/registry/core/pod/storage/eviction.go, getPodDisruptionBudgets).
 */
export function matcher(selector: Selector | undefined): LabelMatcher {
  return selector === undefined ? nothing : compiled(selector);
}

const compiled = remember((selector: Selector): LabelMatcher => {
  const tests: LabelMatcher[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    tests.push((labels) => own(labels, key) === value);
  }
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const test = expression(key, operator, values);
    if (!test) return nothing;
    tests.push(test);
  }
  const [only] = tests;
  if (!only) return everything;
  if (tests.length === 1) return only;
  return (labels) => tests.every((test) => test(labels));
});

/** labels.NewRequirement and Requirement.Matches: NotIn and DoesNotExist hold where the key is absent. */
function expression(key: string, operator: string, values: readonly string[]): LabelMatcher | undefined {
  switch (operator) {
    case 'In':
      return values.length === 0 ? undefined : (labels) => holds(values, own(labels, key));
    case 'NotIn':
      return values.length === 0 ? undefined : (labels) => !holds(values, own(labels, key));
    case 'Exists':
      return values.length > 0 ? undefined : (labels) => own(labels, key) !== undefined;
    case 'DoesNotExist':
      return values.length > 0 ? undefined : (labels) => own(labels, key) === undefined;
    default:
      return undefined;
  }
}

const own = (labels: Labels, key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined);

const holds = (values: readonly string[], value: string | undefined) =>
  value !== undefined && values.includes(value);

/** A selector as kubectl prints it, for messages; `everything` is what an empty one selects. */
export function describeSelector(
  selector: Selector | undefined,
  everything = 'every pod of the namespace',
): string {
  if (selector === undefined) return 'nothing (its selector is null)';
  const parts = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    if (operator === 'Exists') parts.push(key);
    else if (operator === 'DoesNotExist') parts.push(`!${key}`);
    else parts.push(`${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`);
  }
  return parts.length === 0 ? everything : parts.join(',');
}

// Reading a policy as written, by somebody who may have written anything. A
// shape that the API server would not have stored refuses the object.

import { type ExtendedSelector, extendKey, type Twice } from './labels.ts';
import { Refused } from './rules.ts';

export type RawObject = Readonly<Record<string, unknown>>;

/** null and a missing field are the same. */
export function optionalObject(value: unknown, path: string): RawObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) throw new Refused(`${path} must be an object`);
  return value as RawObject;
}

export function object(value: unknown, path: string): RawObject {
  const found = optionalObject(value, path);
  if (!found) throw new Refused(`${path} must be an object`);
  return found;
}

export function optionalList(value: unknown, path: string): readonly unknown[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw new Refused(`${path} must be a list`);
  return value;
}

export function list(value: unknown, path: string): readonly unknown[] {
  return optionalList(value, path) ?? [];
}

function optionalText(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new Refused(`${path} must be a string`);
  return value;
}

export function text(value: unknown, path: string): string {
  return optionalText(value, path) ?? '';
}

export function texts(value: unknown, path: string): string[] {
  return list(value, path).map((item, index) => text(item, `${path}[${index}]`));
}

export function optionalFlag(value: unknown, path: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw new Refused(`${path} must be true or false`);
  return value;
}

export function wholeNumber(value: unknown, path: string): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new Refused(`${path} must be an integer`);
  return value;
}

/** A label selector whose keys get their source by `extend` (Cilium's own by default). */
export function selector(value: unknown, path: string, extend = extendKey): ExtendedSelector {
  const raw = object(value, path);
  const labels = new Map<string, string>();
  const matchLabels = optionalObject(raw.matchLabels, `${path}.matchLabels`) ?? {};
  const twice = new Map<string, Twice>();
  const spelled = new Map<string, string[]>();
  for (const [key, wanted] of Object.entries(matchLabels)) {
    const extended = extend(key);
    const value = text(wanted, `${path}.matchLabels.${key}`);
    const written = [...(spelled.get(extended) ?? []), key];
    const before = labels.get(extended);
    if (before !== undefined && before !== value) {
      twice.set(extended, { written, values: [...(twice.get(extended)?.values ?? [before]), value] });
    }
    spelled.set(extended, written);
    labels.set(extended, value);
  }
  const expressions = list(raw.matchExpressions, `${path}.matchExpressions`).map((item, index) => {
    const where = `${path}.matchExpressions[${index}]`;
    const expression = object(item, where);
    return {
      key: extend(text(expression.key, `${where}.key`)),
      operator: text(expression.operator, `${where}.operator`),
      values: texts(expression.values, `${where}.values`),
    };
  });
  return { labels, expressions, ...(twice.size > 0 ? { twice } : {}) };
}

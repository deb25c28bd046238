// YAML that anybody may have written, read field by field: what is not of the
// kind that it should be is as if it were not there.

export type Fields = Readonly<Record<string, unknown>>;

export const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

export const field = (of: Fields, name: string): unknown => (Object.hasOwn(of, name) ? of[name] : undefined);

/** A list; one value in the place of a list is a list of it. */
export const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];

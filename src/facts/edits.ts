// What would be different in the cluster: objects that are added, patched or
// deleted. Checks propose them as remedies; an overlay shows them over facts.

/** A raw object to be. */
export interface NewObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface EditTarget {
  readonly apiVersion: string;
  readonly kind: string;
  /** Left out for cluster-scoped objects. */
  readonly namespace?: string;
  readonly name: string;
}

/**
 * `strategic` merges the lists of a workload by their keys, as kubectl patch and
 * kustomize do for the kinds of Kubernetes; `merge` replaces every list, which is
 * all that custom kinds know (RFC 7386). A null takes a field away.
 */
export type Edit =
  | { readonly action: 'Create'; readonly object: NewObject }
  | {
      readonly action: 'Patch';
      readonly target: EditTarget;
      readonly type: 'strategic' | 'merge';
      readonly patch: Readonly<Record<string, unknown>>;
    }
  | { readonly action: 'Delete'; readonly target: EditTarget };

type Fields = Readonly<Record<string, unknown>>;

/** The lists that a strategic patch merges, with their keys (k8s.io/api/core/v1, patchMergeKey). */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ports: 'containerPort',
};

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object with the patch applied; neither is changed. */
export function patched(object: Fields, patch: Fields, type: 'strategic' | 'merge'): Fields {
  const result: Record<string, unknown> = { ...object };
  for (const [field, value] of Object.entries(patch)) {
    const before = result[field];
    const key = type === 'strategic' ? MERGE_KEYS[field] : undefined;
    if (value === null) delete result[field];
    else if (isFields(value)) result[field] = patched(isFields(before) ? before : {}, value, type);
    else if (key && Array.isArray(value)) result[field] = mergedList(before, value, key, type);
    else result[field] = value;
  }
  return result;
}

function mergedList(
  before: unknown,
  patches: readonly unknown[],
  key: string,
  type: 'strategic' | 'merge',
): readonly unknown[] {
  const list = Array.isArray(before) ? [...before] : [];
  for (const patch of patches) {
    if (!isFields(patch)) continue;
    const at = list.findIndex((entry) => isFields(entry) && entry[key] === patch[key]);
    if (at < 0) list.push(patched({}, patch, type));
    else list[at] = patched(list[at], patch, type);
  }
  return list;
}

/** The object that an edit is about. */
export function targetOf(edit: Edit): EditTarget {
  if (edit.action !== 'Create') return edit.target;
  const { apiVersion, kind, metadata } = edit.object;
  return {
    apiVersion,
    kind,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    name: metadata.name,
  };
}

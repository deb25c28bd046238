/** The small vocabulary that random clusters and policies share, so that selectors often meet a pod and often miss. */
import fc from 'fast-check';

export const namespaceNames = ['shop', 'data', 'kube-system'] as const;

/** Weighted choice: `[weight, arbitrary]`. */
export function weighted<T>(...options: [number, fc.Arbitrary<T>][]): fc.Arbitrary<T> {
  return fc.oneof(
    { withCrossShrink: true },
    ...options.map(([weight, arbitrary]) => ({ weight, arbitrary })),
  );
}

/** True in so many per cent of the cases; shrinks to false. */
export function chance(percent: number): fc.Arbitrary<boolean> {
  return fc.integer({ min: 1, max: 100 }).map((n) => n > 100 - percent);
}

/** Label keys of pods that count for identities, with their values. */
export const keptLabels: Record<string, readonly string[]> = {
  app: ['web', 'api', 'db'],
  tier: ['front', 'back', ''],
  'app.kubernetes.io/name': ['web', 'api'],
  // Anchored at the start, the filter of kubernetes.io does not mean this one.
  'my-kubernetes.io/zone': ['x'],
};

/** Label keys that Cilium leaves out of identities by default (pkg/labelsfilter/filter.go). */
export const leftOutLabels: Record<string, readonly string[]> = {
  'pod-template-hash': ['5d4f', '7c9b'],
  'controller-revision-hash': ['1'],
  'statefulset.kubernetes.io/pod-name': ['web-0'],
  'kubernetes.io/role': ['x'],
  'topology.kubernetes.io/zone': ['x'],
  'batch.kubernetes.io/controller-uid': ['u'],
  'k8s.io/x': ['x'],
  'beta.kubernetes.io/os': ['linux'],
  'annotation.x': ['x'],
};

/**
 * Labels that a pod may carry and that Cilium sets itself or takes for its own. Some are overwritten; `host` takes a pod
 * out of every policy and `init` puts it under default deny, whatever their values (pkg/policy/repository.go).
 */
export const forgedLabels: Record<string, readonly string[]> = {
  'io.kubernetes.pod.namespace': ['data', 'shop'],
  'io.cilium.k8s.namespace.labels.team': ['red', 'blue'],
  'io.cilium.k8s.policy.serviceaccount': ['runner'],
  'io.cilium.k8s.policy.cluster': ['prod'],
  host: ['db-1'],
  init: ['true'],
  'reserved.world': [''],
};

export const namespaceLabels: Record<string, readonly string[]> = {
  team: ['red', 'blue'],
  env: ['prod', ''],
};

export const portNames = ['http', 'metrics', 'dns', 'web'] as const;
export const portNumbers = [80, 8080, 9090, 53, 443] as const;

/** An object with some of the keys, each with one of its values. */
export function someOf(pool: Record<string, readonly string[]>): fc.Arbitrary<Record<string, string>> {
  const model = Object.fromEntries(
    Object.entries(pool).map(([key, values]) => [key, fc.constantFrom(...values)]),
  );
  return fc.record(model, { requiredKeys: [] }) as fc.Arbitrary<Record<string, string>>;
}

/** One key of the pool with one of its values. */
export function oneOf(pool: Record<string, readonly string[]>): fc.Arbitrary<[key: string, value: string]> {
  return fc
    .constantFrom(...Object.keys(pool))
    .chain((key) => fc.constantFrom(...(pool[key] ?? [])).map((value): [string, string] => [key, value]));
}

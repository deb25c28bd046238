// What the remedies of several checks share: patches of objects, names for new
// ones, findings by the object that they are about.

import type { Edit, EditTarget } from '../../facts/edits.ts';
import type { Finding, Remedy, Subject } from '../check.ts';

type Fields = Readonly<Record<string, unknown>>;

const API_VERSIONS: Readonly<Record<string, string>> = {
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  Pod: 'v1',
  HorizontalPodAutoscaler: 'autoscaling/v2',
  PodDisruptionBudget: 'policy/v1',
  NetworkPolicy: 'networking.k8s.io/v1',
  CiliumNetworkPolicy: 'cilium.io/v2',
};

/** The object that a finding is about, for an edit. */
export function editTarget({ kind, namespace, name }: Subject): EditTarget {
  return { apiVersion: API_VERSIONS[kind] ?? 'v1', kind, ...(namespace ? { namespace } : {}), name };
}

/** A patch that only says what changes. Custom kinds know no strategic merge. */
export function patchOf(subject: Subject, patch: Fields): Edit {
  const target = editTarget(subject);
  return {
    action: 'Patch',
    target,
    type: target.apiVersion.startsWith('cilium.io/') ? 'merge' : 'strategic',
    patch,
  };
}

/** The first of `name`, `name-2`, ... that is not taken. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name.slice(0, 250) : `${name.slice(0, 250)}-${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** Findings by the object that they are about. */
export function bySubject(findings: readonly Finding[]): readonly (readonly Finding[])[] {
  const key = ({ subject }: Finding) =>
    subject ? `${subject.kind}/${subject.namespace ?? ''}/${subject.name}` : '';
  return [...Map.groupBy(findings, key).values()];
}

/** Findings that nothing can be proposed for. */
export const noRemedy = (mends: readonly Finding[], without: string): Remedy => ({
  mends,
  ways: [],
  without,
});

/** The merge patch that makes `after` of `before`: what changes, and null for what goes. */
export function difference(before: Fields, after: Fields): Fields {
  const patch: Record<string, unknown> = {};
  for (const field of Object.keys(before)) if (after[field] === undefined) patch[field] = null;
  for (const [field, value] of Object.entries(after)) {
    const was = before[field];
    if (value === undefined || JSON.stringify(was) === JSON.stringify(value)) continue;
    patch[field] = isFields(was) && isFields(value) ? difference(was, value) : value;
  }
  return patch;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// The operator's ClusterRole: what the checks declare that they read, and what
// the operator itself needs.

import { GROUP, PLURAL } from '../src/api/group.ts';
import type { Check } from '../src/checks/check.ts';
import type { KindName } from '../src/facts/kinds.ts';
import { KINDS, READ_SINGLY } from '../src/facts/projections.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const READ = ['get', 'list', 'watch'] as const;

/** Objects of kinds that are read one by one: the operator may read these and no others. */
const SINGLE: Partial<Record<KindName, readonly string[]>> = { ConfigMap: ['cilium-config'] };

export function clusterRole(checks: readonly Check[]) {
  const byGroup = new Map<string, Set<string>>();
  const singles: Rule[] = [];
  const add = (group: string, resource: string) =>
    byGroup.set(group, (byGroup.get(group) ?? new Set()).add(resource));
  for (const read of new Set(checks.flatMap((check) => check.reads))) {
    if (typeof read !== 'string') {
      add(groupOf(read.apiVersion), pluralOf(read.kind));
      continue;
    }
    const { apiVersion, plural } = KINDS[read];
    const names = SINGLE[read];
    if (!READ_SINGLY.has(read) || !names) add(groupOf(apiVersion), plural);
    else if (!singles.some((rule) => rule.resources[0] === plural)) {
      singles.push({
        apiGroups: [groupOf(apiVersion)],
        resources: [plural],
        resourceNames: names,
        verbs: READ,
      });
    }
  }
  add('apiextensions.k8s.io', 'customresourcedefinitions');
  const reads = [...byGroup]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([group, resources]): Rule => ({ apiGroups: [group], resources: [...resources].sort(), verbs: READ }),
    );
  const own: Rule[] = [
    { apiGroups: [GROUP], resources: [PLURAL], verbs: READ },
    { apiGroups: [GROUP], resources: [`${PLURAL}/status`], verbs: ['get', 'patch'] },
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
    { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
  ];
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'remediation-operator' },
    rules: [...own, ...reads, ...singles],
  };
}

const groupOf = (apiVersion: string) => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '');

/** As Kubernetes names resources by default: gitrepositories, buckets. */
const pluralOf = (kind: string) => `${kind.toLowerCase()}s`.replace(/ys$/, 'ies');

// Items that are right and items that are wrong, each with what the refusal must
// say. Held against the offline parser and against a real API server alike.

import { parse } from 'yaml';

/** A complete item that both accept; every wrong one differs from it in one place. */
export const RIGHT = `
apiVersion: remediation.dev/v1alpha1
kind: RemediationItem
metadata:
  name: right
  namespace: default
  labels: {remediation.dev/review: january-2026}
spec:
  number: 13
  title: Add PodDisruptionBudgets
  description: Every workload that must survive a drain has a budget.
  priority: Medium
  category: Security & Resilience
  effort: 3h
  impact: Medium
  milestone: Week 2-3
  dueDate: 2026-02-28
  owner: platform
  source: {document: docs/REVIEW.md, section: Medium Priority, line: 73}
  claim: {status: Implemented, date: 2026-01-03, note: all done}
  interval: 10m
  suspend: false
  serviceAccountName: reader
  dependsOn: [{name: item-9}, {name: item-11, namespace: other}]
  prerequisites:
  - name: metrics-server
    probes: {workloads: [{namespace: kube-system, name: metrics-server}]}
  checks:
  - name: coredns
    description: DNS survives a drain.
    podDisruptionBudget:
      workloads: [{kind: Deployment, namespace: kube-system, name: coredns}]
      minAvailable: 1
  - name: health
    advisory: true
    probes:
      workloads: [{namespace: monitoring, name: "vmsingle-*"}]
      exceptContainers: [config-reloader]
      require: [Readiness, Liveness]
      readiness: {path: /health, port: 8429}
  - name: isolation
    networkPolicy:
      endpoints: [{namespace: monitoring, podSelector: {matchLabels: {app: vm}}}]
      allow: [{from: {namespace: grafana}, ports: [8429/TCP]}]
      deny: [{to: {entity: world}}]
  waivers:
  - {check: coredns, subject: "Deployment/kube-system/*", reason: agreed, approvedBy: ops, expires: "2026-12-31T00:00:00Z"}
`;

export interface Wrong {
  readonly name: string;
  /** Merged over RIGHT: null takes a field out, lists are replaced. */
  readonly patch: string;
  /** Each must occur in the refusal of both. */
  readonly says: readonly string[];
}

const check = (block: string) => `spec: {waivers: null, checks: [{name: a, ${block}}]}`;
const budget = (block: string) => check(`podDisruptionBudget: {${block}}`);
const policy = (block: string) => check(`networkPolicy: {endpoints: [{}], ${block}}`);
const waiver = (block: string) => `spec: {waivers: [{${block}}]}`;
const EXPIRES = 'expires: "2026-12-31T00:00:00Z"';
const many = (count: number, entry: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => entry(index)).join(', ');

export const WRONG: readonly Wrong[] = [
  { name: 'no spec', patch: 'spec: null', says: ['spec', 'equired'] },
  { name: 'no title', patch: 'spec: {title: null}', says: ['spec.title', 'equired'] },
  { name: 'an empty title', patch: 'spec: {title: ""}', says: ['spec.title', 'at least 1 char'] },
  {
    name: 'a title of 257 letters',
    patch: `spec: {title: ${'x'.repeat(257)}}`,
    says: ['spec.title', 'than 256'],
  },
  {
    name: 'a number below 0',
    patch: 'spec: {number: -1}',
    says: ['spec.number', 'greater than or equal to 0'],
  },
  { name: 'a number that is none', patch: 'spec: {number: thirteen}', says: ['spec.number', 'integer'] },
  {
    name: 'a priority that does not exist',
    patch: 'spec: {priority: Urgent}',
    says: ['spec.priority', '"Critical"', '"Low"'],
  },
  {
    name: 'an effort in words',
    patch: 'spec: {effort: 3 hours}',
    says: ['spec.effort', 'must be a Go duration such as 90s, 10m or 26h'],
  },
  {
    name: 'an interval without a unit',
    patch: 'spec: {interval: "10"}',
    says: ['spec.interval', 'must be a Go duration'],
  },
  {
    name: 'a due date that is no day',
    patch: 'spec: {dueDate: 28.02.2026}',
    says: ['spec.dueDate', 'must be a day as YYYY-MM-DD'],
  },
  {
    name: 'suspend in words',
    patch: 'spec: {suspend: "yes"}',
    says: ['spec.suspend', 'boolean'],
  },
  {
    name: 'a claim that nobody can make',
    patch: 'spec: {claim: {status: Done}}',
    says: ['spec.claim.status', '"Implemented"'],
  },
  {
    name: 'a claim of Abandoned without a reason',
    patch: 'spec: {claim: {status: Abandoned, note: null}}',
    says: ['spec.claim', 'a claim of Abandoned needs a note that says why'],
  },
  {
    name: 'a ServiceAccount that no object can be named',
    patch: 'spec: {serviceAccountName: Reader_1}',
    says: ['spec.serviceAccountName', 'must be the name of a Kubernetes object'],
  },
  {
    name: 'a dependency without a name',
    patch: 'spec: {dependsOn: [{namespace: other}]}',
    says: ['spec.dependsOn[0].name', 'equired'],
  },
  { name: 'no checks', patch: 'spec: {waivers: null, checks: null}', says: ['spec.checks', 'equired'] },
  {
    name: 'an empty list of checks',
    patch: 'spec: {waivers: null, checks: []}',
    says: ['spec.checks', 'at least 1 item'],
  },
  {
    name: '33 checks',
    patch: `spec: {waivers: null, checks: [${many(33, (n) => `{name: c${n}, probes: {workloads: [{}]}}`)}]}`,
    says: ['spec.checks', '32'],
  },
  {
    name: 'a check without a name',
    patch: 'spec: {waivers: null, checks: [{probes: {workloads: [{}]}}]}',
    says: ['spec.checks[0].name', 'equired'],
  },
  {
    name: 'a check whose name has capitals',
    patch: 'spec: {waivers: null, checks: [{name: CoreDNS, probes: {workloads: [{}]}}]}',
    says: ['spec.checks[0].name', 'must be lower case letters, digits and -'],
  },
  {
    name: 'two checks of one name',
    patch: check('probes: {workloads: [{}]}}, {name: a, probes: {workloads: [{}]}'),
    says: ['spec.checks[1]', 'uplicate'],
  },
  {
    name: 'a check without a block',
    patch: check('description: nothing'),
    says: ['spec.checks[0]', 'a check needs exactly one block of: probes, podDisruptionBudget'],
  },
  {
    name: 'a check with two blocks',
    patch: check('probes: {workloads: [{}]}, podDisruptionBudget: {workloads: [{}]}'),
    says: ['spec.checks[0]', 'a check needs exactly one block of'],
  },
  {
    name: 'a check type that does not exist',
    patch: check('telepathy: {}'),
    says: ['unknown field', 'telepathy'],
  },
  {
    name: 'a field that is spelled wrong',
    patch: budget('workloads: [{}], minavailable: 1'),
    says: ['unknown field', 'minavailable'],
  },
  {
    name: 'an advisory prerequisite',
    patch: 'spec: {prerequisites: [{name: a, advisory: true, probes: {workloads: [{}]}}]}',
    says: ['unknown field', 'advisory'],
  },
  {
    name: 'a check of nothing',
    patch: budget('workloads: []'),
    says: ['spec.checks[0].podDisruptionBudget.workloads', 'at least 1 item'],
  },
  {
    name: 'a workload kind that has no budget',
    patch: budget('workloads: [{kind: CronJob}]'),
    says: ['spec.checks[0].podDisruptionBudget.workloads[0].kind', '"Deployment"'],
  },
  {
    name: 'a namespace and a selector of namespaces',
    patch: budget('workloads: [{namespace: a, namespaceSelector: {}}]'),
    says: ['podDisruptionBudget.workloads[0]', 'give namespace or namespaceSelector, not both'],
  },
  {
    name: 'a wildcard that is none',
    patch: budget('workloads: [{name: "web?"}]'),
    says: ['workloads[0].name', '* is the only wildcard'],
  },
  {
    name: 'an expression In without values',
    patch: budget('workloads: [{labelSelector: {matchExpressions: [{key: a, operator: In}]}}]'),
    says: ['matchExpressions[0]', 'In and NotIn need values'],
  },
  {
    name: '33 labels to match',
    patch: budget(`workloads: [{labelSelector: {matchLabels: {${many(33, (n) => `l${n}: x`)}}}}]`),
    says: ['labelSelector.matchLabels', '32'],
  },
  {
    name: 'half a pod',
    patch: budget('workloads: [{}], minAvailable: half'),
    says: ['podDisruptionBudget.minAvailable'],
  },
  {
    name: 'a probe that does not exist',
    patch: check('probes: {workloads: [{}], require: [Aliveness]}'),
    says: ['probes.require[0]', '"Readiness"'],
  },
  {
    name: 'the same probe twice',
    patch: check('probes: {workloads: [{}], require: [Liveness, Liveness]}'),
    says: ['probes.require[1]', 'uplicate'],
  },
  {
    name: 'a container that cannot be named so',
    patch: check('probes: {workloads: [{}], containers: ["Web App"]}'),
    says: ['probes.containers[0]', 'must be a container name; * is the only wildcard'],
  },
  {
    name: 'a peer that is two things',
    patch: policy('except: [{entity: world, cidr: 10.0.0.0/8}]'),
    says: ['networkPolicy.except[0]', 'a peer is either pods'],
  },
  {
    name: 'a flow that goes nowhere',
    patch: policy('allow: [{ports: [80/TCP]}]'),
    says: ['networkPolicy.allow[0]', 'give from, to or both'],
  },
  {
    name: 'a port of another protocol',
    patch: policy('allow: [{from: {namespace: a}, ports: [80/ICMP]}]'),
    says: ['networkPolicy.allow[0].ports[0]', 'must be a port such as 9090/TCP'],
  },
  {
    name: 'a waiver without a reason',
    patch: waiver(`check: coredns, ${EXPIRES}`),
    says: ['spec.waivers[0].reason', 'equired'],
  },
  {
    name: 'a waiver for ever',
    patch: waiver('check: coredns, reason: agreed'),
    says: ['spec.waivers[0].expires', 'equired'],
  },
  {
    name: 'a waiver until a day without a time',
    patch: waiver('check: coredns, reason: agreed, expires: "2026-12-31"'),
    says: ['spec.waivers[0].expires', 'date-time'],
  },
  {
    name: 'a waiver until tomorrow',
    patch: waiver('check: coredns, reason: agreed, expires: tomorrow'),
    says: ['spec.waivers[0].expires', 'date-time'],
  },
  {
    name: 'a waiver of a check that the item does not have',
    patch: waiver(`check: envoy, reason: agreed, ${EXPIRES}`),
    says: ['every waiver must name a check of this item in its field check'],
  },
];

export interface Right {
  readonly name: string;
  readonly patch: string;
}

/** Accepted by both, unusual as they are. */
export const UNUSUAL: readonly Right[] = [
  { name: 'the complete item', patch: '{}' },
  {
    name: 'nothing but what is required',
    patch: `spec: ${JSON.stringify({
      ...Object.fromEntries(Object.keys((parse(RIGHT) as { spec: object }).spec).map((key) => [key, null])),
      title: 'x',
      checks: [{ name: 'a', probes: { workloads: [{}] } }],
    })}`,
  },
  {
    name: 'names in Unicode, counted in characters',
    patch: `spec: {title: ${'🔥'.repeat(200)}, owner: Straße, category: 日本語, claim: {note: ${'é'.repeat(1024)}}}`,
  },
  {
    name: '32 checks and 64 waivers',
    patch: `spec: {checks: [${many(32, (n) => `{name: c${n}, probes: {workloads: [{}]}}`)}], waivers: [${many(64, (n) => `{check: c${n % 32}, reason: agreed, ${EXPIRES}}`)}]}`,
  },
  { name: 'a percentage', patch: budget('workloads: [{}], minAvailable: 50%') },
  { name: 'a named port', patch: check('probes: {workloads: [{}], readiness: {port: http-metrics}}') },
  { name: 'a compound duration', patch: 'spec: {effort: 1h30m, interval: 1.5h}' },
  {
    name: 'a waiver with an offset and fractions of a second',
    patch: waiver('check: coredns, reason: agreed, expires: "2026-12-31T00:00:00.5+02:00"'),
  },
  {
    name: 'a waiver that has expired',
    patch: waiver('check: coredns, reason: agreed, expires: "2020-01-01T00:00:00Z"'),
  },
  { name: 'every namespace', patch: budget('workloads: [{namespaceSelector: {}}]') },
  {
    name: 'a claim of Abandoned with a reason',
    patch: 'spec: {claim: {status: Abandoned, note: superseded}}',
  },
];

/** RIGHT with a patch, as a JSON merge patch (RFC 7386). */
export function patched(patch: string): Record<string, unknown> {
  return merge(parse(RIGHT), parse(patch)) as Record<string, unknown>;
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> =
    typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

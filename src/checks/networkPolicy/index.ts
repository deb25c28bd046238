// Proves that pods are isolated and that flows are allowed or denied, by the
// meaning of every network policy together, as Cilium's engine would decide.

import { type CheckContext, defineCheck, type Finding, type Judgement } from '../check.ts';
import { count } from '../shared/messages.ts';
import type { Direction } from './engine/index.ts';
import { gatherEvidence } from './evidence.ts';
import { judgeFlows } from './flows.ts';
import { judgeIsolation } from './isolation.ts';
import { disabled, policyFindings } from './policies.ts';
import { reasons } from './reasons.ts';
import { remedies } from './remedy.ts';
import { type Params, schema } from './schema.ts';
import { subjectsOf } from './subjects.ts';

export const networkPolicy = defineCheck<Params>({
  type: 'networkPolicy',
  summary:
    'Pods are isolated from strangers, and flows are allowed or denied, by all CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy and NetworkPolicy objects together.',
  schema,
  reads: [
    'Pod',
    'Namespace',
    'CiliumNetworkPolicy',
    'CiliumClusterwideNetworkPolicy',
    'NetworkPolicy',
    'ConfigMap',
    'Service',
  ],
  reasons,
  example: `networkPolicy:
  endpoints:
  - {namespace: monitoring}
  isolated: [Ingress]
  allow:
  - from: {namespace: monitoring, podSelector: {matchLabels: {app.kubernetes.io/name: vmagent}}}
    to: {namespace: monitoring, podSelector: {matchLabels: {app.kubernetes.io/name: grafana}}}
    ports: ["3000/TCP"]
  deny:
  - from: {entity: world}
    ports: ["3000/TCP"]
`,
  judge,
  remedies,
});

function judge(params: Params, context: CheckContext): Judgement {
  const evidence = gatherEvidence(params, context);
  if (!('model' in evidence)) return { findings: evidence, passed: 0 };
  const { model, pods, namespaces, notes } = evidence;
  const { judged, findings: about } = subjectsOf(params, pods, namespaces, context);
  const off = disabled(model);
  // Without enforcement there is nothing further to say of any pod.
  if (off) return { findings: [...about, ...(judged.size > 0 ? [off] : []), ...notes], passed: 0 };

  const directions = params.isolated.map((name) => name.toLowerCase() as Direction);
  const isolation = judgeIsolation(directions, params.except ?? [], model, judged, context);
  const flows = judgeFlows({ params, model, pods, namespaces, judged, context });
  const findings: Finding[] = [
    ...about,
    ...policyFindings(model, judged, isolation.bad),
    ...isolation.findings,
    ...flows.findings,
    ...notes,
  ];
  const isolated = directions.length > 0 ? judged.size - isolation.bad.size : 0;
  return {
    findings,
    passed: isolated + flows.passed,
    message: passing(isolated, params.isolated, flows.passed),
    ...(isolation.recheckAt ? { recheckAt: isolation.recheckAt } : {}),
  };
}

function passing(isolated: number, directions: readonly string[], flows: number): string {
  const parts = [
    ...(isolated > 0
      ? [
          `${count(isolated, 'running pod')} ${isolated === 1 ? 'is' : 'are'} isolated for ${directions.join(' and ').toLowerCase()}`,
        ]
      : []),
    ...(flows > 0 ? [`${count(flows, 'flow')} ${flows === 1 ? 'is' : 'are'} as wanted`] : []),
  ];
  return parts.join('; ');
}

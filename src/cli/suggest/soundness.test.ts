// Random shops: whatever is said to make the checks pass does so when it is
// applied by other means, and nothing that is applied makes another check fail.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemParser, type RemediationItem } from '../../api/remediation-item.ts';
import { blocksOf, byType } from '../../checks/check.ts';
import { CHECKS } from '../../checks/index.ts';
import { evaluate } from '../../engine/evaluate.ts';
import type { Manifest } from '../../facts/manifest-files.ts';
import { manifestSource } from '../../facts/manifests.ts';
import { recordFacts } from '../../facts/recording.ts';
import { planFor } from './plan.ts';
import { asYaml } from './render.ts';
import { applyPrinted, readPrinted } from './testing/apply.ts';

const RUNS = 150;
const NOW = new Date('2026-01-17T12:00:00Z');
const APPS = ['web', 'api', 'db'] as const;
const app = fc.constantFrom(...APPS);
const namespace = fc.constantFrom('shop', 'back');
const labels = fc.oneof(
  app.map((name) => ({ app: name })),
  fc.constant({ tier: 'any' }),
);
const probe = fc.option(
  fc.constantFrom(
    { httpGet: { path: '/ready', port: 'http' } },
    { tcpSocket: { port: 80 } },
    { httpGet: { path: '/', port: 'absent' } },
    { exec: { command: ['true'] }, timeoutSeconds: 30 },
  ),
  { nil: undefined },
);

const deployment = fc.record({
  name: app,
  namespace,
  replicas: fc.integer({ min: 0, max: 3 }),
  ports: fc.subarray([
    { name: 'http', containerPort: 80 },
    { name: 'grpc', containerPort: 81 },
  ]),
  readinessProbe: probe,
  livenessProbe: probe,
  paused: fc.boolean(),
});
const asDeployment = (given: typeof deployment extends fc.Arbitrary<infer T> ? T : never): Manifest => {
  const { name, ports, readinessProbe, livenessProbe, replicas, paused } = given;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: given.namespace },
    spec: {
      replicas,
      paused,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name, tier: 'any' } },
        spec: {
          containers: [
            {
              name: 'main',
              image: 'x',
              ports,
              ...(readinessProbe ? { readinessProbe } : {}),
              ...(livenessProbe ? { livenessProbe } : {}),
            },
          ],
        },
      },
    },
  };
};
const budget = fc
  .record({
    name: fc.constantFrom('web', 'b'),
    namespace,
    amount: fc.constantFrom({ minAvailable: 1 }, { minAvailable: '60%' }, { maxUnavailable: 0 }, {}),
    labels,
  })
  .map(
    (given): Manifest => ({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: given.name, namespace: given.namespace },
      spec: { ...given.amount, selector: { matchLabels: given.labels } },
    }),
  );
const ingressRule = fc.constantFrom(
  {},
  { fromEntities: ['all'] },
  { fromEntities: ['world'] },
  { fromEndpoints: [{}] },
  {
    fromEndpoints: [{ matchLabels: { app: 'web' } }],
    toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }] }],
  },
);
const policy = fc
  .record({
    name: fc.constantFrom('isolate', 'p'),
    namespace,
    labels: fc.option(labels, { nil: undefined }),
    ingress: fc.array(ingressRule, { maxLength: 2 }),
    ingressDeny: fc.option(fc.constant([{ fromEndpoints: [{ matchLabels: { app: 'db' } }] }]), {
      nil: undefined,
    }),
  })
  .map(
    (given): Manifest => ({
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: { name: given.name, namespace: given.namespace },
      spec: {
        endpointSelector: given.labels ? { matchLabels: given.labels } : {},
        ingress: given.ingress,
        ...(given.ingressDeny ? { ingressDeny: given.ingressDeny } : {}),
      },
    }),
  );
const CONFIG: Manifest = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'cilium-config', namespace: 'kube-system' },
  data: { 'enable-ipv6': 'false' },
};

const peer = fc.oneof(
  app.map((name) => ({ namespace: 'back', podSelector: { matchLabels: { app: name } } })),
  fc.constantFrom({ entity: 'world' }, { entity: 'host' }, { cidr: '192.0.2.0/24' }, { namespace: 'shop' }),
);
const flow = fc.record({ from: peer, ports: fc.constantFrom(undefined, ['80/TCP']) });
const checks = fc.record({
  expected: fc.constantFrom({}, { readiness: { path: '/ready' } }, { liveness: { maxTimeoutSeconds: 5 } }),
  minAvailable: fc.constantFrom(undefined, 1, 2, '50%'),
  isolated: fc.subarray(['Ingress', 'Egress']),
  except: fc.array(peer, { maxLength: 1 }),
  allow: fc.array(flow, { maxLength: 2 }),
  deny: fc.array(flow, { maxLength: 1 }),
});

function itemFor(given: typeof checks extends fc.Arbitrary<infer T> ? T : never): RemediationItem {
  const { minAvailable, isolated, except, allow, deny, expected } = given;
  const parsed = itemParser(blocksOf(CHECKS))({
    apiVersion: 'remediation.dev/v1alpha1',
    kind: 'RemediationItem',
    metadata: { name: 'random', namespace: 'shop' },
    // Without the fields that are undefined.
    spec: JSON.parse(
      JSON.stringify({
        title: 'random',
        checks: [
          { name: 'probes', probes: { workloads: [{ kind: 'Deployment' }], ...expected } },
          { name: 'budget', podDisruptionBudget: { workloads: [{ kind: 'Deployment' }], minAvailable } },
          { name: 'policy', networkPolicy: { endpoints: [{}], isolated, except, allow, deny } },
        ],
      }),
    ),
  });
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.item;
}

/** Verdicts by check, judged by the manifests alone. */
function verdicts(item: RemediationItem, objects: readonly Manifest[]): ReadonlyMap<string, string> {
  const facts = recordFacts(manifestSource(objects, { static: true }));
  const { status } = evaluate(byType(CHECKS), item, facts, { now: NOW, changes: [] });
  return new Map((status.checks ?? []).map(({ name, verdict }) => [name, verdict]));
}

describe('whatever the shop', { timeout: 120_000 }, () => {
  it('applied, the suggestions come to the verdicts that they were shown with', () => {
    let mended = 0;
    fc.assert(
      fc.property(
        fc.uniqueArray(deployment, { maxLength: 4, selector: (d) => `${d.namespace}/${d.name}` }),
        fc.uniqueArray(budget, { maxLength: 3, selector: ({ metadata: m }) => `${m.namespace}/${m.name}` }),
        fc.uniqueArray(policy, { maxLength: 3, selector: ({ metadata: m }) => `${m.namespace}/${m.name}` }),
        checks,
        (deployments, budgets, policies, given) => {
          const objects = [CONFIG, ...deployments.map(asDeployment), ...budgets, ...policies];
          const item = itemFor(given);
          const before = verdicts(item, objects);
          const plan = planFor(byType(CHECKS), item, manifestSource(objects, { static: true }), NOW);
          const yaml = asYaml([{ item, plan }], {
            originOf: () => [],
            hintOf: () => undefined,
            exists: ({ kind, namespace: ns, name }) =>
              objects.some((o) => o.kind === kind && o.metadata.name === name && o.metadata.namespace === ns),
          });
          const after = verdicts(item, applyPrinted(objects, readPrinted(yaml)));
          for (const check of plan.checks) {
            expect(after.get(check.name)).toBe(check.after);
            if (before.get(check.name) === 'Pass') expect(after.get(check.name)).toBe('Pass');
            if (check.before === 'Fail' && check.after === 'Pass') mended++;
            if (check.after === 'Fail') expect(check.without).not.toEqual([]);
          }
        },
      ),
      { numRuns: RUNS },
    );
    // Else it would say nothing of suggestions.
    expect(mended).toBeGreaterThan(RUNS / 2);
  });
});

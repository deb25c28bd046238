// `remediation suggest` on a real API server: what it prints is applied by the
// very commands that it names, and then the item is Implemented.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { remediation } from '../../src/cli/testing/run.ts';
import type { Transport } from '../../src/kubernetes/index.ts';
import { sharedCluster } from '../cluster/suite.ts';
import {
  admin,
  apply,
  deleteItems,
  documents,
  eventually,
  getJson,
  installDefinition,
  SYSTEM,
} from './support/cluster.ts';
import { budget, deployment, item, namespaceObject } from './support/scene.ts';

const cluster = sharedCluster()!;
const suite = `suggest-${process.pid}`;
const SHOP = `suggest-shop-${process.pid}`;

/** A Deployment of one replica without probes, as many are. */
const bare = (name: string, container: object = {}): object =>
  deployment({ namespace: SHOP, name }, 1, container);

/** An admission policy that lets nobody make budgets in the namespace of this suite. */
const refusing: readonly object[] = [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: suite },
    spec: {
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ['policy'],
            apiVersions: ['v1'],
            operations: ['CREATE'],
            resources: ['poddisruptionbudgets'],
          },
        ],
      },
      validations: [{ expression: 'false', message: 'budgets are made by the platform team' }],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: suite },
    spec: {
      policyName: suite,
      validationActions: ['Deny'],
      matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': SHOP } } },
    },
  },
];

interface Suggested {
  readonly action: string;
  readonly apply: string;
  readonly object: { readonly kind: string; readonly metadata: { readonly name: string } };
}

describe.skipIf(!cluster)('suggest', () => {
  let transport: Transport;
  let folder: string;

  const run = (command: string, ...args: string[]) =>
    remediation([command, ...args], { env: { KUBECONFIG: cluster.kubeconfigPath } });

  beforeAll(async () => {
    await installDefinition(cluster);
    transport = await admin(cluster);
    folder = await mkdtemp(path.join(tmpdir(), 'suggest-'));
    await apply(cluster, documents(namespaceObject(SYSTEM), namespaceObject(SHOP)));
  });
  afterAll(async () => {
    await deleteItems(transport, `suite=${suite}`, SYSTEM);
    for (const kind of ['validatingadmissionpolicybinding', 'validatingadmissionpolicy']) {
      await cluster.kubectl(['delete', kind, suite, '--ignore-not-found']);
    }
    await cluster.kubectl(['delete', 'namespace', SHOP, '--wait=false']);
    await transport?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const rolledOut = async (name: string) => {
    await cluster.kubectl(['rollout', 'status', `deployment/${name}`, '-n', SHOP, '--timeout=60s']);
  };
  const put = (name: string, checks: readonly object[]) =>
    apply(cluster, documents(item({ name, namespace: SYSTEM, suite, checks })));
  const stateOf = async (name: string) => {
    const { stdout } = await run('verify', '-n', SYSTEM, '-l', `suite=${suite}`, '-o', 'json');
    const { items } = JSON.parse(stdout) as {
      items: { metadata: { name: string }; status: { state: string; summary: string } }[];
    };
    const found = items.find(({ metadata }) => metadata.name === name);
    return `${found?.status.state}: ${found?.status.summary}`;
  };
  const checksOf = (name: string): readonly object[] => [
    {
      name: 'probes',
      probes: {
        workloads: [{ kind: 'Deployment', namespace: SHOP, name }],
        readiness: { path: '/ready', maxTimeoutSeconds: 3 },
      },
    },
    { name: 'budget', podDisruptionBudget: { workloads: [{ kind: 'Deployment', namespace: SHOP, name }] } },
    {
      name: 'policy',
      networkPolicy: {
        endpoints: [{ namespace: SHOP, podSelector: { matchLabels: { app: name } } }],
        allow: [{ from: { entity: 'kube-apiserver' }, ports: ['80/TCP'] }],
      },
    },
  ];

  /** Each document in a file of its own, given to the command that stands beside it. */
  const runCommandsOf = async (suggestions: readonly Suggested[]) => {
    for (const [at, { apply: how, object }] of suggestions.entries()) {
      const file = path.join(folder, `${at}.json`);
      await writeFile(file, JSON.stringify(object));
      const [command = ''] = how.split(';');
      await cluster.kubectl(command.replace('FILE', file).split(' ').slice(1));
    }
  };

  it('prints what makes a failing item Implemented when its commands are run', async () => {
    const name = 'web';
    await apply(cluster, documents(bare(name), budget({ namespace: SHOP, name })));
    await rolledOut(name);
    await put(name, checksOf(name));
    expect(await stateOf(name)).toMatch(/^Pending/);

    const suggested = await run('suggest', name, '-n', SYSTEM, '-o', 'json');
    expect(suggested.code, suggested.stderr).toBe(0);
    const { suggestions, without } = JSON.parse(suggested.stdout) as {
      suggestions: Suggested[];
      without: unknown[];
    };
    expect(without).toEqual([]);
    expect(suggestions.map(({ action, object }) => `${action} ${object.kind}`)).toEqual([
      'patch Deployment',
      'patch Deployment',
      'create CiliumNetworkPolicy',
    ]);
    await runCommandsOf(suggestions);
    await rolledOut(name);
    await eventually(async () => expect(await stateOf(name)).toMatch(/^Implemented/));
    expect(await run('suggest', name, '-n', SYSTEM)).toMatchObject({ code: 0, stdout: '' });
  });

  it('replaces the handler of a probe, and takes nothing else away', async () => {
    const name = 'api';
    await apply(cluster, documents(bare(name, { readinessProbe: { tcpSocket: { port: 80 } } })));
    await rolledOut(name);
    await put(name, checksOf(name));
    const { code, stdout, stderr } = await run('suggest', name, '-n', SYSTEM, '-o', 'json');
    expect(code, stderr).toBe(0);
    await runCommandsOf((JSON.parse(stdout) as { suggestions: Suggested[] }).suggestions);
    await rolledOut(name);
    await eventually(async () => expect(await stateOf(name)).toMatch(/^Implemented/));
    const deployment = await getJson(cluster, 'deployment', name, '-n', SHOP);
    const { template } = deployment.spec as { template: { spec: { containers: Record<string, object>[] } } };
    expect(template.spec.containers).toMatchObject([
      { image: 'registry.example/main:1', readinessProbe: { httpGet: { path: '/ready' } } },
    ]);
    expect(template.spec.containers[0]?.readinessProbe).not.toHaveProperty('tcpSocket');
  });

  it('asks the API server with --dry-run, changes nothing, and keeps back what that refuses', async () => {
    const name = 'asked';
    await apply(cluster, documents(bare(name)));
    await rolledOut(name);
    await put(name, checksOf(name));
    const dry = () => run('suggest', name, '-n', SYSTEM, '--dry-run');
    const accepted = await dry();
    expect(accepted).toMatchObject({ code: 0, stdout: expect.stringContaining('kind: CiliumNetworkPolicy') });
    const { spec } = await getJson(cluster, 'deployment', name, '-n', SHOP);
    expect(spec).toMatchObject({ replicas: 1 });

    await apply(cluster, documents(...refusing));
    const refused = await eventually(async () => {
      const ran = await dry();
      expect(ran.code).toBe(1);
      return ran;
    });
    expect(refused.stdout).toBe('');
    expect(refused.stderr).toContain('refused by the API server: PodDisruptionBudget');
    expect(refused.stderr).toContain('budgets are made by the platform team');
  });
});

// The control plane itself: what every other suite rests on.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalCluster, RunError, startCluster } from '../cluster/index.ts';
import { isAlive, type ProcessIdentity } from '../cluster/processes.ts';
import { readState } from '../cluster/state.ts';
import { localClusters, sharedCluster, suiteName } from '../cluster/suite.ts';

const shared = sharedCluster();

const deployment = (name: string, replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'registry.example/main:1' }] },
    },
  },
});

const budget = (name: string, minAvailable: number) => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name },
  spec: { minAvailable, selector: { matchLabels: { app: name } } },
});

/** What an eviction of this pod would be answered, without one taking place. */
function dryRunEviction(namespace: string, pod: string): Promise<string> {
  const eviction = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: pod, namespace },
    deleteOptions: { dryRun: ['All'] },
  };
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
  return shared!.kubectl(['create', `--raw=${path}`, '--filename=-'], JSON.stringify(eviction));
}

describe.skipIf(!shared)('the cluster that suites share', () => {
  const namespace = suiteName('cluster-test');
  const kubectl = (args: string[], stdin?: string) =>
    shared!.kubectl([`--namespace=${namespace}`, ...args], stdin);

  beforeAll(async () => {
    await shared!.kubectl(['create', 'namespace', namespace]);
  });
  afterAll(async () => {
    await shared!.kubectl(['delete', 'namespace', namespace, '--wait=false']);
  });

  it('runs pods, counts them in a budget and refuses the eviction that the budget forbids', async () => {
    await kubectl(['create', '--filename=-'], JSON.stringify(deployment('tight', 2)));
    await kubectl(['create', '--filename=-'], JSON.stringify(budget('tight', 2)));
    await kubectl(['rollout', 'status', 'deployment/tight', '--timeout=60s']);
    await kubectl(['wait', '--for=jsonpath={.status.currentHealthy}=2', 'pdb/tight', '--timeout=30s']);

    const [pod] = (await kubectl(['get', 'pods', '--output=jsonpath={.items[*].metadata.name}'])).split(' ');
    const refused = await dryRunEviction(namespace, pod!).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RunError);
    expect((refused as RunError).stderr).toContain("would violate the pod's disruption budget");

    await kubectl(['scale', 'deployment/tight', '--replicas=3']);
    await kubectl(['wait', '--for=jsonpath={.status.disruptionsAllowed}=1', 'pdb/tight', '--timeout=30s']);
    expect(await dryRunEviction(namespace, pod!)).toContain('Success');
  });

  it('serves the kinds of Cilium, Flux and prometheus-operator', async () => {
    const kinds = await shared!.kubectl(['api-resources', '--output=name']);
    for (const kind of [
      'ciliumnetworkpolicies.cilium.io',
      'ciliumclusterwidenetworkpolicies.cilium.io',
      'kustomizations.kustomize.toolkit.fluxcd.io',
      'gitrepositories.source.toolkit.fluxcd.io',
      'helmreleases.helm.toolkit.fluxcd.io',
      'alerts.notification.toolkit.fluxcd.io',
      'servicemonitors.monitoring.coreos.com',
      'prometheusrules.monitoring.coreos.com',
    ]) {
      expect(kinds.split('\n')).toContain(kind);
    }
  });

  it('lets a ServiceAccount do what RBAC allows and nothing else', async () => {
    await kubectl(['create', 'serviceaccount', 'reader']);
    await kubectl(['create', 'role', 'reader', '--verb=list', '--resource=pods']);
    await kubectl([
      'create',
      'rolebinding',
      'reader',
      '--role=reader',
      `--serviceaccount=${namespace}:reader`,
    ]);
    const kubeconfig = await shared!.serviceAccountKubeconfig(namespace, 'reader');
    const asReader = (args: string[]) => kubectl([`--kubeconfig=${kubeconfig}`, ...args]);

    await expect(asReader(['get', 'pods', '--output=name'])).resolves.toContain('pod/');
    await expect(asReader(['get', 'secrets'])).rejects.toThrow(/Forbidden.*cannot list resource "secrets"/);
  });
});

const namesOf = (cluster: LocalCluster) => cluster.kubectl(['get', 'configmaps', '--output=name']);

const processesOf = (name: string): ProcessIdentity[] => Object.values(readState(name)?.processes ?? {});

/** Processes of this machine that have the folder in their command line; none where /proc cannot tell. */
function commandsNaming(folder: string): string[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        return [readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ')];
      } catch {
        return [];
      }
    })
    .filter((command) => command.includes(`${folder}/`));
}

describe.skipIf(!localClusters())('a control plane of its own', () => {
  let first: LocalCluster;
  let second: LocalCluster;

  beforeAll(async () => {
    [first, second] = await Promise.all([
      startCluster({ name: suiteName('first'), crds: 'none' }),
      startCluster({ name: suiteName('second'), crds: 'none', nodes: 1, faults: { minRequestTimeout: 5 } }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([first?.stop(), second?.stop()]);
  });

  it('stands beside another and shares nothing with it', async () => {
    await first.kubectl(['create', 'configmap', 'only-in-first']);
    expect(await namesOf(first)).toContain('only-in-first');
    expect(await namesOf(second)).not.toContain('only-in-first');
    expect((await second.kubectl(['get', 'nodes', '--output=name'])).trim().split('\n')).toEqual([
      'node/node-0',
    ]);
  });

  it('has the fault that was asked for', async () => {
    const began = Date.now();
    const watch = second.kubectl(['get', '--raw=/api/v1/namespaces/default/configmaps?watch=1']);
    await watch;
    expect(Date.now() - began).toBeLessThan(15_000);
  });

  it('keeps its data over a restart of the API server and of etcd', async () => {
    await first.kubectl(['create', 'configmap', 'survivor']);
    const before = processesOf(first.name);
    await first.restartApiServer();
    expect(await namesOf(first)).toContain('survivor');
    await first.restartEtcd();
    expect(await namesOf(first)).toContain('survivor');
    expect(before.filter(isAlive)).toHaveLength(before.length - 2);
  });

  it('answers nothing while its API server is paused, and goes on afterwards', async () => {
    await first.pauseApiServer();
    await expect(first.kubectl(['get', '--raw=/readyz', '--request-timeout=1s'])).rejects.toThrow(RunError);
    await first.resumeApiServer();
    expect(await first.kubectl(['get', '--raw=/readyz'])).toBe('ok');
  });

  it('leaves no process, no watchdog and no folder when it is stopped, even while it is paused', async () => {
    const third = await startCluster({ name: suiteName('third'), crds: 'none', nodes: 1 });
    const processes = processesOf(third.name);
    expect(processes.filter(isAlive)).toHaveLength(5);
    await third.pauseApiServer();
    await third.stop();
    expect(processes.filter(isAlive)).toEqual([]);
    expect(commandsNaming(third.folder)).toEqual([]);
    expect(commandsNaming('test/cluster').filter((command) => command.includes(third.name))).toEqual([]);
    expect(existsSync(third.folder)).toBe(false);
  });

  it('ends with its owner, even when that is killed', async () => {
    const name = suiteName('orphan');
    const library = join(import.meta.dirname, '../cluster/index.ts');
    const script = `
      import { startCluster } from ${JSON.stringify(library)};
      const cluster = await startCluster({ name: ${JSON.stringify(name)}, crds: 'none', nodes: 1 });
      console.log(cluster.folder);
      setInterval(() => undefined, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const folder = await new Promise<string>((resolve) => {
      owner.stdout.once('data', (chunk: Buffer) => resolve(String(chunk).trim()));
    });
    const processes = processesOf(name);
    expect(processes.filter(isAlive)).toHaveLength(5);

    owner.kill('SIGKILL');
    const deadline = Date.now() + 20_000;
    while (existsSync(folder) && Date.now() < deadline) await sleep(100);
    expect(existsSync(folder)).toBe(false);
    expect(processes.filter(isAlive)).toEqual([]);
    expect(commandsNaming(folder)).toEqual([]);
  });
});

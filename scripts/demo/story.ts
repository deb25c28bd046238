// The story that the demo tells: judged offline, judged live, broken by two
// people, found out within a moment, mended.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Cluster, RunError } from '../../test/cluster/index.ts';
import type { DemoOperator } from './operator.ts';
import { command, heading, output, say } from './say.ts';

const root = path.join(import.meta.dirname, '../..');
const ITEMS = 'examples/january-2026';
/** A repository as Flux applies it, and its apps alone, for a cluster without Flux. */
const REPOSITORY = 'examples/repository';
const MANIFESTS = `${REPOSITORY}/kubernetes`;
const SAMPLE = 'examples/cluster';
/** Those whose evidence is what runs; the others need a Flux source, or a person. */
const RUNNING = [
  'item-09-health-probes.yaml',
  'item-11-cilium-network-policies.yaml',
  'item-13-pod-disruption-budgets.yaml',
];
const NAMESPACE = 'remediation-system';

/** What the story breaks, and which item finds it out. */
const BUDGET = { namespace: 'cert-manager', name: 'cert-manager', item: 'item-13-pod-disruption-budgets' };
const POLICY = { namespace: 'monitoring', item: 'item-11-cilium-network-policies' };

const item = z.object({
  metadata: z.object({ name: z.string() }),
  status: z
    .object({
      state: z.string().optional(),
      history: z
        .array(
          z.object({
            at: z.string(),
            from: z.string().optional(),
            to: z.string(),
            reason: z.string(),
            message: z.string(),
            changedBy: z.record(z.string(), z.string()).optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});
const itemList = z.object({ items: z.array(item) });

export async function judgeOffline(): Promise<void> {
  heading('The review, judged offline: no cluster needed');
  say('The items of a review say IMPLEMENTED or are still open. Here is what the repository itself proves:');
  const judge = ['verify', ITEMS, '--manifests', MANIFESTS, '--static', '--source', REPOSITORY];
  command(`bin/remediation ${judge.join(' ')}`);
  const judged = spawnSync(path.join(root, 'bin/remediation'), judge, { cwd: root, encoding: 'utf8' });
  output(judged.stdout + judged.stderr);
  if (judged.status !== 0) throw new Error(`verify ended with status ${judged.status}`);
}

export async function setUp(cluster: Cluster): Promise<void> {
  heading('The operator: CRD, permissions, alert rules, as deploy/base has them');
  command('kubectl apply -k deploy/base');
  await cluster.kubectl(['apply', '-k', path.join(root, 'deploy/base')]);
  await cluster.kubectl([
    'wait',
    '--for=condition=Established',
    'crd/remediationitems.remediation.dev',
    '--timeout=60s',
  ]);
  say('No container runs here (kwok only plays the nodes), so its Deployment is scaled to 0');
  say('and the operator runs as a process of this machine, with the token of its own ServiceAccount.');
  await cluster.kubectl(['scale', '-n', NAMESPACE, 'deployment/remediation-operator', '--replicas=0']);

  heading('A small cluster as the review met it, and the items of the review');
  command(`kubectl apply --server-side -k ${SAMPLE}`);
  await cluster.kubectl(['apply', '--server-side', '-k', path.join(root, SAMPLE)]);
  say('Those of its items whose evidence is what runs; the others need a Flux source, or a person:');
  const items = RUNNING.flatMap((file) => ['-f', `${ITEMS}/${file}`]);
  command(`kubectl apply ${items.join(' ')}`);
  await cluster.kubectl(['apply', ...RUNNING.flatMap((file) => ['-f', path.join(root, ITEMS, file)])]);
}

export async function breakThings(cluster: Cluster, operator: DemoOperator): Promise<void> {
  const items = await waitFor(
    cluster,
    'every item to be Implemented',
    (list) => list.length > 0 && list.every(({ state }) => state === 'Implemented'),
    120,
  );
  heading('What the API server says now');
  await showItems(cluster);
  say(`All ${items.length} are Implemented: proven, not claimed.`);

  heading('Somebody deletes a budget');
  command(`kubectl delete pdb -n ${BUDGET.namespace} ${BUDGET.name}`);
  await cluster.kubectl(['delete', 'pdb', '-n', BUDGET.namespace, BUDGET.name]);
  await untilDrifted(cluster, BUDGET.item);

  heading('Somebody else opens a network policy wide');
  const policy = await firstPolicy(cluster);
  const wide = JSON.stringify([{ op: 'add', path: '/spec/ingress/-', value: { fromEntities: ['all'] } }]);
  command(
    `kubectl patch ciliumnetworkpolicy -n ${POLICY.namespace} ${policy} --field-manager=kubectl-edit --type=json -p '${wide}'`,
  );
  await cluster.kubectl([
    'patch',
    'ciliumnetworkpolicy',
    '-n',
    POLICY.namespace,
    policy,
    '--field-manager=kubectl-edit',
    '--type=json',
    '-p',
    wide,
  ]);
  await untilDrifted(cluster, POLICY.item);

  heading('The items are Drifted, and say who did it');
  await showItems(cluster);
  for (const name of [BUDGET.item, POLICY.item]) await showLast(cluster, name);
  say('As Events:');
  command(`kubectl get events -n ${NAMESPACE}`);
  output(
    await cluster.kubectl(['get', 'events.events.k8s.io', '-n', NAMESPACE, '--field-selector=type=Warning']),
  );
  say('As the metric that Alertmanager hears of:');
  command(`curl -s ${operator.metrics}/metrics | grep 'state="Drifted"} 1'`);
  const metrics = await (await fetch(`${operator.metrics}/metrics`)).text();
  output(
    metrics
      .split('\n')
      .filter((line) => line.startsWith('remediation_item_state') && line.includes('state="Drifted"} 1'))
      .join('\n'),
  );
}

export async function mendThings(cluster: Cluster): Promise<void> {
  heading('It is mended: what is in Git is applied again');
  command(`kubectl apply -k ${SAMPLE}`);
  await cluster.kubectl(['apply', '--server-side', '--force-conflicts', '-k', path.join(root, SAMPLE)]);
  await waitFor(
    cluster,
    'every item to be Implemented again',
    (list) => list.every(({ state }) => state === 'Implemented'),
    60,
  );
  await showItems(cluster);
  say('And nothing is forgotten:');
  for (const name of [BUDGET.item, POLICY.item]) await showHistory(cluster, name);
}

async function untilDrifted(cluster: Cluster, name: string): Promise<void> {
  const started = performance.now();
  await waitFor(
    cluster,
    `${name} to be Drifted`,
    (list) => list.some((each) => each.name === name && each.state === 'Drifted'),
    60,
  );
  say(`${name} was Drifted when it was looked at ${Math.round(performance.now() - started)} ms later.`);
}

async function readItems(cluster: Cluster) {
  const { items } = itemList.parse(
    JSON.parse(await cluster.kubectl(['get', 'remediationitems', '-n', NAMESPACE, '-o', 'json'])),
  );
  return items.map(({ metadata, status }) => ({
    name: metadata.name,
    state: status?.state,
    history: status?.history ?? [],
  }));
}
type Seen = Awaited<ReturnType<typeof readItems>>;

async function waitFor(
  cluster: Cluster,
  what: string,
  holds: (items: Seen) => boolean,
  seconds: number,
): Promise<Seen> {
  for (const deadline = Date.now() + seconds * 1000; ; await sleep(50)) {
    const items = await readItems(cluster);
    if (holds(items)) return items;
    if (Date.now() < deadline) continue;
    await showItems(cluster);
    throw new Error(`waited ${seconds} s for ${what}`);
  }
}

async function showItems(cluster: Cluster): Promise<void> {
  command('kubectl get remediationitems -A');
  output(await cluster.kubectl(['get', 'remediationitems', '-A']));
}

async function showLast(cluster: Cluster, name: string): Promise<void> {
  const [last] = (await readItems(cluster)).find((each) => each.name === name)?.history ?? [];
  if (last) output(`${name}:\n${inWords(last)}`);
}

async function showHistory(cluster: Cluster, name: string): Promise<void> {
  const history = (await readItems(cluster)).find((each) => each.name === name)?.history ?? [];
  output(`${name}:\n${history.map(inWords).join('\n')}`);
}

function inWords({ at, from, to, reason, message, changedBy }: Seen[number]['history'][number]): string {
  const who = changedBy
    ? `\n    by ${changedBy.kind} ${changedBy.namespace ?? ''}/${changedBy.name} ${(changedBy.action ?? 'Changed').toLowerCase()}, last written by ${changedBy.manager ?? 'nobody known'}`
    : '';
  return `  ${at} ${from ?? 'new'} → ${to} (${reason}): ${message}${who}`;
}

/** The policy of the monitoring namespace that allows the least: opening it is the worst. */
async function firstPolicy(cluster: Cluster): Promise<string> {
  const names = (
    await cluster.kubectl(['get', 'ciliumnetworkpolicies', '-n', POLICY.namespace, '-o', 'name'])
  )
    .trim()
    .split('\n');
  const name = names[0]?.split('/')[1];
  if (!name) throw new RunError('no CiliumNetworkPolicy in the monitoring namespace', 1, '');
  return name;
}

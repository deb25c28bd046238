// What a new cluster is given before anyone uses it: nodes and CRDs.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Api } from './api.ts';
import type { ClusterOptions } from './state.ts';

const crdPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Creates nodes and CRDs; those that exist already are left as they are. */
export async function fill(api: Api, options: ClusterOptions, crds: readonly string[]): Promise<void> {
  await Promise.all([
    ...Array.from({ length: options.nodes }, (_, index) =>
      create(api, '/api/v1/nodes', JSON.stringify(node(index, options.podsPerNode))),
    ),
    ...crds.map((file) => create(api, crdPath, readFileSync(file, 'utf8'))),
  ]);
}

async function create(api: Api, path: string, body: string): Promise<void> {
  const answer = await api.send('POST', path, body);
  if (answer.status === 201 || answer.status === 409) return;
  throw new Error(`POST ${path} was answered with ${answer.status}: ${answer.body.slice(0, 500)}`);
}

/** A node as kwok takes care of it: room for `pods` pods, and more processor and memory than they will ask for. */
export function node(index: number, pods: number) {
  const name = `node-${index}`;
  const capacity = { cpu: '1k', memory: '4Ti', 'ephemeral-storage': '4Ti', pods: String(pods) };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'topology.kubernetes.io/region': 'region-a',
        'topology.kubernetes.io/zone': `zone-${'abc'[index % 3]}`,
      },
    },
    status: { capacity, allocatable: capacity },
  };
}

const conditions = z.array(z.object({ type: z.string(), status: z.string() }));
const list = z.object({
  items: z.array(z.object({ status: z.object({ conditions: conditions.nullish() }).optional() })),
});

/**
 * Waits until a pod could be created and run: all nodes Ready, the ServiceAccount
 * that pods of the default namespace use exists, all CRDs Established.
 * `stillRuns` throws when waiting has become pointless.
 */
export async function untilUsable(api: Api, options: ClusterOptions, stillRuns: () => void): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const missing = await whatIsMissing(api, options);
    if (missing === undefined) return;
    stillRuns();
    if (Date.now() > deadline) throw new Error(`The cluster is not usable after 60 s: ${missing}.`);
    await sleep(50);
  }
}

async function whatIsMissing(api: Api, options: ClusterOptions): Promise<string | undefined> {
  const nodes = await withCondition(api, '/api/v1/nodes?resourceVersion=0', 'Ready');
  if (nodes.true < options.nodes) return `${nodes.true} of ${options.nodes} nodes are Ready`;
  const account = await api.send('GET', '/api/v1/namespaces/default/serviceaccounts/default');
  if (account.status !== 200) return 'ServiceAccount default/default does not exist';
  const crds = await withCondition(api, `${crdPath}?resourceVersion=0`, 'Established');
  if (crds.true < crds.all) return `${crds.true} of ${crds.all} CRDs are Established`;
  return undefined;
}

async function withCondition(api: Api, path: string, type: string): Promise<{ all: number; true: number }> {
  const answer = await api.send('GET', path);
  if (answer.status !== 200) return { all: 1, true: 0 };
  const { items } = list.parse(JSON.parse(answer.body));
  const holds = items.filter(({ status }) =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === 'True'),
  );
  return { all: items.length, true: holds.length };
}

// `npm run bench:reach`: how long `remediation reach` takes over manifests, as a
// process from its start to its end, for four sizes of cluster and each way of
// printing. Each figure is the median of three runs. Nothing is asserted.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const WORKLOADS = [100, 250, 500, 1_000];
const WORKLOADS_PER_NAMESPACE = 10;
const REPLICAS = 4;
const POLICIES_PER_NAMESPACE = 3;
const RUNS = 3;
const OUTPUTS = ['table', 'dot', 'svg'];

const program = path.join(import.meta.dirname, '..', '..', 'bin', 'remediation');
const team = (n: number) => `team-${String(n).padStart(3, '0')}`;

function namespace(n: number): object[] {
  const name = team(n);
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    },
    ...Array.from({ length: WORKLOADS_PER_NAMESPACE }, (_, index) => deployment(name, index)),
    ...Array.from({ length: POLICIES_PER_NAMESPACE }, (_, index) => policy(name, n, index)),
  ];
}

function deployment(namespace: string, index: number): object {
  const labels = { app: `app-${index}`, tier: index < 5 ? 'front' : 'back' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `app-${index}`, namespace },
    spec: {
      replicas: REPLICAS,
      selector: { matchLabels: { app: labels.app } },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'main',
              image: 'example.org/main:1',
              ports: [{ name: 'http', containerPort: 8080 + (index % 3) }],
            },
          ],
        },
      },
    },
  };
}

/** Default deny for all, an entry for the front from the next team and the world, and the back for the front alone. */
function policy(namespace: string, n: number, index: number): object {
  const specs = [
    { endpointSelector: {}, ingress: [{}] },
    {
      endpointSelector: { matchLabels: { tier: 'front' } },
      ingress: [
        {
          fromEndpoints: [{ matchLabels: { 'k8s:io.kubernetes.pod.namespace': team(n + 1) } }],
          toPorts: [{ ports: [{ port: '8080', protocol: 'TCP' }] }],
        },
        { fromEntities: ['world'], toPorts: [{ ports: [{ port: '8081', protocol: 'TCP' }] }] },
      ],
    },
    {
      endpointSelector: { matchLabels: { tier: 'back' } },
      ingress: [{ fromEndpoints: [{ matchLabels: { tier: 'front' } }] }],
    },
  ];
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: ['default-deny', 'front', 'back'][index], namespace },
    spec: specs[index],
  };
}

function fill(folder: string, namespaces: number): void {
  mkdirSync(folder);
  for (let n = 0; n < namespaces; n++)
    writeFileSync(
      path.join(folder, `${team(n)}.yaml`),
      namespace(n)
        .map((object) => JSON.stringify(object))
        .join('\n---\n'),
    );
}

interface Run {
  readonly seconds: number;
  readonly bytes: number;
}

function reach(manifests: string, output: string, to: string): Run {
  const out = openSync(to, 'w');
  const started = performance.now();
  const { status, stderr } = spawnSync(
    program,
    ['reach', '--manifests', manifests, '--static', '-o', output],
    { stdio: ['ignore', out, 'pipe'], encoding: 'utf8' },
  );
  const seconds = (performance.now() - started) / 1000;
  closeSync(out);
  if (status !== 0) throw new Error(`reach -o ${output} ended with ${status}: ${stderr}`);
  return { seconds, bytes: statSync(to).size };
}

function main(): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-reach-'));
  try {
    console.log(`| workloads | pods | policies | ${OUTPUTS.map((output) => `-o ${output}`).join(' | ')} |`);
    console.log(`|${'---:|'.repeat(3 + OUTPUTS.length)}`);
    for (const workloads of WORKLOADS) {
      const namespaces = workloads / WORKLOADS_PER_NAMESPACE;
      const manifests = path.join(folder, String(workloads));
      fill(manifests, namespaces);
      const figures = OUTPUTS.map((output) => {
        const runs = Array.from({ length: RUNS }, () => reach(manifests, output, path.join(folder, 'out')));
        const seconds = runs.map((run) => run.seconds).sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 0;
        return `${seconds.toFixed(2)} s, ${((runs[0]?.bytes ?? 0) / 1e6).toFixed(1)} MB`;
      });
      console.log(
        `| ${workloads} | ${workloads * REPLICAS} | ${namespaces * POLICIES_PER_NAMESPACE} | ${figures.join(' | ')} |`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();

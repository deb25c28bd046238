// `reach -o json` against what Cilium's own policy engine has answered: every row that it prints is Cilium's answer,
// and what it leaves out is what the check's engine does not know.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ReachFlags, runReach } from '../../src/cli/reach/index.ts';
import type { Claim } from '../oracle/compare.ts';
import { judge } from '../oracle/engine.ts';
import type { Scenario } from '../oracle/scenario.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'reach-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Row {
  src: string;
  dst: string;
  port: number;
  protocol: string;
  egress: string;
  ingress: string;
  verdict: string;
}

/** The scenario as a dump of its cluster. */
function dump({ namespaces, pods, policies, config, services = [], nodes = [] }: Scenario): object {
  // A node that is not listed is one without labels.
  const names = new Set(pods.map(({ node = 'node' }) => node));
  for (const { name } of nodes) names.delete(name);
  const items = [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cilium-config', namespace: 'kube-system' },
      data: config,
    },
    ...namespaces.map(({ name, labels }) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels },
    })),
    ...[...nodes, ...[...names].map((name) => ({ name, labels: {} }))].map(({ name, labels }) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels },
    })),
    ...pods.map((pod) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        namespace: pod.namespace,
        name: pod.name,
        labels: pod.labels,
        uid: `${pod.namespace}/${pod.name}`,
      },
      spec: {
        serviceAccountName: pod.serviceAccount ?? 'default',
        hostNetwork: pod.hostNetwork ?? false,
        nodeName: pod.node ?? 'node',
        containers: [{ name: 'c', ports: pod.ports ?? [] }],
      },
      status: { phase: 'Running' },
    })),
    ...policies,
    ...services,
  ];
  return { apiVersion: 'v1', kind: 'List', items };
}

async function rows(scenario: Scenario): Promise<Row[]> {
  const file = join(folder, 'dump.json');
  writeFileSync(file, JSON.stringify(dump(scenario)));
  const flags: ReachFlags = {
    manifests: [file],
    static: false,
    ports: scenario.queries.map(({ port, protocol }) => `${port}/${protocol}`),
    output: 'json',
    timeout: 1,
    color: false,
  };
  let text = '';
  await runReach(flags, {
    print: async (chunks) => {
      for (const chunk of chunks) text += chunk;
    },
    say: () => {},
    color: false,
  });
  return JSON.parse(text || '[]');
}

const said = ({ egress, ingress }: Row) => {
  const denied = [...(egress === 'deny' ? ['egress'] : []), ...(ingress === 'deny' ? ['ingress'] : [])];
  return denied.length === 0 ? 'allow' : `${denied.join(' and ')} denied`;
};

describe.each(['test/oracle/testdata', 'src/checks/networkPolicy/cases/oracle'])(
  'reach agrees with %s',
  (cases) => {
    const files = readdirSync(join(root, cases)).filter((file) => file.endsWith('.json'));

    it.each(files)('%s', async (file) => {
      const claim = JSON.parse(readFileSync(join(root, cases, file), 'utf8')) as Claim;
      const { scenario } = claim;
      const found = await rows(scenario);
      const answers = new Map(
        found.map((row) => [`${row.src} > ${row.dst} ${row.port}/${row.protocol}`, said(row)]),
      );
      const unknown = new Set(
        judge(scenario)
          .flows.filter(
            ({ egress, ingress }) => egress.decision === 'unknown' || ingress.decision === 'unknown',
          )
          .map(({ src, dst, port, protocol }) => `${src} > ${dst} ${port}/${protocol}`),
      );
      // The addresses behind services without selector are in EndpointSlices, which are not among the facts.
      const slices = scenario.services?.some(({ kind }) => kind === 'EndpointSlice') ?? false;
      const addresses = new Set((scenario.addresses ?? []).map(({ ip }) => ip));
      const wrong = Object.entries(claim.flows).flatMap(([flow, cilium]) => {
        const [src = '', , dst = ''] = flow.split(' ');
        if (addresses.has(src) || addresses.has(dst)) return [];
        const ours = answers.get(flow) ?? 'left out';
        return ours === cilium || (ours === 'left out' && (slices || unknown.has(flow)))
          ? []
          : [`${flow}: Cilium ${cilium}, reach ${ours}`];
      });
      expect(wrong).toEqual([]);
      for (const row of found) {
        expect(row.verdict).toBe(row.egress === 'allow' && row.ingress === 'allow' ? 'allow' : 'deny');
      }
    });
  },
);

// `report` and `verify` of what a real operator wrote into a real API server, in
// every format.

import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { remediation } from '../../src/cli/testing/run.ts';
import type { Transport } from '../../src/kubernetes/index.ts';
import { sharedCluster } from '../cluster/suite.ts';
import { apply, deleteItems, documents, eventually, install, SYSTEM, statusOf } from './support/cluster.ts';
import { endOperators, startOperatorOf } from './support/operator.ts';
import { budget, CHECK, deployment, item, namespaceObject } from './support/scene.ts';

const cluster = sharedCluster()!;
const suite = `report-${process.pid}`;
const SHOP = `report-shop-${process.pid}`;
const web = { namespace: SHOP, name: 'web' };
const bare = { namespace: SHOP, name: 'bare' };
const TITLE = 'Guard \u001b[31mweb\u001b[0m <script>alert(1)</script> | [x](https://evil.example)';

describe.skipIf(!cluster)('a report of what the operator found', () => {
  let transport: Transport;
  let file: string;

  beforeAll(async () => {
    transport = await install(cluster);
    await apply(cluster, documents(namespaceObject(SHOP), deployment(web), deployment(bare), budget(web)));
    for (const { name } of [web, bare])
      await cluster.kubectl(['rollout', 'status', `deployment/${name}`, '-n', SHOP, '--timeout=60s']);
    const put = (name: string, number: number, checks: readonly object[], spec: object = {}) =>
      apply(
        cluster,
        documents(item({ name, namespace: SYSTEM, suite, checks, spec: { number, title: TITLE, ...spec } })),
      );
    const operator = await startOperatorOf(cluster, suite);
    try {
      await put(`${suite}-done`, 1, [CHECK.budget(web)], { milestone: 'Week 1' });
      await put(`${suite}-drifted`, 2, [CHECK.budget(bare)], { claim: { status: 'Implemented' } });
      await put(`${suite}-open`, 3, [CHECK.budget(bare)]);
      await put(`${suite}-aside`, 4, [CHECK.budget(bare)], { suspend: true });
      for (const [name, state] of [
        ['done', 'Implemented'],
        ['drifted', 'Drifted'],
        ['open', 'Pending'],
        ['aside', 'Suspended'],
      ] as const)
        await eventually(async () =>
          expect((await statusOf(transport, SYSTEM, `${suite}-${name}`)).state).toBe(state),
        );
    } finally {
      await operator.stop();
    }
    // Nobody judges this any more.
    await put(`${suite}-open`, 3, [CHECK.budget(web)]);
    await put(`${suite}-new`, 5, [CHECK.budget(web)]);
    file = path.join(cluster.folder, `${suite}.kubeconfig`);
    await writeFile(file, await cluster.kubectl(['config', 'view', '--raw', '--flatten']), { mode: 0o600 });
  });
  afterAll(async () => {
    endOperators();
    if (file) await rm(file, { force: true });
    if (transport) await deleteItems(transport, `suite=${suite}`, SYSTEM);
    await cluster.kubectl(['delete', 'namespace', SHOP, '--wait=false']);
    await transport?.close();
  });

  const run = (...args: string[]) => remediation([...args, '--kubeconfig', file, '-l', `suite=${suite}`]);
  const report = async (format: string) => {
    const ran = await run('report', '--format', format);
    expect(ran.code).toBe(0);
    return ran;
  };

  it('is JSON: the counts, and the items with their status as the operator wrote it', async () => {
    const told = JSON.parse((await report('json')).stdout);
    expect(told).toMatchObject({
      counts: {
        items: 5,
        states: { Implemented: 1, Drifted: 1, Pending: 1, Suspended: 1, Unknown: 1 },
        claimed: { total: 1, proven: 0, refuted: 1, unknown: 0 },
      },
      milestones: [{ title: 'Week 1', items: 1, done: 1 }],
    });
    const drifted = told.items.find(({ spec }: { spec: { number: number } }) => spec.number === 2);
    expect(drifted.status).toEqual(await statusOf(transport, SYSTEM, `${suite}-drifted`));
  });

  it('says which states are those of an older item', async () => {
    const { stderr } = await report('json');
    expect(stderr).toContain(
      `note: ${SYSTEM}/${suite}-open was changed after the operator judged it last; Pending is what it was before`,
    );
    expect(stderr).toContain(
      `${suite}-new was changed after the operator judged it last, and is Unknown until then`,
    );
    expect(stderr).not.toContain(`${suite}-done`);
  });

  it('is Markdown in which a title stays a title', async () => {
    const { stdout } = await report('markdown');
    expect(stdout).toContain('5 items: 1 Implemented, 1 Unknown, 1 Pending, 1 Drifted, 1 Suspended.');
    expect(stdout).toContain('\\<script\\>alert(1)\\</script\\> \\| \\[x\\](https://evil.example) |');
    expect(stdout).not.toContain('\u001b');
  });

  it('is a page in which it does nothing', async () => {
    const { stdout } = await report('html');
    expect(stdout).toMatch(/^<!doctype html>/);
    expect(stdout).not.toMatch(/<script|[\p{Cc}--\n]/v);
    expect(stdout.match(/<article /g)).toHaveLength(5);
  });

  it('is SARIF with what drifted as an error, and what is open as a note', async () => {
    const [{ results }] = JSON.parse((await report('sarif')).stdout).runs;
    expect(
      results.map(({ level, ruleId }: { level: string; ruleId: string }) => `${level} ${ruleId}`).sort(),
    ).toEqual([
      'error podDisruptionBudget/NoBudget',
      'note podDisruptionBudget/NoBudget',
      'warning state/Unknown',
    ]);
  });

  it('is JUnit that counts as many', async () => {
    const { stdout } = await report('junit');
    expect(stdout).toContain('tests="5" failures="1" errors="1">');
  });

  it('is judged anew by verify, which ends as the worst of them', async () => {
    const ran = await run('verify', '-o', 'junit');
    expect(ran.stdout).toContain('tests="5" failures="1" errors="0">');
    expect(ran.code).toBe(1);
    const table = await run('verify');
    expect(table.stdout).toMatch(/-open +3 .* Implemented/);
    expect(table.stdout).not.toContain('\u001b');
  });
});

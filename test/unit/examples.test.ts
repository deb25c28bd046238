// The examples by the command line: every item is Implemented where the sample
// repository is right, and Drifted once it was and is broken in one place.

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ItemStatus } from '../../src/api/status.ts';
import { remediation } from '../../src/cli/testing/run.ts';
import { JANUARY } from '../../src/review/testing/load.ts';
import { BREAKS, broken, inRounds, SAID_AT } from '../integration/examples-breaks.ts';

const examples = path.join(import.meta.dirname, '../../examples');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'remediation-examples-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy of the examples in which somebody has looked an hour ago at what only people can see. */
async function copied(name: string): Promise<string> {
  const copy = path.join(folder, name);
  await cp(examples, copy, { recursive: true });
  const items = path.join(copy, 'january-2026');
  const said = `at: "${new Date(Date.now() - 3_600_000).toISOString().slice(0, 19)}Z"`;
  for (const file of await readdir(items))
    await edit(path.join(items, file), (text) => text.replace(SAID_AT, said));
  return copy;
}

const edit = async (file: string, change: (text: string) => string) =>
  writeFile(file, change(await readFile(file, 'utf8')));

const WAYS = {
  '--manifests': (copy: string) => ['--manifests', path.join(copy, 'repository/kubernetes')],
  '--flux': (copy: string) => ['--flux', path.join(copy, 'repository/kubernetes/flux/cluster')],
};

async function judged(copy: string, way: keyof typeof WAYS, memory: string) {
  const { code, stdout, stderr } = await remediation([
    'verify',
    path.join(copy, 'january-2026'),
    ...WAYS[way](copy),
    ...['--static', '--source', path.join(copy, 'repository'), '--memory', memory, '-o', 'yaml'],
  ]);
  expect(stderr).not.toContain('error:');
  const { items } = parse(stdout) as { items: { metadata: { name: string }; status: ItemStatus }[] };
  return { code, items: new Map(items.map(({ metadata, status }) => [metadata.name, status])) };
}

describe('the examples', () => {
  it('are all in their kustomization', async () => {
    const there = (await readdir(path.join(examples, 'january-2026'))).filter(
      (name) => name !== 'kustomization.yaml',
    );
    const { resources } = parse(
      await readFile(path.join(examples, 'january-2026/kustomization.yaml'), 'utf8'),
    ) as { resources: string[] };
    expect(resources.toSorted()).toEqual(there.toSorted());
  });

  it('can each be broken', async () => {
    const names = (await readdir(path.join(examples, 'january-2026')))
      .filter((name) => name !== 'kustomization.yaml')
      .map((name) => name.replace(/\.yaml$/, ''));
    expect([...new Set(BREAKS.map(({ item }) => item))].sort()).toEqual(names.sort());
  });

  describe.each(Object.keys(WAYS) as (keyof typeof WAYS)[])('judged by %s', (way) => {
    let right: Awaited<ReturnType<typeof judged>>;
    const wrong = new Map<string, ItemStatus>();

    beforeAll(async () => {
      const copy = await copied(`right${way}`);
      const memory = path.join(folder, `memory${way}`);
      right = await judged(copy, way, memory);
      for (const [index, round] of inRounds(BREAKS).entries()) {
        const name = `round-${index}${way}`;
        const broke = await copied(name);
        for (const each of round) await edit(path.join(broke, each.file), (text) => broken(each, text));
        await cp(memory, `${memory}-${index}`);
        const { items } = await judged(broke, way, `${memory}-${index}`);
        for (const { item, what } of round) wrong.set(`${item}: ${what}`, items.get(item)!);
      }
    }, 300_000);

    it('are Implemented', () => {
      expect([...right.items].filter(([, { state }]) => state !== 'Implemented')).toEqual([]);
      expect(right).toMatchObject({ code: 0, items: { size: 12 } });
    });

    it('are Unknown about the workflows where the source no longer keeps them', async () => {
      const copy = await copied(`left-out${way}`);
      await edit(path.join(copy, 'repository/kubernetes/flux/cluster/source.yaml'), (text) =>
        text.replace(/^ *!\/\.github\n/m, ''),
      );
      const { code, items } = await judged(copy, way, path.join(folder, `memory-left-out${way}`));
      const workflows = ['item-03-trivy-scanning', 'item-15-sbom-generation'];
      expect(code).toBe(3);
      expect([...items].filter(([, { state }]) => state !== 'Implemented').map(([name]) => name)).toEqual(
        workflows,
      );
      for (const name of workflows)
        for (const { verdict, reason, message } of items.get(name)?.checks ?? []) {
          expect({ name, verdict, reason }).toEqual({ name, verdict: 'Unknown', reason: 'LeftOut' });
          expect(message).toContain('by spec.ignore of GitRepository flux-system/flux-system (/*)');
          expect(message).toContain('add the line "!/.github/workflows/');
        }
    }, 60_000);

    it.each(BREAKS.map((each) => [each.item, each.what, each] as const))(
      '%s is Drifted when %s',
      (item, what, { says }) => {
        const status = wrong.get(`${item}: ${what}`);
        expect(status).toMatchObject({
          state: 'Drifted',
          history: [{ from: 'Implemented', reason: 'Regressed' }, {}],
        });
        const findings = status?.checks?.flatMap(({ findings: found = [] }) => found) ?? [];
        expect(findings.map(({ message }) => message).join('\n')).toMatch(says);
      },
    );
  });

  it('hold what import makes of the review: as suggested, every item that names something is Implemented', async () => {
    const copy = await copied('imported');
    const items = path.join(copy, 'january-2026');
    await rm(items, { recursive: true });
    const review = path.join(import.meta.dirname, '../../src/review/testing/reviews', JANUARY);
    expect(await remediation(['import', review, '-o', items])).toMatchObject({ code: 0 });
    const { items: found } = await judged(copy, '--manifests', path.join(folder, 'memory-imported'));
    expect([...found.values()].map(({ state }) => state)).toEqual(Array(10).fill('Implemented'));
  }, 60_000);

  it('say of what stands in Git and is reached by no Kustomization that it is not applied', async () => {
    const copy = await copied('unreached');
    await edit(path.join(copy, 'repository/kubernetes/apps/monitoring/kustomization.yaml'), (text) =>
      text.replace('- slo/ks.yaml\n', ''),
    );
    const { items } = await judged(copy, '--flux', path.join(folder, 'memory-unreached'));
    expect(items.get('item-18-slo-tracking')).toMatchObject({ state: 'Pending' });
    expect(JSON.stringify(items.get('item-18-slo-tracking')?.checks)).toMatch(
      /monitoring\/slo\/app\/ingress-availability\.yaml.*no Kustomization reaches it/,
    );
  }, 60_000);
});

import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { itemParser } from '../api/remediation-item.ts';
import { blocksOf } from '../checks/check.ts';
import { CHECKS } from '../checks/index.ts';
import { JANUARY, textOf } from '../review/testing/load.ts';
import { remediation } from './testing/run.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'remediation-import-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const items = () => path.join(dir, 'items');
const run = async (text: string) => {
  const file = path.join(dir, 'REVIEW.md');
  await writeFile(file, text);
  const ran = await remediation(['import', file, '-o', items(), '--document', 'docs/REVIEW.md']);
  expect(ran.code).toBe(0);
  return ran;
};
const files = async () => (await readdir(items())).filter((name) => name.startsWith('item-')).sort();
const content = (name: string) => readFile(path.join(items(), name), 'utf8');

const SMALL = `# Review, 3 March 2026

## High Priority

| # | Action | Effort | Status |
|---|--------|--------|--------|
| 1 | Add PodDisruptionBudgets | 2h | Pending |
| 2 | Write a runbook | 1h | Pending |

**Implementation Details for #1:**

- **Redis**: minAvailable: 1
- **Kafka**: minAvailable: 2
`;
const BUDGETS = 'item-01-add-poddisruptionbudgets.yaml';
const RUNBOOK = 'item-02-write-a-runbook.yaml.draft';

describe('import', () => {
  it('makes of the January review items that the API accepts, and drafts that lack only a check', async () => {
    await run(textOf(JANUARY));
    const parseItem = itemParser(blocksOf(CHECKS));
    const names = await files();
    expect(names).toHaveLength(13);
    expect(names.filter((name) => name.endsWith('.draft'))).toEqual([
      'item-16-add-sigstore-image-signing.yaml.draft',
      'item-17-add-slsa-compliance.yaml.draft',
      'item-20-create-video-tutorials.yaml.draft',
    ]);
    for (const name of names) {
      const parsed = parseItem(parse(await content(name)));
      const problems = parsed.ok ? [] : parsed.problems;
      expect([name, problems]).toEqual([
        name,
        name.endsWith('.draft') ? ['spec.checks: Required value'] : [],
      ]);
    }
  });

  it('suggests the checks that the details speak of, and marks them as suggestions', async () => {
    await run(textOf(JANUARY));
    const { spec, metadata } = parse(await content('item-13-add-poddisruptionbudgets.yaml'));
    expect(metadata.labels).toEqual({ 'remediation.dev/review': 'january-2026' });
    expect(spec.source).toEqual({
      document: 'docs/REVIEW.md',
      section: 'Medium Priority - Security & Resilience',
      line: 92,
    });
    expect(spec.checks[2]).toEqual({
      name: 'envoy-gateway',
      description:
        'Suggested by import: Envoy Gateway: templates/config/kubernetes/apps/network/envoy-gateway/app/pdb.yaml.j2 (minAvailable: 1)',
      podDisruptionBudget: { workloads: [{ namespace: 'network', name: 'envoy-gateway' }], minAvailable: 1 },
    });
    const probes = parse(await content('item-09-add-health-probes-to-critical-apps.yaml')).spec.checks;
    expect(probes).toHaveLength(7);
    expect(probes[3].probes).toMatchObject({
      readiness: { path: '/-/ready', port: 9093 },
      liveness: { path: '/-/healthy', port: 9093 },
    });
    const policies = parse(await content('item-11-add-ciliumnetworkpolicies.yaml')).spec;
    expect(policies.checks.map((check: { name: string }) => check.name)).toEqual([
      'monitoring',
      'flux-system',
      'cert-manager',
    ]);
    expect(policies.prerequisites).toHaveLength(2);
  });

  it('says of each draft what is to be done; what only a person can say stays to be said', async () => {
    const { stderr } = await run(textOf(JANUARY));
    const draft = await content('item-20-create-video-tutorials.yaml.draft');
    expect(draft).toMatch(/^# Draft: nothing proves this item yet\. Write a check under spec\.checks/);
    expect(draft).toContain('  #   attestation:\n  #     statement: WHAT WAS DONE OR SEEN\n');
    expect(stderr).toContain('needs a check: #20 Create video tutorials (line 141)');
    expect(stderr).toMatch(/REVIEW\.md:215: to be looked at weekly: .* validFor: 168h/);
  });

  it('tells a draft what the document names', async () => {
    await run(`${SMALL}\n**Implementation Details for #2:**\n\n- follow \`RUNBOOK.md\`\n`);
    expect(await content(RUNBOOK)).toContain('# The document names:\n#   file RUNBOOK.md\n');
  });

  it('writes days so that YAML 1.1 reads them as text', async () => {
    await run(SMALL);
    expect(await content(BUDGETS)).toMatch(/date: "2026-03-03"/);
  });

  it('run again on the same document changes nothing', async () => {
    await run(textOf(JANUARY));
    const before = await Promise.all((await files()).map(content));
    const { stdout } = await run(textOf(JANUARY));
    expect(await Promise.all((await files()).map(content))).toEqual(before);
    expect(stdout).toMatch(/^(unchanged .*\n){13}$/);
  });

  it('follows the document where nobody has edited, and keeps comments', async () => {
    await run(SMALL);
    await writeFile(path.join(items(), BUDGETS), `# looked at by ops\n${await content(BUDGETS)}`);
    await run(
      SMALL.replace('2h | Pending', '3h | ✅ Done (2026-04-01)').replace(
        'minAvailable: 2',
        'minAvailable: 3',
      ),
    );
    const text = await content(BUDGETS);
    expect(text).toMatch(/^# looked at by ops\n/);
    expect(parse(text).spec).toMatchObject({
      effort: '3h',
      claim: { status: 'Implemented', date: '2026-04-01' },
    });
    expect(parse(text).spec.checks[1].podDisruptionBudget.minAvailable).toBe(3);
  });

  it('never touches what people edited, and says where the document went another way', async () => {
    await run(SMALL);
    const edited = (await content(BUDGETS))
      .replace('effort: 2h', 'effort: 5h')
      .replace('*redis*', 'redis-server')
      .replace('priority: High', 'priority: High\n  owner: mara');
    await writeFile(path.join(items(), BUDGETS), edited);
    const { stderr } = await run(
      SMALL.replace('2h |', '3h |').replace('**Redis**: minAvailable: 1', '**Redis**: minAvailable: 2'),
    );
    const { spec } = parse(await content(BUDGETS));
    expect(spec.effort).toBe('5h');
    expect(spec.owner).toBe('mara');
    expect(spec.checks[0].podDisruptionBudget).toMatchObject({
      workloads: [{ name: 'redis-server' }],
      minAvailable: 1,
    });
    expect(stderr).toMatch(/spec\.effort was edited, and the document changed it too/);
    expect(stderr).toMatch(/spec\.checks\[redis\] was edited/);
  });

  it('keeps a draft that somebody finished, under the name that it has now', async () => {
    await run(SMALL);
    const check =
      '  checks:\n  - name: page\n    resource: {apiVersion: v1, kind: ConfigMap, name: runbook}\n';
    const finished = (await content(RUNBOOK)).replace(/ {2}# checks:[\s\S]*$/, check);
    await writeFile(path.join(items(), 'runbook.yaml'), finished);
    await rm(path.join(items(), RUNBOOK));
    await run(SMALL.replace('1h |', '2h |'));
    const { spec } = parse(await content('runbook.yaml'));
    expect(spec).toMatchObject({ effort: '2h', checks: [{ name: 'page' }] });
    expect(await files()).toEqual([BUDGETS]);
  });

  it('does not bring back a file that somebody removed', async () => {
    await run(SMALL);
    await rm(path.join(items(), RUNBOOK));
    const { stdout } = await run(SMALL);
    expect(await files()).toEqual([BUDGETS]);
    expect(stdout).toContain('kept away   item-02-write-a-runbook: its file was removed');
  });

  it('keeps the file of an item that got another title', async () => {
    await run(SMALL);
    await run(SMALL.replace('Write a runbook', 'Write the runbooks'));
    expect(await files()).toEqual([BUDGETS, RUNBOOK]);
    expect(parse(await content(RUNBOOK)).spec.title).toBe('Write the runbooks');
  });

  it('makes an item of a draft when the document says what proves it', async () => {
    await run(SMALL);
    await run(`${SMALL}\n**Implementation Details for #2:**\n\n- **Vault**: a PDB, minAvailable: 1\n`);
    expect(await files()).toEqual([BUDGETS, 'item-02-write-a-runbook.yaml']);
  });

  it('says which items the document no longer has', async () => {
    await run(SMALL);
    const { stderr } = await run(SMALL.replace(/\| 2 .*\n/, ''));
    expect(stderr).toContain('no longer in the document: item-02-write-a-runbook');
    expect(await files()).toEqual([BUDGETS, RUNBOOK]);
  });

  it('refuses 50 MB before reading them, a folder, nothing at all, and a text without items', async () => {
    const file = path.join(dir, 'REVIEW.md');
    await writeFile(file, '');
    await truncate(file, 50_000_000);
    const refused = async (given: string) => {
      const { code, stderr } = await remediation(['import', given, '-o', items()]);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await refused(file)).toContain('47.7 MiB of Markdown is more than the 4 MiB');
    expect(await refused(dir)).toContain('a folder, where a file is wanted');
    expect(await refused(path.join(dir, 'none.md'))).toContain('no such file');
    await writeFile(file, '# Nothing\n\nto do\n');
    expect(await refused(file)).toContain('no items found. An item is a row of a table');
  });

  it('lists with their lines what it did not understand and where the document disagrees', async () => {
    const { stderr } = await run(textOf('disagreements.md'));
    expect(stderr).toContain('REVIEW.md:10: not understood: Nobody knows why this sentence stands here.');
    expect(stderr).toContain('REVIEW.md:16: disagrees: #4 Encrypt backups');
  });
});

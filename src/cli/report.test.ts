import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JANUARY, textOf } from '../review/testing/load.ts';
import { remediation } from './testing/run.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'remediation-report-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const REVIEW = `# Review of Redis

**Created:** 2026-03-01

## High Priority

| # | Action | Status |
|---|--------|--------|
| 1 | Add PodDisruptionBudgets | ✅ Done |
| 2 | Write a runbook | Pending |

**Implementation Details for #1:**

- **Redis**: minAvailable: 1

## Tracking

| Date | Action | Status |
|------|--------|--------|
| 2026-03-01 | Written | Active |
`;

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: redis, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec: {containers: [{name: redis, image: redis}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
`;

const at = (...parts: string[]) => path.join(dir, ...parts);
const report = (...args: string[]) =>
  remediation(['report', '--manifests', at('manifests.yaml'), '--static', ...args]);
const ofItems = (...args: string[]) => report('--items', at('items'), ...args);

async function imported(): Promise<string> {
  const file = at('REVIEW.md');
  await writeFile(file, REVIEW);
  await writeFile(at('manifests.yaml'), DEPLOYMENT);
  expect(await remediation(['import', file, '-o', at('items')])).toMatchObject({ code: 0 });
  return file;
}

describe('report', () => {
  it('judges imported items on the spot; a draft is Unknown, never done', async () => {
    await imported();
    const { code, stdout } = await ofItems('--format', 'json');
    expect(code).toBe(0);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({
      title: 'Review of Redis',
      created: '2026-03-01',
      counts: {
        items: 2,
        states: { Drifted: 1, Unknown: 1 },
        claimed: { total: 1, proven: 0, refuted: 1, unknown: 0 },
      },
      priorities: [{ title: 'High Priority', items: 2, done: 0 }],
      tracking: [{ date: '2026-03-01', action: 'Written', status: 'Active' }],
    });
    expect(told.items[1].status.summary).toMatch(/Nothing proves it yet: write a check into item-02-/);
  });

  it('writes the states into the document and says where', async () => {
    const file = await imported();
    const { stdout, stderr } = await ofItems('--update', file);
    expect(await readFile(file, 'utf8')).toBe(REVIEW.replace('✅ Done', '❌ **DRIFTED**'));
    expect(stdout).toBe(`${file}:9: #1 Add PodDisruptionBudgets: ✅ Done → ❌ **DRIFTED**\n`);
    expect(stderr).toContain(`${file}:10: left as it is: #2 Write a runbook is Unknown`);
  });

  it('refuses to write back what is not UTF-8', async () => {
    const file = await imported();
    const bytes = Buffer.concat([Buffer.from(REVIEW), Buffer.from([0xff, 0xfe])]);
    await writeFile(file, bytes);
    const { code, stderr } = await ofItems('--update', file);
    expect(stderr).toContain('is not UTF-8');
    expect(code).toBe(2);
    expect((await readFile(file)).equals(bytes)).toBe(true);
  });

  it('refuses to report on items that it could not read', async () => {
    await imported();
    await writeFile(at('items', 'broken.yaml'), 'a: [');
    const { code, stdout, stderr } = await ofItems();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/broken\.yaml.*\n.*items that cannot be read/);
  });

  it('needs to be told which items --manifests are for', async () => {
    const { code, stderr } = await report();
    expect(stderr).toContain('name them with --items');
    expect(code).toBe(2);
  });

  it('reports the review of January with all of its thirteen items', async () => {
    await imported();
    await writeFile(at('january.md'), textOf(JANUARY));
    await remediation(['import', at('january.md'), '-o', at('january')]);
    const { stdout } = await report('--items', at('january'));
    expect(stdout).toMatch(/^# Review Follow-Up Items - January 2026\n/);
    expect(stdout).toMatch(/\n13 items: /);
  });
});

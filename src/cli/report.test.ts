import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { textOf } from '../review/testing/load.ts';
import { importReview } from './import.ts';
import { type ReportFlags, report } from './report.ts';

let dir: string;
let out: string[];
let err: string[];

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'remediation-report-'));
  out = [];
  err = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(dir, { recursive: true, force: true });
});

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

const flags = (more: Partial<ReportFlags> = {}): ReportFlags => ({
  items: [path.join(dir, 'items')],
  manifests: [path.join(dir, 'manifests.yaml')],
  static: true,
  timeout: 10,
  format: 'json',
  ...more,
});

async function imported(): Promise<string> {
  const file = path.join(dir, 'REVIEW.md');
  await writeFile(file, REVIEW);
  await writeFile(path.join(dir, 'manifests.yaml'), DEPLOYMENT);
  await importReview(file, { output: path.join(dir, 'items'), namespace: 'remediation-system' });
  out = [];
  err = [];
  return file;
}

describe('report', { timeout: 30_000 }, () => {
  it('judges imported items on the spot; a draft is Unknown, never done', async () => {
    await imported();
    await report(flags());
    const told = JSON.parse(out.join(''));
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
    await report(flags({ update: file }));
    expect(await readFile(file, 'utf8')).toBe(REVIEW.replace('✅ Done', '❌ **DRIFTED**'));
    expect(out.join('')).toBe(`${file}:9: #1 Add PodDisruptionBudgets: ✅ Done → ❌ **DRIFTED**\n`);
    expect(err.join('')).toContain(`${file}:10: left as it is: #2 Write a runbook is Unknown`);
  });

  it('refuses to write back what is not UTF-8', async () => {
    const file = await imported();
    const bytes = Buffer.concat([Buffer.from(REVIEW), Buffer.from([0xff, 0xfe])]);
    await writeFile(file, bytes);
    await expect(report(flags({ update: file }))).rejects.toThrow(/is not UTF-8/);
    expect((await readFile(file)).equals(bytes)).toBe(true);
  });

  it('refuses to report on items that it could not read', async () => {
    await imported();
    await cp(path.join(dir, 'manifests.yaml'), path.join(dir, 'items', 'broken.yaml'));
    await writeFile(path.join(dir, 'items', 'broken.yaml'), 'a: [');
    await expect(report(flags())).rejects.toThrow(/items that cannot be read/);
    expect(err.join('')).toContain('broken.yaml');
  });

  it('needs to be told which items --manifests are for', async () => {
    await expect(report(flags({ items: undefined }))).rejects.toThrow(/name them with --items/);
  });

  it('reports the review of January with all of its thirteen items', async () => {
    await imported();
    await writeFile(path.join(dir, 'january.md'), textOf('review-followup-january-2026.md'));
    await importReview(path.join(dir, 'january.md'), {
      output: path.join(dir, 'january'),
      namespace: 'default',
    });
    out = [];
    await report(flags({ items: [path.join(dir, 'january')], format: 'markdown' }));
    expect(out.join('')).toMatch(/^# Review Follow-Up Items - January 2026\n/);
    expect(out.join('')).toMatch(/\n13 items: /);
  });
});

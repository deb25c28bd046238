// Documents and drafts by attackers, given to `report`: each is refused with a
// clear word or reported as text, and no document is harmed.

import { mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REPORT_FORMATS } from './flags.ts';
import { remediation } from './testing/run.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'remediation-hostile-'));
  await mkdir(at('items'));
  await writeFile(at('manifests.yaml'), 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const at = (...parts: string[]) => path.join(dir, ...parts);
const report = (...args: string[]) =>
  remediation([
    ...['report', '--items', at('items'), '--manifests', at('manifests.yaml'), '--static'],
    ...args,
  ]);

/** A file of that size, whose bytes are made only when somebody reads them. */
async function sparse(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'w');
  await handle.truncate(bytes);
  await handle.close();
}

const draft = (title: string, more = '') => `apiVersion: remediation.dev/v1alpha1
kind: RemediationItem
metadata: {name: evil, namespace: default}
spec: {title: ${JSON.stringify(title)}${more}}
`;

const TITLE = `<script>alert(1)</script> ]]> \u001b[2J\u009b31m \u202Etxt [x](javascript:alert(1)) \`a\` | b`;
const EVIL = /[[\p{Cc}\u202a-\u202e]--\n]/v;

describe('report --update', () => {
  it('refuses a document of 50 MB at once, and leaves it as it is', async () => {
    await writeFile(at('items/one.yaml.draft'), draft('one'));
    await sparse(at('REVIEW.md'), 50 * 1024 * 1024);
    const [started, memory] = [process.cpuUsage(), process.memoryUsage.rss()];
    const { code, stderr } = await report('--update', at('REVIEW.md'));
    expect(stderr).toContain('REVIEW.md: more than the 4 MiB that are read; split the document');
    expect(code).toBe(2);
    expect(process.cpuUsage(started).user).toBeLessThan(5_000_000);
    expect(process.memoryUsage.rss() - memory).toBeLessThan(40 * 1024 * 1024);
    expect((await stat(at('REVIEW.md'))).size).toBe(50 * 1024 * 1024);
  });

  it('refuses a document that nests without end', async () => {
    const text = `${'> '.repeat(100_000)}- [ ] x\n`;
    await writeFile(at('items/one.yaml.draft'), draft('one'));
    await writeFile(at('REVIEW.md'), text);
    const { code, stderr } = await report('--update', at('REVIEW.md'));
    expect(stderr).toContain('line 1 nests quotes or lists');
    expect(code).toBe(2);
    expect(await readFile(at('REVIEW.md'), 'utf8')).toBe(text);
  });

  it('changes a status cell beside titles that try to be something else, and prints them harmlessly', async () => {
    const cell = TITLE.replaceAll('|', '\\|');
    const text = `# Review\n\n## High Priority\n\n| # | Action | Status |\n|---|---|---|\n| 1 | ${cell} | ✅ Done |\n| 2 | <details> | Pending |\n\n<script>alert(2)</script>\n`;
    await writeFile(at('REVIEW.md'), text);
    await writeFile(
      at('items', 'evil.yaml'),
      draft(
        TITLE,
        ', number: 1, claim: {status: Implemented}, checks: [{name: a, resource: {apiVersion: v1, kind: Namespace, name: nowhere}}]',
      ),
    );
    const { stdout, stderr } = await report('--update', at('REVIEW.md'));
    expect(await readFile(at('REVIEW.md'), 'utf8')).toBe(text.replace('✅ Done', '❌ **DRIFTED**'));
    expect(stdout).toContain('✅ Done → ❌ **DRIFTED**');
    expect(stdout + stderr).not.toMatch(EVIL);
  });
});

describe('report', () => {
  it.each(REPORT_FORMATS)('as %s shows the title of a draft as text', async (format) => {
    await writeFile(
      at('items', 'evil.yaml.draft'),
      draft(TITLE, `, description: ${JSON.stringify(`<!-- ${TITLE}`)}`),
    );
    const { stdout: text } = await report('--format', format);
    expect(text).toContain('alert(1)');
    expect(text).not.toMatch(EVIL);
    if (format === 'html' || format === 'junit') expect(text).not.toMatch(/<script|\]\]>/);
    if (format === 'markdown') {
      expect(text).toContain('| \\<script\\>alert(1)\\</script\\> \\]\\]\\>');
      // A comment that is not closed would take in the rest of the report.
      expect(text).toContain('\\<!-- ');
      expect(text).not.toMatch(/(?<!\\)<(?:!--|script)/);
    }
  });

  it('refuses a draft that is an alias bomb, by its name', async () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghij'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[index]}`).join(',')}]`).join('\n')}\n`;
    await writeFile(at('items', 'bomb.yaml.draft'), draft('x') + bomb);
    expect(await report()).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/bomb\.yaml\.draft: Excessive alias count/),
    });
  });

  it('refuses a draft that no API server would take, without reading it', async () => {
    await sparse(at('items', 'big.yaml.draft'), 50 * 1024 * 1024);
    expect(await report()).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/big\.yaml\.draft: more than the 1\.5 MiB/),
    });
  });

  it('reports a description of megabytes as far as people read', async () => {
    await writeFile(
      at('items', 'long.yaml.draft'),
      draft('Long', `, description: ${JSON.stringify('word **b** '.repeat(100_000))}`),
    );
    const started = process.cpuUsage();
    const { code, stdout } = await report('--format', 'html');
    expect(code).toBe(0);
    expect(stdout.length).toBeLessThan(300_000);
    expect(process.cpuUsage(started).user).toBeLessThan(5_000_000);
  });

  it('says nothing to a terminal that a document made import remember', async () => {
    await writeFile(
      at('REVIEW.md'),
      `# ${TITLE}\n\n## High Priority\n\n| # | Action |\n|---|---|\n| 1 | Do \u001b[31mit |\n\n## Tracking\n\n| Date | Action |\n|---|---|\n| 2026-01-01 | \u009b31m <b> |\n`,
    );
    const imported = await remediation(['import', at('REVIEW.md'), '-o', at('items')]);
    const { code, stdout, stderr } = await report();
    expect([imported.code, code]).toEqual([0, 0]);
    expect(stdout).toContain('Do ');
    expect(imported.stdout + imported.stderr + stdout + stderr).not.toMatch(EVIL);
  });
});

// What a document must not be able to do: leave its folder, end a YAML value,
// run in a page, move a terminal's cursor, or hold the command line up.

import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { remediation } from './testing/run.ts';

const TITLES = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'; kind: Secret",
  '../../../etc/passwd',
  '!!js/function "boom"',
  '&anchor and {{ .Values.secret }}',
  '#{process.exit(1)} $(reboot)',
  'x'.repeat(5_000),
  'run --output=/etc',
];
/** Clears the screen, and turns the text around. */
const MOVES = 'a \u001b[2J\u001b]0;title\u0007 b \u202e c';

let dir: string;
let items: string;
let said: { stdout: string; stderr: string };
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'remediation-hostile-'));
  items = path.join(dir, 'deep/er/items');
  await mkdir(path.join(dir, 'manifests'));
  const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n';
  await writeFile(path.join(dir, 'manifests/shop.yaml'), namespace);
  const rows = [...TITLES, MOVES].map((title, index) => `| ${index + 1} | ${title} | Pending |`);
  await writeFile(
    path.join(dir, 'REVIEW.md'),
    `# <script>alert(0)</script>\n\n| # | Action | Status |\n|-|-|-|\n${rows.join('\n')}\n`,
  );
  said = await remediation(['import', path.join(dir, 'REVIEW.md'), '-o', items]);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('a hostile review', () => {
  it('becomes one file for each item, in the folder, each of one object with the title as it is', async () => {
    expect((await readdir(dir)).sort()).toEqual(['REVIEW.md', 'deep', 'manifests']);
    const files = (await readdir(items)).filter((name) => name.startsWith('item-')).sort();
    expect(files).toHaveLength(TITLES.length + 1);
    for (const [index, file] of files.entries()) {
      const documents = parseAllDocuments(await readFile(path.join(items, file), 'utf8'));
      expect(documents).toHaveLength(1);
      const object = documents[0]!.toJS() as { kind: string; spec: { title: string } };
      expect(object.kind).toBe('RemediationItem');
      if (index < TITLES.length) expect(object.spec.title).toBe(TITLES[index]!.slice(0, 256));
    }
  });

  it('moves nothing on a terminal', () => {
    expect(said.stdout + said.stderr).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e]/u);
  });

  it.each(['markdown', 'html', 'json', 'sarif', 'junit'])('is only text in %s', async (format) => {
    const { code, stdout } = await remediation([
      'report',
      ...['--items', items, '--manifests', path.join(dir, 'manifests'), '--static', '--format', format],
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('alert(1)');
    expect(stdout).not.toMatch(/[^\P{Cc}\n\t]/u);
    // In JSON a string is data; everywhere else no tag of the document may open.
    if (format === 'json' || format === 'sarif') JSON.parse(stdout);
    else expect(stdout).not.toMatch(/(^|[^\\])<(script>alert|img src=x)/);
  });

  it('of 50 MB, or of no lines at all but one, is refused at once', async () => {
    const file = path.join(dir, 'big.md');
    await writeFile(file, '# Big\n');
    await truncate(file, 50_000_000);
    expect((await stat(file)).size).toBe(50_000_000);
    const started = performance.now();
    const { code, stderr } = await remediation(['import', file, '-o', items]);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /47\.7 MiB of Markdown is more than the 4 MiB that are read; split the document/,
      ),
    });
    expect(performance.now() - started).toBeLessThan(20_000);
    await rm(file);
    await writeFile(path.join(dir, 'brackets.md'), `# B\n\n${'['.repeat(1_000_000)}\n`);
    const brackets = await remediation(['import', path.join(dir, 'brackets.md'), '-o', items]);
    expect(brackets).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/the paragraph at line 3 has more than/),
    });
  });
});

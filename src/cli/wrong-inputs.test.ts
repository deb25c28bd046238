// What a person types wrong: each is told in words that are enough to go on,
// and nothing is judged by what is not there.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LAUNCH_TIMEOUT, launch, remediation } from './testing/run.ts';

const ITEM = `apiVersion: remediation.dev/v1alpha1
kind: RemediationItem
metadata: {name: budgets, namespace: team, labels: {remediation.dev/review: spring}}
spec:
  title: Add budgets
  claim: {status: Implemented}
  checks: [{name: web, podDisruptionBudget: {workloads: [{kind: Deployment, namespace: shop, name: web}]}}]
`;
const REVIEW = `# Review

## High Priority

| # | Action | Effort | Status |
|---|--------|--------|--------|
| 1 | Add PodDisruptionBudgets | 2h | Pending |
| 2 | Write a runbook | 1h | Pending |

**Implementation Details for #1:**

- **Redis**: minAvailable: 1
`;

let folder: string;
const at = (...parts: string[]) => path.join(folder, ...parts);
const run = (...args: string[]) => remediation(args, { cwd: folder });

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'wrong-'));
  await mkdir(at('items'));
  await mkdir(at('empty'));
  await writeFile(at('items/budgets.yaml'), ITEM);
  await writeFile(at('review.md'), REVIEW);
  await writeFile(at('shop.yaml'), 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n');
});
afterEach(() => rm(folder, { recursive: true }));

describe('a place to judge by that is not there', () => {
  const rows = [
    {
      name: 'a folder that does not exist',
      dir: 'elsewhere',
      says: '--manifests elsewhere: no such file or folder',
    },
    { name: 'an empty folder', dir: 'empty', says: '--manifests empty: no Kubernetes objects in it' },
  ];
  it.for(rows)('$name is refused: by it everything would be Drifted', async ({ dir, says }) => {
    for (const command of [
      ['verify', 'items'],
      ['report', '--items', 'items'],
      ['suggest', 'items'],
      ['reach'],
    ]) {
      const ran = await run(...command, '-f', dir, '--static');
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toContain(says);
    }
  });
});

describe('items that are not there', () => {
  it('a folder without items proves nothing: 2, and drafts are named as what is not read', async () => {
    await writeFile(at('empty/later.yaml.draft'), ITEM);
    const ran = await run('verify', 'empty', '-f', 'shop.yaml');
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain('no RemediationItems in empty');
    expect(ran.stderr).toContain('drafts are not');
  });

  it('what -n and -l leave nothing of is said with what was asked', async () => {
    const ran = await run('verify', 'items', '-f', 'shop.yaml', '-n', 'other', '-l', 'a=b');
    expect(ran).toMatchObject({ code: 0, stdout: '' });
    expect(ran.stderr).toContain(
      'none of the RemediationItems in items is in namespace other with labels a=b',
    );
  });

  it('a report of a folder without items is refused, one of none that are wanted says so', async () => {
    expect(await run('report', '--items', 'empty', '-f', 'shop.yaml')).toMatchObject({ code: 2, stdout: '' });
    const none = await run('report', '--items', 'items', '-f', 'shop.yaml', '-n', 'other');
    expect(none.stderr).toContain('none of the RemediationItems in items is in namespace other');
    expect(none.stdout).toContain('This review has no items.');
  });

  it('a file that suggest is given and that is not there is not taken for the name of an item', async () => {
    for (const file of ['items/budget.yaml', 'budgets.yaml'])
      expect(await run('suggest', file, '-f', 'shop.yaml')).toMatchObject({
        code: 2,
        stderr: `remediation: ${file}: no such file or folder\n`,
      });
  });
});

/** A kubeconfig for an API server that answers everything in this way. */
async function answering(code: number, reason: string) {
  const server = createServer((_, response) => {
    response.writeHead(code, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        reason,
        code,
        message: reason,
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const url = `http://127.0.0.1:${port}`;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'work',
    contexts: [{ name: 'work', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: url } }],
    users: [{ name: 'u', user: { token: 'old' } }],
  };
  await writeFile(at('kube.conf'), JSON.stringify(config));
  return { url, close: () => server.close() };
}

describe('a cluster that says no', () => {
  it('to the credentials: the context is named, and what to do', async () => {
    const { url, close } = await answering(401, 'Unauthorized');
    for (const command of [['verify', 'items'], ['report'], ['suggest', 'budgets'], ['reach']]) {
      const ran = await run(...command, '--kubeconfig', 'kube.conf');
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toBe(
        `remediation: ${url} does not accept the credentials of context work of kube.conf (401 Unauthorized). Log in again, or name another --context\n`,
      );
    }
    close();
  });
});

describe('an operator that cannot serve its health', () => {
  it(
    'ends and says why: nobody could see that it stands still',
    async () => {
      const { url, close } = await answering(403, 'Forbidden');
      const taken = new URL(url).host;
      for (const [address, says] of [
        [taken, `cannot listen on ${taken} for metrics and health: listen EADDRINUSE`],
        ['everywhere', '"everywhere" is not an address to listen on; write :8080'],
      ] as const) {
        const flags = ['--kubeconfig', at('kube.conf'), '--metrics-bind-address', address];
        const ran = await launch(['operator', ...flags]);
        expect(ran.code).toBe(2);
        expect(ran.stderr).toContain(`remediation: ${says}`);
        expect(ran.stderr).not.toMatch(/^\s+at /m);
      }
      close();
    },
    LAUNCH_TIMEOUT,
  );
});

describe('report', () => {
  it('says that a document has nothing to write into', async () => {
    await writeFile(at('other.md'), '# Other\n\n- [ ] Wash the car\n');
    const ran = await run('report', '--items', 'items', '-f', 'shop.yaml', '--update', 'other.md');
    expect(ran).toMatchObject({ code: 0, stdout: '' });
    expect(ran.stderr).toContain('other.md is left as it is: no status cell or check box of these items');
  });

  it('does not take --format where it writes into a document', async () => {
    const { code, stderr } = await run('report', '--update', 'review.md', '--format', 'html');
    expect(code).toBe(2);
    expect(stderr).toContain("'--update <review.md>'");
  });
});

describe('an item of a version that there is not', () => {
  it('is Invalid for that, whatever stands in it', async () => {
    await writeFile(at('items/budgets.yaml'), ITEM.replace('v1alpha1', 'v1'));
    const ran = await run('verify', 'items', '-f', 'shop.yaml');
    expect(ran.code).toBe(2);
    expect(ran.stdout).toContain('apiVersion: must be remediation.dev/v1alpha1, not remediation.dev/v1');
  });
});

describe('a table of verdicts', () => {
  it('says once what several checks share', async () => {
    const checks = ['a', 'b'].map((name) => `{name: ${name}, source: {files: [{path: x.md}]}}`).join(', ');
    await writeFile(at('items/budgets.yaml'), ITEM.replace(/checks: .*/, `checks: [${checks}]`));
    const { stdout } = await run('verify', 'items', '-f', 'shop.yaml', '--static');
    expect(stdout).toContain('\n  a, b: Unknown NeedsCluster: nothing says which folder stands for');
    expect(stdout.match(/NeedsCluster/g)).toHaveLength(1);
  });

  it('says a fix once', async () => {
    const { stdout } = await run('verify', 'items', '-f', 'shop.yaml', '--static');
    const details = stdout.slice(stdout.indexOf('\n  web: '));
    expect(details.match(/Deploy it, or correct the entry of workloads\./g)).toHaveLength(1);
  });
});

describe('import', () => {
  const rows = [
    { name: 'a review that is not there', args: ['none.md'], says: 'none.md: no such file' },
    { name: 'a folder', args: ['items'], says: 'items: a folder, where a file is wanted' },
    {
      name: 'an output that is a file',
      args: ['review.md', '-o', 'shop.yaml'],
      says: '--output shop.yaml: not a folder',
    },
    {
      name: 'a namespace that cannot be',
      args: ['review.md', '-n', 'My_Team'],
      says: '--namespace "My_Team" is no name of a namespace',
    },
    {
      name: 'a label that cannot be',
      args: ['review.md', '--review', 'this spring'],
      says: '--review "this spring" is no value of a label',
    },
  ];
  it.for(rows)('refuses $name before it writes anything', async ({ args, says }) => {
    const ran = await run('import', ...(args.includes('-o') ? [] : ['-o', 'out']), ...args);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain(`remediation: ${says}`);
    expect(await readdir(folder)).not.toContain('out');
  });

  it('tells what the document says now beside the edit that stays', async () => {
    await run('import', 'review.md', '-o', 'out');
    const file = at('out/item-01-add-poddisruptionbudgets.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('effort: 2h', 'effort: 5h'));
    await writeFile(at('review.md'), REVIEW.replace('2h', '3h'));
    const { stderr } = await run('import', 'review.md', '-o', 'out');
    expect(stderr).toContain(
      'spec.effort was edited, and the document changed it too, to 3h (line 7); the edit stays',
    );
  });

  it('refuses a file that an edit made no YAML, and neither writes it anew nor gives it up', async () => {
    await run('import', 'review.md', '-o', 'out');
    const file = at('out/item-01-add-poddisruptionbudgets.yaml');
    const broken = (await readFile(file, 'utf8')).replace('number: 1', 'number: [1');
    await writeFile(file, broken);
    for (const remember of [true, false]) {
      if (!remember) await rm(at('out/.remediation-import'));
      const ran = await run('import', 'review.md', '-o', 'out');
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toMatch(/item-01-add-poddisruptionbudgets\.yaml is not YAML: .* at line \d+/);
      expect(await readFile(file, 'utf8')).toBe(broken);
    }
  });

  it('writes everything though the reader of its pipe has seen enough', async () => {
    const rows = Array.from(
      { length: 2000 },
      (_, index) => `| ${index + 1} | Item number ${index + 1} | 1h | Pending |`,
    );
    await writeFile(
      at('long.md'),
      `# Long\n\n| # | Action | Effort | Status |\n|-|-|-|-|\n${rows.join('\n')}\n`,
    );
    const launcher = path.join(import.meta.dirname, '../../bin/remediation');
    const child = execFile('sh', ['-c', '"$0" import long.md -o out | head -n 1', launcher], { cwd: folder });
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    await once(child, 'close');
    expect(stderr).not.toContain('EPIPE');
    expect(await readdir(at('out'))).toHaveLength(2001);
    expect(await readdir(at('out'))).toContain('.remediation-import');
  });

  it('leaves alone a file into which items were put together', async () => {
    await run('import', 'review.md', '-o', 'out');
    const one = at('out/item-01-add-poddisruptionbudgets.yaml');
    const both = `${await readFile(one, 'utf8')}---\n${ITEM}`;
    await rm(one);
    await writeFile(at('out/all.yaml'), both);
    const ran = await run('import', 'review.md', '-o', 'out');
    expect(ran.stdout).toContain(
      'left alone  out/all.yaml: holds more than item-01-add-poddisruptionbudgets',
    );
    expect(await readFile(at('out/all.yaml'), 'utf8')).toBe(both);
  });
});

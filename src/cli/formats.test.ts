// What `verify` prints for documents, code scanning and CI, run as a user would,
// and what none of it lets through.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { budget, deployment } from '../facts/flux/testing/repository.ts';
import { remediation } from './testing/run.ts';

const EVIL = '"\\e[2J\\u009b31m <script>alert(1)</script> ]]> [x](https://evil.example) | `y` \\u202Etxt"';
const item = (name: string, more = '', title = `Budget of ${name}`) => `---
apiVersion: remediation.dev/v1alpha1
kind: RemediationItem
metadata: {name: ${name}, namespace: team}
spec:
  title: ${title}
  checks: [{name: budget, podDisruptionBudget: {workloads: [{kind: Deployment, namespace: shop, name: ${name}}]}}]
  ${more}
`;

let folder: string;
beforeAll(async () => {
  // A repository, as in CI: paths are told from its root.
  folder = await mkdtemp(path.join(tmpdir(), 'formats-'));
  await promisify(execFile)('git', ['init', '-q', folder]);
  await mkdir(path.join(folder, 'apps/shop'), { recursive: true });
  const write = (file: string, text: string) => writeFile(path.join(folder, file), text);
  await write(
    'apps/shop/all.yaml',
    `# The shop.\n${deployment('web', 'shop')}${budget('web', 'shop')}${deployment('naked', 'shop')}`,
  );
  await write('done.yaml', item('web'));
  await write('open.yaml', item('naked'));
  await write('claimed.yaml', item('naked', 'claim: {status: Implemented}'));
  await write('evil.yaml', item('naked', 'claim: {status: Implemented}', EVIL));
  await write('wrong.yaml', item('web', 'priority: Urgent'));
});
afterAll(() => rm(folder, { recursive: true }));

const run = (cwd: string, ...args: string[]) =>
  remediation(['verify', '--static', ...args], { cwd: path.join(folder, cwd) });
const judged = (file: string, output: string, ...more: string[]) =>
  run('.', '-f', 'apps', file, '-o', output, ...more);

const FORMATS = ['markdown', 'html', 'sarif', 'junit'] as const;

describe('a format of verify', () => {
  it.for(FORMATS)('%s leaves the exit status as it is', async (format) => {
    for (const [file, code] of [
      ['done.yaml', 0],
      ['open.yaml', 0],
      ['claimed.yaml', 1],
      ['wrong.yaml', 2],
    ] as const) {
      const ran = await judged(file, format);
      expect(ran.code, file).toBe(code);
      expect(ran.stdout).not.toBe('');
    }
    expect((await judged('open.yaml', format, '--strict')).code).toBe(1);
  });

  it.for([...FORMATS, 'table', 'wide', 'json', 'yaml'] as const)(
    '%s lets nothing of an attacker through',
    async (format) => {
      const { code, stdout } = await judged('evil.yaml', format);
      expect(code).toBe(1);
      expect(stdout).not.toMatch(/[[\p{Cc}\u202a-\u202e]--\n]/v);
      if (format === 'html' || format === 'junit') expect(stdout).not.toMatch(/<script|\]\]>/);
      if (format === 'markdown')
        expect(stdout).toContain('\\<script\\>alert(1)\\</script\\> \\]\\]\\> \\[x\\]');
    },
  );
});

describe('the place of a finding', () => {
  it('is in Markdown and in JUnit', async () => {
    const { stdout } = await run('.', '-f', 'apps', 'claimed.yaml', '-o', 'markdown');
    expect(stdout).toContain('| Budget of naked | ✅ Implemented | ❌ Drifted | 0/1 |');
    expect(stdout).toContain('- **budget**: Fail NoBudget: ');
    expect(stdout).toContain('  Where: apps/shop/all.yaml:18');
    const junit = await run('.', '-f', 'apps', 'done.yaml', 'claimed.yaml', '-o', 'junit');
    expect(junit.stdout).toContain('tests="2" failures="1" errors="0">');
    expect(junit.stdout).toContain('Where: apps/shop/all.yaml:18');
  });

  it.for(['.', 'apps/shop'])(
    'is told in SARIF from the root of the repository, wherever it is called: %s',
    async (cwd) => {
      const from = (file: string) => path.relative(path.join(folder, cwd), path.join(folder, file)) || '.';
      const files = [from('claimed.yaml'), from('wrong.yaml')];
      const { stdout } = await run(cwd, '-f', from('apps'), ...files, '-o', 'sarif');
      const [{ results }] = (JSON.parse(stdout) as Sarif).runs;
      const places = results.map(({ ruleId, locations: [{ physicalLocation: at }] }) =>
        [ruleId, `${at.artifactLocation.uri}:${at.region.startLine}`].join(' '),
      );
      expect(places.sort()).toEqual([
        'podDisruptionBudget/NoBudget apps/shop/all.yaml:18',
        'state/Invalid wrong.yaml:2',
      ]);
    },
  );
});

interface Sarif {
  readonly runs: readonly [
    {
      readonly results: readonly {
        readonly ruleId: string;
        readonly locations: readonly [
          {
            readonly physicalLocation: {
              readonly artifactLocation: { readonly uri: string };
              readonly region: { readonly startLine: number };
            };
          },
        ];
      }[];
    },
  ];
}

describe('colours', () => {
  const table = async (options: Parameters<typeof remediation>[1], ...more: string[]) =>
    (
      await remediation(['verify', '--static', '-f', 'apps', 'claimed.yaml', ...more], {
        cwd: folder,
        ...options,
      })
    ).stdout;

  it('are there on a terminal, with the state in words all the same', async () => {
    expect(await table({ terminal: true })).toContain('\u001b[31mDrifted');
  });

  it('are not there with --no-color, with NO_COLOR, or where no terminal is', async () => {
    expect(await table({ terminal: true }, '--no-color')).not.toContain('\u001b');
    expect(await table({ terminal: true, env: { NO_COLOR: '1' } })).not.toContain('\u001b');
    expect(await table({})).not.toContain('\u001b');
  });
});

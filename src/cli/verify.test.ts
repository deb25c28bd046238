// `remediation verify` offline, run as a user would: exit statuses, formats,
// memory, and bad input.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ItemStatus } from '../api/status.ts';
import * as manifests from '../facts/flux/testing/repository.ts';
import { LAUNCH_TIMEOUT, launch, remediation } from './testing/run.ts';

const deployment = (name: string) => manifests.deployment(name, 'shop');
const budget = (name: string, minAvailable?: number) => manifests.budget(name, 'shop', minAvailable);
const item = (name: string, spec: string, title = `Budget of ${name}`) => `---
apiVersion: remediation.dev/v1alpha1
kind: RemediationItem
metadata: {name: ${name}, namespace: team, labels: {review: january}}
spec:
  title: ${title}
  number: 13
  checks: [{name: budget, podDisruptionBudget: {workloads: [{kind: Deployment, namespace: shop, name: ${name}}]}}]
  ${spec}
`;

let folder: string;
const at = (...parts: string[]) => path.join(folder, ...parts);
const write = (file: string, text: string) => writeFile(at(file), text);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'verify-'));
  await mkdir(at('cluster'));
  await write('cluster/shop.yaml', deployment('web') + budget('web') + deployment('naked'));
  await write('done.yaml', item('web', ''));
  await write('open.yaml', item('naked', ''));
  await write('claimed.yaml', item('naked', 'claim: {status: Implemented}'));
  await write(
    'waived.yaml',
    item('naked', 'waivers: [{check: budget, reason: agreed, expires: "2099-01-01T00:00:00Z"}]'),
  );
  await write('wrong.yaml', item('web', 'priority: Urgent'));
});
afterAll(() => rm(folder, { recursive: true }));

const verify = (...args: string[]) => remediation(['verify', ...args], { cwd: folder });
const offline = (...args: string[]) => verify('--manifests', 'cluster', '--static', ...args);
const statuses = (json: string) =>
  (JSON.parse(json) as { items: { metadata: { name: string }; status: ItemStatus }[] }).items;

describe('the exit status of verify', () => {
  const rows: { name: string; args: string[]; code: number; says: string }[] = [
    { name: 'nothing wrong', args: ['done.yaml'], code: 0, says: 'Implemented' },
    { name: 'something waived', args: ['waived.yaml'], code: 0, says: 'Waived' },
    { name: 'something Pending', args: ['open.yaml'], code: 0, says: 'Pending' },
    { name: 'something Pending, strictly', args: ['open.yaml', '--strict'], code: 1, says: 'Pending' },
    { name: 'something Drifted', args: ['done.yaml', 'claimed.yaml'], code: 1, says: 'Drifted' },
    { name: 'something Invalid', args: ['claimed.yaml', 'wrong.yaml'], code: 2, says: 'Invalid' },
  ];
  it.for(rows)('is $code for $name', async ({ args, code, says }) => {
    const ran = await offline(...args);
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toContain(says);
    expect(ran.code).toBe(code);
  });

  it('is 3 for something that only a cluster can show', async () => {
    const ran = await verify('--manifests', 'cluster', 'done.yaml');
    expect(ran.stdout).toContain('Unknown');
    expect(ran.stdout).toContain('NeedsCluster');
    expect(ran.stdout).toContain('--static');
    expect(ran.code).toBe(3);
  });

  it('is 1 when something drifted beside what is Unknown', async () => {
    await write(
      'both.yaml',
      item('naked', 'claim: {status: Implemented}') + item('ghost', 'dependsOn: [{name: naked}]'),
    );
    expect((await offline('both.yaml')).code).toBe(1);
  });

  const usage: { name: string; args: string[]; says: string }[] = [
    { name: 'an option that does not exist', args: ['verify', '--everything'], says: '--everything' },
    { name: 'a command that does not exist', args: ['verfy'], says: 'verfy' },
    { name: 'a format that does not exist', args: ['verify', '-o', 'xls'], says: 'table, wide, json' },
    { name: '--static without manifests', args: ['verify', '--static'], says: '--manifests' },
    {
      name: 'a file that does not exist',
      args: ['verify', '-f', 'cluster', 'nowhere.yaml'],
      says: 'nowhere.yaml: no such file',
    },
    {
      name: 'manifests that do not exist',
      args: ['verify', '-f', 'nowhere', 'done.yaml'],
      says: 'nowhere: no such file',
    },
    {
      name: 'a kubeconfig that does not exist',
      args: ['verify', '--kubeconfig', 'nowhere.conf'],
      says: 'nowhere.conf',
    },
    {
      name: 'a check that does not exist',
      args: ['explain', 'telepathy'],
      says: 'there is no check "telepathy"',
    },
    {
      name: 'a selector that is none',
      args: ['verify', '-f', 'cluster', '-l', '=x', 'done.yaml'],
      says: '=x',
    },
  ];
  it.for(usage)('is 2 for $name, told without a stack', async ({ args, says }) => {
    const ran = await remediation(args, { cwd: folder });
    expect(ran.stderr).toContain(says);
    expect(ran.stderr).not.toMatch(/^\s+at /m);
    expect(ran.code).toBe(2);
  });
});

describe('what verify prints', () => {
  it('is a table as kubectl prints it, and under it what to do', async () => {
    const { stdout } = await offline('done.yaml', 'open.yaml');
    const [header, ...lines] = stdout.split('\n');
    expect(header?.split(/ {2,}/)).toEqual([
      'NAME',
      'NUMBER',
      'TITLE',
      'PRIORITY',
      'STATE',
      'PASSING',
      'SINCE',
    ]);
    expect(lines[0]?.split(/ {2,}/).slice(0, 6)).toEqual([
      'web',
      '13',
      'Budget of web',
      'Medium',
      'Implemented',
      '1/1',
    ]);
    expect(stdout).toMatch(/budget: Fail NoBudget: .*shop\/naked/);
    expect(stdout).toContain('Add a PodDisruptionBudget whose selector matches these labels.');
  });

  it('has further columns when it may be wide', async () => {
    const { stdout } = await offline('claimed.yaml', '-o', 'wide');
    expect(stdout.split('\n')[0]).toMatch(/CLAIM\s+MILESTONE\s+SUMMARY$/);
    expect(stdout).toMatch(/Implemented.*1 of 1 checks/);
  });

  it('is a v1 List of the items as they were given, with the status that the operator would write', async () => {
    const json = await offline('open.yaml', '-o', 'json');
    const yaml = await offline('open.yaml', '-o', 'yaml');
    const list = JSON.parse(json.stdout) as { items: [{ spec: object; status: ItemStatus }] };
    expect(list).toMatchObject({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        {
          apiVersion: 'remediation.dev/v1alpha1',
          kind: 'RemediationItem',
          metadata: { name: 'naked', namespace: 'team' },
          status: {
            state: 'Pending',
            observedGeneration: 1,
            passing: 0,
            total: 1,
            checks: [{ verdict: 'Fail', reason: 'NoBudget' }],
          },
        },
      ],
    });
    expect(list.items[0].spec).not.toHaveProperty('priority'); // defaults are not written into it
    const withoutTimes = (value: unknown) => JSON.stringify(value).replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T');
    expect(withoutTimes(parse(yaml.stdout))).toBe(withoutTimes(list));
  });

  it('holds no colours where no terminal is, nor control characters of an item', async () => {
    await write('evil.yaml', item('naked', '', '"red \\e[31m text"'));
    const { stdout } = await offline('evil.yaml');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('red  [31m text');
  });

  it('is results only on stdout, and notes only on stderr', async () => {
    await write('values.yaml', 'replicaCount: 3\n');
    const ran = await verify(
      '--manifests',
      'cluster',
      '--manifests',
      'values.yaml',
      '--static',
      'done.yaml',
      '-o',
      'json',
    );
    expect(statuses(ran.stdout)[0]?.status.state).toBe('Implemented');
    expect(ran.stderr).toContain('note: passed over: values.yaml: document 1: no apiVersion or kind');
    expect(ran.code).toBe(0);
  });

  it('is only the items that were asked for, by namespace and label', async () => {
    const names = async (...args: string[]) =>
      statuses((await offline('done.yaml', 'open.yaml', '-o', 'json', ...args)).stdout).map(
        ({ metadata }) => metadata.name,
      );
    expect(await names('-l', 'review=january')).toEqual(['web', 'naked']);
    expect(await names('-l', 'review!=january')).toEqual([]);
    expect(await names('-n', 'other')).toEqual([]);
  });

  it('says when there is nothing to judge', async () => {
    const ran = await offline();
    expect(ran).toMatchObject({ code: 0, stdout: '' });
    expect(ran.stderr).toContain('no RemediationItems among the manifests');
  });

  it('tells names in Unicode as they are, in columns that line up', async () => {
    await write(
      'unicode.yaml',
      item('web', 'milestone: Woche 2–3', '容器の健康 🔥') + item('naked', '', 'Größe'),
    );
    const { stdout } = await offline('unicode.yaml');
    expect(stdout).toContain('容器の健康 🔥   Medium');
    expect(stdout).toMatch(/Größe {11}Medium/);
  });

  it('takes an object of 5 MB in its stride', async () => {
    await mkdir(at('big'), { recursive: true });
    await write('big/all.yaml', deployment('web') + budget('web'));
    const data = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'big' },
      data: { x: 'y'.repeat(5_000_000) },
    });
    await write('big/map.yaml', data);
    await write('big/map.json', data);
    const ran = await verify('--manifests', 'big', '--static', 'done.yaml');
    expect(ran).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('manifests that cannot be read', () => {
  it('are told with file, document and line, and may hold whatever seems to be missing', async () => {
    await mkdir(at('torn'), { recursive: true });
    await write('torn/good.yaml', deployment('web') + budget('web'));
    await write('torn/bad.yaml', `${deployment('api')}---\nkey: [unclosed\n`);
    await write('torn/empty.yaml', '---\n---\n');
    const ran = await verify('--manifests', 'torn', '--static', 'done.yaml', '-o', 'json');
    expect(ran.stderr).toMatch(/^error: .*bad\.yaml: document 2 is not YAML: .* line \d+/m);
    const [done] = statuses(ran.stdout);
    expect(done?.status).toMatchObject({ state: 'Unknown', checks: [{ reason: 'Unreadable' }] });
    expect(done?.status.summary).toMatch(/a file that cannot be read may hold it \(.*bad\.yaml: document 2/);
    expect(ran.code).toBe(2);
  });

  it('are items too: one that is wrong is Invalid, and says what to mend', async () => {
    const ran = await offline('wrong.yaml', '-o', 'json');
    const [wrong] = statuses(ran.stdout);
    expect(wrong?.status.summary).toBe('spec.priority: must be one of "Critical", "High", "Medium", "Low"');
    expect(ran.code).toBe(2);
  });
});

describe('verify --memory', () => {
  it('keeps the lifecycle between runs: Implemented, broken, Drifted by regression, mended', async () => {
    await mkdir(at('life'), { recursive: true });
    const run = async (manifests: string) => {
      await write('life/all.yaml', manifests);
      const ran = await verify(
        '--manifests',
        'life',
        '--static',
        'done.yaml',
        '--memory',
        'memory.json',
        '-o',
        'json',
      );
      return { code: ran.code, status: statuses(ran.stdout)[0]?.status };
    };
    const good = deployment('web') + budget('web');
    const first = await run(good);
    expect(first).toMatchObject({ code: 0, status: { state: 'Implemented' } });
    const same = await run(good);
    expect(same.status).toEqual(first.status);
    const broken = await run(deployment('web') + budget('web', 2));
    expect(broken).toMatchObject({
      code: 1,
      status: {
        state: 'Drifted',
        regressions: 1,
        history: [{ reason: 'Regressed', from: 'Implemented' }, {}],
      },
    });
    const mended = await run(good);
    expect(mended).toMatchObject({
      code: 0,
      status: { state: 'Implemented', regressions: 1, firstImplementedAt: first.status?.firstImplementedAt },
    });
    expect(JSON.parse(await readFile(at('memory.json'), 'utf8'))).toMatchObject({ kind: 'List' });
  });

  it('forgets nothing of the items that a run is not about', async () => {
    const states = async (...args: string[]) => {
      const { stdout } = await offline(...args, '--memory', 'some.json', '-o', 'json');
      return statuses(stdout).map(({ status }) => status.firstImplementedAt);
    };
    const [now] = await states('done.yaml');
    const long = '2026-01-03T18:20:00Z';
    await write('some.json', (await readFile(at('some.json'), 'utf8')).replaceAll(String(now), long));
    expect(await states('done.yaml', '-n', 'nobody')).toEqual([]);
    expect(await states('open.yaml')).toEqual([undefined]);
    expect(await states('done.yaml', 'open.yaml')).toEqual([long, undefined]);
  });

  it('remembers nothing of a run that could not read everything', async () => {
    await mkdir(at('half'), { recursive: true });
    const run = async (budgets: string) => {
      await write('half/shop.yaml', deployment('web'));
      await write('half/budget.yaml', budgets);
      return verify('--manifests', 'half', '--static', 'done.yaml', '--memory', 'half.json', '-o', 'json');
    };
    await run(budget('web'));
    const before = await readFile(at('half.json'), 'utf8');
    const torn = await run('key: [unclosed\n');
    expect(torn.code).toBe(2);
    expect(torn.stderr).toContain('half.json is left as it is until everything can be read');
    expect(await readFile(at('half.json'), 'utf8')).toBe(before);
  });

  it('says which file it cannot read, and writes nothing over it', async () => {
    await write('not-memory.json', 'precious');
    const ran = await offline('done.yaml', '--memory', 'not-memory.json');
    expect(ran.stderr).toContain('--memory not-memory.json is not a file that verify wrote');
    expect(ran.code).toBe(2);
    expect(await readFile(at('not-memory.json'), 'utf8')).toBe('precious');
  });

  it('says which file it cannot write', async () => {
    const ran = await offline('done.yaml', '--memory', 'no/such/folder/m.json');
    expect(ran.stderr).toContain('--memory no/such/folder/m.json cannot be written');
    expect(ran.code).toBe(2);
  });
});

describe('the launcher', { timeout: LAUNCH_TIMEOUT }, () => {
  it('explains every check, and each in full', async () => {
    const all = await launch(['explain']);
    expect(all.code).toBe(0);
    for (const type of ['probes', 'podDisruptionBudget', 'networkPolicy', 'resource'])
      expect(all.stdout).toContain(`${type}\n`);
    const one = await launch(['explain', 'poddisruptionbudget']);
    for (const part of [
      'CHECK: podDisruptionBudget',
      'EXAMPLE:',
      'FIELDS:',
      'minAvailable',
      'REASONS:',
      'BlocksDrains',
    ])
      expect(one.stdout).toContain(part);
  });

  it('tells its version and its help on stdout, and ends well', async () => {
    const version = await launch(['--version']);
    const help = await launch(['verify', '--help']);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(help.stdout).toContain('Exit status: 0');
    expect([version.code, help.code]).toEqual([0, 0]);
  });
});

// `remediation verify` and a cluster that is not there: it is named, and soon.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAUNCH_TIMEOUT, launch } from './testing/run.ts';

const ITEM = `
apiVersion: remediation.dev/v1alpha1
kind: RemediationItem
metadata: {name: web, namespace: team}
spec: {title: x, checks: [{name: a, probes: {workloads: [{}]}}]}
`;

let folder: string;
const write = (file: string, text: string) => writeFile(path.join(folder, file), text);
const verify = (...args: string[]) => launch(['verify', ...args], { cwd: folder });

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'verify-'));
  await write('done.yaml', ITEM);
});
afterAll(() => rm(folder, { recursive: true }));

describe.concurrent('a cluster that cannot be reached', { timeout: LAUNCH_TIMEOUT }, () => {
  const kubeconfig = (server: string) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server } }],
      users: [{ name: 'u', user: {} }],
    });

  it('is named at once where nothing listens', async () => {
    await write('refused.conf', kubeconfig('https://127.0.0.1:1'));
    const ran = await verify('--kubeconfig', 'refused.conf', 'done.yaml');
    expect(ran.stderr).toContain('cannot reach https://127.0.0.1:1: connection refused');
    expect(ran.code).toBe(2);
  });

  it('is named within ten seconds where something listens and never answers', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    await write('silent.conf', kubeconfig(`http://127.0.0.1:${port}`));
    const ran = await verify('--kubeconfig', 'silent.conf', 'done.yaml');
    silent.close();
    expect(ran.stderr).toMatch(new RegExp(`no answer from http://127.0.0.1:${port} .* within [1-9] s$`, 'm'));
    expect(ran.code).toBe(2);
  });

  it('is named where its name does not resolve', async () => {
    await write('unknown.conf', kubeconfig('https://api.cluster.invalid:6443'));
    const ran = await verify('--kubeconfig', 'unknown.conf', 'done.yaml');
    expect(ran.stderr).toContain('api.cluster.invalid');
    expect(ran.code).toBe(2);
  });

  it('is asked for by name where no kubeconfig is given and none is found', async () => {
    const ran = await verify('done.yaml');
    expect(ran.stderr).toMatch(/kubeconfig/i);
    expect(ran.code).toBe(2);
  });

  it('is told by the context that does not exist', async () => {
    await write('some.conf', kubeconfig('https://127.0.0.1:1'));
    const ran = await verify('--kubeconfig', 'some.conf', '--context', 'production', 'done.yaml');
    expect(ran.stderr).toContain('production');
    expect(ran.code).toBe(2);
  });
});

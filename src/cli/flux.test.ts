// `verify --flux`, run as a user would: what is reached counts, and what is not is
// named where it would have helped.

import { rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ItemStatus } from '../api/status.ts';
import {
  budget,
  deployment,
  kustomization,
  makeRepository,
  type TestRepository,
} from '../facts/flux/testing/repository.ts';
import { remediation } from './testing/run.ts';

const item = (name: string, workload: string) => `apiVersion: remediation.dev/v1alpha1
kind: RemediationItem
metadata: {name: ${name}, namespace: team}
spec:
  title: A budget for ${workload}
  number: 13
  claim: {status: Implemented}
  checks: [{name: budget, podDisruptionBudget: {workloads: [{kind: Deployment, namespace: shop, name: ${workload}}]}}]
`;

const documents = (path: string) => `apiVersion: remediation.dev/v1alpha1
kind: RemediationItem
metadata: {name: documents, namespace: team}
spec:
  title: A document
  number: 14
  claim: {status: Implemented}
  checks: [{name: there, source: {ref: {namespace: flux-system, name: flux-system}, files: [{path: ${path}}]}}]
`;

const source = (ignore = '') => `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 5m, url: "https://git.example/team/home", ignore: ${JSON.stringify(ignore)}}
`;

let repository: TestRepository;
beforeAll(async () => {
  repository = await makeRepository({
    'clusters/production/flux-system/gotk-sync.yaml': kustomization('flux-system', './clusters/production'),
    'clusters/production/apps.yaml': kustomization('apps', './apps/production'),
    'clusters/production/reviews.yaml': kustomization('reviews', './reviews'),
    'apps/production/kustomization.yaml': 'resources: [web.yaml, web-budget.yaml, api.yaml]\n',
    'apps/production/web.yaml': deployment('web', 'shop'),
    'apps/production/web-budget.yaml': budget('web', 'shop'),
    'apps/production/api.yaml': deployment('api', 'shop'),
    'apps/production/api-budget.yaml': budget('api', 'shop'),
    'apps/later/cart.yaml': deployment('cart', 'shop'),
    'reviews/web.yaml': item('web', 'web'),
    'items/api.yaml': item('api', 'api'),
    'items/cart.yaml': item('cart', 'cart'),
    'clusters/staging/source.yaml': source('/docs/'),
    '.github/workflows/ci.yaml': 'jobs: {}\n',
    'documents/workflow.yaml': documents('.github/workflows/ci.yaml'),
    'documents/none.yaml': documents('docs/none.md'),
  });
});
afterAll(() => repository.remove());

const verify = async (...args: string[]) =>
  remediation(['verify', '--flux', 'clusters/production', ...args], {
    cwd: repository.folder,
  });
const statuses = (json: string) =>
  (JSON.parse(json) as { items: { metadata: { name: string }; status: ItemStatus }[] }).items;

describe('verify --flux', () => {
  it('judges the items that Flux applies by what Flux applies', async () => {
    const ran = await verify('--static');
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toMatch(/web +13 +A budget for web +Medium +Implemented/);
    expect(ran.code).toBe(0);
  });

  it('says which file would have mended what fails, had a Kustomization reached it', async () => {
    const ran = await verify('--static', 'items', '-o', 'json');
    const [api, cart] = statuses(ran.stdout);
    expect(api?.status.state).toBe('Drifted');
    expect(api?.status.checks?.[0]?.findings?.[0]?.message).toMatch(
      /In Git at apps\/production\/api-budget\.yaml, but no Kustomization reaches it\. apps\/production\/kustomization\.yaml does not list it\.$/,
    );
    expect(cart?.status.checks?.[0]).toMatchObject({
      verdict: 'Fail',
      reason: 'SubjectMissing',
      message: expect.stringContaining('In Git at apps/later/cart.yaml, but no Kustomization reaches it.'),
    });
    expect(ran.code).toBe(1);
  });

  it('says what only a cluster can show, without --static', async () => {
    const ran = await verify();
    expect(ran.stdout).toContain('NeedsCluster');
    expect(ran.code).toBe(3);
  });

  it('is Unknown about what a Kustomization that cannot be built might bring, and says which', async () => {
    await writeFile(repository.at('apps/production/kustomization.yaml'), 'resources: [gone.yaml]\n');
    const ran = await verify('--static');
    await writeFile(
      repository.at('apps/production/kustomization.yaml'),
      'resources: [web.yaml, web-budget.yaml, api.yaml]\n',
    );
    expect(ran.stderr).toContain('note: Kustomization flux-system/apps cannot be built');
    expect(ran.stdout).toMatch(/web +13 .* Unknown/);
    expect(ran.code).toBe(3);
  });

  it('shows a finding at the file that brings its object', async () => {
    const ran = await verify('--static', 'items/api.yaml', '-o', 'sarif');
    const { runs } = JSON.parse(ran.stdout) as {
      runs: { results: { locations: { physicalLocation: unknown }[] }[] }[];
    };
    expect(runs[0]?.results[0]?.locations[0]?.physicalLocation).toMatchObject({
      artifactLocation: { uri: 'apps/production/api.yaml' },
    });
  });

  it('answers who can reach whom, too', async () => {
    const ran = await remediation(
      ['reach', '--flux', 'clusters/production', '--static', '--fold', 'workload'],
      { cwd: repository.folder },
    );
    expect(ran.stdout).toContain('shop/Deployment/web');
    expect(ran.stdout).not.toContain('cart');
    expect(ran.code).toBe(0);
  });

  it('reads the files of a source as Flux keeps them, by the object that Flux applies and by no other', async () => {
    let told = '';
    const state = async () => {
      const { stdout, stderr } = await verify('--static', 'documents/workflow.yaml', '-o', 'json');
      const [judged] = statuses(stdout);
      told = stderr;
      return [judged?.status.state, judged?.status.checks?.[0]?.findings?.[0]?.message];
    };
    expect(await state()).toEqual([
      'Implemented',
      expect.stringContaining('nothing here says what Flux leaves out of its artifact'),
    ]);
    expect(told).toContain(
      'note: nothing here says what GitRepository flux-system/flux-system leaves out: all of',
    );
    await repository.write({ 'clusters/production/source.yaml': source() });
    const byDefault = await state();
    expect(told).toBe('');
    await repository.write({
      'clusters/production/source.yaml': source('/*\n!/.github\n!/clusters\n!/apps\n'),
    });
    const kept = await state();
    await rm(repository.at('clusters/production/source.yaml'));
    expect(byDefault).toEqual([
      'Unknown',
      expect.stringContaining('Flux leaves such files out of the artifact by default (.github/)'),
    ]);
    expect(kept).toEqual(['Implemented', undefined]);
  });

  it('takes no source that nothing applies for what would mend a file that is missing', async () => {
    const [judged] = statuses((await verify('--static', 'documents/none.yaml', '-o', 'json')).stdout);
    expect(judged?.status).toMatchObject({ state: 'Drifted', checks: [{ reason: 'FileMissing' }] });
    expect(judged?.status.checks?.[0]?.message).toMatch(/Commit it \(again\), or correct path\.$/);
  });

  const usage = [
    {
      name: 'a folder that is not there',
      args: ['--flux', 'clusters/none'],
      says: 'clusters/none: no such folder',
    },
    { name: 'a source that is not there', args: ['--source', 'nowhere'], says: 'nowhere: no such folder' },
    { name: 'manifests beside it', args: ['--manifests', 'apps'], says: '--flux and --manifests' },
  ];
  it.for(usage)('refuses $name', async ({ args, says }) => {
    const ran = await verify(...args);
    expect(ran.stderr).toContain(says);
    expect(ran.code).toBe(2);
  });
});

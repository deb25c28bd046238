// `verify --flux`, run as a user would: what is reached counts, and what is not is
// named where it would have helped.

import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ItemStatus } from '../api/status.ts';
import {
  budget,
  deployment,
  kustomization,
  makeRepository,
  pathWithKubectl,
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
  });
});
afterAll(() => repository.remove());

const verify = async (...args: string[]) =>
  remediation(['verify', '--flux', 'clusters/production', ...args], {
    cwd: repository.folder,
    env: { PATH: await pathWithKubectl() },
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
      {
        cwd: repository.folder,
        env: { PATH: await pathWithKubectl() },
      },
    );
    expect(ran.stdout).toContain('shop/Deployment/web');
    expect(ran.stdout).not.toContain('cart');
    expect(ran.code).toBe(0);
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

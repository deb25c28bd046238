// Repositories that mean ill: each harms one Kustomization, and nothing else.

import { describe, expect, it } from 'vitest';
import { deployment, type Files, kustomization } from './testing/repository.ts';
import { CLUSTER, facts, names, testRepositories } from './testing/world.ts';

const { read } = testRepositories();

describe('a repository that means ill', { timeout: 60_000 }, () => {
  const bomb = ['a: &a0 [x, x]']
    .concat(Array.from({ length: 40 }, (_, i) => `b${i}: &a${i + 1} [*a${i}, *a${i}, *a${i}]`))
    .join('\n');
  const hostile: { name: string; files: Files }[] = [
    {
      name: 'aliases without end in a manifest',
      files: {
        'apps/bomb.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: shop}\n${bomb}\n`,
      },
    },
    { name: 'aliases without end in a kustomization', files: { 'apps/kustomization.yaml': `${bomb}\n` } },
    {
      name: 'aliases without end in a patch',
      files: {
        'apps/kustomization.yaml': `resources: [web.yaml]\npatches:\n- patch: |\n${bomb.replace(/^/gm, '    ')}\n`,
      },
    },
    {
      name: 'folders that are each other',
      files: {
        'apps/kustomization.yaml': 'resources: [b]\n',
        'apps/b/kustomization.yaml': 'resources: [..]\n',
      },
    },
    {
      name: 'a file of this machine',
      files: { 'apps/kustomization.yaml': 'resources: [/etc/hostname]\n' },
    },
    {
      name: 'a chart from the network',
      files: {
        'apps/kustomization.yaml':
          'helmCharts: [{name: x, repo: "https://flux.invalid", releaseName: x, namespace: shop}]\n',
      },
    },
  ];
  it.for(hostile)('by $name harms nothing but that Kustomization', async ({ files }) => {
    const world = await read({
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps', 'targetNamespace: shop'),
      [`${CLUSTER}/plain.yaml`]: deployment('plain', 'yard'),
      'apps/web.yaml': deployment('web', 'shop'),
      ...files,
    });
    expect(names(world)).toEqual(['Deployment yard/plain']);
    expect(world.notes.join('\n')).toMatch(/Kustomization flux-system\/apps cannot be built/);
    expect(facts(world).get('Deployment', 'shop', 'web')).toMatchObject({ state: 'failed' });
    expect(facts(world).list('Deployment', 'yard')).toMatchObject({ state: 'known' });
    expect(await world.unreached()).toBeDefined();
  });
});

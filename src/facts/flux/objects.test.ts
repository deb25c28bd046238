// What becomes of an object that holds a value which the repository does not show:
// where the text with it is no YAML, and where only the network has it.

import { describe, expect, it } from 'vitest';
import { whyHidden } from '../../api/hidden.ts';
import { deployment, kustomization, variable } from './testing/repository.ts';
import { CLUSTER, names, objectOf, testRepositories } from './testing/world.ts';

const { read } = testRepositories();

describe('values that are not known', { timeout: 60_000 }, () => {
  it('leave the rest of an object known where the text with them is no YAML', async () => {
    const world = await read({
      [`${CLUSTER}/apps.yaml`]: kustomization(
        'apps',
        './apps',
        'postBuild: {substitute: {APP: web, LIST: "[{name: a}]", N: "3"}, substituteFrom: [{kind: Secret, name: away}]}',
      ),
      'apps/web.yaml': `apiVersion: example.org/v1
kind: Quoted
metadata: {name: "${variable('APP')}", namespace: shop}
spec:
  list: ${variable("Q:='")}${variable('LIST')}${variable("Q:='")}
  count: ${variable('N')}
  also: ${variable('APP')}-db
`,
      'apps/api.yaml': deployment('api', 'shop'),
    });
    expect(names(world)).toEqual(['Deployment shop/api', 'Quoted shop/web']);
    const { list, count, also } = (objectOf(world, 'Quoted', 'web')?.spec ?? {}) as Record<string, string>;
    expect(also).toBe('web-db');
    expect(whyHidden(list ?? '')).toContain('is from Secret flux-system/away');
    expect(whyHidden(count ?? '')).toContain('whether 3 is a text is not known');
  });

  it('are files of the network in a ConfigMap whose name does not hang on them', async () => {
    const generator = (more: string) =>
      `resources: [web.yaml]\nconfigMapGenerator:\n- name: dashboards\n  namespace: shop\n  literals: [a=b]\n  files: [own.json, "flux.json=https://flux.invalid/cluster.json", "https://flux.invalid/other.json"]\n${more}`;
    const files = (more: string) => ({
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps'),
      'apps/kustomization.yaml': generator(more),
      'apps/web.yaml': deployment('web', 'shop'),
      'apps/own.json': '{}',
    });
    for (const more of [
      '  options: {disableNameSuffixHash: true}\n',
      'generatorOptions: {disableNameSuffixHash: true}\n',
    ]) {
      const world = await read(files(more));
      expect(names(world)).toEqual(['ConfigMap shop/dashboards', 'Deployment shop/web']);
      const data = (objectOf(world, 'ConfigMap', 'dashboards')?.data ?? {}) as Record<string, string>;
      expect(Object.keys(data).sort()).toEqual(['a', 'flux.json', 'other.json', 'own.json']);
      expect(whyHidden(data['flux.json'] ?? '')).toBe(
        'only the network can show https://flux.invalid/cluster.json',
      );
      expect(data).toMatchObject({ a: 'b', 'own.json': '{}' });
    }
    const hashed = await read(files(''));
    expect(names(hashed)).toEqual([]);
    expect(hashed.notes.join()).toContain('cannot be built without the network');
  });
});

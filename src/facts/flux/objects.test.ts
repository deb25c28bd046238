// What becomes of an object whose text holds a value that the repository does not
// show, where the text with it is no YAML.

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
});

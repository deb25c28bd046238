// What the facts are said to be once edits were applied.

import { describe, expect, it } from 'vitest';
import type { Edit } from './edits.ts';
import type { Deployment, Pod, PodDisruptionBudget } from './kinds.ts';
import type { Manifest } from './manifest-files.ts';
import { manifestSource } from './manifests.ts';
import { overlay } from './overlay.ts';
import { kindRef, type Source, wholeRef } from './source.ts';

const deployment = (spec: object = {}, metadata: object = {}): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', ...metadata },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'main', image: 'x', ports: [{ name: 'http', containerPort: 80 }] }] },
    },
    ...spec,
  },
});
const budget: Manifest = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
};
const source = (...objects: Manifest[]) => manifestSource(objects, { static: true });
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
const BUDGET = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace: 'shop', name: 'web' };

const patch = (target: typeof DEPLOYMENT, spec: object): Edit => ({
  action: 'Patch',
  target,
  type: 'strategic',
  patch: { spec },
});
const probe = { httpGet: { path: '/ready', port: 'http' } };
const probed = patch(DEPLOYMENT, {
  template: { spec: { containers: [{ name: 'main', readinessProbe: probe }] } },
});

const pods = (from: Source, namespace?: string) => {
  const fact = from.list(kindRef('Pod'), namespace);
  return fact.state === 'known' ? (fact.value as readonly Pod[]) : fact;
};
const get = (from: Source, kind: 'Deployment' | 'PodDisruptionBudget') => {
  const fact = from.get(kindRef(kind), 'shop', 'web');
  return fact.state === 'known' ? fact.value : fact;
};

describe('an overlay', () => {
  it('is the base itself where nothing is edited', () => {
    const base = source(deployment());
    expect(overlay(base, [])).toBe(base);
  });

  it('gives what it does not touch as the base has it, the same array', () => {
    const base = source(deployment(), budget);
    const over = overlay(base, [{ action: 'Delete', target: BUDGET }]);
    expect(pods(over)).toBe(pods(base));
  });

  it('shows a new object by name, in its namespace and in the cluster, projected and whole', () => {
    const over = overlay(source(deployment()), [{ action: 'Create', object: budget }]);
    expect(get(over, 'PodDisruptionBudget')).toMatchObject({ spec: { minAvailable: 2 } });
    for (const namespace of ['shop', undefined]) {
      expect(over.list(kindRef('PodDisruptionBudget'), namespace)).toMatchObject({
        value: [{ meta: { name: 'web' } }],
      });
    }
    expect(over.list(kindRef('PodDisruptionBudget'), 'elsewhere')).toMatchObject({ value: [] });
    expect(over.list(wholeRef(budget), 'shop')).toMatchObject({ value: [{ spec: { minAvailable: 2 } }] });
  });

  it('replaces an object that is there', () => {
    const object = { ...budget, spec: { maxUnavailable: 1 } };
    const over = overlay(source(budget), [{ action: 'Create', object }]);
    expect((get(over, 'PodDisruptionBudget') as PodDisruptionBudget).spec).toEqual({ maxUnavailable: 1 });
    expect(over.list(kindRef('PodDisruptionBudget'), 'shop')).toMatchObject({ value: { length: 1 } });
  });

  it('takes an object away', () => {
    const over = overlay(source(budget), [{ action: 'Delete', target: BUDGET }]);
    expect(get(over, 'PodDisruptionBudget')).toEqual({ state: 'absent', served: true });
    expect(over.list(kindRef('PodDisruptionBudget'), 'shop')).toMatchObject({ value: [] });
  });

  it('patches field by field, null takes one away, and edits add up', () => {
    const over = overlay(source(budget), [
      patch(BUDGET, { minAvailable: null, maxUnavailable: 0 }),
      patch(BUDGET, { maxUnavailable: 1 }),
    ]);
    expect((get(over, 'PodDisruptionBudget') as PodDisruptionBudget).spec).toEqual({
      maxUnavailable: 1,
      selector: { matchLabels: { app: 'web' } },
    });
  });

  it('leaves what does not exist absent when it is patched', () => {
    const over = overlay(source(deployment()), [patch(BUDGET, { minAvailable: 1 })]);
    expect(get(over, 'PodDisruptionBudget')).toMatchObject({ state: 'absent' });
  });

  it('follows its base', () => {
    let now: readonly unknown[] = [];
    const base: Source = {
      ...source(deployment()),
      list: () => ({ state: 'known', value: now, served: true }),
    };
    const over = overlay(base, [{ action: 'Create', object: budget }]);
    expect(over.list(kindRef('PodDisruptionBudget'), 'shop')).toMatchObject({ value: { length: 1 } });
    now = [{ meta: { namespace: 'shop', name: 'other' } }];
    expect(over.list(kindRef('PodDisruptionBudget'), 'shop')).toMatchObject({ value: { length: 2 } });
  });

  it('tells of what cannot be known as the base does', () => {
    const base = manifestSource([deployment()]);
    expect(pods(overlay(base, [probed]))).toMatchObject({ state: 'failed', reason: 'NeedsCluster' });
  });
});

describe('the pods of a patched workload', () => {
  it('follow their template', () => {
    const over = overlay(source(deployment()), [probed]);
    const own = pods(over, 'shop') as readonly Pod[];
    expect(own).toHaveLength(2);
    for (const { spec, meta } of own) {
      expect(spec.containers).toMatchObject([
        { name: 'main', ports: [{ name: 'http' }], readinessProbe: probe },
      ]);
      expect(meta.labels).toMatchObject({ app: 'web', 'pod-template-hash': expect.any(String) });
    }
    expect(over.get(kindRef('Pod'), 'shop', own[0]?.meta.name ?? '')).toMatchObject({ state: 'known' });
  });

  it('get the labels of a template that gets new ones', () => {
    const labels = { team: 'payments' };
    const over = overlay(source(deployment()), [patch(DEPLOYMENT, { template: { metadata: { labels } } })]);
    for (const { meta } of pods(over) as readonly Pod[]) {
      expect(meta.labels).toMatchObject({ app: 'web', team: 'payments' });
    }
  });

  it('are as many as it wants, each with its own name', () => {
    const own = pods(overlay(source(deployment()), [patch(DEPLOYMENT, { replicas: 4 })])) as readonly Pod[];
    expect(new Set(own.map(({ meta }) => meta.name)).size).toBe(4);
    expect(own.every(({ status }) => status.ready)).toBe(true);
    expect(pods(overlay(source(deployment()), [patch(DEPLOYMENT, { replicas: 1 })]))).toHaveLength(1);
  });

  it('keep what was injected into them', () => {
    const base = source(deployment());
    const mesh = { name: 'mesh', ports: [] };
    const injected: Source = {
      ...base,
      list: (kind, namespace) => {
        const fact = base.list(kind, namespace);
        if (kind.projected !== 'Pod' || fact.state !== 'known') return fact;
        const value = (fact.value as readonly Pod[]).map((pod) => ({
          ...pod,
          spec: { ...pod.spec, containers: [...pod.spec.containers, mesh] },
        }));
        return { ...fact, value };
      },
    };
    const [pod] = pods(overlay(injected, [probed])) as readonly Pod[];
    expect(pod?.spec.containers.map(({ name }) => name)).toEqual(['main', 'mesh']);
  });

  it('stay as they are while the rollout is held back', () => {
    const base = source(deployment({ paused: true }));
    const over = overlay(base, [probed]);
    expect((get(over, 'Deployment') as Deployment).spec.template.spec.containers[0]).toHaveProperty(
      'readinessProbe',
    );
    expect((pods(over) as readonly Pod[])[0]?.spec.containers[0]).not.toHaveProperty('readinessProbe');
    const resumed = overlay(base, [probed, patch(DEPLOYMENT, { paused: false })]);
    expect((pods(resumed) as readonly Pod[])[0]?.spec.containers[0]).toHaveProperty('readinessProbe');
  });

  it('are scaled even while the rollout is held back, from the template that they have', () => {
    const base = source(deployment({ paused: true }));
    const over = overlay(base, [probed, patch(DEPLOYMENT, { replicas: 3 })]);
    const own = pods(over) as readonly Pod[];
    expect(own).toHaveLength(3);
    for (const { spec } of own) expect(spec.containers[0]).not.toHaveProperty('readinessProbe');
    expect((get(over, 'Deployment') as Deployment).status.updatedReplicas).toBe(0);
    const scaled = overlay(base, [patch(DEPLOYMENT, { replicas: 3 })]);
    expect((get(scaled, 'Deployment') as Deployment).status.updatedReplicas).toBe(3);
  });

  it('leave the pods of others alone', () => {
    const other = deployment({ selector: { matchLabels: { app: 'b' } } }, { name: 'other' });
    const base = source(deployment(), other);
    const over = overlay(base, [patch(DEPLOYMENT, { replicas: 1 })]);
    const others = (from: Source) =>
      (pods(from) as readonly Pod[]).filter(({ meta }) => meta.name.startsWith('other-'));
    expect(others(over)).toEqual(others(base));
    expect(others(over)).toHaveLength(2);
  });
});

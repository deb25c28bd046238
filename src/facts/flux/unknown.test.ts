// What is not known of a repository that Flux applies, why, and how far that goes.

import { describe, expect, it } from 'vitest';
import { whyHidden } from '../../api/hidden.ts';
import type { Manifest } from '../manifest-files.ts';
import { configMap, deployment, type Files, kustomization, variable } from './testing/repository.ts';
import { CLUSTER, facts, names, objectOf, testRepositories } from './testing/world.ts';

const { read, repositoryOf } = testRepositories();

describe('variables', { timeout: 60_000 }, () => {
  it('come from ConfigMaps that other Kustomizations bring, the spec winning', async () => {
    const world = await read({
      [`${CLUSTER}/vars.yaml`]: kustomization('vars', './vars'),
      [`${CLUSTER}/apps.yaml`]: kustomization(
        'apps',
        './apps',
        `postBuild:
  substitute: {NAME: web}
  substituteFrom: [{kind: ConfigMap, name: settings}]`,
      ),
      'vars/settings.yaml': configMap('settings', 'flux-system', '{NAME: other, REPLICAS: "3"}'),
      'apps/web.yaml': deployment(variable('NAME'), variable('SPACE:=shop'), variable('REPLICAS')),
    });
    expect(names(world)).toEqual(['ConfigMap flux-system/settings', 'Deployment shop/web']);
    expect(objectOf(world, 'Deployment', 'web')).toMatchObject({ spec: { replicas: 3 } });
  });

  it('are unknown where their Secret is not in the repository, and only what they reach', async () => {
    const world = await read({
      [`${CLUSTER}/apps.yaml`]: kustomization(
        'apps',
        './apps',
        'postBuild: {substituteFrom: [{kind: Secret, name: cluster-secrets}]}',
      ),
      'apps/web.yaml': deployment('web', 'shop', variable('REPLICAS')),
      'apps/api.yaml': deployment('api', 'shop').replace(
        'registry.example/api',
        `${variable('REGISTRY')}/api`,
      ),
    });
    expect(facts(world).get('Deployment', 'shop', 'api')).toMatchObject({ state: 'known' });
    expect(facts(world).get('Deployment', 'shop', 'web')).toMatchObject({
      state: 'failed',
      reason: 'Unreadable',
      message: expect.stringContaining('REPLICAS} is from Secret flux-system/cluster-secrets'),
    });
    expect(facts(world).list('Deployment', 'shop')).toMatchObject({ state: 'failed' });
    expect(facts(world).list('Pod', 'shop')).toMatchObject({ state: 'failed' });
    expect(facts(world).list('PodDisruptionBudget', 'shop')).toMatchObject({ state: 'known' });
    // Whole, it can be shown: an expression that reads the value comes upon it.
    const whole = facts(world).whole('apps/v1', 'Deployment', 'shop');
    const replicas = whole.state === 'known' ? whole.value.map((each) => (each as Manifest).spec) : [];
    expect(JSON.stringify(replicas)).not.toContain('REPLICAS');
    expect(whyHidden(JSON.stringify(replicas))).toContain('Secret flux-system/cluster-secrets');
  });

  it('that an unknown Secret might override are unknown, and what is set after it is not', async () => {
    const world = await read({
      [`${CLUSTER}/settings.yaml`]:
        configMap('early', 'flux-system', '{A: "3", B: "3"}') + configMap('late', 'flux-system', '{B: "4"}'),
      [`${CLUSTER}/apps.yaml`]: kustomization(
        'apps',
        './apps',
        `postBuild:
  substitute: {C: "5"}
  substituteFrom: [{kind: ConfigMap, name: early}, {kind: Secret, name: away}, {kind: ConfigMap, name: late}]`,
      ),
      'apps/all.yaml': ['A', 'B', 'C']
        .map((name) => deployment(name.toLowerCase(), 'shop', variable(name)))
        .join(''),
    });
    const { get } = facts(world);
    expect(get('Deployment', 'shop', 'a')).toMatchObject({ state: 'failed', reason: 'Unreadable' });
    expect(get('Deployment', 'shop', 'b')).toMatchObject({ value: { spec: { replicas: 4 } } });
    expect(get('Deployment', 'shop', 'c')).toMatchObject({ value: { spec: { replicas: 5 } } });
  });

  it('of a Secret that SOPS encrypts have names and no values', async () => {
    const secret = `apiVersion: v1
kind: Secret
metadata: {name: cluster-secrets, namespace: flux-system}
stringData:
  REPLICAS: ENC[AES256_GCM,data:abc,iv:abc,tag:abc,type:str]
sops: {version: 3.9.0, mac: "ENC[AES256_GCM,data:x,type:str]"}
`;
    const world = await read({
      [`${CLUSTER}/secrets.yaml`]: secret,
      [`${CLUSTER}/apps.yaml`]: kustomization(
        'apps',
        './apps',
        'postBuild: {substituteFrom: [{kind: Secret, name: cluster-secrets}]}',
      ),
      'apps/web.yaml': deployment('web', 'shop', variable('REPLICAS')),
      'apps/api.yaml': deployment('api', 'shop', variable('OTHER:=4')),
    });
    expect(facts(world).get('Deployment', 'shop', 'web')).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('Secret flux-system/cluster-secrets is encrypted with SOPS'),
    });
    expect(facts(world).get('Deployment', 'shop', 'api')).toMatchObject({
      value: { spec: { replicas: 4 } },
    });
  });

  it('are left alone where an object asks for it, and where there are none', async () => {
    const script = (annotations: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: script, namespace: shop${annotations}}\ndata: {run: 'echo \${HOME}'}\n`;
    const asked = await read({
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps', 'postBuild: {substitute: {HOME: here}}'),
      'apps/script.yaml': script(', annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}'),
    });
    expect(objectOf(asked, 'ConfigMap', 'script')).toMatchObject({
      data: { run: `echo ${variable('HOME')}` },
    });
    const none = await read({
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps', 'postBuild: {substitute: {}}'),
      'apps/script.yaml': script(''),
    });
    expect(objectOf(none, 'ConfigMap', 'script')).toMatchObject({
      data: { run: `echo ${variable('HOME')}` },
    });
  });

  it('that Flux cannot read stop the whole Kustomization', async () => {
    const world = await read({
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps', 'postBuild: {substitute: {A: b}}'),
      'apps/web.yaml': deployment('web', 'shop'),
      'apps/script.yaml': configMap('script', 'shop', `{run: 'echo ${variable('A-b')}'}`),
    });
    expect(names(world)).toEqual([]);
    expect(facts(world).get('Deployment', 'shop', 'web')).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/Kustomization flux-system\/apps cannot be built.*ConfigMap script/),
    });
  });

  it('in a name leave open which object it is', async () => {
    const world = await read({
      [`${CLUSTER}/apps.yaml`]: kustomization(
        'apps',
        './apps',
        'postBuild: {substituteFrom: [{kind: Secret, name: cluster-secrets}]}',
      ),
      'apps/web.yaml': deployment('web', variable('SPACE')),
    });
    expect(names(world)).toEqual([]);
    expect(facts(world).get('Deployment', 'shop', 'web')).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('brings an object whose name or namespace is not known'),
    });
    expect(facts(world).get('PodDisruptionBudget', 'shop', 'web')).toMatchObject({ state: 'absent' });
  });

  it('of an encrypted file that kustomize makes a Secret of are hidden', async () => {
    const world = await read({
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps'),
      'apps/kustomization.yaml':
        'secretGenerator: [{name: web, namespace: shop, envs: [secret.env]}]\ngeneratorOptions: {disableNameSuffixHash: true}\n',
      'apps/secret.env': 'TOKEN=ENC[AES256_GCM,data:abc,iv:abc,tag:abc,type:str]\n',
    });
    expect(whyHidden(JSON.stringify(objectOf(world, 'Secret', 'web')))).toBe(
      'Secret shop/web is encrypted with SOPS',
    );
  });
});

describe('what Flux does not apply', { timeout: 60_000 }, () => {
  const withSpec = (more: string): Files => ({
    [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps', more),
    [`${CLUSTER}/plain.yaml`]: deployment('plain', 'yard'),
    'apps/web.yaml': deployment('web', 'shop'),
  });
  const rows = [
    { name: 'what is suspended', more: 'suspend: true', says: 'flux-system/apps is suspended' },
    {
      name: 'what depends on something that nothing brings',
      more: 'dependsOn: [{name: base}]',
      says: 'depends on Kustomization flux-system/base, which nothing here brings',
    },
    {
      name: 'what waits for itself',
      more: 'dependsOn: [{name: apps}]',
      says: 'waits, by dependsOn, for itself',
    },
  ];
  it.for(rows)(
    'is $name: neither there nor absent, of its kinds and in its namespaces alone',
    async ({ more, says }) => {
      const world = await read(withSpec(more));
      expect(names(world)).toEqual(['Deployment yard/plain']);
      const { get, list } = facts(world);
      expect(get('Deployment', 'shop', 'web')).toMatchObject({
        state: 'failed',
        reason: 'NeedsCluster',
        message: expect.stringContaining(says),
      });
      expect(list('Deployment', 'shop')).toMatchObject({ state: 'failed' });
      expect(list('Pod', 'shop')).toMatchObject({ state: 'failed' });
      expect(list('Deployment', 'yard')).toMatchObject({ state: 'known' });
      expect(list('Deployment')).toMatchObject({ state: 'failed' });
      expect(list('PodDisruptionBudget', 'shop')).toMatchObject({ state: 'known', value: [] });
    },
  );

  it('is for another cluster where there is a kubeConfig', async () => {
    const world = await read(withSpec('kubeConfig: {secretRef: {name: other}}'));
    expect(names(world)).toEqual(['Deployment yard/plain']);
    expect(facts(world).get('Deployment', 'shop', 'web')).toMatchObject({ state: 'absent' });
  });

  it('takes with it what it brings and what depends on it', async () => {
    const world = await read({
      [`${CLUSTER}/parent.yaml`]: kustomization('parent', './parent', 'suspend: true'),
      [`${CLUSTER}/after.yaml`]: kustomization('after', './after', 'dependsOn: [{name: child}]'),
      'parent/child.yaml': kustomization('child', './child'),
      'child/web.yaml': deployment('web', 'shop'),
      'after/api.yaml': deployment('api', 'backend'),
    });
    expect(names(world)).toEqual([]);
    expect(facts(world).get('Deployment', 'shop', 'web')).toMatchObject({ state: 'failed' });
    expect(facts(world).get('Deployment', 'backend', 'api')).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('depends on Kustomization flux-system/child'),
    });
    expect(facts(world).get('Deployment', 'elsewhere', 'api')).toMatchObject({ state: 'absent' });
  });

  it('is what depends on a suspended one of the same source, which never reaches its revision', async () => {
    const other = (name: string) =>
      kustomization(name, './base', 'suspend: true').replace(
        'name: flux-system, namespace: flux-system}\n',
        'name: other}\n',
      );
    const files = (base: string): Files => ({
      ...withSpec('dependsOn: [{name: base}]'),
      [`${CLUSTER}/base.yaml`]: base,
      'base/settings.yaml': configMap('settings', 'base', '{a: b}'),
    });
    const same = await read(files(kustomization('base', './base', 'suspend: true')));
    expect(names(same)).toEqual(['Deployment yard/plain']);
    expect(same.notes.join('\n')).toContain(
      'base, which is suspended and so never reaches the same revision',
    );
    // Of another source its last revision counts, and it stays ready.
    const { folder } = await repositoryOf({ 'base/settings.yaml': configMap('settings', 'base', '{a: b}') });
    const named = new Map([['flux-system/other', folder]]);
    const elsewhere = await read(files(other('base')), { named });
    expect(names(elsewhere)).toEqual(['Deployment shop/web', 'Deployment yard/plain']);
  });

  it('is what cannot be built, wherever it would be', async () => {
    const world = await read({
      ...withSpec(''),
      'apps/kustomization.yaml': 'resources: [web.yaml, gone.yaml]\n',
    });
    expect(facts(world).get('Deployment', 'anywhere', 'x')).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/apps cannot be built, and Flux would fail alike: .*gone\.yaml/),
    });
  });

  it('is what has no namespace where there must be one', async () => {
    const world = await read({ ...withSpec(''), 'apps/web.yaml': deployment('web', undefined) });
    expect(world.notes.join('\n')).toContain('Deployment web has no namespace');
    expect(names(world)).toEqual(['Deployment yard/plain']);
  });

  it('is what the network alone can show, without asking the network', async () => {
    const world = await read({
      ...withSpec(''),
      'apps/kustomization.yaml': 'resources: [web.yaml, "https://flux.invalid/crds.yaml"]\n',
    });
    expect(names(world)).toEqual(['Deployment shop/web', 'Deployment yard/plain']);
    expect(facts(world).get('Deployment', 'shop', 'other')).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('brings https://flux.invalid/crds.yaml'),
    });
    const first = await read({
      ...withSpec(''),
      [`${CLUSTER}/kustomization.yaml`]: 'resources: [plain.yaml, "https://flux.invalid/crds.yaml"]\n',
    });
    expect(names(first)).toEqual(['Deployment yard/plain']);
    expect(facts(first).get('Deployment', 'shop', 'web')).toMatchObject({ state: 'failed' });
    const base = await read({
      ...withSpec(''),
      'apps/kustomization.yaml': 'components: ["https://flux.invalid/part"]\nresources: [web.yaml]\n',
    });
    expect(names(base)).toEqual(['Deployment yard/plain']);
    expect(base.notes.join('\n')).toContain('cannot be built without the network');
  });

  it('is a file outside of the source', async () => {
    const world = await read({
      ...withSpec(''),
      'apps/kustomization.yaml':
        'resources: [web.yaml]\nconfigMapGenerator: [{name: x, namespace: shop, files: [../../../../../../etc/hostname]}]\n',
    });
    expect(world.notes.join('\n')).toContain('leads out of the source');
    expect(names(world)).toEqual(['Deployment yard/plain']);
  });
});

describe('what is told to be left as it is', { timeout: 60_000 }, () => {
  const kept = (annotation: string, kind: 'Deployment' | 'Kustomization') =>
    kind === 'Deployment'
      ? deployment('web', 'shop').replace(
          'namespace: "shop"}',
          `namespace: "shop", annotations: {${annotation}}}`,
        )
      : kustomization('apps', './apps').replace(
          'namespace: flux-system}',
          `namespace: flux-system, annotations: {${annotation}}}`,
        );

  const rows = ['reconcile: disabled', 'ssa: Ignore', 'ssa: IfNotPresent'];
  it.for(rows)('by %s is unknown, with its pods, and nothing else is', async (annotation) => {
    const world = await read({
      [`${CLUSTER}/web.yaml`]: kept(`kustomize.toolkit.fluxcd.io/${annotation}`, 'Deployment'),
      [`${CLUSTER}/api.yaml`]: deployment('api', 'yard'),
    });
    const { get, list } = facts(world);
    expect(get('Deployment', 'shop', 'web')).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('told by an annotation to leave Deployment shop/web as it is'),
    });
    expect(get('Deployment', 'shop', 'other')).toMatchObject({ state: 'absent' });
    expect(list('Pod', 'shop')).toMatchObject({ state: 'failed' });
    expect(list('Pod', 'yard')).toMatchObject({ state: 'known' });
  });

  it('and brings others may have brought anything', async () => {
    const world = await read({
      [`${CLUSTER}/apps.yaml`]: kept('kustomize.toolkit.fluxcd.io/reconcile: disabled', 'Kustomization'),
      'apps/web.yaml': deployment('web', 'shop'),
    });
    expect(names(world)).toEqual([]);
    expect(facts(world).get('Deployment', 'shop', 'web')).toMatchObject({ state: 'failed' });
  });
});

describe('a HelmRelease that cannot be rendered', { timeout: 60_000 }, () => {
  const release = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: cert-manager, namespace: flux-system}
spec:
  targetNamespace: cert-manager
  chart: {spec: {chart: cert-manager, sourceRef: {kind: HelmRepository, name: jetstack}}}
`;
  it('in a Kustomization that is not applied may have left objects in its target namespace', async () => {
    const world = await read({
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps', 'suspend: true'),
      'apps/release.yaml': release,
    });
    expect(facts(world).list('PodDisruptionBudget', 'cert-manager')).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('Kustomization flux-system/apps is suspended'),
    });
    expect(facts(world).list('PodDisruptionBudget', 'shop')).toMatchObject({ state: 'known' });
  });

  it('makes what it could create unknown, and nothing else', async () => {
    const world = await read({
      [`${CLUSTER}/release.yaml`]: release,
      [`${CLUSTER}/web.yaml`]: deployment('web', 'shop'),
    });
    const { get, list, whole } = facts(world);
    expect(get('Deployment', 'cert-manager', 'cert-manager')).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('HelmRelease flux-system/cert-manager would create objects'),
    });
    expect(list('PodDisruptionBudget', 'cert-manager')).toMatchObject({ state: 'failed' });
    expect(list('PodDisruptionBudget', 'shop')).toMatchObject({ state: 'known' });
    expect(list('Pod')).toMatchObject({ state: 'failed' });
    expect(whole('apiextensions.k8s.io/v1', 'CustomResourceDefinition')).toMatchObject({ state: 'failed' });
    expect(whole('helm.toolkit.fluxcd.io/v2', 'HelmRelease')).toMatchObject({ state: 'known' });
    expect(whole('v1', 'Namespace')).toMatchObject({ state: 'known' });
  });
});

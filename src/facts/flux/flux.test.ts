// What Flux would apply of a repository, with real repositories and the real
// kustomize: which objects, from where, and what is not known.

import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { whyHidden } from '../../api/hidden.ts';
import type { Manifest } from '../manifest-files.ts';
import { manifestSource } from '../manifests.ts';
import { kindRef, wholeRef } from '../source.ts';
import { type FluxOptions, type FluxWorld, readFlux, withDoubts } from './index.ts';
import {
  budget,
  configMap,
  deployment,
  type Files,
  kustomization,
  makeRepository,
  pathWithKubectl,
  type TestRepository,
  variable,
} from './testing/repository.ts';

const CLUSTER = 'clusters/one';
let repositories: TestRepository[] = [];
afterEach(async () => {
  for (const each of repositories) await each.remove();
  repositories = [];
});

async function read(files: Files, options: Partial<FluxOptions> = {}): Promise<FluxWorld> {
  const repository = await makeRepository(files);
  repositories.push(repository);
  return readFlux({
    programs: await pathWithKubectl(),
    ...options,
    cluster: repository.at(options.cluster ?? CLUSTER),
  });
}

/** Kind namespace/name of what is applied, but for Kustomizations. */
const names = (world: FluxWorld) =>
  world.applied
    .filter(({ object }) => object.kind !== 'Kustomization' && object.kind !== 'GitRepository')
    .map(({ object: { kind, metadata } }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`)
    .sort();

const objectOf = (world: FluxWorld, kind: string, name: string) =>
  world.applied.find(({ object }) => object.kind === kind && object.metadata.name === name)?.object;

/** What a check would be told of one object, or of a list. */
function facts(world: FluxWorld) {
  const objects = world.applied.map(({ object }) => object);
  const source = withDoubts(manifestSource(objects, { static: true }), objects, world.doubts);
  return {
    get: (kind: 'Deployment' | 'PodDisruptionBudget' | 'ConfigMap', namespace: string, name: string) =>
      source.get(kindRef(kind), namespace, name),
    list: (kind: 'Deployment' | 'PodDisruptionBudget' | 'Pod', namespace?: string) =>
      source.list(kindRef(kind), namespace),
    whole: (apiVersion: string, kind: string, namespace?: string) =>
      source.list(wholeRef({ apiVersion, kind }), namespace),
  };
}

describe('the way from the cluster folder', { timeout: 60_000 }, () => {
  it('follows Kustomizations, and takes nothing that none of them reaches', async () => {
    const world = await read({
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps'),
      'apps/web.yaml': deployment('web', 'shop'),
      'other/lost.yaml': deployment('lost', 'shop'),
    });
    expect(names(world)).toEqual(['Deployment shop/web']);
    expect(world.applied.find(({ object }) => object.kind === 'Deployment')).toMatchObject({
      by: 'flux-system/apps',
      file: 'apps/web.yaml',
    });
    expect(world.doubts).toEqual([]);
  });

  it('takes a folder with a kustomization.yaml by that alone', async () => {
    const world = await read({
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps'),
      'apps/kustomization.yaml': 'resources: [web.yaml]\n',
      'apps/web.yaml': deployment('web', 'shop'),
      'apps/budget.yaml': budget('web', 'shop'),
    });
    expect(names(world)).toEqual(['Deployment shop/web']);
  });

  it('takes of a folder without one everything below, and folders with one as they say', async () => {
    const world = await read({
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', 'apps/'),
      'apps/a/web.yaml': deployment('web', 'shop'),
      'apps/b/kustomization.yaml': 'namespace: cellar\nresources: [wine.yaml]\n',
      'apps/b/wine.yaml': deployment('wine', undefined),
      'apps/b/beer.yaml': deployment('beer', undefined),
      'apps/notes.txt': 'no manifest',
    });
    expect(names(world)).toEqual(['Deployment cellar/wine', 'Deployment shop/web']);
  });

  it('starts with the Kustomization that builds the cluster folder itself, where there is one', async () => {
    const world = await read({
      [`${CLUSTER}/flux-system/gotk-sync.yaml`]: kustomization(
        'flux-system',
        `./${CLUSTER}`,
        'postBuild: {substitute: {NAMESPACE: shop}}',
      ),
      [`${CLUSTER}/web.yaml`]: deployment('web', variable('NAMESPACE')),
    });
    expect(names(world)).toEqual(['Deployment shop/web']);
  });

  it('does what spec asks for beside the path', async () => {
    const world = await read({
      [`${CLUSTER}/apps.yaml`]: kustomization(
        'apps',
        './apps',
        `targetNamespace: shop
namePrefix: my-
nameSuffix: -one
commonMetadata: {labels: {team: blue}, annotations: {note: hello}}
images: [{name: registry.example/web, newTag: "7"}]
components: [../parts]
patches:
- patch: '- {op: replace, path: /spec/replicas, value: 5}'
  target: {kind: Deployment}`,
      ),
      'apps/web.yaml': deployment('web', undefined),
      'parts/kustomization.yaml':
        'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [budget.yaml]\n',
      'parts/budget.yaml': budget('web', undefined),
    });
    expect(world.notes).toEqual([]);
    expect(names(world)).toEqual(['Deployment shop/my-web-one', 'PodDisruptionBudget shop/my-web-one']);
    expect(objectOf(world, 'Deployment', 'my-web-one')).toMatchObject({
      metadata: { labels: { team: 'blue' }, annotations: { note: 'hello' } },
      spec: { replicas: 5, template: { spec: { containers: [{ image: 'registry.example/web:7' }] } } },
    });
  });

  it('needs kubectl or kustomize, and says so', async () => {
    const repository = await makeRepository({ [`${CLUSTER}/web.yaml`]: deployment('web', 'shop') });
    repositories.push(repository);
    await expect(
      readFlux({ cluster: repository.at(CLUSTER), programs: dirname(process.execPath) }),
    ).rejects.toThrow('put kubectl, or kustomize, on the PATH');
  });

  it('leaves the work tree as it was', async () => {
    const repository = await makeRepository({
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps', 'targetNamespace: shop'),
      'apps/web.yaml': deployment('web', undefined),
    });
    repositories.push(repository);
    const before = await readdir(repository.folder, { recursive: true });
    await readFlux({ cluster: repository.at(CLUSTER), programs: await pathWithKubectl() });
    expect(await readdir(repository.folder, { recursive: true })).toEqual(before);
  });

  it('takes neither what Git ignores nor what the source leaves out', async () => {
    const world = await read({
      '.gitignore': 'secret.yaml\n',
      '.sourceignore': '/*\n!/clusters\n!/apps\n/apps/drafts/\n',
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps'),
      'apps/web.yaml': deployment('web', 'shop'),
      'apps/secret.yaml': deployment('secret', 'shop'),
      'apps/drafts/draft.yaml': deployment('draft', 'shop'),
    });
    expect(names(world)).toEqual(['Deployment shop/web']);
  });

  it('knows the repository by any name that its source object has', async () => {
    const named = (name: string) =>
      kustomization('apps', './apps').replace('name: flux-system, namespace', `name: ${name}, namespace`);
    const apps = { 'apps/web.yaml': deployment('web', 'shop') };
    const elsewhere = await read({ [`${CLUSTER}/apps.yaml`]: named('home'), ...apps });
    expect(names(elsewhere)).toEqual(['Deployment shop/web']);

    const object = (url: string) =>
      `apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: home, namespace: flux-system}\nspec: {url: "${url}", interval: 1m, ignore: "/apps/b/"}\n`;
    const repository = await makeRepository({
      [`${CLUSTER}/apps.yaml`]: named('home'),
      [`${CLUSTER}/source.yaml`]: object('ssh://git@git.example/team/home.git'),
      'apps/b/beer.yaml': deployment('beer', 'shop'),
      ...apps,
    });
    repositories.push(repository);
    const remote = (url: string) =>
      execFileSync('git', ['-C', repository.folder, 'remote', 'add', 'origin', url]);
    remote('https://git.example/team/home');
    const own = await readFlux({ cluster: repository.at(CLUSTER), programs: await pathWithKubectl() });
    expect(names(own)).toEqual(['Deployment shop/web']);

    await repository.write({ [`${CLUSTER}/source.yaml`]: object('https://git.example/team/other') });
    const other = await readFlux({ cluster: repository.at(CLUSTER), programs: await pathWithKubectl() });
    expect(names(other)).toEqual([]);
    expect(other.notes.join()).toContain('nothing says which folder stands for it');
  });

  it('takes another source from the folder that is named for it', async () => {
    const other = await makeRepository({ 'deploy/web.yaml': deployment('web', 'shop') });
    repositories.push(other);
    const files = {
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './deploy').replace(
        'name: flux-system, namespace: flux-system}\n',
        'name: shop}\n',
      ),
    };
    const apps = files[`${CLUSTER}/apps.yaml`] as string;
    expect(apps).toContain('name: shop}');
    const without = await read(files);
    expect(names(without)).toEqual([]);
    expect(facts(without).get('Deployment', 'shop', 'web')).toMatchObject({
      state: 'failed',
      reason: 'NeedsCluster',
      message: expect.stringContaining('--source flux-system/shop=DIR'),
    });
    const named = await read(files, { named: new Map([['flux-system/shop', other.folder]]) });
    expect(names(named)).toEqual(['Deployment shop/web']);
    expect(named.doubts).toEqual([]);
  });
});

describe('repositories as people lay them out', { timeout: 60_000 }, () => {
  it('with infrastructure and apps over a base for each cluster', async () => {
    const files: Files = {
      'clusters/production/flux-system/gotk-sync.yaml': kustomization('flux-system', './clusters/production'),
      'clusters/production/infrastructure.yaml':
        kustomization('controllers', './infrastructure/controllers', 'wait: true') +
        kustomization('configs', './infrastructure/configs', 'dependsOn: [{name: controllers}]'),
      'clusters/production/apps.yaml': kustomization(
        'apps',
        './apps/production',
        'dependsOn: [{name: configs}]',
      ),
      'clusters/staging/apps.yaml': kustomization('apps', './apps/staging'),
      'infrastructure/controllers/kustomization.yaml': 'resources: [proxy.yaml]\n',
      'infrastructure/controllers/proxy.yaml': deployment('proxy', 'ingress'),
      'infrastructure/configs/settings.yaml': configMap('settings', 'ingress', '{tls: strict}'),
      'apps/base/web/kustomization.yaml': 'namespace: web\nresources: [web.yaml]\n',
      'apps/base/web/web.yaml': deployment('web', undefined),
      'apps/production/kustomization.yaml':
        'resources: [../base/web, budget.yaml]\npatches: [{path: more.yaml, target: {kind: Deployment}}]\n',
      'apps/production/more.yaml':
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 6}\n',
      'apps/production/budget.yaml': budget('web', 'web'),
      'apps/staging/kustomization.yaml': 'resources: [../base/web]\n',
    };
    const production = await read(files, { cluster: 'clusters/production' });
    expect(names(production)).toEqual([
      'ConfigMap ingress/settings',
      'Deployment ingress/proxy',
      'Deployment web/web',
      'PodDisruptionBudget web/web',
    ]);
    expect(objectOf(production, 'Deployment', 'web')).toMatchObject({ spec: { replicas: 6 } });
    expect(production.applied.find(({ object }) => object.metadata.name === 'web')?.file).toBe(
      'apps/base/web/web.yaml',
    );
    // Neither the patch nor the other cluster's Kustomization of the same name is missing here.
    expect(await production.unreached()).toEqual([]);
    const staging = await read(files, { cluster: 'clusters/staging' });
    expect(names(staging)).toEqual(['Deployment web/web']);
    expect(objectOf(staging, 'Deployment', 'web')).toMatchObject({ spec: { replicas: 2 } });
  });

  it('with a folder for each namespace and app, and patches that give every Kustomization its variables', async () => {
    const patch = `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: any}
spec: {postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-settings}]}}`;
    const world = await read(
      {
        'kubernetes/flux/cluster/ks.yaml': kustomization(
          'cluster-apps',
          './kubernetes/apps',
          `patches:\n- patch: |\n${patch.replace(/^/gm, '    ')}\n  target: {group: kustomize.toolkit.fluxcd.io, kind: Kustomization}`,
        ),
        'kubernetes/components/settings/kustomization.yaml':
          'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [settings.yaml]\n',
        'kubernetes/components/settings/settings.yaml': configMap(
          'cluster-settings',
          undefined,
          '{REPLICAS: "4"}',
        ),
        'kubernetes/apps/media/kustomization.yaml':
          'namespace: media\ncomponents: [../../components/settings]\nresources: [namespace.yaml, player/ks.yaml]\n',
        'kubernetes/apps/media/namespace.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: any}\n',
        'kubernetes/apps/media/player/ks.yaml': kustomization(
          'player',
          './kubernetes/apps/media/player/app',
          'targetNamespace: media',
          '',
        ),
        'kubernetes/apps/media/player/app/kustomization.yaml': 'resources: [player.yaml]\n',
        'kubernetes/apps/media/player/app/player.yaml': deployment('player', undefined, variable('REPLICAS')),
        'kubernetes/apps/media/player/app/budget.yaml': budget('player', undefined),
        'kubernetes/apps/media/recorder/ks.yaml': kustomization(
          'recorder',
          './kubernetes/apps/media/recorder/app',
          'targetNamespace: media',
          '',
        ),
        'kubernetes/apps/media/recorder/app/recorder.yaml': deployment('recorder', undefined),
      },
      { cluster: 'kubernetes/flux/cluster' },
    );
    expect(names(world)).toEqual([
      'ConfigMap media/cluster-settings',
      'Deployment media/player',
      'Namespace /media',
    ]);
    expect(objectOf(world, 'Deployment', 'player')).toMatchObject({ spec: { replicas: 4 } });
    expect(
      world.applied.find(({ object }) => object.metadata.name === 'player' && object.kind === 'Deployment')
        ?.by,
    ).toBe('media/player');
    const unreached = await world.unreached();
    expect(unreached.map(({ file, object }) => `${file} ${object.metadata.namespace}`)).toEqual([
      'kubernetes/apps/media/player/app/budget.yaml media',
      'kubernetes/apps/media/recorder/app/recorder.yaml media',
      'kubernetes/apps/media/recorder/ks.yaml media',
    ]);
  });

  it('in circles, and the way ends', async () => {
    const world = await read({
      [`${CLUSTER}/a.yaml`]: kustomization('a', './a'),
      'a/b.yaml': kustomization('b', './b') + deployment('one', 'shop'),
      'b/a.yaml': kustomization('a', './a') + kustomization('b', './b') + deployment('two', 'shop'),
    });
    expect(names(world)).toEqual(['Deployment shop/one', 'Deployment shop/two']);
  });
});

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
  it.for(rows)('is $name: neither there nor absent, in its namespaces alone', async ({ more, says }) => {
    const world = await read(withSpec(more));
    expect(names(world)).toEqual(['Deployment yard/plain']);
    const { get, list } = facts(world);
    expect(get('Deployment', 'shop', 'web')).toMatchObject({
      state: 'failed',
      reason: 'NeedsCluster',
      message: expect.stringContaining(says),
    });
    expect(list('PodDisruptionBudget', 'shop')).toMatchObject({ state: 'failed' });
    expect(list('PodDisruptionBudget', 'yard')).toMatchObject({ state: 'known', value: [] });
    expect(list('PodDisruptionBudget')).toMatchObject({ state: 'failed' });
  });

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

describe('a HelmRelease that cannot be rendered', { timeout: 60_000 }, () => {
  const release = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: cert-manager, namespace: flux-system}
spec:
  targetNamespace: cert-manager
  chart: {spec: {chart: cert-manager, sourceRef: {kind: HelmRepository, name: jetstack}}}
`;
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

// The way from a cluster folder to what Flux applies, with real repositories and
// the real kustomize.

import { execFileSync } from 'node:child_process';
import { chmod, readdir, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wholeRef } from '../source.ts';
import { readFlux } from './index.ts';
import { budget, configMap, deployment, type Files, kustomization, variable } from './testing/repository.ts';
import { CLUSTER, facts, names, objectOf, sourceOf, testRepositories } from './testing/world.ts';

const { read, repositoryOf } = testRepositories();

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
    expect(world.doubts.filter(({ alone }) => !alone)).toEqual([]);
  });

  it('knows that there is what Flux begins with, though no file has it', async () => {
    const files = {
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps').replace('name: flux-system,', 'name: home,'),
      'apps/web.yaml': deployment('web', 'shop'),
    };
    const ask = async (more: Files = {}) => {
      const world = await read({ ...files, ...more });
      const { get, list } = sourceOf(world);
      const git = wholeRef({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository' });
      const flux = wholeRef({ apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization' });
      return {
        source: get(git, 'flux-system', 'home'),
        other: get(git, 'flux-system', 'other'),
        root: get(flux, 'flux-system', 'flux-system'),
        all: list(flux, undefined),
      };
    };
    expect(await ask()).toMatchObject({
      source: {
        state: 'failed',
        reason: 'NeedsCluster',
        message: expect.stringContaining(
          'GitRepository flux-system/home is what Kustomization flux-system/apps builds from, and is made elsewhere',
        ),
      },
      other: { state: 'absent' },
      root: { state: 'failed', message: expect.stringContaining('what Flux begins with') },
      all: { state: 'known', value: [{ metadata: { name: 'apps' } }] },
    });
    const source =
      'apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: home, namespace: flux-system}\nspec: {url: "https://git.example/home"}\n';
    expect(await ask({ [`${CLUSTER}/source.yaml`]: source })).toMatchObject({ source: { state: 'known' } });
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

  it('refuses a folder that holds nothing, instead of taking everything for absent', async () => {
    await expect(read({ [`${CLUSTER}/README.md`]: 'nothing here' })).rejects.toThrow(
      'holds nothing that Flux would apply',
    );
  });

  it('refuses a cluster folder that Flux could not begin with, and says where the repository is taken to begin', async () => {
    const source =
      '---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: flux-system, namespace: flux-system}\nspec: {url: "https://example.org/fleet", ignore: "/*\\n!/elsewhere"}\n';
    await expect(
      read({ [`${CLUSTER}/source.yaml`]: source, [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps') }),
    ).rejects.toThrow(/Flux could not begin at .*is no folder of GitRepository .*--source DIR/);
  });

  it('needs kubectl or kustomize, and says so', async () => {
    const repository = await repositoryOf({ [`${CLUSTER}/web.yaml`]: deployment('web', 'shop') });
    await expect(
      readFlux({ cluster: repository.at(CLUSTER), programs: dirname(process.execPath) }),
    ).rejects.toThrow('put kubectl, or kustomize, on the PATH');
  });

  it('leaves the work tree as it was', async () => {
    const repository = await repositoryOf({
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps', 'targetNamespace: shop'),
      'apps/web.yaml': deployment('web', undefined),
    });
    const before = await readdir(repository.folder, { recursive: true });
    await readFlux({ cluster: repository.at(CLUSTER) });
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

  it('takes no link for the file that it leads to, and runs nothing that a checkout names', async () => {
    const repository = await repositoryOf({
      [`${CLUSTER}/apps.yaml`]: kustomization('apps', './apps'),
      'apps/web.yaml': deployment('web', 'shop'),
      'elsewhere/api.yaml': deployment('api', 'shop'),
      'monitor.sh': `#!/bin/sh\ntouch "$(dirname "$0")/was-run"\n`,
    });
    await symlink(repository.at('elsewhere/api.yaml'), repository.at('apps/api.yaml'));
    await chmod(repository.at('monitor.sh'), 0o755);
    execFileSync('git', ['-C', repository.folder, 'config', 'core.fsmonitor', repository.at('monitor.sh')]);
    const world = await readFlux({ cluster: repository.at(CLUSTER) });
    expect(names(world)).toEqual(['Deployment shop/web']);
    expect(world.notes).toEqual(['a symbolic link is left out, as Flux leaves them out: apps/api.yaml']);
    expect(await readdir(repository.folder)).not.toContain('was-run');
  });

  it('knows the repository by any name that its source object has', async () => {
    const named = (name: string) =>
      kustomization('apps', './apps').replace('name: flux-system, namespace', `name: ${name}, namespace`);
    const apps = { 'apps/web.yaml': deployment('web', 'shop') };
    const elsewhere = await read({ [`${CLUSTER}/apps.yaml`]: named('home'), ...apps });
    expect(names(elsewhere)).toEqual(['Deployment shop/web']);

    const object = (url: string) =>
      `apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: home, namespace: flux-system}\nspec: {url: "${url}", interval: 1m, ignore: "/apps/b/"}\n`;
    const repository = await repositoryOf({
      [`${CLUSTER}/apps.yaml`]: named('home'),
      [`${CLUSTER}/source.yaml`]: object('ssh://git@git.example/team/home.git'),
      'apps/b/beer.yaml': deployment('beer', 'shop'),
      ...apps,
    });
    const remote = (url: string) =>
      execFileSync('git', ['-C', repository.folder, 'remote', 'add', 'origin', url]);
    remote('https://git.example/team/home');
    const own = await readFlux({ cluster: repository.at(CLUSTER) });
    expect(names(own)).toEqual(['Deployment shop/web']);

    await repository.write({ [`${CLUSTER}/source.yaml`]: object('https://git.example/team/other') });
    const other = await readFlux({ cluster: repository.at(CLUSTER) });
    expect(names(other)).toEqual([]);
    expect(other.notes.join()).toContain('nothing says which folder stands for it');
  });

  it('says once of an object that several apply, each otherwise, which of them counts', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const world = await read({
      [`${CLUSTER}/apps.yaml`]: names.map((name) => kustomization(name, `./${name}`)).join(''),
      ...Object.fromEntries(
        names.map((name) => [`${name}/x.yaml`, configMap('x', 'shop', `{by: ${name === 'c' ? 'f' : name}}`)]),
      ),
    });
    expect(world.notes).toEqual([
      'ConfigMap shop/x is applied by Kustomizations flux-system/a, flux-system/b, flux-system/d and 1 more and, otherwise, by flux-system/f: the latter counts here',
    ]);
  });

  it('takes another source from the folder that is named for it', async () => {
    const other = await repositoryOf({ 'deploy/web.yaml': deployment('web', 'shop') });
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
    expect(named.doubts.filter(({ alone }) => !alone)).toEqual([]);
  });

  it('takes of that folder what its own object keeps', async () => {
    const other = await repositoryOf({
      'deploy/web.yaml': deployment('web', 'shop'),
      'deploy/drafts/draft.yaml': deployment('draft', 'shop'),
      'more/api.yaml': deployment('api', 'shop'),
    });
    const from = (name: string, at: string) =>
      kustomization(name, at).replace('name: flux-system, namespace: flux-system}\n', 'name: shop}\n');
    const world = await read(
      {
        [`${CLUSTER}/apps.yaml`]: from('apps', './deploy') + from('more', './more'),
        [`${CLUSTER}/source.yaml`]:
          'apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: shop, namespace: flux-system}\nspec: {url: "https://git.example/shop", ignore: drafts/, sparseCheckout: [deploy]}\n',
      },
      { named: new Map([['flux-system/shop', other.folder]]) },
    );
    expect(names(world)).toEqual(['Deployment shop/web']);
    expect(world.notes.join()).toContain('spec.path ./more is no folder of GitRepository flux-system/shop');
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
        'kubernetes/apps/media/recorder/app/kustomization.yaml': 'resources: [./recorder.yaml]\n',
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
    const app = 'kubernetes/apps/media/player/app';
    const recorder = 'kubernetes/apps/media/recorder';
    expect(unreached.map(({ file, object, why }) => [file, object.metadata.namespace, why])).toEqual([
      [`${app}/budget.yaml`, 'media', `${app}/kustomization.yaml does not list it.`],
      [
        `${recorder}/app/recorder.yaml`,
        'media',
        `Kustomization recorder in ${recorder}/ks.yaml, which would build it, is not reached either.`,
      ],
      [`${recorder}/ks.yaml`, 'media', undefined],
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

// HelmReleases rendered by the real Helm, where the chart is in the repository or
// in a folder that is named for its source.

import { dirname, join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FluxOptions, type FluxWorld, readFlux } from '../../../src/facts/flux/index.ts';
import {
  configMap,
  type Files,
  makeRepository,
  pathWithKubectl,
  type TestRepository,
} from '../../../src/facts/flux/testing/repository.ts';
import { streamProgress } from '../../cluster/progress.ts';
import { buildHelm } from '../../helm/build.ts';

const CLUSTER = 'clusters/one';
let programs: string;
const repositories: TestRepository[] = [];
beforeAll(async () => {
  programs = `${dirname(await buildHelm(streamProgress()))}:${await pathWithKubectl()}`;
});
afterEach(async () => {
  for (const each of repositories.splice(0)) await each.remove();
});

async function repositoryOf(files: Files): Promise<TestRepository> {
  const repository = await makeRepository(files);
  repositories.push(repository);
  return repository;
}
async function read(files: Files, options: Partial<FluxOptions> = {}): Promise<FluxWorld> {
  const repository = await repositoryOf(files);
  return readFlux({ programs, ...options, cluster: repository.at(CLUSTER) });
}

const chart = (folder: string, version = '1.2.3'): Files => ({
  [join(folder, 'Chart.yaml')]: `apiVersion: v2\nname: web\nversion: ${version}\n`,
  [join(folder, 'values.yaml')]: 'replicas: 1\nbudget: false\nenvironment: none\n',
  [join(folder, 'production.yaml')]: 'environment: production\n',
  [join(folder, 'crds/things.yaml')]: `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec:
  group: example.org
  scope: Cluster
  names: {kind: Thing, plural: things}
  versions: [{name: v1, served: true, storage: true}]
`,
  [join(folder, 'templates/all.yaml')]: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels: {environment: {{ .Values.environment | quote }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: web}]}
{{- if .Values.budget }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
{{- end }}
---
apiVersion: example.org/v1
kind: Thing
metadata: {name: one}
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {helm.sh/hook: pre-upgrade}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: web}]}}}
`,
});

const release = (ref: string, more = '') => `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: flux-system}
spec:
  interval: 10m
  targetNamespace: shop
  ${ref}
  values: {replicas: 3}
${more.replace(/^(?=.)/gm, '  ')}
`;
const OWN =
  'chart: {spec: {chart: ./charts/web, valuesFiles: [production.yaml], sourceRef: {kind: GitRepository, name: flux-system}}}';
const HELM_REPOSITORY =
  'chart: {spec: {chart: web, version: 1.2.3, sourceRef: {kind: HelmRepository, name: charts}}}';

const find = (world: FluxWorld, kind: string) =>
  world.applied.find(({ object }) => object.kind === kind)?.object;
const saying = (world: FluxWorld) => world.doubts.map(({ says, mend }) => `${says} ${mend}`).join('\n');

describe('a HelmRelease', { timeout: 120_000 }, () => {
  it('whose chart is in the repository brings what the chart makes of its values', async () => {
    const world = await read({
      ...chart('charts/web'),
      [`${CLUSTER}/release.yaml`]: release(
        OWN,
        `valuesFrom: [{kind: ConfigMap, name: web-values}]
postRenderers:
- kustomize:
    patches:
    - patch: |
        - {op: add, path: /metadata/labels/patched, value: really}
      target: {kind: Deployment}`,
      ),
      [`${CLUSTER}/values.yaml`]: configMap(
        'web-values',
        'flux-system',
        '{values.yaml: "{budget: true, replicas: 9}"}',
      ),
    });
    expect(find(world, 'Deployment')).toMatchObject({
      metadata: {
        name: 'shop-web',
        namespace: 'shop',
        labels: { environment: 'production', patched: 'really', 'helm.toolkit.fluxcd.io/name': 'web' },
      },
      spec: { replicas: 3 },
    });
    expect(find(world, 'PodDisruptionBudget')).toMatchObject({ metadata: { namespace: 'shop' } });
    expect(find(world, 'CustomResourceDefinition')).toBeDefined();
    expect(find(world, 'Thing')?.metadata).not.toHaveProperty('namespace');
    expect(find(world, 'Job')).toBeUndefined();
    // Beside what Flux itself begins with, which no file here holds.
    const doubts = world.doubts.filter(({ alone }) => !alone);
    expect(doubts).toMatchObject([{ kind: 'Job', name: 'migrate' }]);
    expect(world.applied.find(({ object }) => object.kind === 'Deployment')?.file).toBe(
      `${CLUSTER}/release.yaml`,
    );
  });

  it('whose chart was pulled is rendered from the folder that is named for its source', async () => {
    const charts = await repositoryOf(chart('web'));
    const files = { [`${CLUSTER}/release.yaml`]: release(HELM_REPOSITORY) };
    const without = await read(files);
    expect(find(without, 'Deployment')).toBeUndefined();
    expect(saying(without)).toContain('--source flux-system/charts=DIR');
    const named = new Map([['flux-system/charts', charts.folder]]);
    expect(find(await read(files, { named }), 'Deployment')).toMatchObject({ spec: { replicas: 3 } });

    const older = await repositoryOf(chart('web', '1.2.2'));
    const other = await read(files, { named: new Map([['flux-system/charts', older.folder]]) });
    expect(find(other, 'Deployment')).toBeUndefined();
    expect(saying(other)).toMatch(/wants version 1\.2\.3 of its chart.* is 1\.2\.2/);
  });

  const unknown = [
    {
      name: 'is suspended',
      release: release(OWN, 'suspend: true'),
      says: 'is suspended',
    },
    {
      name: 'waits for one that nothing brings',
      release: release(OWN, 'dependsOn: [{name: database}]'),
      says: 'depends on HelmRelease flux-system/database, which nothing here brings',
    },
    {
      name: 'has values that are not in Git',
      release: release(OWN, 'valuesFrom: [{kind: Secret, name: web-secret}]'),
      says: 'takes values from Secret flux-system/web-secret, which Git does not hold',
    },
    {
      name: 'names a chart that is not there',
      release: release(OWN).replace('./charts/web', './charts/none'),
      says: 'cannot be rendered without its chart',
    },
    {
      name: 'has a chart with a mistake',
      release: release(OWN),
      files: { 'charts/web/templates/broken.yaml': '{{ .Values.x | nosuch }}' },
      says: 'cannot be rendered: ',
    },
  ];
  it.for(unknown)('that $name is unknown', async ({ release: text, files, says }) => {
    const world = await read({ ...chart('charts/web'), ...files, [`${CLUSTER}/release.yaml`]: text });
    expect(find(world, 'Deployment')).toBeUndefined();
    expect(saying(world)).toContain(says);
    expect(world.doubts[0]?.namespaces).toEqual(new Set(['shop']));
  });
});

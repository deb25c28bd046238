// What the Flux Operator makes of a FluxInstance, as far as it says which files of
// the source are left out.

import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { syncedSources } from './flux-instance.ts';
import type { Manifest } from './manifest-files.ts';

const manifests = (text: string) => parseAllDocuments(text).map((each) => each.toJS() as Manifest);

const instance = (patches = '[]', more = '') =>
  manifests(`apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux, namespace: flux-system}
spec:
  sync: {kind: GitRepository, url: "https://git.example/home", ref: refs/heads/main, path: clusters/one${more}}
  kustomize: {patches: ${patches}}
`);
const specOf = (objects: readonly Manifest[]) => syncedSources(objects).map(({ spec }) => spec);
const URL = 'https://git.example/home';

test('the source of a FluxInstance is called like its namespace, unless it is called otherwise', () => {
  expect(syncedSources(instance())).toEqual([
    {
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: 'GitRepository',
      metadata: {
        name: 'flux-system',
        namespace: 'flux-system',
        labels: { 'fluxcd.controlplane.io/name': 'flux', 'fluxcd.controlplane.io/namespace': 'flux-system' },
      },
      spec: { url: URL },
    },
  ]);
  expect(syncedSources(instance('[]', ', name: home'))[0]?.metadata.name).toBe('home');
  expect(
    syncedSources(
      manifests(
        '{apiVersion: fluxcd.controlplane.io/v1, kind: FluxInstance, metadata: {name: flux}, spec: {}}',
      ),
    ),
  ).toEqual([]);
});

describe('its patches', () => {
  const ops = (text: string) => `"${text}"`;
  const ignore = ops('[{op: add, path: /spec/ignore, value: a}]');

  test.each([
    [
      '',
      'without a target of a name',
      `[{patch: ${ignore}, target: {kind: GitRepository}}]`,
      { ignore: 'a' },
    ],
    [
      '',
      'for several kinds',
      `[{patch: ${ignore}, target: {kind: (GitRepository|OCIRepository), name: flux-system}}]`,
      { ignore: 'a' },
    ],
    ['', 'for any', `[{patch: ${ignore}, target: {kind: Git.*}}]`, { ignore: 'a' }],
    ['not ', 'for another kind', `[{patch: ${ignore}, target: {kind: (Deployment|StatefulSet)}}]`, {}],
    ['not ', 'for another name', `[{patch: ${ignore}, target: {kind: GitRepository, name: other}}]`, {}],
    [
      '',
      'as a merge',
      `[{patch: "{kind: GitRepository, metadata: {name: flux-system}, spec: {ignore: b}}"}]`,
      { ignore: 'b' },
    ],
    [
      '',
      'one after the other',
      `[{patch: ${ignore}, target: {kind: GitRepository}}, {patch: "[{op: remove, path: /spec/ignore}]", target: {kind: GitRepository}}]`,
      {},
    ],
    [
      '',
      'of other fields',
      `[{patch: "[{op: replace, path: /spec/ref/semver, value: 1.x}, {op: add, path: /metadata/labels/a, value: b}]", target: {kind: GitRepository}}]`,
      {},
    ],
  ])('are %scounted %s', (_, _what, patches, more) => {
    expect(specOf(instance(patches))).toEqual([{ url: URL, ...more }]);
  });

  test.each([
    [
      'an operation within a field',
      `[{patch: "[{op: add, path: /spec/sparseCheckout/-, value: a}]", target: {kind: GitRepository}}]`,
    ],
    [
      'an operation that is not followed',
      `[{patch: "[{op: copy, from: /a, path: /spec/ignore}]", target: {kind: GitRepository}}]`,
    ],
    [
      'a directive of a strategic merge',
      `[{patch: "{spec: {$patch: replace, ignore: a}}", target: {kind: GitRepository}}]`,
    ],
    ['no patch at all', `[{patch: "[", target: {kind: GitRepository}}]`],
  ])('make it unknown by %s', (_, patches) => {
    expect(syncedSources(instance(patches))).toEqual([]);
  });
});

describe('a release of its chart', () => {
  const CHART = `apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: flux-instance, namespace: flux-system}
spec: {url: oci://ghcr.io/controlplaneio-fluxcd/charts/flux-instance}
`;
  const release = (spec: string) => `---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: flux-instance, namespace: flux-system}
spec:
${spec.replace(/^/gm, '  ')}
`;
  const SYNC = 'sync: {kind: GitRepository, url: "https://git.example/home"}';
  const patch = (value: string) =>
    `kustomize: {patches: [{patch: "[{op: add, path: /spec/ignore, value: ${value}}]", target: {kind: GitRepository}}]}`;
  const FROM = `---
apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: flux-system}
data:
  values.yaml: |
    instance: {${SYNC}, ${patch('a')}}
`;
  const REF = 'chartRef: {kind: OCIRepository, name: flux-instance}\n';

  test('says it in its values', () => {
    const [found] = syncedSources(
      manifests(CHART + release(`${REF}values: {instance: {${SYNC}, ${patch('a')}}}`)),
    );
    expect(found).toMatchObject({
      metadata: {
        name: 'flux-system',
        namespace: 'flux-system',
        labels: { 'fluxcd.controlplane.io/name': 'flux' },
      },
      spec: { url: URL, ignore: 'a' },
    });
  });

  test('says it in a ConfigMap, over which its values go', () => {
    const from = 'valuesFrom: [{kind: ConfigMap, name: values}]\n';
    const chart = 'chart: {spec: {chart: flux-instance, sourceRef: {kind: HelmRepository, name: a}}}\n';
    expect(specOf(manifests(release(chart + from) + FROM))).toEqual([{ url: URL, ignore: 'a' }]);
    expect(specOf(manifests(release(`${chart}${from}values: {instance: {${patch('b')}}}`) + FROM))).toEqual([
      { url: URL, ignore: 'b' },
    ]);
    expect(specOf(manifests(release(chart + from)))).toEqual([]);
    const secret = from.replace('ConfigMap', 'Secret');
    expect(specOf(manifests(release(`${chart}${secret}values: {instance: {${SYNC}}}`)))).toEqual([]);
  });

  test('of another chart says nothing', () => {
    const other = CHART.replace('charts/flux-instance', 'charts/flux-operator');
    expect(syncedSources(manifests(other + release(`${REF}values: {instance: {${SYNC}}}`)))).toEqual([]);
    expect(syncedSources(manifests(release(`${REF}values: {instance: {${SYNC}}}`)))).toEqual([]);
  });
});

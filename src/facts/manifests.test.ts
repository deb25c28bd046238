// A folder of manifests as facts: what it shows, what only a cluster can, and
// what --static makes of it.

import { describe, expect, it } from 'vitest';
import { type Manifest, parseManifests } from './manifest-files.ts';
import { manifestSource } from './manifests.ts';
import { recordFacts } from './recording.ts';

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: x}]}
`;
const objects = (...texts: string[]): Manifest[] =>
  texts.flatMap((text) => parseManifests(text, 'x.yaml').objects as Manifest[]);
const factsOf = (texts: string[], options = {}) => recordFacts(manifestSource(objects(...texts), options));
const values = <T>(fact: { state: string; value?: readonly T[] }): readonly T[] => {
  if (fact.state !== 'known') throw new Error(JSON.stringify(fact));
  return fact.value ?? [];
};

describe('manifests', () => {
  it('show what one applies', () => {
    const facts = factsOf([DEPLOYMENT]);
    expect(facts.get('Deployment', 'shop', 'web')).toMatchObject({
      state: 'known',
      value: { spec: { replicas: 3 } },
    });
    expect(values(facts.list('Deployment', 'shop'))).toHaveLength(1);
    expect(values(facts.list('Deployment'))).toHaveLength(1);
    expect(values(facts.list('Deployment', 'bank'))).toHaveLength(0);
    expect(facts.get('Deployment', 'shop', 'api')).toEqual({ state: 'absent', served: true });
  });

  it('give the same list again, so that a check may remember by it', () => {
    const facts = factsOf([DEPLOYMENT]);
    expect(values(facts.list('Deployment'))).toBe(values(facts.list('Deployment')));
  });

  it('show no pods: those need a cluster, and how to get them is said', () => {
    for (const kind of ['Pod', 'ReplicaSet'] as const)
      expect(factsOf([DEPLOYMENT]).list(kind, 'shop')).toMatchObject({
        state: 'failed',
        reason: 'NeedsCluster',
        message: expect.stringContaining('--static'),
      });
  });

  it('that are a dump of a cluster are judged by its own pods', () => {
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: web-1, namespace: shop, uid: u}\n';
    expect(values(factsOf([DEPLOYMENT, pod]).list('Pod', 'shop'))).toHaveLength(1);
  });

  it('in another version than is asked for need a cluster, which shows them in both', () => {
    const release = (version: string, name: string) =>
      `apiVersion: helm.toolkit.fluxcd.io/${version}\nkind: HelmRelease\nmetadata: {name: ${name}, namespace: shop}\n`;
    const facts = factsOf([release('v2', 'new'), release('v2beta2', 'old')]);
    const kind = { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease' };
    expect(facts.getWhole(kind, 'shop', 'new')).toMatchObject({ state: 'known' });
    expect(facts.getWhole(kind, 'shop', 'gone')).toEqual({ state: 'absent', served: true });
    expect(facts.listWhole(kind, 'bank')).toMatchObject({ state: 'known', value: [] });
    for (const fact of [
      facts.getWhole(kind, 'shop', 'old'),
      facts.listWhole(kind, 'shop'),
      facts.listWhole(kind),
    ])
      expect(fact).toMatchObject({
        state: 'failed',
        reason: 'NeedsCluster',
        message: expect.stringContaining('HelmRelease old as helm.toolkit.fluxcd.io/v2beta2'),
      });
  });

  it('with a pod that somebody wrote are no dump', () => {
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: bare, namespace: shop}\n';
    expect(factsOf([DEPLOYMENT, pod]).list('Pod', 'shop').state).toBe('failed');
  });

  it('without a namespace are in default, but for cluster-scoped kinds', () => {
    const facts = factsOf([
      DEPLOYMENT.replace(', namespace: shop', ''),
      'apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: all}\n',
    ]);
    expect(facts.get('Deployment', 'default', 'web').state).toBe('known');
    expect(facts.get('CiliumClusterwideNetworkPolicy', undefined, 'all').state).toBe('known');
  });

  it('have the namespaces that they use, labelled as the API server labels them', () => {
    const given = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: bank, labels: {team: a}}\n';
    const namespaces = values(factsOf([DEPLOYMENT, given]).list('Namespace'));
    expect(Object.fromEntries(namespaces.map(({ meta }) => [meta.name, meta.labels]))).toEqual({
      bank: { team: 'a', 'kubernetes.io/metadata.name': 'bank' },
      shop: { 'kubernetes.io/metadata.name': 'shop' },
    });
  });

  it('serve a custom kind where an object, its definition or its neighbours are among them', () => {
    const cilium = (texts: string[]) => {
      const fact = factsOf(texts).list('CiliumNetworkPolicy', 'shop');
      return fact.state === 'known' && fact.served;
    };
    expect(cilium([DEPLOYMENT])).toBe(false);
    expect(
      cilium(['apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\n']),
    ).toBe(true);
    expect(
      cilium([
        'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\nspec: {group: cilium.io, names: {kind: CiliumNetworkPolicy}}\n',
      ]),
    ).toBe(true);
  });

  it('are shown whole where a check wants them whole', () => {
    const fact = factsOf([DEPLOYMENT]).getWhole({ apiVersion: 'apps/v1', kind: 'Deployment' }, 'shop', 'web');
    expect(fact).toMatchObject({
      state: 'known',
      value: { spec: { template: { metadata: { labels: { app: 'web' } } } } },
    });
  });
});

describe('--static', () => {
  const facts = (...texts: string[]) => factsOf(texts, { static: true });

  it('makes the pods of a Deployment, running, ready, and owned by way of its ReplicaSet', () => {
    const world = facts(DEPLOYMENT);
    const pods = values(world.list('Pod', 'shop'));
    const [set] = values(world.list('ReplicaSet', 'shop'));
    expect(pods).toHaveLength(3);
    for (const pod of pods) {
      expect(pod.status).toMatchObject({ phase: 'Running', ready: true });
      expect(pod.meta.labels.app).toBe('web');
      expect(pod.meta.owners).toMatchObject([
        { kind: 'ReplicaSet', name: set?.meta.name, uid: set?.meta.uid, controller: true },
      ]);
    }
    expect(set?.meta.owners).toMatchObject([{ kind: 'Deployment', name: 'web', controller: true }]);
    expect(new Set(pods.map(({ meta }) => meta.uid)).size).toBe(3);
  });

  it('calls the rollout complete', () => {
    expect(facts(DEPLOYMENT).get('Deployment', 'shop', 'web')).toMatchObject({
      value: {
        meta: { generation: 1 },
        status: { observedGeneration: 1, updatedReplicas: 3, availableReplicas: 3 },
      },
    });
  });

  it('makes a pod per node for a DaemonSet, one where no node is given', () => {
    const set = DEPLOYMENT.replace('Deployment', 'DaemonSet').replace('  replicas: 3\n', '');
    const node = (name: string) => `apiVersion: v1\nkind: Node\nmetadata: {name: ${name}}\n`;
    expect(values(facts(set).list('Pod', 'shop'))).toHaveLength(1);
    expect(values(facts(set, node('a'), node('b')).list('Pod', 'shop'))).toHaveLength(2);
  });

  it('makes the pods of a StatefulSet of its current revision', () => {
    const world = facts(DEPLOYMENT.replace('Deployment', 'StatefulSet'));
    const set = world.get('StatefulSet', 'shop', 'web');
    const revision = set.state === 'known' ? set.value.status.updateRevision : '';
    expect(revision).not.toBe('');
    for (const { meta } of values(world.list('Pod', 'shop')))
      expect(meta.labels['controller-revision-hash']).toBe(revision);
  });

  it('makes no pods for 0 replicas', () => {
    expect(values(facts(DEPLOYMENT.replace('replicas: 3', 'replicas: 0')).list('Pod', 'shop'))).toEqual([]);
  });

  it('leaves what a cluster wrote as it is', () => {
    const dumped = DEPLOYMENT.replace('namespace: shop', 'namespace: shop, uid: real, generation: 7');
    expect(facts(dumped).get('Deployment', 'shop', 'web')).toMatchObject({
      value: { meta: { uid: 'real', generation: 7 }, status: { availableReplicas: 0 } },
    });
  });

  it('makes the same of the same manifests', () => {
    const ids = () => values(facts(DEPLOYMENT).list('Pod', 'shop')).map(({ meta }) => meta.uid);
    expect(ids()).toEqual(ids());
  });
});

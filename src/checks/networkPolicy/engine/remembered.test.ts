// What the engine remembers: the same object for as long as nothing that bears on it has changed, and another after.

import { describe, expect, it } from 'vitest';
import { ciliumSettings, kubernetesSettings, type Settings } from './config.ts';
import { fold, namespaceLabels, sameElements, tableOf } from './identities.ts';
import { buildModel } from './model.ts';
import { indexOf, mightSelect, partsFor, selectedRules } from './rule-index.ts';
import type { PolicyInput } from './rules.ts';

const settings: Settings = {
  ...kubernetesSettings,
  enforcer: 'cilium',
  ciliumPolicies: true,
  clusterwidePolicies: true,
  l7Proxy: true,
  compileKey: 'cilium',
};
const NONE: [] = [];

const policy = (
  name: string,
  namespace: string,
  spec: object = {},
  kind?: PolicyInput['kind'],
): PolicyInput => ({
  kind: kind ?? (namespace === '' ? 'CiliumClusterwideNetworkPolicy' : 'CiliumNetworkPolicy'),
  meta: { name, namespace },
  spec: { endpointSelector: {}, ingress: [{}], ...spec },
});

const pod = (
  name: string,
  labels: Record<string, string> = {},
  port?: number,
  namespace = 'shop',
  hostNetwork = false,
) => ({
  meta: { name, namespace, labels },
  spec: {
    serviceAccountName: 'default',
    hostNetwork,
    containers: [{ ports: port === undefined ? [] : [{ name: 'web', containerPort: port }] }],
  },
});

const SPACES = [{ meta: { name: 'shop', labels: { team: 'red' } } }];

describe('lists', () => {
  it('are the same with the same elements in the same order', () => {
    expect(sameElements([1, 2], [1, 2])).toBe(true);
    expect(sameElements([1, 2], [1, 3])).toBe(false);
    expect(sameElements([3, 2], [1, 2])).toBe(false);
    expect(sameElements([1], [1, 2])).toBe(false);
    expect(sameElements([1, 2], [1])).toBe(false);
  });
});

describe('an index', () => {
  const services = [
    { meta: { name: 'web', namespace: 'shop', labels: {} }, spec: { selector: { app: 'web' } } },
  ];
  const speaks = { egress: [{ toServices: [{ k8sService: { serviceName: 'web' } }] }] };

  it('is remembered for its list, settings and services', () => {
    const list = [policy('a', 'shop')];
    const index = indexOf(list, settings, NONE);
    expect(indexOf(list, settings, NONE)).toBe(index);
    expect(indexOf(list, { ...settings, audit: true }, NONE)).toBe(index);
    expect(indexOf([...list], settings, NONE)).not.toBe(index);
    expect(indexOf(list, ciliumSettings({ 'enable-l7-proxy': 'false' }), NONE)).not.toBe(index);
    expect(indexOf(list, settings, services)).not.toBe(index);
    for (const [kind, key] of [
      ['CiliumNetworkPolicy', 'enable-cilium-network-policy'],
      ['CiliumClusterwideNetworkPolicy', 'enable-cilium-clusterwide-network-policy'],
      ['NetworkPolicy', 'enable-k8s-networkpolicy'],
    ] as const) {
      const one = [policy('a', 'shop', {}, kind)];
      expect(indexOf(one, settings, NONE).policies).toHaveLength(1);
      expect(indexOf(one, ciliumSettings({ [key]: 'false' }), NONE).policies).toHaveLength(0);
    }
  });

  it('compiles a policy once, and again where settings or the services that it speaks of change', () => {
    const [plain, speaking] = [policy('a', 'shop'), policy('b', 'shop', speaks)];
    const compiled = (from: typeof services | typeof NONE, config = {}) =>
      indexOf([plain, speaking], ciliumSettings(config), from).policies;
    const [first, second] = compiled(NONE);
    expect(compiled(NONE)[0]).toBe(first);
    expect(compiled(NONE)[1]).toBe(second);
    const [third, fourth] = compiled(services);
    expect(third).toBe(first);
    expect(fourth).not.toBe(second);
    expect(compiled(services, { 'enable-l7-proxy': 'false' })[0]).not.toBe(first);
  });

  it('finds what can select in a namespace, and that alone', () => {
    const bound = { endpointSelector: { matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'shop' } } };
    const index = indexOf(
      [
        policy('own', 'shop'),
        policy('bank', 'bank'),
        policy('bound', '', bound),
        policy('again', '', bound),
        policy('all', ''),
        policy('node', '', { endpointSelector: undefined, nodeSelector: {} }),
        policy('no-namespace', '', { podSelector: {} }, 'NetworkPolicy'),
      ],
      settings,
      NONE,
    );
    const names = (namespace: string) =>
      partsFor([index], namespace).flatMap(({ rules }) => rules.map((rule) => rule.policy.meta.name));
    expect(names('shop')).toEqual(['own', 'bound', 'again', 'all']);
    expect(names('bank')).toEqual(['bank', 'all']);
    expect(names('default')).toEqual(['no-namespace', 'all']);
    expect(names('other')).toEqual(['all']);
    expect(index.nodes.map((rule) => rule.policy.meta.name)).toEqual(['node']);
    expect(partsFor([indexOf([policy('own', 'shop')], settings, NONE)], 'bank')).toEqual([]);
    const only = indexOf([policy('bound', '', bound)], settings, NONE);
    expect(partsFor([only], 'shop')).toHaveLength(1);
    expect(only.anywhere).toBeUndefined();
  });

  it('keeps the parts of a namespace while its policies are the same', () => {
    const [own, far] = [policy('own', 'shop'), policy('far', 'bank')];
    const index = indexOf([own, far], settings, NONE);
    const later = indexOf([own, policy('far', 'bank')], settings, NONE);
    const parts = partsFor([index], 'shop');
    expect(partsFor([index], 'shop')).toBe(parts);
    expect(partsFor([later], 'shop')).toBe(parts);
    expect(partsFor([later], 'bank')).not.toBe(partsFor([index], 'bank'));
    const identity = { k8s: new Map(), reserved: new Set<string>(), namespace: 'shop' };
    const other = indexOf(
      [own, policy('more', 'shop', { endpointSelector: { matchLabels: { a: 'b' } } })],
      settings,
      NONE,
    );
    expect(selectedRules(parts, identity)).toBe(selectedRules(parts, identity));
    expect(partsFor([other], 'shop')).not.toBe(parts);
  });
});

describe('a range that begins at a name', () => {
  const named = (endPort: number, more: object = {}) => ({
    ingress: [{ toPorts: [{ ports: [{ port: 'web', protocol: 'TCP', endPort }] }], ...more }],
  });
  const ends = (...policies: PolicyInput[]) => {
    const model = buildModel({
      settings,
      namespaces: SPACES,
      pods: [pod('web', {}, 80)],
      policyLists: [policies],
    });
    return model.rulesFor(model.endpoints[0]!.identity).ends.ingress?.get('web/TCP');
  };

  it('ends where the first policy by kind and name says', () => {
    expect(ends(policy('b', 'shop', named(90)), policy('a', 'shop', named(99)))).toBe(99);
    expect(ends(policy('a', 'shop', named(90)), policy('b', 'shop', named(99)))).toBe(90);
    expect(ends(policy('a', 'shop', named(90)), policy('z', '', named(70)))).toBe(70);
    expect(ends(policy('a', 'shop', named(90, { fromEndpoints: [] })), policy('b', 'shop', named(99)))).toBe(
      99,
    );
    expect(ends(policy('a', 'shop', named(0)))).toBeUndefined();
    expect(ends(policy('a', 'shop'))).toBeUndefined();
    expect(ends(policy('a', 'shop'), policy('b', 'shop', named(99)))).toBe(99);
  });
});

describe('a policy that is not valid might select', () => {
  const identity = { k8s: new Map([['app', 'web']]), reserved: new Set<string>(), namespace: 'shop' };
  const app = (value: string) => ({ endpointSelector: { matchLabels: { app: value } } });
  it.each<[string, PolicyInput, boolean]>([
    ['its own namespace', policy('a', 'shop', app('web')), true],
    ['not another', policy('a', 'bank', app('web')), false],
    ['not other pods', policy('a', 'shop', app('db')), false],
    ['any namespace, cluster-wide', policy('a', '', app('web')), true],
    ['any pod, as a NetworkPolicy', policy('a', 'shop', app('db'), 'NetworkPolicy'), true],
    ['no pod of elsewhere, as a NetworkPolicy', policy('a', 'bank', {}, 'NetworkPolicy'), false],
    ['any pod, without a selector', policy('a', 'shop', { endpointSelector: undefined }), true],
    [
      'any pod, with a nodeSelector where none may stand',
      policy('a', 'shop', { endpointSelector: undefined, nodeSelector: {} }),
      true,
    ],
    ['no pod, as one for nodes', policy('a', '', { endpointSelector: undefined, nodeSelector: {} }), false],
    ['any pod, without a selector, cluster-wide', policy('a', '', { endpointSelector: undefined }), true],
    ['any pod, where it cannot be read', policy('a', 'shop', { endpointSelector: 1 }), true],
    ['by one of its specs', { ...policy('a', 'shop', app('db')), specs: [{ endpointSelector: {} }] }, true],
  ])('%s', (_, one, might) => {
    expect(mightSelect(one, identity)).toBe(might);
  });
});

describe('pods', () => {
  it('are folded by what policies can tell apart, and by their ports', () => {
    const pods = [
      pod('a', { app: 'x' }, 80),
      pod('b', { app: 'x' }, 80),
      pod('c', { app: 'x' }, 81),
      pod('d', { app: 'x' }),
    ];
    const groups = fold(
      [...pods, pod('e', {}, 80, 'bank'), pod('f', {}, 80, 'shop', true)],
      namespaceLabels(SPACES),
      settings,
    );
    expect(
      groups.map(({ namespace, endpoints }) => [
        namespace,
        ...endpoints.map(
          ({ pods: same, hostNetwork }) =>
            `${same.map(({ meta }) => meta.name)}${hostNetwork ? ' host' : ''}`,
        ),
      ]),
    ).toEqual([
      ['shop', 'a,b', 'c', 'd', 'f host'],
      ['bank', 'e'],
    ]);
    const identities = groups[0]!.endpoints.map(({ identity }) => identity);
    expect(identities[1]).toBe(identities[0]);
  });

  it('keep the group of their namespace while it is the same', () => {
    const [web, far] = [pod('web'), pod('far', {}, 80, 'bank')];
    const pods = [web, far];
    const spaces = namespaceLabels(SPACES);
    expect(namespaceLabels(SPACES)).toBe(spaces);
    expect(namespaceLabels([...SPACES])).not.toBe(spaces);
    const groups = fold(pods, spaces, settings);
    expect(fold(pods, spaces, settings)).toBe(groups);
    const changed = fold([web, pod('far', { app: 'y' }, 80, 'bank')], spaces, settings);
    expect(changed[0]).toBe(groups[0]);
    expect(changed[1]).not.toBe(groups[1]);
    const grown = fold([web, far, pod('db', { app: 'db' })], spaces, settings);
    expect(grown[0]!.endpoints).toHaveLength(2);
    const team = (labels: object) =>
      fold(
        pods,
        namespaceLabels([{ meta: { name: 'shop', labels: { ...labels } as Record<string, string> } }]),
        settings,
      )[0]!.endpoints[0]!.identity.k8s.get('io.cilium.k8s.namespace.labels.team');
    expect([team({ team: 'blue' }), team({})]).toEqual(['blue', undefined]);
    const named = fold(pods, spaces, ciliumSettings({ 'cluster-name': 'prod' }))[0]!.endpoints[0]!.identity;
    expect(named.k8s.get('io.cilium.k8s.policy.cluster')).toBe('prod');
    const filtered = fold(pods, spaces, { ...settings, filter: () => false })[0]!.endpoints[0]!.identity;
    expect(filtered.k8s.size).toBe(0);
  });

  it('have one table of named ports, those on the host network left out', () => {
    const pods = [pod('a', {}, 80), pod('b', {}, 81, 'bank', true)];
    expect(tableOf(pods)).toBe(tableOf(pods));
    expect(tableOf(pods)('web', 'TCP')).toBe(80);
  });
});

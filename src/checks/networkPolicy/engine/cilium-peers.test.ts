// Whom the peers of a Cilium rule mean, where services, entities and namespaces come into it.

import { describe, expect, it } from 'vitest';
import { needsDerivative, speaksOfServices } from './cilium-peers.ts';
import { compileCilium } from './cilium-rules.ts';
import { ciliumSettings } from './config.ts';
import { readsServices } from './rule-index.ts';
import type { ServiceInput } from './rules.ts';

type Config = Readonly<Record<string, string>>;

const service = (name: string, namespace: string, more: Partial<ServiceInput> = {}): ServiceInput => ({
  meta: { name, namespace, labels: { tier: name } },
  spec: { selector: { app: name } },
  ...more,
});

const SERVICES = [
  service('web', 'shop'),
  service('db', 'shop', { spec: {}, backends: ['192.0.2.1', '198.51.100.0/24', 'nowhere'] }),
  service('dark', 'shop', { spec: {} }),
  service('web', 'bank'),
];

function compiled(
  section: string,
  rule: unknown,
  config: Config = {},
  subject: unknown = {},
  namespace = 'shop',
) {
  return compileCilium(
    {
      kind: namespace === '' ? 'CiliumClusterwideNetworkPolicy' : 'CiliumNetworkPolicy',
      meta: { name: 'policy', namespace },
      spec: { endpointSelector: subject, [section]: [rule] },
    },
    ciliumSettings(config),
    SERVICES,
  );
}

/** Every alternative in a line: `k8s:app=web, k8s:team Exists`, or `10.0.0.0/8`'s length and holes. */
function peers(...given: Parameters<typeof compiled>): readonly string[] | null | undefined {
  const { rules, invalid } = compiled(...given);
  if (invalid !== undefined) throw new Error(invalid);
  const found = rules[0]?.peers;
  if (!found) return found;
  return found.map((peer) => {
    switch (peer.kind) {
      case 'labels':
        return peer.requirements
          .map(({ source, key, operator, values }) =>
            operator === 'In' ? `${source}:${key}=${[...values]}` : `${source}:${key} ${operator}`,
          )
          .join(', ');
      case 'cidr':
        return `/${peer.prefix.length} without ${peer.except.length}`;
      case 'fqdn':
        return `name ${peer.pattern}`;
      default:
        return `${peer.kind}: ${peer.what}`;
    }
  });
}

const NAMESPACE = 'k8s:io.kubernetes.pod.namespace';
const CLUSTER = 'k8s:io.cilium.k8s.policy.cluster';
const WEB = `k8s:app=web, ${NAMESPACE}=shop, ${CLUSTER}=default`;
const FAR_WEB = `k8s:app=web, ${NAMESPACE}=bank, ${CLUSTER}=default`;
const DB = ['/32 without 0', '/24 without 0'];
const DARK = 'the addresses behind Service shop/dark, which has no selector';

describe('services', () => {
  const named = (serviceName: string, namespace?: string) => ({ k8sService: { serviceName, namespace } });
  it.each<[unknown[], unknown]>([
    [[named('web', 'shop')], [WEB]],
    [[named('web')], [WEB, FAR_WEB]],
    [[named('web', 'bank')], [FAR_WEB]],
    [[named('db', 'shop')], DB],
    [[named('dark', 'shop')], [`doubt: ${DARK}`]],
    // Beside others the doubtful one can only add addresses.
    [
      [named('web', 'shop'), named('dark', 'shop')],
      [WEB, `elsewhere: ${DARK}`],
    ],
    [[{ k8sServiceSelector: { selector: { matchLabels: { tier: 'web' } } } }], [WEB, FAR_WEB]],
    [[{ k8sServiceSelector: { selector: { matchLabels: { tier: 'web' } }, namespace: 'bank' } }], [FAR_WEB]],
    [[{ k8sServiceSelector: { selector: { matchLabels: { tier: 'none' } } } }], null],
    [[{ k8sServiceSelector: { namespace: 'bank' } }], [FAR_WEB]],
    [[{}], null],
  ])('%j are %j', (toServices, means) => {
    expect(peers('egress', { toServices })).toEqual(means);
  });

  it('fill a list that is there and empty, each sort its own', () => {
    expect(peers('egress', { toEndpoints: [], toServices: [named('web', 'shop')] })).toEqual([WEB]);
    expect(peers('egress', { toEndpoints: [], toServices: [named('db')] })).toBeNull();
    expect(peers('egress', { toCIDRSet: [], toServices: [named('db')] })).toEqual(DB);
    expect(peers('egress', { toCIDRSet: [], toServices: [named('web', 'shop')] })).toBeNull();
    expect(peers('egress', { toCIDR: [], toServices: [named('db')] })).toBeNull();
  });

  it('whose selector is not valid void the policy', () => {
    const odd = service('odd', 'shop', { spec: { selector: { '!': 'x' } } });
    const policy = {
      kind: 'CiliumNetworkPolicy' as const,
      meta: { name: 'policy', namespace: 'shop' },
      spec: { endpointSelector: {}, egress: [{ toServices: [named('odd')] }] },
    };
    expect(compileCilium(policy, ciliumSettings({}), [odd]).invalid).toBe(
      'spec.egress[0].toServices: Service shop/odd: invalid label selector: "k8s.!" is not a valid label key',
    );
  });

  it('are looked for only where a policy speaks of them', () => {
    const speaks = (egress: unknown) => speaksOfServices({ egress });
    expect(speaks([{ toServices: [{}] }])).toBe(true);
    expect(speaks([{}, { toServices: [{}] }])).toBe(true);
    for (const none of [undefined, 'x', [], [null], [{}], [{ toServices: [] }], [{ toServices: 'x' }]])
      expect(speaks(none)).toBe(false);
    const policy = (kind: 'NetworkPolicy' | 'CiliumNetworkPolicy', spec: unknown) =>
      readsServices({ kind, meta: { name: 'policy', namespace: 'shop' }, spec });
    expect(policy('CiliumNetworkPolicy', { egress: [{ toServices: [{}] }] })).toBe(true);
    expect(policy('NetworkPolicy', { egress: [{ toServices: [{}] }] })).toBe(false);
    expect(policy('CiliumNetworkPolicy', { egress: [{}] })).toBe(false);
    expect(policy('CiliumNetworkPolicy', 1)).toBe(false);
  });
});

describe('groups', () => {
  it.each<[string, string]>([
    ['ingress', 'fromGroups'],
    ['ingressDeny', 'fromGroups'],
    ['egress', 'toGroups'],
    ['egressDeny', 'toGroups'],
  ])('in %s keep a policy from being imported as it stands', (section, field) => {
    expect(needsDerivative({ [section]: [null, {}, { [field]: [{}] }] })).toBe(true);
    expect(needsDerivative({ [section]: [{ [field]: [] }, { [field]: 'x' }] })).toBe(false);
    expect(compiled(section, { [field]: [{}] })).toMatchObject({
      rules: [],
      skipped: 'a rule has toGroups or fromGroups, so the operator of Cilium derives another policy from it',
    });
  });
});

describe('entities', () => {
  const entities = (...fromEntities: string[]) => peers('ingress', { fromEntities });
  it.each<[string, string[]]>([
    ['all', ['']],
    ['world', ['reserved:world=', 'reserved:world-ipv4=', 'reserved:world-ipv6=']],
    [
      'cluster',
      [
        ...['host', 'remote-node', 'init', 'ingress', 'health', 'unmanaged', 'kube-apiserver'].map(
          (name) => `reserved:${name}=`,
        ),
        `${CLUSTER}=default`,
      ],
    ],
    ['health', ['reserved:health=']],
    ['none', ['reserved:none=']],
    ['kube-apiserver', ['reserved:kube-apiserver=']],
  ])('%s means %j', (entity, means) => {
    expect(entities(entity)).toEqual(means);
  });
});

describe('endpoints', () => {
  const from = (selector: object, config?: Config, subject?: unknown, namespace?: string) =>
    peers('ingress', { fromEndpoints: [selector] }, config, subject, namespace);
  const label = (key: string) => ({ matchLabels: { [key]: 'x' } });

  it('are those of the own namespace and cluster, unless they name others', () => {
    expect(from({})).toEqual([`${NAMESPACE}=shop, ${CLUSTER}=default`]);
    expect(from(label('k8s:io.kubernetes.pod.namespace'))).toEqual([`${NAMESPACE}=x, ${CLUSTER}=default`]);
    expect(from(label('io.kubernetes.pod.namespace'))).toEqual([
      `any:io.kubernetes.pod.namespace=x, ${CLUSTER}=default`,
    ]);
    for (const source of ['k8s', 'any']) {
      const key = `${source}:io.cilium.k8s.namespace.labels.team`;
      expect(from(label(key))).toEqual([`${key}=x, ${CLUSTER}=default`]);
      const cluster = `${source}:io.cilium.k8s.policy.cluster`;
      expect(from(label(cluster))).toEqual([`${cluster}=x, ${NAMESPACE}=shop`]);
    }
    expect(from({}, { 'policy-default-local-cluster': 'false' })).toEqual([`${NAMESPACE}=shop`]);
    expect(from({}, { 'cluster-name': 'prod' })).toEqual([`${NAMESPACE}=shop, ${CLUSTER}=prod`]);
  });

  it('that are reserved are taken as written', () => {
    expect(from(label('reserved:host'))).toEqual(['reserved:host=x']);
  });

  it('of a cluster-wide policy are any with a namespace; without labels yet there is none', () => {
    expect(from({}, {}, {}, '')).toEqual([`${CLUSTER}=default, ${NAMESPACE} Exists`]);
    expect(from({}, {}, label('reserved:init'), '')).toEqual([`${CLUSTER}=default`]);
  });
});

describe('what stands elsewhere', () => {
  it('is named for people', () => {
    const set = (fromCIDRSet: unknown[]) => peers('ingress', { fromCIDRSet });
    expect(set([{ cidrGroupRef: 'office' }])).toEqual([
      'elsewhere: CiliumCIDRGroup office (spec.ingress[0].fromCIDRSet[0].cidrGroupRef)',
    ]);
    expect(set([{ cidrGroupSelector: {} }])).toEqual([
      'elsewhere: CiliumCIDRGroups by their labels (spec.ingress[0].fromCIDRSet[0].cidrGroupSelector)',
    ]);
    expect(set([{ cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] }])).toEqual(['/8 without 1']);
    expect(peers('ingress', { fromCIDR: ['10.0.0.1'] })).toEqual(['/32 without 0']);
    expect(peers('ingress', { fromNodes: [{}] }, { 'enable-node-selector-labels': 'true' })).toEqual([
      'nodes: spec.ingress[0].fromNodes[0] (nodes by their labels)',
    ]);
    expect(peers('egress', { toFQDNs: [{ matchName: 'a.io' }, { matchPattern: '*.io' }] })).toEqual([
      'name a.io',
      'name *.io',
    ]);
  });
});

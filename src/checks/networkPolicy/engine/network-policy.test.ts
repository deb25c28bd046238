// NetworkPolicy: what of it is refused and in which words, and what it means in a cluster without Cilium.

import { describe, expect, it } from 'vitest';
import { parseAddress } from './addresses.ts';
import { ciliumSettings, kubernetesSettings } from './config.ts';
import { decide, defaultDeny } from './decide.ts';
import { buildModel } from './model.ts';
import { compileNetworkPolicy } from './network-policy.ts';
import { addressIdentity, HOST } from './peers.ts';

const policyOf = (spec: unknown, namespace = 'shop') => ({
  kind: 'NetworkPolicy' as const,
  meta: { name: 'policy', namespace },
  spec,
});

const podOf = (namespace: string, app: string, port = 8080) => ({
  meta: { name: app, namespace, labels: { app } },
  spec: {
    serviceAccountName: 'default',
    hostNetwork: false,
    containers: [{ ports: [{ name: 'http', containerPort: port }] }],
  },
});

const NAMESPACES = [
  { meta: { name: 'shop', labels: { team: 'red' } } },
  { meta: { name: 'bank', labels: { team: 'blue' } } },
];

/** Whom web in shop may be reached by, or may reach, on a port. */
function cluster(spec: unknown, settings = kubernetesSettings, namespace = 'shop') {
  const pods = [podOf('shop', 'web'), podOf('shop', 'db'), podOf('bank', 'web', 9090)];
  const model = buildModel({
    settings,
    namespaces: NAMESPACES,
    pods,
    policyLists: [[policyOf(spec, namespace)]],
  });
  const [web, db, far] = model.endpoints;
  const address = (text: string) => ({
    identity: addressIdentity(parseAddress(text)!, settings.families),
    ports: new Map(),
  });
  const peers = {
    db: db!,
    far: far!,
    near: address('10.1.0.1'),
    world: address('192.0.2.1'),
    node: { identity: HOST, ports: new Map() },
  };
  return {
    denied: (['ingress', 'egress'] as const).filter(
      (direction) => defaultDeny(model, web!.identity, direction).holds,
    ),
    lets: (direction: 'ingress' | 'egress', port = 80) =>
      Object.entries(peers)
        .filter(([, peer]) => decide(model, web!, direction, peer, 'TCP', port).decision === 'allow')
        .map(([name]) => name),
  };
}

describe('a NetworkPolicy that is no NetworkPolicy is told by its field', () => {
  const from = (peer: unknown) => ({ ingress: [{ from: [peer] }] });
  const port = (one: unknown) => ({ egress: [{ ports: [{ port: 1 }, one] }] });
  it.each<[unknown, string]>([
    [1, 'spec must be an object'],
    [{ policyTypes: 1 }, 'spec.policyTypes must be a list'],
    [{ podSelector: 1 }, 'spec.podSelector must be an object'],
    [{ ingress: 1 }, 'spec.ingress must be a list'],
    [{ egress: 1 }, 'spec.egress must be a list'],
    [{ egress: [{}, 1] }, 'spec.egress[1] must be an object'],
    [{ ingress: [{ from: 1 }] }, 'spec.ingress[0].from must be a list'],
    [{ egress: [{ to: [1] }] }, 'spec.egress[0].to[0] must be an object'],
    [from({ ipBlock: 1 }), 'spec.ingress[0].from[0].ipBlock must be an object'],
    [from({ ipBlock: { cidr: 1 } }), 'spec.ingress[0].from[0].ipBlock.cidr must be a string'],
    [from({ ipBlock: { cidr: 'x' } }), 'spec.ingress[0].from[0].ipBlock.cidr: unable to parse "x"'],
    [
      from({ ipBlock: { cidr: '10.0.0.0/8', except: 1 } }),
      'spec.ingress[0].from[0].ipBlock.except must be a list',
    ],
    [
      from({ ipBlock: { cidr: '10.0.0.0/8', except: ['x'] } }),
      'spec.ingress[0].from[0].ipBlock.except: unable to parse "x"',
    ],
    [from({ podSelector: 1 }), 'spec.ingress[0].from[0].podSelector must be an object'],
    [from({ namespaceSelector: 1 }), 'spec.ingress[0].from[0].namespaceSelector must be an object'],
    [{ egress: [{ ports: 1 }] }, 'spec.egress[0].ports must be a list'],
    [port(1), 'spec.egress[0].ports[1] must be an object'],
    [port({ protocol: 1 }), 'spec.egress[0].ports[1].protocol must be a string'],
    [port({ protocol: 'ICMP' }), 'spec.egress[0].ports[1].protocol: must be TCP, UDP or SCTP'],
    [port({ port: true }), 'spec.egress[0].ports[1].port: must be a port'],
    [port({ port: 80, endPort: '90' }), 'spec.egress[0].ports[1].endPort must be an integer'],
    [
      port({ port: 65536 }),
      'spec.egress[0].ports[1]: unable to parse port "65536": not a port of 0 to 65535',
    ],
  ])('%j', (spec, told) => {
    const compiled = compileNetworkPolicy(policyOf(spec), kubernetesSettings);
    expect(compiled.invalid).toBe(told);
    expect(compiled.rules).toEqual([]);
  });

  it.each([{}, undefined, null])('but %j is one', (spec) => {
    const { invalid, rules } = compileNetworkPolicy(policyOf(spec), kubernetesSettings);
    expect(invalid).toBeUndefined();
    expect(rules.map(({ path, peers }) => [path, peers])).toEqual([['spec.ingress', null]]);
  });
});

describe('without Cilium', () => {
  const ALL = ['db', 'far', 'near', 'world', 'node'];

  it.each<[unknown, string[]]>([
    [{}, ['ingress']],
    [{ egress: [{}] }, ['ingress', 'egress']],
    [{ egress: [] }, ['ingress']],
    [{ policyTypes: ['Egress'] }, ['egress']],
    [{ policyTypes: ['Egress'], ingress: [{}] }, ['egress']],
    [{ policyTypes: ['Ingress'], egress: [{}] }, ['ingress']],
    [{ policyTypes: ['Ingress', 'Egress'] }, ['ingress', 'egress']],
    [{ podSelector: { matchLabels: { app: 'db' } } }, []],
    [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] } }, ['ingress']],
  ])('%j isolates at %j', (spec, directions) => {
    expect(cluster(spec).denied).toEqual(directions);
  });

  it.each<[unknown, string[]]>([
    [[{}], ALL],
    [[{ from: [] }], ALL],
    [[], ['node']],
    [[{ from: [{ podSelector: {} }] }], ['db', 'node']],
    [[{ from: [{ podSelector: {}, namespaceSelector: null }] }], ['db', 'node']],
    [[{ from: [{ namespaceSelector: {} }] }], ['db', 'far', 'node']],
    [[{ from: [{ namespaceSelector: { matchLabels: { team: 'blue' } } }] }], ['far', 'node']],
    [
      [{ from: [{ namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] } }] }],
      ['db', 'far', 'node'],
    ],
    [[{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: 'web' } } }] }], ['far', 'node']],
    [
      [
        {
          from: [
            {
              namespaceSelector: { matchLabels: { team: 'red' } },
              podSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['db'] }] },
            },
          ],
        },
      ],
      ['node'],
    ],
    [[{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }], ['near', 'node']],
    // Other CNIs go by the address, and every pod has one.
    [[{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }], ALL],
    [[{ from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }] }], ['world', 'node']],
    [[{ ports: [{ port: 80 }] }], ALL],
    [[{ ports: [{ port: 81 }] }], ['node']],
    [[{ ports: [{ port: 79, endPort: 81 }] }], ALL],
    [[{ ports: [{ protocol: 'TCP' }] }], ALL],
    [[{ ports: [{ protocol: 'UDP' }] }], ['node']],
    [[{ ports: [{ port: 80, protocol: 'SCTP' }] }], ['node']],
    [[{ ports: [{ port: null }] }], ALL],
    [[{ ports: [{ port: '80' }] }], ALL],
  ])('ingress %j lets in %j', (ingress, peers) => {
    expect(cluster({ ingress }).lets('ingress')).toEqual(peers);
  });

  it('resolves a named port where it is reached: the own one at ingress, that of the peer at egress', () => {
    const { lets } = cluster({
      ingress: [{ ports: [{ port: 'http' }] }],
      egress: [{ ports: [{ port: 'http' }] }],
    });
    expect(lets('ingress', 8080)).toEqual(ALL);
    expect(lets('ingress', 9090)).toEqual(['node']);
    expect(lets('egress', 8080)).toEqual(['db', 'node']);
    expect(lets('egress', 9090)).toEqual(['far', 'node']);
  });

  it('takes a policy without namespace for one of default', () => {
    expect(cluster({}, kubernetesSettings, '').denied).toEqual([]);
  });
});

describe('under Cilium', () => {
  const cilium = () => ciliumSettings({});

  it('enforces a section that policyTypes does not name', () => {
    expect(cluster({ policyTypes: ['Egress'], ingress: [{}] }, cilium()).denied).toEqual([
      'ingress',
      'egress',
    ]);
  });

  it('means the world by an ipBlock', () => {
    const spec = { ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] };
    expect(cluster(spec, cilium()).lets('ingress')).toEqual(['near', 'world', 'node']);
  });

  it('means pods of its own cluster by a selector, unless that is switched off or another is named', () => {
    const only = (labels: object) => [{ from: [{ podSelector: { matchLabels: labels } }] }];
    const compiled = (labels: object, settings = cilium()) =>
      compileNetworkPolicy(policyOf({ ingress: only(labels) }), settings).rules[0]?.peers?.[0];
    const key = 'io.cilium.k8s.policy.cluster';
    const clusters = (...given: Parameters<typeof compiled>) => {
      const peer = compiled(...given);
      return peer?.kind === 'labels'
        ? peer.requirements.filter((one) => one.key === key).map(({ values }) => [...values])
        : undefined;
    };
    expect(clusters({})).toEqual([['default']]);
    expect(clusters({ [key]: 'other' })).toEqual([['other']]);
    expect(clusters({}, ciliumSettings({ 'policy-default-local-cluster': 'false' }))).toEqual([]);
    expect(clusters({}, ciliumSettings({ 'cluster-name': 'prod' }))).toEqual([['prod']]);
  });
});

// What is said of one port and of every port at once, where rules deny, are doubtful, or cannot be merged.

import { describe, expect, it } from 'vitest';
import { parseAddress } from './addresses.ts';
import { ciliumSettings, kubernetesSettings } from './config.ts';
import { decide, defaultDeny, isExempt, nodeSubject, reach } from './decide.ts';
import { buildModel } from './model.ts';
import { addressIdentity, HOST, REMOTE_NODE } from './peers.ts';
import { describe as portsOf } from './ports.ts';

type Config = Readonly<Record<string, string>>;

const pod = (labels: Record<string, string> = { app: 'web' }) => ({
  meta: { name: 'web', namespace: 'shop', labels },
  spec: { serviceAccountName: 'default', hostNetwork: false, containers: [] },
});

/** What policies with these specs say of web, towards an address outside unless a peer is given. */
function web(specs: readonly object[], config: Config | 'none' = {}, labels?: Record<string, string>) {
  const settings = config === 'none' ? kubernetesSettings : ciliumSettings(config);
  const policies = specs.map((spec, i) => ({
    kind: 'CiliumNetworkPolicy' as const,
    meta: { name: `policy-${i}`, namespace: 'shop' },
    spec: { endpointSelector: {}, ...spec },
  }));
  const model = buildModel({
    settings,
    namespaces: [{ meta: { name: 'shop', labels: {} } }],
    pods: [pod(labels)],
    policyLists: [policies],
  });
  const subject = model.endpoints[0]!;
  const outside = {
    identity: addressIdentity(parseAddress('192.0.2.1')!, settings.families),
    ports: new Map(),
  };
  return {
    model,
    subject,
    outside,
    says: (port = 80, peer = outside, direction: 'ingress' | 'egress' = 'egress') => {
      const { decision, because } = decide(model, subject, direction, peer, 'TCP', port);
      const why =
        'setting' in because
          ? because.setting
          : 'what' in because
            ? because.what
            : 'rule' in because
              ? `${because.kind} ${because.rule?.policy.meta.name} ${because.rule?.path}`
              : because.kind;
      return `${decision}: ${why}`;
    },
    reaches: (peer = outside, direction: 'ingress' | 'egress' = 'egress') => {
      const { open, doubtful, by, base } = reach(model, subject, direction, peer);
      return {
        open: portsOf(open),
        doubtful: portsOf(doubtful),
        by: by.map(
          ({ rule, ports, certain, doubt }) =>
            `${rule.path}: ${portsOf(ports)}${certain ? '' : `, unless ${doubt?.what}`}`,
        ),
        base: `${base.decision}: ${base.because.kind}`,
      };
    },
  };
}

const on = (...ports: string[]) => ({
  toPorts: [{ ports: ports.map((port) => ({ port, protocol: 'TCP' })) }],
});
const WORLD = { toEntities: ['world'] };
const GROUP = { toCIDRSet: [{ cidrGroupRef: 'office' }] };
const OFFICE = (section: string, i = 0) =>
  `CiliumCIDRGroup office (spec.${section}[${i}].toCIDRSet[0].cidrGroupRef)`;
const OPEN = { enableDefaultDeny: { egress: false } };

describe('one port', () => {
  it.each<[string, object[], string]>([
    ['no policy', [], 'allow: no-policy'],
    ['no default deny', [{ ...OPEN, egress: [on('1')] }], 'allow: no-default-deny'],
    ['default deny', [{ egress: [on('1')] }], 'deny: default-deny policy-0 spec.egress[0]'],
    ['an allow', [{ egress: [on('1'), { ...WORLD, ...on('80') }] }], 'allow: rule policy-0 spec.egress[1]'],
    [
      'a deny beats it',
      [{ egress: [WORLD], egressDeny: [on('80')] }],
      'deny: rule policy-0 spec.egressDeny[0]',
    ],
    ['a doubtful allow', [{ egress: [GROUP] }], `unknown: ${OFFICE('egress')}`],
    ['a doubtful allow where all is open', [{ ...OPEN, egress: [GROUP] }], 'allow: no-default-deny'],
    [
      'a doubtful allow beside a sure one',
      [{ egress: [GROUP, WORLD] }],
      'allow: rule policy-0 spec.egress[1]',
    ],
    [
      'a doubtful deny of what is allowed',
      [{ egress: [WORLD], egressDeny: [{}, GROUP] }],
      `unknown: ${OFFICE('egressDeny', 1)}`,
    ],
    [
      'a doubtful deny of what is open',
      [{ ...OPEN, egressDeny: [GROUP] }],
      `unknown: ${OFFICE('egressDeny')}`,
    ],
    [
      'a doubtful deny of what is denied',
      [{ egressDeny: [GROUP] }],
      'deny: default-deny policy-0 spec.egressDeny[0]',
    ],
    [
      'a doubtful deny of a doubtful allow',
      [{ egress: [GROUP], egressDeny: [GROUP] }],
      `unknown: ${OFFICE('egressDeny')}`,
    ],
    [
      'a doubtful deny beside a sure one',
      [{ egress: [WORLD], egressDeny: [GROUP, WORLD] }],
      'deny: rule policy-0 spec.egressDeny[1]',
    ],
    ['the first of two doubts', [{ egress: [GROUP, GROUP] }], `unknown: ${OFFICE('egress')}`],
    [
      'a name',
      [{ egress: [{ toFQDNs: [{ matchName: 'a.io' }] }] }],
      'unknown: which addresses a.io has led to (spec.egress[0].toFQDNs)',
    ],
  ])('%s', (_, specs, told) => {
    expect(web(specs).says()).toBe(told);
  });

  it('is open where nothing is enforced, and says by what', () => {
    const specs = [{ egress: [on('1')] }];
    expect(web(specs, { 'enable-policy': 'never' }).says()).toBe('allow: enable-policy: never');
    expect(web(specs, { 'policy-audit-mode': 'true' }).says()).toBe('allow: policy-audit-mode: true');
    expect(web([], { 'enable-policy': 'always' }).says()).toBe('deny: default-deny undefined undefined');
  });

  it('is open from the node at ingress, and not towards it', () => {
    const node = { identity: HOST, ports: new Map() };
    const { says } = web([{ ingress: [on('1')], egress: [on('1')] }]);
    expect(says(80, node as never, 'ingress')).toBe('allow: local-host');
    expect(says(80, node as never, 'egress')).toMatch(/^deny: default-deny/);
    const strict = web([{ ingress: [on('1')] }], { 'allow-localhost': 'policy' });
    expect(strict.says(80, node as never, 'ingress')).toMatch(/^deny: default-deny/);
  });

  it('hangs on labels of nodes, towards nodes', () => {
    const { says } = web([{ egress: [{ toNodes: [{}] }] }], { 'enable-node-selector-labels': 'true' });
    const node = { identity: REMOTE_NODE, ports: new Map() };
    expect(says(80, node as never)).toBe('unknown: spec.egress[0].toNodes[0] (nodes by their labels)');
    expect(says()).toMatch(/^deny: default-deny/);
  });
});

describe('every port at once', () => {
  it.each<[string, object[], ReturnType<ReturnType<typeof web>['reaches']>]>([
    ['no policy', [], { open: 'every port', doubtful: 'no port', by: [], base: 'allow: no-policy' }],
    [
      'an allow and a deny',
      [{ egress: [on('80', '81')], egressDeny: [on('81')] }],
      {
        open: '80/TCP',
        doubtful: 'no port',
        by: ['spec.egress[0]: 80/TCP'],
        base: 'deny: default-deny',
      },
    ],
    [
      'an allow that a deny takes all of',
      [{ egress: [on('80')], egressDeny: [on('80')] }],
      { open: 'no port', doubtful: 'no port', by: [], base: 'deny: default-deny' },
    ],
    [
      'a doubtful allow',
      [{ egress: [on('80'), { ...GROUP, ...on('80', '81') }] }],
      {
        open: '80/TCP',
        doubtful: '81/TCP',
        by: ['spec.egress[0]: 80/TCP', `spec.egress[1]: 80-81/TCP, unless ${OFFICE('egress', 1)}`],
        base: 'deny: default-deny',
      },
    ],
    [
      'a doubtful deny',
      [{ egress: [on('80', '82')], egressDeny: [{ ...GROUP, ...on('80', '90') }] }],
      {
        open: '82/TCP',
        doubtful: '80/TCP',
        by: [
          'spec.egress[0]: 80/TCP, 82/TCP',
          `spec.egressDeny[0]: 80/TCP, 90/TCP, unless ${OFFICE('egressDeny')}`,
        ],
        base: 'deny: default-deny',
      },
    ],
    [
      'a doubtful deny of nothing',
      [{ egress: [on('82')], egressDeny: [{ ...GROUP, ...on('80') }] }],
      { open: '82/TCP', doubtful: 'no port', by: ['spec.egress[0]: 82/TCP'], base: 'deny: default-deny' },
    ],
  ])('%s', (_, specs, told) => {
    expect(web(specs).reaches()).toEqual(told);
  });

  it('is open where nothing is enforced', () => {
    expect(web([{ egress: [on('1')] }], { 'enable-policy': 'never' }).reaches()).toEqual({
      open: 'every port',
      doubtful: 'no port',
      by: [],
      base: 'allow: not-enforced',
    });
  });
});

describe('rules that Cilium cannot merge', () => {
  const l7 = (rules: object, port = '80', peer: object = {}) => ({
    ...peer,
    toPorts: [{ ports: [{ port, protocol: 'TCP' }], ...rules }],
  });
  const http = { rules: { http: [{}] } };
  const kafka = { rules: { kafka: [{}] } };
  const dns = { rules: { dns: [{}] } };
  const proto = (l7proto: string) => ({ rules: { l7proto, l7: [{}] } });
  const tls = { originatingTLS: { secret: { name: 's' } } };
  const listener = { listener: { name: 'envoy' } };
  const app = (name: string) => ({ toEndpoints: [{ matchLabels: { app: name } }] });
  const either = (...values: string[]) => ({
    toEndpoints: [{ matchExpressions: [{ key: 'app', operator: 'In', values }] }],
  });
  const conflict = (...egress: object[]) =>
    web([{ egress }]).says().startsWith('unknown: the policy that the pods had before');

  it('are not judged', () => {
    const what =
      'the policy that the pods had before, as Cilium cannot merge the http rules of spec.egress[0] of CiliumNetworkPolicy shop/policy-0 with the kafka rules of spec.egress[1] on the same port';
    const { says, reaches } = web([{ egress: [l7(http), l7(kafka)] }]);
    expect(says()).toBe(`unknown: ${what}`);
    expect(reaches()).toEqual({
      open: 'no port',
      doubtful: 'every port',
      by: [`spec.egress[1]: every port, unless ${what}`],
      base: 'unknown: not-modelled',
    });
  });

  it.each<[string, boolean, object[]]>([
    ['two protocols', true, [l7(http), l7(kafka)]],
    ['DNS and HTTP', true, [l7(dns), l7(http)]],
    ['two of other names', true, [l7(proto('x')), l7(proto('y'))]],
    ['the same', false, [l7(http), l7(http)]],
    ['HTTP and a plain rule', false, [l7(http), l7({})]],
    ['ports of their own', false, [l7(http), l7(kafka, '81')]],
    ['names of their own', false, [l7(http, 'web'), l7(kafka, 'db')]],
    ['one name', true, [l7(http, 'web'), l7(kafka, 'web')]],
    ['TLS, which becomes HTTP', false, [l7(tls), l7(http)]],
    ['HTTP, then TLS', false, [l7(http), l7(tls)]],
    ['HTTP, TLS, then Kafka', true, [l7(http), l7(tls), l7(kafka)]],
    ['TLS, HTTP, then Kafka', true, [l7(tls), l7(http), l7(kafka)]],
    ['TLS and DNS', true, [l7(tls), l7(dns)]],
    ['server names and DNS', true, [l7({ serverNames: ['a'] }), l7(dns)]],
    ['termination and DNS', true, [l7({ terminatingTLS: { secret: { name: 's' } } }), l7(dns)]],
    ['no TLS and DNS', false, [l7({}), l7(dns)]],
    ['an empty list of names and DNS', false, [l7({ serverNames: [] }), l7(dns)]],
    ['TLS and a listener', true, [l7(tls), l7(listener)]],
    ['a listener, then TLS', true, [l7(listener), l7(tls)]],
    ['peers of their own', false, [l7(http, '80', app('a')), l7(kafka, '80', app('b'))]],
    ['one peer', true, [l7(http, '80', app('a')), l7(kafka, '80', app('a'))]],
    ['everybody and one peer', false, [l7(http), l7(kafka, '80', app('a'))]],
    ['everybody in two words', true, [l7(http), l7(kafka, '80', { toEntities: ['all'] })]],
    ['values in another order', true, [l7(http, '80', either('a', 'b')), l7(kafka, '80', either('b', 'a'))]],
    ['other values', false, [l7(http, '80', either('a', 'b')), l7(kafka, '80', either('a', 'c'))]],
    [
      'other blocks',
      false,
      [l7(http, '80', { toCIDR: ['10.0.0.0/8'] }), l7(kafka, '80', { toCIDR: ['11.0.0.0/8'] })],
    ],
    [
      'one block',
      true,
      [l7(http, '80', { toCIDR: ['10.0.0.0/8'] }), l7(kafka, '80', { toCIDR: ['10.0.0.0/8'] })],
    ],
    ['a rule for nobody', false, [l7(http, '80', { toEndpoints: [] }), l7(kafka, '80', { toEndpoints: [] })]],
  ])('%s: %s', (_, found, egress) => {
    expect(conflict(...egress)).toBe(found);
  });

  it('are found at ingress too, and matter to no pod that is exempt', () => {
    const rules = [{ ingress: [l7(http), l7(kafka)] }];
    expect(web(rules).says()).toMatch(/^unknown: the policy that the pods had before/);
    expect(web(rules, {}, { host: 'x' }).says()).toBe('allow: no-policy');
  });
});

describe('who has no policies, or always some', () => {
  const rules = [{ egress: [on('1')] }];
  const holds = (config: Config | 'none', labels: Record<string, string>, specs: object[] = rules) => {
    const { model, subject } = web(specs, config, labels);
    return [defaultDeny(model, subject.identity, 'egress').holds, isExempt(model, subject.identity)];
  };

  it.each<[string, Config | 'none', Record<string, string>, object[], boolean[]]>([
    ['a pod labelled host', {}, { host: 'x' }, rules, [false, true]],
    ['with the host firewall', { 'enable-host-firewall': 'true' }, { host: 'x' }, rules, [true, false]],
    ['a pod labelled init', {}, { init: 'x' }, [], [true, false]],
    ['a pod like any other', {}, { app: 'web' }, [], [false, false]],
    ['under enable-policy: never', { 'enable-policy': 'never' }, { init: 'x' }, rules, [false, false]],
    ['without Cilium, labels named init', 'none', { init: 'x' }, [], [false, false]],
    ['without Cilium, labels named host', 'none', { host: 'x' }, [], [false, false]],
  ])('%s', (_, config, labels, specs, expected) => {
    expect(holds(config, labels, specs)).toEqual(expected);
  });

  it('the node is one by its labels', () => {
    expect(nodeSubject({ role: 'worker' }).identity.k8s.get('role')).toBe('worker');
    expect(nodeSubject({}).identity.reserved).toEqual(new Set(['host']));
  });
});

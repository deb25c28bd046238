// What is refused of the ports, ICMP types and layer 7 parts of a Cilium rule, and in which words.
// That Cilium refuses them is what test/oracle asks Cilium; here it is the words that are held.

import { describe, expect, it } from 'vitest';
import { compileCilium } from './cilium-rules.ts';
import { ciliumSettings } from './config.ts';

type Section = 'ingress' | 'egress' | 'ingressDeny' | 'egressDeny';
type Config = Readonly<Record<string, string>>;

function compiled(section: Section, rule: unknown, config: Config = {}, selector = 'endpointSelector') {
  return compileCilium(
    {
      kind: 'CiliumClusterwideNetworkPolicy',
      meta: { name: 'policy', namespace: '' },
      spec: { [selector]: {}, [section]: [rule] },
    },
    ciliumSettings(config),
    [],
  );
}

const refusal = (...given: Parameters<typeof compiled>) => compiled(...given).invalid;
const caveats = (...given: Parameters<typeof compiled>) => compiled(...given).rules[0]?.caveats;

const TCP = [{ port: '80', protocol: 'TCP' }];
const on = (rules: unknown, ports: unknown = TCP) => ({ toPorts: [{ ports, rules }] });
const http = [{ path: '/' }];
const AT = 'spec.egress[0].toPorts[0]';
const TOO_MANY = Array.from({ length: 41 }, () => ({ port: '80' }));

describe('ports that Cilium refuses are told by their field', () => {
  it.each<[unknown, string]>([
    [{ toPorts: 'x' }, 'spec.egress[0].toPorts must be a list'],
    [{ toPorts: [{}, 1] }, 'spec.egress[0].toPorts[1] must be an object'],
    [{ toPorts: [{ ports: 'x' }] }, `${AT}.ports must be a list`],
    [{ toPorts: [{ ports: [...TCP, 1] }] }, `${AT}.ports[1] must be an object`],
    [{ toPorts: [{ ports: TOO_MANY }] }, `${AT}.ports: too many ports, the most is 40`],
    [{ toPorts: [{ ports: [{ port: 80 }] }] }, `${AT}.ports[0].port must be a string`],
    [{ toPorts: [{ ports: [{ port: '80', endPort: '90' }] }] }, `${AT}.ports[0].endPort must be an integer`],
    [{ toPorts: [{ ports: [{ port: '80', endPort: 8.5 }] }] }, `${AT}.ports[0].endPort must be an integer`],
    [{ toPorts: [{ ports: [{ port: '80', protocol: 6 }] }] }, `${AT}.ports[0].protocol must be a string`],
    [{ toPorts: [{ ports: [{}] }] }, `${AT}.ports[0]: port must be specified`],
    [{ toPorts: [{ ports: [{ port: '80', protocol: 'GRE' }] }] }, `${AT}.ports[0]: invalid protocol "GRE"`],
    [
      { toPorts: [{ ports: [{ port: '80', protocol: 'vrrp' }] }] },
      `${AT}.ports[0]: port must be empty or 0 for VRRP`,
    ],
    [
      { toPorts: [{ ports: [{ port: '80', protocol: 'IGMP' }] }] },
      `${AT}.ports[0]: port must be empty or 0 for IGMP`,
    ],
    ...['65536', '08', '0200000', '-1', '8 0'].map((port): [unknown, string] => [
      { toPorts: [{ ports: [{ port }] }] },
      `${AT}.ports[0]: unable to parse port "${port}": not a port of 0 to 65535`,
    ]),
    [
      on({ dns: [{ matchName: 'a.io' }] }, [{ port: '53', endPort: 54 }]),
      `${AT}.ports[0]: DNS rules do not support port ranges`,
    ],
  ])('%j', (rule, told) => {
    expect(refusal('egress', rule)).toBe(told);
  });

  it.each<[unknown, Config?]>([
    [{ toPorts: [] }],
    [{ toPorts: null, icmps: null }],
    [{ toPorts: [{ ports: TOO_MANY.slice(1) }] }],
    [{ toPorts: [{ ports: [{ port: '0', protocol: 'VRRP' }] }] }],
    [{ toPorts: [{ ports: [{ port: '0', protocol: 'igmp' }] }] }],
    [{ toPorts: [{ ports: [{ protocol: 'VRRP' }] }] }, { 'enable-extended-ip-protocols': 'true' }],
    [{ toPorts: [{ ports: [{ port: '65535', endPort: 1 }, { port: '010' }, { port: '0x50' }] }] }],
    [on({ dns: [{ matchName: 'a.io' }] }, [{ port: '53', endPort: 53 }])],
    [on({ dns: [{ matchName: 'a.io' }] }, [{ port: 'dns', endPort: 54 }])],
    [{ icmps: [] }, { 'enable-icmp-rules': 'false' }],
  ])('but %j is taken', (rule, config) => {
    expect(refusal('egress', rule, config)).toBeUndefined();
  });
});

describe('ICMP types that Cilium refuses are told by their field', () => {
  const icmp = (...fields: unknown[]) => ({ icmps: [{ fields }] });
  it.each<[unknown, string, Config?]>([
    [{ icmps: 'x' }, 'spec.egress[0].icmps must be a list'],
    [{ icmps: [{}, 1] }, 'spec.egress[0].icmps[1] must be an object'],
    [{ icmps: [{}, { fields: 1 }] }, 'spec.egress[0].icmps[1].fields must be a list'],
    [icmp({ type: 8 }, 1), 'spec.egress[0].icmps[0].fields[1] must be an object'],
    [icmp({ type: 8, family: 4 }), 'spec.egress[0].icmps[0].fields[0].family must be a string'],
    [icmp({ type: 8, family: 'IPv5' }), 'spec.egress[0].icmps[0].fields[0]: wrong family "IPv5"'],
    [icmp({ type: 'Ping' }), 'spec.egress[0].icmps[0].fields[0]: ICMP type "Ping" is not known'],
    [icmp({ type: 8.5 }), 'spec.egress[0].icmps[0].fields[0]: ICMP type "8.5" is not known'],
    [
      icmp({ type: 'PacketTooBig', family: 'IPv4' }),
      'spec.egress[0].icmps[0].fields[0]: ICMP type "PacketTooBig" is not known',
    ],
    [
      icmp(...TOO_MANY.map(() => ({ type: 8 }))),
      'spec.egress[0].icmps[0].fields: too many types, the most is 40',
    ],
    [
      { ...icmp({ type: 8 }), toPorts: [{ ports: TCP }] },
      'spec.egress[0]: icmps and toPorts may not stand in one rule; make it two',
    ],
    [
      icmp({ type: 8 }),
      'spec.egress[0].icmps: ICMP rules need enable-icmp-rules in cilium-config',
      { 'enable-icmp-rules': 'false' },
    ],
  ])('%j', (rule, told, config) => {
    expect(refusal('egress', rule, config)).toBe(told);
  });

  it.each([
    [{ type: 'EchoRequest' }, 'ICMP', 8],
    [{ type: 'EchoRequest', family: 'IPv4' }, 'ICMP', 8],
    [{ type: 'EchoRequest', family: 'IPv6' }, 'ICMPV6', 128],
    [{ type: '8' }, 'ICMP', 8],
    [{ type: 300 }, 'ICMP', 300],
  ])('but %j is %s type %i', (field, protocol, type) => {
    const { rules } = compiled('egress', icmp(...TOO_MANY.slice(1).map(() => field)));
    expect(rules[0]?.ports).toHaveLength(40);
    expect(rules[0]?.ports?.[0]).toEqual({ protocol, low: type, high: type });
  });

  it('and type 0 is every type, as with Cilium', () => {
    for (const type of [0, '0', 'EchoReply', -1])
      expect(compiled('egress', icmp({ type })).rules[0]?.ports).toEqual([
        { protocol: 'ICMP', low: 0, high: 65535 },
      ]);
  });
});

describe('layer 7 rules that Cilium refuses are told by their field', () => {
  const L7 = `${AT}.rules`;
  const kafka = (rule: unknown) => on({ kafka: [rule] });
  const header = (rule: unknown) => on({ http: [{ headerMatches: [rule] }] });
  it.each<[unknown, string]>([
    [on(1), `${L7} must be an object`],
    [on({ http: 'x' }), `${L7}.http must be a list`],
    [on({ kafka: 'x' }), `${L7}.kafka must be a list`],
    [on({ dns: 'x' }), `${L7}.dns must be a list`],
    [on({ l7: 'x' }), `${L7}.l7 must be a list`],
    [
      on({ http }, [{ port: '80', protocol: 'UDP' }]),
      `${AT}.ports[0]: L7 rules can only apply to TCP (not UDP) except for DNS rules`,
    ],
    [
      on({ http }, [{ port: '80' }]),
      `${AT}.ports[0]: L7 rules can only apply to TCP (not ANY) except for DNS rules`,
    ],
    [on({ http }, [{ port: '0', protocol: 'TCP' }]), `${AT}: L7 rules can not be used when a port is 0`],
    [
      on({ http }, [{ port: '0', protocol: 'TCP' }, ...TCP]),
      `${AT}: L7 rules can not be used when a port is 0`,
    ],
    [on({ http: [...http, 1] }), `${L7}.http[1] must be an object`],
    [on({ http: [...http, { path: 1 }] }), `${L7}.http[1].path must be a string`],
    [on({ http: [{ method: 1 }] }), `${L7}.http[0].method must be a string`],
    [on({ http: [{ path: '(' }] }), `${L7}.http[0].path: "(" is no valid regexp`],
    [on({ http: [{ method: '(' }] }), `${L7}.http[0].method: "(" is no valid regexp`],
    [on({ http: [{ headerMatches: 1 }] }), `${L7}.http[0].headerMatches must be a list`],
    [header(1), `${L7}.http[0].headerMatches[0] must be an object`],
    [header({ name: 1 }), `${L7}.http[0].headerMatches[0].name must be a string`],
    [header({}), `${L7}.http[0].headerMatches[0]: header name missing`],
    [header({ name: 'a', mismatch: 1 }), `${L7}.http[0].headerMatches[0].mismatch must be a string`],
    [header({ name: 'a', mismatch: 'EAT' }), `${L7}.http[0].headerMatches[0]: invalid header action EAT`],
    [header({ name: 'a', secret: 1 }), `${L7}.http[0].headerMatches[0].secret must be an object`],
    [header({ name: 'a', secret: {} }), `${L7}.http[0].headerMatches[0]: secret name missing`],
    [
      header({ name: 'a', secret: { name: 1 } }),
      `${L7}.http[0].headerMatches[0].secret.name must be a string`,
    ],
    [kafka(1), `${L7}.kafka[0] must be an object`],
    [kafka({ apiKey: 1 }), `${L7}.kafka[0].apiKey must be a string`],
    [kafka({ role: 1 }), `${L7}.kafka[0].role must be a string`],
    [kafka({ apiVersion: 1 }), `${L7}.kafka[0].apiVersion must be a string`],
    [kafka({ topic: 1 }), `${L7}.kafka[0].topic must be a string`],
    [kafka({ role: 'produce', apiKey: 'fetch' }), `${L7}.kafka[0]: role and apiKey may not stand together`],
    [kafka({ apiKey: 'eat' }), `${L7}.kafka[0]: invalid Kafka apiKey "eat"`],
    [kafka({ role: 'eat' }), `${L7}.kafka[0]: invalid Kafka role "eat"`],
    ...['32768', '-1', 'x1', '1x'].map((apiVersion): [unknown, string] => [
      kafka({ apiVersion }),
      `${L7}.kafka[0]: invalid Kafka apiVersion "${apiVersion}"`,
    ]),
    ...['a/b', '!a', 'a!', 'a'.repeat(256)].map((topic): [unknown, string] => [
      kafka({ topic }),
      `${L7}.kafka[0]: invalid Kafka topic "${topic}"`,
    ]),
    [on({ dns: [1] }), `${L7}.dns[0] must be an object`],
    [on({ dns: [{ matchName: 1 }] }), `${L7}.dns[0].matchName must be a string`],
    [on({ dns: [{ matchName: '!a' }] }), `${L7}.dns[0]: invalid characters in matchName "!a"`],
    [on({ dns: [{ matchName: 'a' }] }, []), `${AT}: port 53 must be specified for DNS rules`],
    [on({ l7proto: 1, l7: [{}] }), `${L7}.l7proto must be a string`],
    [on({ l7: [{ a: 'b' }] }), `${L7}: 'l7' may only be specified when a 'l7proto' is also specified`],
    [on({ l7proto: 'x', l7: [1] }), `${L7}.l7[0] must be an object`],
    [on({ l7proto: 'x', l7: [{ a: 'b' }, { '': 'b' }] }), `${L7}.l7[1]: empty key not allowed`],
    ...[
      { http, kafka: [{}] },
      { http, dns: [{}] },
      { http, kafka: [] },
      { http, l7proto: 'x' },
    ].map((rules): [unknown, string] => [
      on(rules),
      `${L7}: multiple L7 protocol rule types specified in single rule`,
    ]),
  ])('%j', (rule, told) => {
    expect(refusal('egress', rule)).toBe(told);
  });

  it.each<[unknown]>([
    [on({})],
    [on({ http: [], kafka: [], dns: [], l7: [] }, [{ port: '80', protocol: 'UDP' }])],
    [on({ http }, [])],
    [on({ http: [{}] })],
    [header({ name: 'a', mismatch: 'LOG', secret: { name: 's' } })],
    ...['ADD', 'DELETE', 'REPLACE', ''].map((mismatch): [unknown] => [header({ name: 'a', mismatch })]),
    [kafka({})],
    [kafka({ apiKey: 'Fetch', apiVersion: '32767', topic: 'a'.repeat(255) })],
    [kafka({ role: 'Produce', apiVersion: '+1', topic: 'a.B_c-9' })],
    [kafka({ role: 'CONSUME' })],
    [on({ dns: [{}] }, [{ port: '53', protocol: 'UDP' }])],
    [on({ l7proto: 'x', l7: [{ a: 'b' }] })],
    [on({ l7proto: 'x', l7: [] })],
  ])('but %j is taken', (rule) => {
    expect(refusal('egress', rule)).toBeUndefined();
  });

  it('by the place of the rule', () => {
    const dns = on({ dns: [{}] });
    const UNSUPPORTED = 'L7 protocols HTTP and Kafka are not supported on host egress';
    expect(refusal('ingress', dns)).toBe('spec.ingress[0]: L7 protocol DNS is not supported on ingress');
    // One among others is enough.
    const beside = { toPorts: [...on({ http }).toPorts, ...dns.toPorts] };
    expect(refusal('ingress', beside)).toBe('spec.ingress[0]: L7 protocol DNS is not supported on ingress');
    expect(refusal('egress', beside, { 'enable-host-firewall': 'true' }, 'nodeSelector')).toBe(
      `spec.egress[0]: ${UNSUPPORTED}`,
    );
    expect(refusal('ingress', on({ http }))).toBeUndefined();
    expect(refusal('ingress', dns, {}, 'nodeSelector')).toBe(
      'spec.ingress[0]: L7 rules are not supported on host ingress',
    );
    expect(refusal('egress', on({ http }), {}, 'nodeSelector')).toBe(`spec.egress[0]: ${UNSUPPORTED}`);
    expect(refusal('egress', on({ kafka: [{}] }), {}, 'nodeSelector')).toBe(`spec.egress[0]: ${UNSUPPORTED}`);
    expect(refusal('egress', dns, {}, 'nodeSelector')).toBeUndefined();
    expect(refusal('egress', on({ l7proto: 'x', l7: [{}] }), {}, 'nodeSelector')).toBeUndefined();
    expect(refusal('egress', on({}), {}, 'nodeSelector')).toBeUndefined();
    expect(refusal('egress', dns, { 'enable-l7-proxy': 'false' })).toBe(
      'spec.egress[0]: L7 rules need enable-l7-proxy in cilium-config',
    );
    expect(refusal('egress', on({}), { 'enable-l7-proxy': 'false' })).toBeUndefined();
    expect(refusal('egress', { toPorts: [{}, { ports: TCP, rules: 1 }] })).toBe(
      'spec.egress[0].toPorts[1].rules must be an object',
    );
  });

  it('but not in a deny rule, where nobody reads them', () => {
    expect(refusal('egressDeny', on(1))).toBeUndefined();
    expect(refusal('egressDeny', { toPorts: [{ ports: TCP, listener: 1, serverNames: 1 }] })).toBeUndefined();
  });
});

describe('TLS and listeners', () => {
  const port = (more: object) => ({ toPorts: [{ ports: TCP, ...more }] });
  it.each<[unknown, string]>([
    [port({ serverNames: 1 }), '.serverNames must be a list'],
    [port({ serverNames: [1] }), '.serverNames[0] must be a string'],
    [port({ serverNames: ['a.io', ''] }), '.serverNames: an empty server name is not allowed'],
    [
      port({ serverNames: ['a.io'], rules: { http } }),
      ': serverNames are not allowed with L7 rules without TLS termination',
    ],
    [port({ terminatingTLS: 1 }), '.terminatingTLS must be an object'],
    [port({ originatingTLS: 1 }), '.originatingTLS must be an object'],
    [port({ listener: 1 }), '.listener must be an object'],
    [port({ listener: { name: 1 } }), '.listener.name must be a string'],
    [
      port({ listener: { name: 'envoy' }, rules: { http } }),
      ': listener is not allowed with L7 rules (envoy)',
    ],
  ])('refused, %j is told by its field', (rule, told) => {
    expect(refusal('egress', rule)).toBe(`${AT}${told}`);
  });

  it('are caveats of what they let through', () => {
    expect(caveats('egress', port({}))).toEqual([]);
    expect(caveats('egress', port({ terminatingTLS: {}, serverNames: ['a.io'], rules: { http } }))).toEqual([
      `${AT}.terminatingTLS (Cilium must be able to read its secret)`,
    ]);
    expect(caveats('egress', port({ originatingTLS: {} }))).toEqual([
      `${AT}.originatingTLS (Cilium must be able to read its secret)`,
    ]);
    expect(caveats('egress', port({ listener: { name: 'envoy' } }))).toEqual([
      `${AT}.listener (an Envoy listener, "envoy", decides what passes)`,
    ]);
    expect(refusal('ingress', port({ listener: { name: 'envoy' } }))).toBe(
      'spec.ingress[0].toPorts[0]: listener is not allowed on ingress (envoy)',
    );
  });

  it('as authentication is', () => {
    const required = 'spec.ingress[0].authentication (mode required: both sides must authenticate)';
    expect(caveats('ingress', { authentication: { mode: 'required' } })).toEqual([required]);
    expect(caveats('ingress', { authentication: { mode: 'disabled' } })).toEqual([]);
    expect(caveats('ingress', { authentication: {} })).toEqual([]);
    expect(caveats('ingressDeny', { authentication: { mode: 'required' } })).toEqual([]);
  });
});

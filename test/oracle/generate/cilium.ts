/** Random CiliumNetworkPolicies and CiliumClusterwideNetworkPolicies that the agent accepts, nearly always. */
import fc from 'fast-check';
import type { KubernetesObject } from '../scenario.ts';
import { ciliumPeer, ciliumSubject, nodeSubject } from './selectors.ts';
import { chance, namespaceNames, portNames, portNumbers, weighted } from './vocabulary.ts';

export type Rule = Record<string, unknown>;
export type Spec = Record<string, unknown>;
export type Direction = 'ingress' | 'egress';

const side = { ingress: 'from', egress: 'to' } as const;

const entity = fc.constantFrom(
  'all',
  'world',
  'cluster',
  'host',
  'remote-node',
  'kube-apiserver',
  'init',
  'unmanaged',
  'health',
  'ingress',
  'none',
);

const cidr = fc.constantFrom(
  '0.0.0.0/0',
  '::/0',
  '10.0.0.0/8',
  '10.244.0.0/16',
  '192.0.2.0/24',
  '192.0.2.7/32',
  '192.0.2.7',
  '2001:db8::/32',
);

const cidrRule = fc.constantFrom<Rule>(
  { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] },
  { cidr: '192.0.2.0/24', except: ['192.0.2.128/25'] },
  { cidr: '10.0.0.0/8', except: ['10.0.0.0/24', '10.244.0.0/16'] },
  { cidr: '::/0', except: ['2001:db8::/32'] },
  { cidr: '0.0.0.0/0' },
);

const fqdn = fc.constantFrom<Rule>(
  { matchName: 'www.example.com' },
  { matchName: 'WWW.Example.com' },
  { matchPattern: '*.example.com' },
  { matchPattern: '**.example.com' },
  { matchPattern: '*' },
  { matchPattern: 'example.*' },
);

const service = weighted<Rule>(
  [
    3,
    fc
      .constantFrom(['web', 'shop'], ['outside', 'data'], ['nothing', 'shop'], ['web', undefined])
      .map(([serviceName, namespace]) => ({ k8sService: { serviceName, ...(namespace && { namespace }) } })),
  ],
  [
    1,
    fc
      .constantFrom<Rule>({ matchLabels: { app: 'web' } }, { matchLabels: { app: 'none' } }, {})
      .map((selector) => ({ k8sServiceSelector: { selector } })),
  ],
);

const few = { minLength: 1, maxLength: 2 };

/** The L3 part: one peer field, filled or empty, or none. */
function peers(direction: Direction, deny: boolean): fc.Arbitrary<Rule> {
  const to = side[direction];
  const field = (name: string, items: fc.Arbitrary<unknown[]>) =>
    items.map((list): Rule => ({ [`${to}${name}`]: list }));
  const both: [number, fc.Arbitrary<Rule>][] = [
    [3, fc.constant({})],
    [7, field('Endpoints', fc.array(ciliumPeer, few))],
    [4, field('Entities', fc.array(entity, few))],
    [1, field('CIDR', fc.array(cidr, few))],
    [1, field('CIDRSet', fc.array(cidrRule, few))],
    [
      1,
      fc
        .constantFrom('Endpoints', 'Entities', 'CIDR', 'CIDRSet', 'Nodes', 'Groups')
        .map((name) => ({ [`${to}${name}`]: [] })),
    ],
  ];
  if (direction === 'ingress') return weighted(...both);
  const egress: [number, fc.Arbitrary<Rule>][] = [
    [1, field('Services', fc.array(service, few))],
    [1, fc.constant({ toServices: [] })],
  ];
  if (deny) return weighted(...both, ...egress);
  return weighted(
    ...both,
    ...egress,
    [1, field('FQDNs', fc.array(fqdn, few))],
    [1, fc.constant({ toFQDNs: [] })],
  );
}

const number = weighted<string>(
  [6, fc.constantFrom(...portNumbers).map(String)],
  [1, fc.constantFrom('0', '0120', '30000', '65535')],
);

const name = fc.constantFrom(...portNames, 'HTTP', 'no-such-port');

const portProtocol: fc.Arbitrary<Rule> = weighted<Rule>(
  [
    5,
    fc.record(
      { port: number, protocol: fc.constantFrom('TCP', 'UDP', 'SCTP', 'ANY', 'tcp') },
      { requiredKeys: ['port'] },
    ),
  ],
  [2, fc.record({ port: name, protocol: fc.constantFrom('TCP', 'UDP', 'ANY') }, { requiredKeys: ['port'] })],
  [
    1,
    fc.constantFrom<Rule>(
      { port: '80', endPort: 8080, protocol: 'TCP' },
      { port: '1', endPort: 65535, protocol: 'ANY' },
      { port: '8080', endPort: 80, protocol: 'TCP' },
      { port: '53', endPort: 53 },
      { port: '30000', endPort: 32767, protocol: 'TCP' },
      { port: 'http', endPort: 9090, protocol: 'TCP' },
      { port: '0', endPort: 443, protocol: 'TCP' },
    ),
  ],
);

const http = fc.constantFrom<Rule>(
  { method: 'GET', path: '/public/.*' },
  {},
  { path: '/' },
  { headers: ['X-A: b'] },
);
const tcp = fc.record({
  port: weighted<string>([3, fc.constantFrom('80', '8080', '443')], [1, name]),
  protocol: fc.constant('TCP'),
});

const plainPorts: fc.Arbitrary<Rule> = fc.array(portProtocol, { maxLength: 3 }).map((ports) => ({ ports }));

const otherL7 = fc.constantFrom<Rule>(
  { ports: [{ port: '9092', protocol: 'TCP' }], rules: { kafka: [{ role: 'produce', topic: 'orders' }] } },
  { ports: [{ port: '9093', protocol: 'TCP' }], rules: { l7proto: 'r2d2', l7: [{ cmd: 'READ' }] } },
  { ports: [{ port: '443', protocol: 'TCP' }], serverNames: ['www.example.com'] },
  {
    ports: [{ port: '8443', protocol: 'TCP' }],
    terminatingTLS: { secret: { name: 'tls' } },
    rules: { http: [{}] },
  },
);

/** A port rule with an L7 part: at most one L7 protocol for each port, as two would not merge. */
function l7Ports(direction: Direction): fc.Arbitrary<Rule> {
  const web = fc
    .tuple(fc.array(tcp, few), fc.array(http, { maxLength: 2 }))
    .map(([ports, rules]): Rule => ({ ports, rules: { http: rules } }));
  if (direction === 'ingress') return weighted([3, web], [1, otherL7]);
  const dns = fc.constant<Rule>({
    ports: [{ port: '53', protocol: 'ANY' }],
    rules: { dns: [{ matchPattern: '*' }] },
  });
  return weighted([4, web], [2, dns], [1, otherL7]);
}

const icmp: fc.Arbitrary<Rule> = fc.record(
  {
    family: fc.constantFrom('IPv4', 'IPv6'),
    type: fc.constantFrom<string | number>(8, 128, 0, 'EchoRequest', 'DestinationUnreachable'),
  },
  { requiredKeys: ['type'] },
);

function ports(direction: Direction, deny: boolean): fc.Arbitrary<Rule> {
  const l7: [number, fc.Arbitrary<Rule>][] = deny
    ? []
    : [[2, fc.array(l7Ports(direction), few).map((toPorts) => ({ toPorts }))]];
  return weighted<Rule>(
    [6, fc.constant({})],
    [7, fc.array(plainPorts, few).map((toPorts) => ({ toPorts }))],
    [
      1,
      fc.constantFrom<Rule>({ toPorts: [] }, { toPorts: [{}] }, { toPorts: [{ ports: [] }] }, { icmps: [] }),
    ],
    [1, fc.array(icmp, few).map((fields) => ({ icmps: [{ fields }] }))],
    ...l7,
  );
}

function rules(direction: Direction, deny: boolean): fc.Arbitrary<Rule[]> {
  const one = fc.tuple(peers(direction, deny), ports(direction, deny)).map(([l3, l4]) => ({ ...l3, ...l4 }));
  return weighted([8, fc.array(one, { minLength: 1, maxLength: 2 })], [1, fc.constant([])]);
}

const defaultDeny = fc.record({ ingress: fc.boolean(), egress: fc.boolean() }, { requiredKeys: [] });

const sections = weighted<Spec>(
  [5, rules('ingress', false).map((ingress) => ({ ingress }))],
  [4, rules('egress', false).map((egress) => ({ egress }))],
  [1, rules('ingress', true).map((ingressDeny) => ({ ingressDeny }))],
  [1, rules('egress', true).map((egressDeny) => ({ egressDeny }))],
  [
    3,
    fc.record(
      {
        ingress: rules('ingress', false),
        ingressDeny: rules('ingress', true),
        egress: rules('egress', false),
        egressDeny: rules('egress', true),
      },
      { requiredKeys: [] },
    ),
  ],
);

/** The spec of a policy about pods. */
export const podSpec: fc.Arbitrary<Spec> = fc
  .tuple(ciliumSubject, sections, weighted([4, fc.constant(undefined)], [1, defaultDeny]))
  .map(([endpointSelector, body, enableDefaultDeny]) => ({
    endpointSelector,
    ...body,
    ...(enableDefaultDeny && { enableDefaultDeny }),
  }));

const nodeSpec: fc.Arbitrary<Spec> = fc
  .tuple(nodeSubject, sections)
  .map(([nodeSelector, body]) => ({ nodeSelector, ...body }));

/** One spec mostly, else several in specs, or both. */
function bodies(spec: fc.Arbitrary<Spec>): fc.Arbitrary<Record<string, unknown>> {
  return weighted<Record<string, unknown>>(
    [8, spec.map((one) => ({ spec: one }))],
    [1, fc.array(spec, few).map((specs) => ({ specs }))],
    [1, fc.tuple(spec, spec).map(([one, two]) => ({ spec: one, specs: [two] }))],
  );
}

export function namespaced(body: Record<string, unknown>, namespace: string): KubernetesObject {
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: '', namespace },
    ...body,
  };
}

export function clusterwide(body: Record<string, unknown>): KubernetesObject {
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumClusterwideNetworkPolicy',
    metadata: { name: '' },
    ...body,
  };
}

export const ciliumNetworkPolicy: fc.Arbitrary<KubernetesObject> = fc
  .tuple(bodies(podSpec), fc.constantFrom(...namespaceNames))
  .map(([body, namespace]) => namespaced(body, namespace));

export const clusterwidePolicy: fc.Arbitrary<KubernetesObject> = chance(20)
  .chain((node) => bodies(node ? nodeSpec : podSpec))
  .map(clusterwide);

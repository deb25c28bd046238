/** Cilium policies that the agent refuses or does not import: each shape that verdicts.md names, and more of the sanitiser's. */
import fc from 'fast-check';
import type { KubernetesObject } from '../scenario.ts';
import { clusterwide, namespaced, podSpec, type Rule, type Spec } from './cilium.ts';
import { namespaceNames, weighted } from './vocabulary.ts';

const everyone = { endpointSelector: {} };
const web = { ports: [{ port: '80', protocol: 'TCP' }] };
const labelled = [{ matchLabels: { app: 'web' } }];

const ingress = (rule: Rule): Spec => ({ ...everyone, ingress: [rule] });
const egress = (rule: Rule): Spec => ({ ...everyone, egress: [rule] });
const ports = (...list: Rule[]): Rule => ({ toPorts: [{ ports: list }] });
const selecting = (selector: unknown): Spec => ({ endpointSelector: selector, ingress: [{}] });

/** Some of these are near misses that the agent accepts: the line between is what is asked. */
const specs: Spec[] = [
  // Nothing to enforce.
  everyone,
  { ...everyone, ingress: [], egress: [] },
  { ...everyone, ingress: [], enableDefaultDeny: { ingress: true } },
  { ...everyone, enableDefaultDeny: { ingress: true, egress: true } },
  // The subject.
  { ingress: [{}] },
  { endpointSelector: {}, nodeSelector: {}, ingress: [{}] },
  { nodeSelector: {}, ingress: [{}] },
  selecting({ matchLabels: { 'a b': 'x' } }),
  selecting({ matchLabels: { app: 'not a value' } }),
  selecting({ matchExpressions: [{ key: 'app', operator: 'In' }] }),
  selecting({ matchExpressions: [{ key: 'app', operator: 'Exists', values: ['x'] }] }),
  selecting({ matchExpressions: [{ key: 'app', operator: 'Is', values: ['x'] }] }),
  // Peers.
  ingress({ fromEndpoints: labelled, fromEntities: ['world'] }),
  ingress({ fromCIDR: ['10.0.0.0/8'], fromCIDRSet: [{ cidr: '10.0.0.0/8' }] }),
  egress({ toEndpoints: labelled, toFQDNs: [{ matchName: 'a.example.com' }] }),
  egress({ toEntities: ['world'], toServices: [{ k8sService: { serviceName: 'web', namespace: 'shop' } }] }),
  ingress({ fromEndpoints: [], fromEntities: ['world'] }),
  ingress({ fromEntities: ['everyone'] }),
  ingress({ fromCIDR: ['10.0.0.0/33'] }),
  ingress({ fromCIDR: ['ten'] }),
  ingress({ fromCIDRSet: [{ cidr: '10.0.0.0/8', except: ['192.0.2.0/24'] }] }),
  ingress({ fromCIDRSet: [{ cidr: '10.0.0.0' }] }),
  ingress({ fromCIDRSet: [{}] }),
  ingress({ fromCIDRSet: [{ cidr: '10.0.0.0/8', cidrGroupRef: 'group' }] }),
  ingress({ fromNodes: [{}] }),
  egress({ toNodes: [{ matchLabels: { role: 'edge' } }] }),
  ingress({ fromEndpoints: [{ matchLabels: { 'k8s:': 'x' } }] }),
  egress({ toFQDNs: [{ matchName: 'a.example.com', matchPattern: '*.example.com' }] }),
  egress({ toFQDNs: [{ matchName: 'a b' }] }),
  egress({ toFQDNs: [{ matchPattern: 'a[b].com' }] }),
  egress({ toFQDNs: [{}] }),
  // Ports.
  ingress(ports({ port: '65536', protocol: 'TCP' })),
  ingress(ports({ port: '-1', protocol: 'TCP' })),
  ingress(ports({ port: '', protocol: 'TCP' })),
  ingress(ports({ protocol: 'TCP' })),
  ingress(ports({ port: 'a_b', protocol: 'TCP' })),
  ingress(ports({ port: 'sixteen-letters-', protocol: 'TCP' })),
  ingress(ports({ port: '80', protocol: 'HTTP' })),
  ingress(ports({ port: '80', protocol: 'ICMP' })),
  ingress(ports({ port: '0x50', protocol: 'TCP' })),
  ingress(ports({ port: '080', protocol: 'TCP' })),
  ingress(ports(...Array.from({ length: 40 }, (_, i) => ({ port: String(i + 70), protocol: 'TCP' })))),
  ingress(ports(...Array.from({ length: 41 }, (_, i) => ({ port: String(i + 70), protocol: 'TCP' })))),
  ingress({ icmps: [{ fields: [{ type: 8 }] }], toPorts: [web] }),
  ingress({ icmps: [{ fields: [{ type: 256 }] }] }),
  ingress({ icmps: [{ fields: [{ type: 'NoSuchType' }] }] }),
  ingress({ icmps: [{ fields: [{ type: 8, family: 'IPv5' }] }] }),
  { ...everyone, ingressDeny: [{ icmps: [{ fields: [{ type: 8 }] }], toPorts: [web] }] },
  // L7.
  ingress({
    toPorts: [{ ports: [{ port: '53', protocol: 'UDP' }], rules: { dns: [{ matchPattern: '*' }] } }],
  }),
  ingress({ toPorts: [{ ports: [{ port: '80', protocol: 'UDP' }], rules: { http: [{}] } }] }),
  ingress({ toPorts: [{ ports: [{ port: '80' }], rules: { http: [{}] } }] }),
  ingress({ toPorts: [{ ports: [{ port: '0', protocol: 'TCP' }], rules: { http: [{}] } }] }),
  ingress({ toPorts: [{ ...web, rules: { http: [{ path: '(' }] } }] }),
  ingress({ toPorts: [{ ...web, rules: { http: [{}], kafka: [{ topic: 'x' }] } }] }),
  ingress({ toPorts: [{ ...web, rules: { l7: [{ a: 'b' }] } }] }),
  ingress({ toPorts: [{ ...web, rules: { kafka: [{ apiKey: 'unknown' }] } }] }),
  ingress({ toPorts: [{ ...web, rules: { http: [{}] }, serverNames: ['a.example.com'] }] }),
  ingress({ toPorts: [{ ...web, serverNames: [''] }] }),
  ingress({ toPorts: [{ ...web, rules: { http: [] } }] }),
  ingress({ toPorts: [{ ...web, listener: { name: 'x', envoyConfig: { name: 'y' } } }] }),
  egress({ toPorts: [{ rules: { dns: [{ matchPattern: '*' }] } }] }),
  egress({
    toPorts: [
      { ports: [{ port: '53', endPort: 54, protocol: 'UDP' }], rules: { dns: [{ matchPattern: '*' }] } },
    ],
  }),
  { ...everyone, ingressDeny: [{ toPorts: [{ ...web, rules: { http: [{}] } }] }] },
  // Left to the operator.
  egress({ toGroups: [{ aws: { securityGroupsIds: ['sg-1'] } }] }),
  ingress({ fromGroups: [{ aws: { region: 'x' } }] }),
  { ...everyone, egressDeny: [{ toGroups: [{ aws: { region: 'x' } }] }] },
];

/** Alone, or beside a sound spec that it takes down with it. */
const bodies: fc.Arbitrary<Record<string, unknown>> = weighted<Record<string, unknown>>(
  [4, fc.constantFrom(...specs).map((spec) => ({ spec }))],
  [1, fc.tuple(fc.constantFrom(...specs), podSpec).map(([bad, good]) => ({ spec: good, specs: [bad] }))],
  [1, fc.tuple(fc.constantFrom(...specs), podSpec).map(([bad, good]) => ({ specs: [good, bad] }))],
  [1, fc.constantFrom<Record<string, unknown>>({}, { specs: [] }, { spec: null })],
);

export const refusedPolicy: fc.Arbitrary<KubernetesObject> = weighted(
  [
    3,
    fc
      .tuple(bodies, fc.constantFrom(...namespaceNames))
      .map(([body, namespace]) => namespaced(body, namespace)),
  ],
  [1, bodies.map(clusterwide)],
);

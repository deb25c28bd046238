/** Random NetworkPolicies as the API server stores them: policyTypes filled in, most of the time. */
import fc from 'fast-check';
import type { KubernetesObject } from '../scenario.ts';
import { namespaceSelector, podSelector } from './selectors.ts';
import { namespaceNames, portNames, portNumbers, weighted } from './vocabulary.ts';

type Part = Record<string, unknown>;

const ipBlock = fc.constantFrom<Part>(
  { cidr: '0.0.0.0/0' },
  { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] },
  { cidr: '10.244.0.0/16' },
  { cidr: '192.0.2.0/24', except: ['192.0.2.128/25'] },
  { cidr: '::/0' },
);

const peer: fc.Arbitrary<Part> = weighted<Part>(
  [4, podSelector.map((selector) => ({ podSelector: selector }))],
  [3, namespaceSelector.map((selector) => ({ namespaceSelector: selector }))],
  [
    2,
    fc
      .tuple(namespaceSelector, podSelector)
      .map(([namespaces, pods]) => ({ namespaceSelector: namespaces, podSelector: pods })),
  ],
  [2, ipBlock.map((block) => ({ ipBlock: block }))],
);

const protocol = fc.constantFrom('TCP', 'UDP', 'SCTP');

const port: fc.Arbitrary<Part> = weighted<Part>(
  [
    4,
    fc.record(
      { port: fc.constantFrom<number | string>(...portNumbers), protocol },
      { requiredKeys: ['port'] },
    ),
  ],
  [
    2,
    fc.record({ port: fc.constantFrom<number | string>(...portNames), protocol }, { requiredKeys: ['port'] }),
  ],
  [1, fc.constantFrom<Part>({ port: 80, endPort: 8080, protocol: 'TCP' }, { port: 30000, endPort: 32767 })],
  [1, fc.record({ protocol }, { requiredKeys: [] })],
);

function rules(side: 'from' | 'to'): fc.Arbitrary<Part[]> {
  const peers = weighted<Part>(
    [2, fc.constant({})],
    [6, fc.array(peer, { minLength: 1, maxLength: 2 }).map((list) => ({ [side]: list }))],
    [1, fc.constant({ [side]: [] })],
  );
  const ports = weighted<Part>(
    [3, fc.constant({})],
    [4, fc.array(port, { minLength: 1, maxLength: 2 }).map((list) => ({ ports: list }))],
    [1, fc.constant({ ports: [] })],
  );
  return fc.array(
    fc.tuple(peers, ports).map(([l3, l4]) => ({ ...l3, ...l4 })),
    { maxLength: 2 },
  );
}

const types = weighted<string[] | undefined>(
  [6, fc.subarray(['Ingress', 'Egress'], { minLength: 1 })],
  [1, fc.constant(undefined)],
);

export const networkPolicy: fc.Arbitrary<KubernetesObject> = fc
  .tuple(
    podSelector,
    fc.record({ ingress: rules('from'), egress: rules('to') }, { requiredKeys: [] }),
    types,
    fc.constantFrom(...namespaceNames),
  )
  .map(([selector, sections, policyTypes, namespace]) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: '', namespace },
    spec: { podSelector: selector, ...sections, ...(policyTypes && { policyTypes }) },
  }));

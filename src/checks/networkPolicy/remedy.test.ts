// What a policy that is proposed lets through, beyond what the check can tell.

import { describe, expect, it } from 'vitest';
import { firstWay, remediesFor } from '../testing/remedies.ts';
import { networkPolicy } from './index.ts';

const deployment = (name: string, namespace = 'shop', more = '') => `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {${more} containers: [{name: main, image: x}]}
`;
const CILIUM = `---
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
`;
const shop = CILIUM + deployment('web') + deployment('db');
const propose = (params: object, yaml: string) =>
  firstWay(remediesFor(networkPolicy, { endpoints: [{}], ...params }, yaml));

describe('an isolating policy', () => {
  it('leaves the namespace to itself, and lets in the peers of except', () => {
    const except = [{ namespace: 'gateway' }, { cidr: '192.0.2.0/24' }, { entity: 'kube-apiserver' }];
    const { objects, decide } = propose({ except }, shop);
    expect(objects).toEqual([
      {
        apiVersion: 'cilium.io/v2',
        kind: 'CiliumNetworkPolicy',
        metadata: { name: 'isolate', namespace: 'shop' },
        spec: {
          endpointSelector: {},
          ingress: [
            { fromEndpoints: [{}] },
            { fromEndpoints: [{ matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'gateway' } }] },
            { fromCIDR: ['192.0.2.0/24'] },
            { fromEntities: ['kube-apiserver'] },
          ],
        },
      },
    ]);
    expect(decide).toContain('only pods of their own namespace, the peers of except');
  });

  it('lets DNS out, to the pods that the Service names, and says so', () => {
    const service = `---
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec: {selector: {app.kubernetes.io/name: coredns}, ports: [{port: 53, protocol: UDP}]}
`;
    const { objects, decide } = propose({ isolated: ['Egress'] }, shop + service);
    expect(objects).toMatchObject([
      {
        spec: {
          egress: [
            { toEndpoints: [{}] },
            {
              toEndpoints: [
                {
                  matchLabels: {
                    'k8s:io.kubernetes.pod.namespace': 'kube-system',
                    'app.kubernetes.io/name': 'coredns',
                  },
                },
              ],
              toPorts: [
                {
                  ports: [
                    { port: '53', protocol: 'UDP' },
                    { port: '53', protocol: 'TCP' },
                  ],
                },
              ],
            },
          ],
        },
      },
    ]);
    expect(decide).toContain('DNS is let through');
    expect(decide).not.toContain('taken to be labelled');
    expect(propose({ isolated: ['Egress'] }, shop).decide).toContain('taken to be labelled k8s-app=kube-dns');
  });

  it('selects the open workloads alone where others of the entry are closed, by labels that last', () => {
    const closed = `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: db, namespace: shop}
spec: {endpointSelector: {matchLabels: {app: db}}, ingress: [{}]}
`;
    const { objects } = propose({}, shop + closed);
    expect(objects).toMatchObject([
      { metadata: { name: 'isolate-web' }, spec: { endpointSelector: { matchLabels: { app: 'web' } } } },
    ]);
    expect(JSON.stringify(objects)).not.toContain('pod-template-hash');
  });

  it('is a NetworkPolicy where Cilium is not served', () => {
    const except = [{ namespace: 'gateway', podSelector: { matchLabels: { app: 'envoy' } } }];
    const { objects } = propose({ except }, deployment('web'));
    expect(objects).toEqual([
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'isolate', namespace: 'shop' },
        spec: {
          podSelector: {},
          policyTypes: ['Ingress'],
          ingress: [
            { from: [{ podSelector: {} }] },
            {
              from: [
                {
                  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'gateway' } },
                  podSelector: { matchLabels: { app: 'envoy' } },
                },
              ],
            },
          ],
        },
      },
    ]);
  });

  it('takes a name that no policy has', () => {
    const taken = `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: isolate, namespace: shop}
spec: {endpointSelector: {matchLabels: {app: none}}, ingress: [{}]}
`;
    expect(propose({}, shop + taken).objects).toMatchObject([{ metadata: { name: 'isolate-2' } }]);
  });
});

describe('a policy for a flow', () => {
  it('is one for the pods of the flow alone, and isolates nobody', () => {
    const from = { namespace: 'gateway', podSelector: { matchLabels: { app: 'envoy' } } };
    const to = { podSelector: { matchLabels: { app: 'web' } } };
    const allow = [{ from, to, ports: ['8080/TCP'] }];
    const { objects } = propose({ allow }, shop + deployment('envoy', 'gateway'));
    expect(objects).toMatchObject([
      { metadata: { name: 'isolate' }, spec: { ingress: [{ fromEndpoints: [{}] }] } },
      {
        metadata: { name: 'allow-web' },
        spec: {
          endpointSelector: { matchLabels: { app: 'web' } },
          enableDefaultDeny: { ingress: false },
          ingress: [{ toPorts: [{ ports: [{ port: '8080', protocol: 'TCP' }] }] }],
        },
      },
    ]);
  });

  it('is not made for what the namespace, an exception or the node may do anyway', () => {
    const allow = [
      { from: { podSelector: { matchLabels: { app: 'web' } } }, ports: ['5432/TCP'] },
      { from: { namespace: 'gateway' }, ports: ['80/TCP'] },
      { from: { entity: 'host' }, ports: ['80/TCP'] },
    ];
    const { objects } = propose(
      { except: [{ namespace: 'gateway' }], allow },
      shop + deployment('envoy', 'gateway'),
    );
    expect(objects).toHaveLength(1);
    expect(objects).toMatchObject([{ spec: { ingress: { length: 2 } } }]);
  });

  it('names the nodes for pods on their network, and says what that means', () => {
    const allow = [{ from: { namespace: 'agents' }, ports: ['80/TCP'] }];
    const { objects, decide } = propose(
      { allow },
      shop + deployment('agent', 'agents', 'hostNetwork: true,'),
    );
    expect(JSON.stringify(objects)).toContain('"fromEntities":["remote-node"]');
    expect(decide).toContain('every node is let through');
  });
});

describe('a rule that lets everybody through', () => {
  it('is taken out where the policy already has what it would become', () => {
    const policy = `---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  endpointSelector: {}
  ingress: [{fromEndpoints: [{}]}, {fromEntities: [all]}]
`;
    expect(propose({}, shop + policy).objects).toEqual([
      expect.objectContaining({ spec: { ingress: [{ fromEndpoints: [{}] }] } }),
    ]);
  });
});

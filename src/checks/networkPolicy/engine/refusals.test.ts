// What is refused of a Cilium policy's rules and peers, and in which words. That Cilium refuses them
// is what test/oracle asks Cilium; here it is the words that are held.

import { describe, expect, it } from 'vitest';
import { compileCilium } from './cilium-rules.ts';
import { ciliumSettings } from './config.ts';
import type { PolicyInput } from './rules.ts';

const SECTION = {
  ingress: 'ingress',
  egress: 'egress',
  ingressDeny: 'ingressDeny',
  egressDeny: 'egressDeny',
};

function refusal(
  spec: unknown,
  config: Readonly<Record<string, string>> = {},
  kind: PolicyInput['kind'] = 'CiliumNetworkPolicy',
) {
  const policy: PolicyInput = { kind, meta: { name: 'policy', namespace: 'shop' }, spec };
  return compileCilium(policy, ciliumSettings(config), []).invalid;
}

const inSection = (section: keyof typeof SECTION, rule: unknown, config?: Readonly<Record<string, string>>) =>
  refusal({ endpointSelector: {}, [section]: [rule] }, config);

const MANY = '; make it two rules';
const LONG = 'a'.repeat(256);

describe('a rule that Cilium refuses is told by its field', () => {
  it.each<[unknown, string]>([
    ['x', ' must be an object'],
    [{ fromEndpoints: 'x' }, '.fromEndpoints must be a list'],
    [{ fromEndpoints: [{}, 1] }, '.fromEndpoints[1] must be an object'],
    [{ fromEndpoints: [null] }, '.fromEndpoints[0] must be an object'],
    [{ fromEndpoints: [[]] }, '.fromEndpoints[0] must be an object'],
    [{ fromEndpoints: [{ matchLabels: 1 }] }, '.fromEndpoints[0].matchLabels must be an object'],
    [{ fromEndpoints: [{ matchLabels: { a: 1 } }] }, '.fromEndpoints[0].matchLabels.a must be a string'],
    [{ fromEndpoints: [{ matchExpressions: 1 }] }, '.fromEndpoints[0].matchExpressions must be a list'],
    [
      { fromEndpoints: [{ matchExpressions: [1] }] },
      '.fromEndpoints[0].matchExpressions[0] must be an object',
    ],
    [
      { fromEndpoints: [{ matchExpressions: [{ key: 1 }] }] },
      '.fromEndpoints[0].matchExpressions[0].key must be a string',
    ],
    [
      { fromEndpoints: [{ matchExpressions: [{ key: 'a', operator: 1 }] }] },
      '.fromEndpoints[0].matchExpressions[0].operator must be a string',
    ],
    [
      { fromEndpoints: [{ matchExpressions: [{ key: 'a', operator: 'In', values: 1 }] }] },
      '.fromEndpoints[0].matchExpressions[0].values must be a list',
    ],
    [
      { fromEndpoints: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 1] }] }] },
      '.fromEndpoints[0].matchExpressions[0].values[1] must be a string',
    ],
    [
      { fromEndpoints: [{ matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }] }] },
      '.fromEndpoints[0]: invalid label selector: "Gt" is not a valid operator',
    ],
    [{ fromNodes: 'x' }, '.fromNodes must be a list'],
    [{ fromNodes: [{}] }, '.fromNodes needs enable-node-selector-labels in cilium-config'],
    [{ fromEntities: 'x' }, '.fromEntities must be a list'],
    [{ fromEntities: ['world', 1] }, '.fromEntities[1] must be a string'],
    [{ fromEntities: ['moon'] }, '.fromEntities[0]: unsupported entity "moon"'],
    [{ fromCIDR: 'x' }, '.fromCIDR must be a list'],
    [{ fromCIDR: ['10.0.0.0/8', 1] }, '.fromCIDR[1] must be a string'],
    [{ fromCIDR: ['10.0.0.0/33'] }, '.fromCIDR[0]: unable to parse CIDR "10.0.0.0/33"'],
    [{ fromCIDRSet: 'x' }, '.fromCIDRSet must be a list'],
    [{ fromCIDRSet: [1] }, '.fromCIDRSet[0] must be an object'],
    [{ fromCIDRSet: [{ cidr: 1 }] }, '.fromCIDRSet[0].cidr must be a string'],
    [{ fromCIDRSet: [{ cidrGroupRef: 1 }] }, '.fromCIDRSet[0].cidrGroupRef must be a string'],
    [{ fromCIDRSet: [{ cidrGroupSelector: 1 }] }, '.fromCIDRSet[0].cidrGroupSelector must be an object'],
    [
      { fromCIDRSet: [{ cidrGroupSelector: { matchLabels: { '': 'x' } } }] },
      '.fromCIDRSet[0].cidrGroupSelector: invalid label selector: "any." is not a valid label key',
    ],
    [
      { fromCIDRSet: [{}] },
      '.fromCIDRSet[0]: exactly one of cidr, cidrGroupRef and cidrGroupSelector must be set',
    ],
    [
      { fromCIDRSet: [{ cidr: '10.0.0.0/8', cidrGroupRef: 'x' }] },
      '.fromCIDRSet[0]: exactly one of cidr, cidrGroupRef and cidrGroupSelector must be set',
    ],
    [
      { fromCIDRSet: [{ cidrGroupRef: 'x', cidrGroupSelector: {} }] },
      '.fromCIDRSet[0]: exactly one of cidr, cidrGroupRef and cidrGroupSelector must be set',
    ],
    [{ fromCIDRSet: [{ cidr: '10.0.0.1' }] }, '.fromCIDRSet[0].cidr: unable to parse "10.0.0.1"'],
    [{ fromCIDRSet: [{ cidr: '10.0.0.0/8', except: 'x' }] }, '.fromCIDRSet[0].except must be a list'],
    [{ fromCIDRSet: [{ cidr: '10.0.0.0/8', except: [1] }] }, '.fromCIDRSet[0].except[0] must be a string'],
    [
      { fromCIDRSet: [{ cidr: '10.0.0.0/8', except: ['10.1.0.1'] }] },
      '.fromCIDRSet[0].except: unable to parse "10.1.0.1"',
    ],
    ...['9.255.0.0/16', '11.0.0.0/16', '::a00:0/100'].map((hole): [unknown, string] => [
      { fromCIDRSet: [{ cidr: '10.0.0.0/8', except: [hole] }] },
      `.fromCIDRSet[0]: 10.0.0.0/8 does not contain its exception ${hole}`,
    ]),
    [
      { fromEndpoints: [{}], fromEntities: ['world'] },
      `: combining fromEndpoints and fromEntities is not supported${MANY}`,
    ],
    [
      { fromEndpoints: [{}], fromNodes: [{}] },
      `: combining fromEndpoints and fromNodes is not supported${MANY}`,
    ],
    [
      { fromCIDR: ['10.0.0.0/8'], fromCIDRSet: [{ cidr: '10.0.0.0/8' }] },
      `: combining fromCIDR and fromCIDRSet is not supported${MANY}`,
    ],
    [{ authentication: 1 }, '.authentication must be an object'],
    [{ authentication: { mode: 1 } }, '.authentication.mode must be a string'],
  ])('at ingress: %j', (rule, told) => {
    expect(inSection('ingress', rule)).toBe(`spec.ingress[0]${told}`);
  });

  it.each<[unknown, string]>([
    [{ toEndpoints: 'x' }, '.toEndpoints must be a list'],
    [
      { toEndpoints: [{}], toFQDNs: [{ matchName: 'a.io' }] },
      `: combining toEndpoints and toFQDNs is not supported${MANY}`,
    ],
    [
      { toEntities: ['world'], toServices: [{}] },
      `: combining toEntities and toServices is not supported${MANY}`,
    ],
    [{ toFQDNs: 'x' }, '.toFQDNs must be a list'],
    [{ toFQDNs: [1] }, '.toFQDNs[0] must be an object'],
    [{ toFQDNs: [{ matchName: 1 }] }, '.toFQDNs[0].matchName must be a string'],
    [{ toFQDNs: [{ matchPattern: 1 }] }, '.toFQDNs[0].matchPattern must be a string'],
    [
      { toFQDNs: [{ matchName: 'a.io', matchPattern: '*.io' }] },
      '.toFQDNs[0]: only one of matchName and matchPattern is allowed',
    ],
    [{ toFQDNs: [{ matchName: 'a!.io' }] }, '.toFQDNs[0]: invalid characters in matchName "a!.io"'],
    [{ toFQDNs: [{ matchName: '*.io' }] }, '.toFQDNs[0]: invalid characters in matchName "*.io"'],
    [{ toFQDNs: [{ matchPattern: '!*.io' }] }, '.toFQDNs[0]: invalid characters in matchPattern "!*.io"'],
    [{ toFQDNs: [{ matchPattern: '*.io!' }] }, '.toFQDNs[0]: invalid characters in matchPattern "*.io!"'],
    [{ toFQDNs: [{ matchPattern: LONG }] }, '.toFQDNs[0]: matchPattern is longer than 255 characters'],
    [{ toServices: 'x' }, '.toServices must be a list'],
    [{ toServices: [{}, 1] }, '.toServices[1] must be an object'],
    [{ toServices: [{ k8sServiceSelector: 1 }] }, '.toServices[0].k8sServiceSelector must be an object'],
    [
      { toServices: [{ k8sServiceSelector: { namespace: 1 } }] },
      '.toServices[0].k8sServiceSelector.namespace must be a string',
    ],
    [
      { toServices: [{ k8sServiceSelector: { selector: { matchLabels: 1 } } }] },
      '.toServices[0].k8sServiceSelector.selector.matchLabels must be an object',
    ],
    [{ toServices: [{ k8sService: 1 }] }, '.toServices[0].k8sService must be an object'],
    [
      { toServices: [{ k8sService: { namespace: 1 } }] },
      '.toServices[0].k8sService.namespace must be a string',
    ],
    [
      { toServices: [{ k8sService: { serviceName: 1 } }] },
      '.toServices[0].k8sService.serviceName must be a string',
    ],
  ])('at egress: %j', (rule, told) => {
    expect(inSection('egress', rule)).toBe(`spec.egress[0]${told}`);
  });

  it('in the deny sections too', () => {
    expect(inSection('ingressDeny', { fromCIDR: ['x'] })).toBe(
      'spec.ingressDeny[0].fromCIDR[0]: unable to parse CIDR "x"',
    );
    expect(inSection('egressDeny', { toServices: [1] })).toBe(
      'spec.egressDeny[0].toServices[0] must be an object',
    );
  });

  it('with the index of its own', () => {
    expect(refusal({ endpointSelector: {}, ingress: [{}, { fromCIDR: ['x'] }] })).toBe(
      'spec.ingress[1].fromCIDR[0]: unable to parse CIDR "x"',
    );
  });

  it('where nodes may be peers, by the node selector', () => {
    const config = { 'enable-node-selector-labels': 'true' };
    expect(inSection('ingress', { fromNodes: [1] }, config)).toBe(
      'spec.ingress[0].fromNodes[0] must be an object',
    );
    expect(inSection('ingress', { fromNodes: [{ matchLabels: { '': '' } }] }, config)).toBe(
      'spec.ingress[0].fromNodes[0]: invalid label selector: "any." is not a valid label key',
    );
    expect(inSection('ingress', { fromNodes: [{}] }, config)).toBeUndefined();
  });
});

describe('a rule at the edge of what Cilium refuses is taken', () => {
  it.each<[keyof typeof SECTION, unknown]>([
    ['ingress', { fromEndpoints: null, fromCIDR: null }],
    ['ingress', { fromEndpoints: [{}], fromEntities: [] }],
    ['ingress', { fromCIDR: ['10.0.0.1'] }],
    ['ingress', { fromCIDRSet: [{ cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] }] }],
    ['ingress', { fromCIDRSet: [{ cidr: '10.0.0.0/8', except: ['10.255.255.255/32'] }] }],
    ['ingress', { fromCIDRSet: [{ cidrGroupSelector: {} }] }],
    ['ingress', { authentication: { mode: 'required' } }],
    // What a section does not know, it does not read.
    ['ingress', { toServices: 'x', toFQDNs: 'x', toEndpoints: 'x' }],
    ['egress', { fromEndpoints: 'x' }],
    ['egressDeny', { toFQDNs: 'x' }],
    ['ingressDeny', { authentication: 1 }],
    ['egress', { toFQDNs: [{ matchPattern: LONG.slice(1) }] }],
    ['egress', { toServices: [{}] }],
  ])('%s: %j', (section, rule) => {
    expect(inSection(section, rule)).toBeUndefined();
  });
});

describe('a policy that Cilium refuses is told by its field', () => {
  const rule = [{}];
  it.each<[unknown, string]>([
    [undefined, 'spec and specs are both missing'],
    [1, 'spec must be an object'],
    [{ endpointSelector: {} }, 'spec must have at least one of ingress, ingressDeny, egress, egressDeny'],
    [
      { endpointSelector: {}, ingress: [], egress: [], ingressDeny: [], egressDeny: [] },
      'spec must have at least one of ingress, ingressDeny, egress, egressDeny',
    ],
    [{ endpointSelector: {}, ingress: 'x' }, 'ingress must be a list'],
    [{ endpointSelector: {}, ingressDeny: 'x' }, 'ingressDeny must be a list'],
    [{ endpointSelector: {}, egress: 'x' }, 'egress must be a list'],
    [{ endpointSelector: {}, egressDeny: 'x' }, 'egressDeny must be a list'],
    [{ ingress: rule }, 'spec must have one of endpointSelector or nodeSelector'],
    [
      { endpointSelector: {}, nodeSelector: {}, ingress: rule },
      'spec cannot have both endpointSelector and nodeSelector',
    ],
    [{ endpointSelector: 1, ingress: rule }, 'spec.endpointSelector must be an object'],
    [{ nodeSelector: 1, ingress: rule }, 'spec.nodeSelector must be an object'],
    [
      { endpointSelector: { matchLabels: 1 }, ingress: rule },
      'spec.endpointSelector.matchLabels must be an object',
    ],
    [{ nodeSelector: { matchLabels: 1 }, ingress: rule }, 'spec.nodeSelector.matchLabels must be an object'],
    [{ nodeSelector: {}, ingress: rule }, 'spec: nodeSelector is for CiliumClusterwideNetworkPolicy only'],
    [
      { endpointSelector: {}, enableDefaultDeny: 1, ingress: rule },
      'spec.enableDefaultDeny must be an object',
    ],
    [
      { endpointSelector: {}, enableDefaultDeny: { ingress: 'no' }, ingress: rule },
      'spec.enableDefaultDeny.ingress must be true or false',
    ],
    [
      { endpointSelector: {}, enableDefaultDeny: { egress: 'no' }, egress: rule },
      'spec.enableDefaultDeny.egress must be true or false',
    ],
  ])('%j', (spec, told) => {
    expect(refusal(spec)).toBe(told);
  });

  it('that is in specs, by its place there', () => {
    const of = (specs: unknown) =>
      compileCilium(
        { kind: 'CiliumNetworkPolicy', meta: { name: 'policy', namespace: 'shop' }, specs },
        ciliumSettings({}),
        [],
      ).invalid;
    expect(of('x')).toBe('specs must be a list');
    expect(of([1])).toBe('specs[0] must be an object');
    expect(of([{ endpointSelector: {}, ingress: rule }, { ingress: rule }])).toBe(
      'specs[1] must have one of endpointSelector or nodeSelector',
    );
    expect(of([{ endpointSelector: {}, ingress: ['x'] }])).toBe('specs[0].ingress[0] must be an object');
    expect(of([])).toBeUndefined();
  });

  it('but a nodeSelector is taken of a cluster-wide policy', () => {
    expect(
      refusal({ nodeSelector: {}, ingress: rule }, {}, 'CiliumClusterwideNetworkPolicy'),
    ).toBeUndefined();
  });
});

// What the check reads: no more than its parameters and the policies call for, all at once, and nothing passes where a
// read fails.

import { describe, expect, it } from 'vitest';
import type { Meta, Namespace, Pod, Policy } from '../../facts/kinds.ts';
import type { Facts, Unknowable } from '../../facts/view.ts';
import { networkPolicy } from './index.ts';

const meta = (name: string, namespace: string, labels: Record<string, string> = {}): Meta => ({
  name,
  namespace,
  uid: `${namespace}/${name}`,
  generation: 1,
  labels,
  annotations: {},
  creationTimestamp: '2026-01-01T00:00:00Z',
  owners: [],
  managers: [],
});

const pod = (name: string, namespace: string, port: number, phase = 'Running'): Pod => ({
  meta: meta(name, namespace, { app: name }),
  spec: {
    serviceAccountName: 'default',
    hostNetwork: false,
    containers: [{ name: 'c', ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }] }],
    initContainers: [],
  },
  status: { phase, ready: true } as Pod['status'],
});

const policy = (more: object, namespace = 'shop'): Policy =>
  ({ kind: 'CiliumNetworkPolicy', meta: meta('p', namespace), ...more }) as Policy;

const ports = (port: string) => [{ ports: [{ port, protocol: 'TCP' }] }];
const egress = (...rules: object[]) => policy({ spec: { endpointSelector: {}, egress: rules } });
const SERVICES = { toServices: [{ k8sService: { serviceName: 'api', namespace: 'shop' } }] };

interface Cluster {
  Pod?: readonly Pod[];
  CiliumNetworkPolicy?: readonly Policy[];
  NetworkPolicy?: readonly Policy[];
  Namespace?: readonly Namespace[];
  /** Whether Cilium's kinds are served. */
  cilium?: boolean;
  config?: Readonly<Record<string, string>>;
  /** By "Kind namespace", or by kind where it is away everywhere. */
  away?: Readonly<Record<string, Unknowable>>;
}

/** Judges, and says what was asked for in which order: "Kind namespace". */
function judge(params: object, cluster: Cluster) {
  const asked: string[] = [];
  const list = (kind: string, namespace?: string) => {
    const key = `${kind} ${namespace ?? '*'}`;
    asked.push(key);
    const away = cluster.away?.[key] ?? cluster.away?.[kind];
    if (away) return away;
    const all = (cluster[kind as 'Pod'] ?? []) as readonly { meta: Meta }[];
    const value = all.filter((object) => namespace === undefined || object.meta.namespace === namespace);
    return { state: 'known', value, served: !kind.startsWith('Cilium') || (cluster.cilium ?? true) };
  };
  const get = (kind: string, namespace: string, name: string) => {
    asked.push(`${kind} ${namespace}/${name}`);
    const away = cluster.away?.[kind];
    if (away) return away;
    return cluster.config
      ? { state: 'known', value: { meta: meta(name, namespace), data: cluster.config } }
      : { state: 'absent', served: true };
  };
  const judgement = networkPolicy.judge(networkPolicy.schema.parse(params), {
    facts: { list, get } as unknown as Facts,
    now: new Date('2026-01-17T12:00:00Z'),
    namespace: 'shop',
  });
  return { ...judgement, asked };
}

const ENDPOINTS = [{ namespace: 'shop' }];
const OPS = [{ namespace: 'ops' }];
const FORBIDDEN = (message: string): Unknowable => ({ state: 'failed', reason: 'Forbidden', message });
const PENDING: Unknowable = { state: 'pending', message: 'not here yet' };
const both = [pod('web', 'shop', 8080), pod('api', 'ops', 9000)];

const ALWAYS = ['CiliumClusterwideNetworkPolicy *', 'ConfigMap kube-system/cilium-config', 'Namespace *'];
const inNamespaces = (...names: string[]) =>
  [
    ...ALWAYS,
    ...['Pod', 'CiliumNetworkPolicy', 'NetworkPolicy'].flatMap((kind) =>
      names.map((name) => `${kind} ${name}`),
    ),
  ].sort();

describe('what is asked for', () => {
  const flow = (side: object) => ({ endpoints: ENDPOINTS, allow: [side] });

  it.each<[string, object, readonly string[]]>([
    ['the namespace of endpoints', { endpoints: ENDPOINTS }, ['shop']],
    ["the item's own where none is given", { endpoints: [{}] }, ['shop']],
    ['each of them', { endpoints: [{ namespace: 'shop' }, { namespace: 'ops' }] }, ['shop', 'ops']],
    ['each once', { endpoints: [{}, { namespace: 'shop' }] }, ['shop']],
    ['that of a peer', flow({ from: { namespace: 'ops' } }), ['shop', 'ops']],
    ['that of a peer at the other end', flow({ to: { namespace: 'ops' } }), ['shop', 'ops']],
    [
      'that of a peer of deny',
      { endpoints: ENDPOINTS, deny: [{ to: { namespace: 'ops' } }] },
      ['shop', 'ops'],
    ],
    ['the own for a peer without one', flow({ from: { podSelector: {} } }), ['shop']],
    ['no more for an entity', { ...flow({ from: { entity: 'world' } }), endpoints: OPS }, ['ops']],
    ['no more for addresses', { ...flow({ from: { cidr: '192.0.2.0/24' } }), endpoints: OPS }, ['ops']],
    ['the whole cluster for namespaces by label', { endpoints: [{ namespaceSelector: {} }] }, ['*']],
    ['and so for a peer', flow({ from: { namespaceSelector: {} } }), ['*']],
    ['the whole cluster for the entity that it is', flow({ from: { entity: 'cluster' } }), ['*']],
  ])('%s', (_, params, namespaces) => {
    expect([...judge(params, {}).asked].sort()).toEqual(inNamespaces(...namespaces));
  });

  it('an addressed peer takes none of the pods beside it', () => {
    const params = {
      endpoints: ENDPOINTS,
      isolated: [],
      deny: [{ from: { entity: 'world' }, ports: ['1/TCP'] }],
    };
    expect(judge(params, { Pod: both, config: {} }).findings.map(({ reason }) => reason)).toEqual([
      'FlowAllowed',
    ]);
  });
});

describe('services and the names of ports', () => {
  const asksFor = (what: string, params: object, policies: readonly Policy[], more: Cluster = {}) =>
    judge(
      { endpoints: ENDPOINTS, ...params },
      { Pod: both, CiliumNetworkPolicy: policies, ...more },
    ).asked.includes(what);
  const OUT = { isolated: ['Egress'] };
  const named = egress({ toPorts: ports('http') });

  it.each<[string, boolean, object, Policy]>([
    ['where egress is to be isolated', true, OUT, egress(SERVICES)],
    ['beside a policy without', true, OUT, egress({}, SERVICES)],
    [
      'where a flow must work',
      true,
      { isolated: [], allow: [{ from: { entity: 'world' } }] },
      egress(SERVICES),
    ],
    [
      'where a flow must not',
      true,
      { isolated: [], deny: [{ from: { entity: 'world' } }] },
      egress(SERVICES),
    ],
    ['not for ingress alone', false, {}, egress(SERVICES)],
    ['not where nothing is asked', false, { isolated: [], allow: [], deny: [] }, egress(SERVICES)],
    ['not without a policy that names them', false, OUT, egress({ toEndpoints: [{}] })],
  ])('services are asked for %s: %s', (_, wanted, params, one) => {
    expect(asksFor('Service *', params, [one])).toBe(wanted);
    // One policy among others is enough.
    expect(asksFor('Service *', params, [egress({}), one, egress({})])).toBe(wanted);
  });

  it.each<[string, boolean, object, Policy]>([
    ['where a port at egress has a name', true, OUT, named],
    ['a name that begins with a digit', true, OUT, egress({ toPorts: ports('80-http') })],
    ['a name that ends in one', true, OUT, egress({ toPorts: ports('web1') })],
    [
      'in specs',
      true,
      OUT,
      policy({ specs: [{}, { endpointSelector: {}, egress: [{ toPorts: ports('http') }] }] }),
    ],
    [
      'in a deny',
      true,
      OUT,
      policy({ spec: { endpointSelector: {}, egressDeny: [{ toPorts: ports('http') }] } }),
    ],
    ['for a flow', true, { isolated: [], allow: [{ to: { entity: 'world' } }] }, named],
    ['not for ingress alone', false, {}, named],
    [
      'not for names at ingress',
      false,
      OUT,
      policy({ spec: { endpointSelector: {}, ingress: [{ toPorts: ports('http') }] } }),
    ],
    ['not for numbers', false, OUT, egress({ toPorts: ports('8080') })],
    ['not for specs that are no list', false, OUT, policy({ spec: { endpointSelector: {} }, specs: 'x' })],
    ['not for a spec that is none', false, OUT, policy({ spec: null })],
  ])('every pod of the cluster is asked for %s: %s', (_, wanted, params, one) => {
    expect(asksFor('Pod *', params, [one])).toBe(wanted);
    expect(asksFor('Pod *', params, [egress({}), one, egress({})])).toBe(wanted);
  });

  it('not without Cilium, where names mean the ports of the pod that is reached', () => {
    const kubernetes = {
      kind: 'NetworkPolicy',
      meta: meta('p', 'shop'),
      spec: { podSelector: {}, egress: [{ ports: [{ port: 'http' }] }] },
    } as unknown as Policy;
    expect(asksFor('Pod *', OUT, [], { NetworkPolicy: [kubernetes], cilium: false })).toBe(false);
  });

  it('a name is resolved by pods of namespaces that the check has nothing to do with', () => {
    const params = {
      endpoints: ENDPOINTS,
      isolated: [],
      allow: [{ to: { entity: 'world' }, ports: ['9000/TCP'] }],
    };
    const cluster = {
      Pod: [
        pod('api', 'ops', 9000),
        { ...pod('web', 'shop', 1), spec: { ...pod('web', 'shop', 1).spec, containers: [] } },
      ],
      CiliumNetworkPolicy: [named],
      config: {},
    };
    expect(judge(params, cluster)).toMatchObject({ findings: [], passed: 1 });
    // Pods that do not run have no say.
    const gone = { ...cluster, Pod: [...cluster.Pod, pod('old', 'ops', 1, 'Succeeded')] };
    expect(judge(params, gone)).toMatchObject({ findings: [], passed: 1 });
  });

  it.each<[string, string, Policy]>([
    ['services', 'Service', egress(SERVICES)],
    ['the pods of the cluster', 'Pod *', named],
  ])('that may not be read lead to Unknown: %s', (_, key, one) => {
    const away = { [key]: FORBIDDEN(`may not list ${key}`) };
    expect(
      judge({ endpoints: ENDPOINTS, ...OUT }, { Pod: both, CiliumNetworkPolicy: [one], config: {}, away }),
    ).toMatchObject({ findings: [{ level: 'Unknown', message: `may not list ${key}` }], passed: 0 });
  });

  it('that are both away are told of both', () => {
    const one = egress({ ...SERVICES, toPorts: ports('http') });
    const away = { Service: FORBIDDEN('may not list services'), 'Pod *': PENDING };
    const { findings } = judge(
      { endpoints: ENDPOINTS, ...OUT },
      { Pod: both, CiliumNetworkPolicy: [one], away },
    );
    expect(findings.map(({ message }) => message)).toEqual(['may not list services', 'not here yet']);
  });
});

describe('what is away', () => {
  const two = { endpoints: [{ namespace: 'shop' }, { namespace: 'ops' }] };

  it('is told once for the same words', () => {
    const away = { Pod: FORBIDDEN('may not list pods') };
    expect(judge(two, { away }).findings).toHaveLength(1);
  });

  it('is told apart for others', () => {
    const away = { 'Pod shop': FORBIDDEN('not in shop'), 'Pod ops': FORBIDDEN('not in ops') };
    expect(judge(two, { away }).findings.map(({ message }) => message)).toEqual([
      'not in shop',
      'not in ops',
    ]);
  });

  it('is told apart for another reason with the same words', () => {
    const words = 'away';
    const away: Record<string, Unknowable> = {
      'Pod shop': FORBIDDEN(words),
      'Pod ops': { state: 'failed', reason: 'Unreachable', message: words },
    };
    expect(judge(two, { away }).findings.map(({ reason }) => reason)).toEqual(['Forbidden', 'Unreachable']);
  });

  it('matters not for the configuration of a Cilium that is not there', () => {
    const away = { ConfigMap: FORBIDDEN('may not get configmaps') };
    expect(judge({ endpoints: ENDPOINTS }, { Pod: both, cilium: false, away }).findings).toMatchObject([
      { reason: 'NotEnforced' },
      { reason: 'NoCilium' },
    ]);
  });

  it.each(['CiliumNetworkPolicy shop', 'CiliumClusterwideNetworkPolicy'])(
    'is no sign that Cilium is not there: %s',
    (key) => {
      const away = { [key]: FORBIDDEN('may not list policies') };
      expect(judge({ endpoints: ENDPOINTS }, { cilium: false, away }).findings).toMatchObject([
        { reason: 'Forbidden' },
      ]);
    },
  );
});

describe('pods of several namespaces', () => {
  const params = { endpoints: [{ namespace: 'shop' }, { namespace: 'ops' }] };
  const closed = (namespace: string) => policy({ spec: { endpointSelector: {}, ingress: [{}] } }, namespace);

  it('are judged together', () => {
    const CiliumNetworkPolicy = [closed('shop'), closed('ops')];
    expect(judge(params, { Pod: both, CiliumNetworkPolicy, config: {} })).toMatchObject({
      findings: [],
      passed: 2,
    });
  });

  it('are judged anew when those of one change', () => {
    const lists = [both[0] as Pod, both[1] as Pod];
    const shop = [lists[0] as Pod];
    const facts = (ops: readonly Pod[]) =>
      ({
        list: (kind: string, namespace?: string) => ({
          state: 'known',
          value: kind !== 'Pod' ? [] : namespace === 'shop' ? shop : ops,
          served: true,
        }),
        get: () => ({ state: 'absent', served: true }),
      }) as unknown as Facts;
    const context = { now: new Date('2026-01-17T12:00:00Z'), namespace: 'shop' };
    const parsed = networkPolicy.schema.parse(params);
    const subjectsWith = (ops: readonly Pod[]) =>
      networkPolicy
        .judge(parsed, { ...context, facts: facts(ops) })
        .findings.flatMap(({ subject }) => (subject ? [`${subject.kind} ${subject.name}`] : []))
        .filter((name) => !name.startsWith('ConfigMap'));
    expect(subjectsWith([lists[1] as Pod])).toEqual(['Pod web', 'Pod api']);
    expect(subjectsWith([pod('other', 'ops', 1)])).toEqual(['Pod web', 'Pod other']);
    expect(subjectsWith([])).toEqual(['Namespace ops', 'Pod web']);
  });
});

/** The network check's own engine, asked the same question as the oracle and answering in the same form. */

import { parseAddress } from '../../src/checks/networkPolicy/engine/addresses.ts';
import {
  addressIdentity,
  buildModel,
  ciliumSettings,
  decide,
  defaultDeny,
  type Protocol as EngineProtocol,
  HOST,
  KUBE_APISERVER,
  type Model,
  nodeSubject,
  type Party,
  type PodInput,
  type PolicyInput,
  REMOTE_NODE,
  type ServiceInput,
  type Verdict,
  WORLD,
  worldFaces,
} from '../../src/checks/networkPolicy/engine/index.ts';
import type { Answer, Flow, KubernetesObject, Query, Scenario, ScenarioPod } from './scenario.ts';

/** As Answer, but that a flow may hang on what the engine does not model. */
export interface EngineAnswer extends Omit<Answer, 'flows'> {
  flows: EngineFlow[];
}

export interface EngineFlow extends Omit<Flow, 'egress' | 'ingress'> {
  egress: Verdict;
  ingress: Verdict;
}

interface Peer {
  name: string;
  party: Party;
  /** The side enforces policies of its own; the host does so under the host firewall only. */
  subject?: Party;
}

const defaultNode = 'node';
const allowed: Verdict = { decision: 'allow', because: { kind: 'no-policy' } };

export function judge(scenario: Scenario): EngineAnswer {
  const settings = ciliumSettings(scenario.config);
  const pods = scenario.pods.map(podInput);
  const model = buildModel({
    settings,
    namespaces: scenario.namespaces.map(({ name, labels }) => ({ meta: { name, labels } })),
    pods,
    policyLists: [scenario.policies.map(policyInput)],
    services: serviceInputs(scenario.services ?? []),
  });
  const parties = new Map(model.endpoints.flatMap((endpoint) => endpoint.pods.map((pod) => [pod, endpoint])));
  const matrix: Matrix = {
    scenario,
    model,
    peers: scenario.pods.map((pod, i) => podPeer(pod, parties.get(pods[i]!)!)),
    nodes: new Map(scenario.pods.map(({ node = defaultNode }) => [node, nodeParty(scenario, node)])),
  };
  return { invalid: refused(model), pods: verdicts(matrix), flows: flows(matrix) };
}

interface Matrix {
  scenario: Scenario;
  model: Model;
  /** In the order of the scenario's pods. */
  peers: Peer[];
  nodes: Map<string, Party>;
}

function podInput(pod: ScenarioPod): PodInput {
  return {
    meta: { name: pod.name, namespace: pod.namespace, labels: pod.labels },
    spec: {
      serviceAccountName: pod.serviceAccount ?? 'default',
      hostNetwork: pod.hostNetwork ?? false,
      nodeName: pod.node ?? defaultNode,
      containers: [{ ports: pod.ports ?? [] }],
    },
  };
}

function policyInput(object: KubernetesObject): PolicyInput {
  const { kind, metadata, spec, specs } = object;
  if (
    kind !== 'NetworkPolicy' &&
    kind !== 'CiliumNetworkPolicy' &&
    kind !== 'CiliumClusterwideNetworkPolicy'
  ) {
    throw new Error(`The engine takes no ${kind}.`);
  }
  const namespace = kind === 'CiliumClusterwideNetworkPolicy' ? '' : (metadata.namespace ?? 'default');
  return { kind, meta: { name: metadata.name, namespace }, spec, specs };
}

function serviceInputs(objects: readonly KubernetesObject[]): ServiceInput[] {
  const slices = objects.filter(({ kind }) => kind === 'EndpointSlice');
  return objects
    .filter(({ kind }) => kind === 'Service')
    .map(({ metadata, spec }) => ({
      meta: {
        name: metadata.name,
        namespace: metadata.namespace ?? 'default',
        labels: (metadata.labels ?? {}) as Record<string, string>,
      },
      spec: (spec ?? {}) as { selector?: Record<string, string> },
      backends: slices.filter((slice) => serves(slice, metadata)).flatMap(addressesOf),
    }));
}

function serves(slice: KubernetesObject, service: KubernetesObject['metadata']): boolean {
  const labels = (slice.metadata.labels ?? {}) as Record<string, string>;
  return (
    labels['kubernetes.io/service-name'] === service.name && slice.metadata.namespace === service.namespace
  );
}

function addressesOf(slice: KubernetesObject): string[] {
  const endpoints = (slice.endpoints ?? []) as { addresses: string[] }[];
  return endpoints.flatMap(({ addresses }) => addresses);
}

function podPeer(pod: ScenarioPod, party: Party): Peer {
  const name = `${pod.namespace}/${pod.name}`;
  return pod.hostNetwork ? { name, party } : { name, party, subject: party };
}

function nodeParty(scenario: Scenario, name: string): Party {
  return nodeSubject(scenario.nodes?.find((node) => node.name === name)?.labels ?? {});
}

function refused(model: Model): Answer['invalid'] {
  return model.policies.flatMap(({ policy, invalid, skipped }) => {
    const error = invalid ?? skipped;
    return error === undefined ? [] : [{ kind: policy.kind, ...policy.meta, error }];
  });
}

function verdicts({ model, peers }: Matrix): Answer['pods'] {
  const holds = (party: Party, direction: 'ingress' | 'egress') =>
    !model.settings.audit && defaultDeny(model, party.identity, direction).holds;
  return Object.fromEntries(
    peers.flatMap(({ name, subject }) =>
      subject
        ? [
            [
              name,
              { ingressDefaultDeny: holds(subject, 'ingress'), egressDefaultDeny: holds(subject, 'egress') },
            ],
          ]
        : [],
    ),
  );
}

/** The pairs of the oracle (judge.go). */
function flows(matrix: Matrix): EngineFlow[] {
  const found: EngineFlow[] = [];
  for (const [i, self] of matrix.peers.entries()) {
    if (!self.subject) continue;
    for (const other of peersOf(matrix, i)) {
      const isEndpoint = matrix.peers.some(({ name, subject }) => subject && name === other.name);
      for (const query of matrix.scenario.queries) {
        found.push(ask(matrix, self, other, query));
        if (!isEndpoint) found.push(ask(matrix, other, self, query));
      }
    }
  }
  return found;
}

function peersOf({ scenario, model, peers, nodes }: Matrix, index: number): Peer[] {
  const { settings } = model;
  const here = scenario.pods[index]?.node ?? defaultNode;
  const party = (identity: Party['identity']): Party => ({ identity, ports: new Map() });
  const host = (name: string, node: string, identity: Party['identity']): Peer => {
    const subject = settings.hostFirewall ? nodes.get(node) : undefined;
    return { name, party: party(identity), ...(subject && { subject }) };
  };
  const others = scenario.pods.flatMap((pod, i) => {
    const peer = peers[i]!;
    if (i === index) return [];
    if (!pod.hostNetwork) return [peer];
    const node = pod.node ?? defaultNode;
    return [host(peer.name, node, node === here ? HOST : REMOTE_NODE)];
  });
  const addresses = (scenario.addresses ?? []).map(({ ip, names = [] }) => {
    const address = parseAddress(ip);
    if (!address) throw new Error(`"${ip}" is no address.`);
    return { name: ip, party: party(addressIdentity(address, settings.families, names)) };
  });
  return [
    ...others,
    { name: 'world', party: party(worldFaces(settings.families)[0] ?? WORLD) },
    host('host', here, HOST),
    { name: 'remote-node', party: party(REMOTE_NODE) },
    { name: 'kube-apiserver', party: party(KUBE_APISERVER) },
    ...addresses,
  ];
}

function ask({ model }: Matrix, src: Peer, dst: Peer, { port, protocol }: Query): EngineFlow {
  const engineProtocol: EngineProtocol = protocol === 'ICMPv6' ? 'ICMPV6' : protocol;
  const side = (subject: Party | undefined, direction: 'ingress' | 'egress', peer: Party) =>
    subject ? decide(model, subject, direction, peer, engineProtocol, port) : allowed;
  return {
    src: src.name,
    dst: dst.name,
    port,
    protocol,
    egress: side(src.subject, 'egress', dst.party),
    ingress: side(dst.subject, 'ingress', src.party),
  };
}

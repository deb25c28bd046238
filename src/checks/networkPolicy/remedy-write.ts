// A policy in the words of Cilium, or of Kubernetes where Cilium is not: from who
// it selects and whom it lets through.

import type { LabelSelector, Peer } from '../../api/selectors.ts';
import type { NewObject } from '../../facts/edits.ts';
import type { Direction } from './engine/index.ts';
import { NAMESPACE_LABELS, POD_NAMESPACE } from './engine/labels.ts';

/** Whom a rule lets through or keeps out: a peer, or every pod of the policy's own namespace. */
export type Who = Peer | 'namespace';

export interface Passage {
  readonly direction: Direction;
  readonly deny: boolean;
  readonly who: Who;
  /** As 9090/TCP; every port where it is undefined. */
  readonly ports?: readonly string[];
}

export interface Draft {
  readonly name: string;
  readonly namespace: string;
  /** Every pod of the namespace where it is undefined. */
  readonly podSelector?: LabelSelector;
  readonly passages: readonly Passage[];
  /** The directions that it puts its pods under default deny in. */
  readonly isolates: readonly Direction[];
}

export type Enforcer = 'cilium' | 'kubernetes';
type Fields = Readonly<Record<string, unknown>>;

/** `own` is the namespace of the item, which peers without one mean. */
export function policyOf(draft: Draft, enforcer: Enforcer, own: string): NewObject {
  return enforcer === 'cilium' ? ciliumPolicy(draft, own) : kubernetesPolicy(draft, own);
}

function ciliumPolicy({ name, namespace, podSelector, passages, isolates }: Draft, own: string): NewObject {
  const section = (direction: Direction, deny: boolean) =>
    passages
      .filter((passage) => passage.direction === direction && passage.deny === deny)
      .map((passage) => ciliumRule(passage, namespace, own));
  const sections: Record<string, unknown> = {};
  const open: Record<string, boolean> = {};
  for (const direction of ['ingress', 'egress'] as const) {
    const allow = section(direction, false);
    const deny = section(direction, true);
    const isIsolated = isolates.includes(direction);
    if (allow.length > 0) sections[direction] = allow;
    else if (isIsolated) sections[direction] = [{}];
    if (deny.length > 0) sections[`${direction}Deny`] = deny;
    // Any rule sets default deny unless it is told not to: whoever is open otherwise stays so.
    if (!isIsolated && allow.length + deny.length > 0) open[direction] = false;
  }
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name, namespace },
    spec: {
      endpointSelector: podSelector ?? {},
      ...(Object.keys(open).length > 0 ? { enableDefaultDeny: open } : {}),
      ...sections,
    },
  };
}

/** One rule of a section of a CiliumNetworkPolicy. */
export function ciliumRule({ direction, who, ports }: Passage, namespace: string, own: string): Fields {
  return {
    ...ciliumPeer(direction === 'ingress' ? 'from' : 'to', who, namespace, own),
    ...ciliumPorts(ports),
  };
}

function ciliumPorts(ports: readonly string[] | undefined): Fields {
  if (!ports) return {};
  const written = ports.map((port) => {
    const [number = '', protocol = 'TCP'] = port.split('/');
    return { port: number, protocol };
  });
  return { toPorts: [{ ports: written }] };
}

function ciliumPeer(side: 'from' | 'to', who: Who, namespace: string, own: string): Fields {
  if (who === 'namespace') return { [`${side}Endpoints`]: [{}] };
  if (who.entity) return { [`${side}Entities`]: [who.entity] };
  if (who.cidr) return { [`${side}CIDR`]: [who.cidr] };
  const { matchLabels: labels = {}, matchExpressions: expressions = [] } = who.podSelector ?? {};
  const spaces = ciliumSpaces(who, namespace, own);
  const matchLabels = { ...spaces.matchLabels, ...labels };
  const matchExpressions = [...spaces.matchExpressions, ...expressions];
  const selector = {
    ...(Object.keys(matchLabels).length > 0 ? { matchLabels } : {}),
    ...(matchExpressions.length > 0 ? { matchExpressions } : {}),
  };
  return { [`${side}Endpoints`]: [selector] };
}

/** Without a namespace in it a selector of a peer means the policy's own. */
function ciliumSpaces({ namespace: named, namespaceSelector }: Peer, namespace: string, own: string) {
  if (!namespaceSelector) {
    const there = named ?? own;
    return {
      matchLabels: there === namespace ? {} : { [`k8s:${POD_NAMESPACE}`]: there },
      matchExpressions: [],
    };
  }
  const { matchLabels = {}, matchExpressions = [] } = namespaceSelector;
  const key = (label: string) => `k8s:${NAMESPACE_LABELS}.${label}`;
  const expressions = matchExpressions.map((expression) => ({ ...expression, key: key(expression.key) }));
  const everywhere = [{ key: `k8s:${POD_NAMESPACE}`, operator: 'Exists' }];
  const labels = Object.fromEntries(Object.entries(matchLabels).map(([label, value]) => [key(label), value]));
  const isEmpty = expressions.length + Object.keys(labels).length === 0;
  return { matchLabels: labels, matchExpressions: isEmpty ? everywhere : expressions };
}

function kubernetesPolicy(
  { name, namespace, podSelector, passages, isolates }: Draft,
  own: string,
): NewObject {
  const allowed = passages.filter(({ deny }) => !deny);
  const directions = (['ingress', 'egress'] as const).filter(
    (direction) => isolates.includes(direction) || allowed.some((passage) => passage.direction === direction),
  );
  const sections = directions.map((direction) => [
    direction,
    allowed
      .filter((passage) => passage.direction === direction)
      .flatMap((passage) => kubernetesRules(passage, namespace, own)),
  ]);
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec: {
      podSelector: podSelector ?? {},
      policyTypes: directions.map((direction) => (direction === 'ingress' ? 'Ingress' : 'Egress')),
      ...Object.fromEntries(sections.filter(([, rules]) => rules?.length)),
    },
  };
}

/** None for peers that a NetworkPolicy cannot name, or that are let through by themselves: nodes. */
export function kubernetesRules(
  { direction, who, ports }: Passage,
  namespace: string,
  own: string,
): Fields[] {
  const peers = kubernetesPeers(who, namespace, own);
  if (peers.length === 0) return [];
  const written = ports?.map((port) => {
    const [number = '', protocol = 'TCP'] = port.split('/');
    return { port: Number(number), protocol };
  });
  return [{ [direction === 'ingress' ? 'from' : 'to']: peers, ...(written ? { ports: written } : {}) }];
}

function kubernetesPeers(who: Who, namespace: string, own: string): readonly Fields[] {
  if (who === 'namespace') return [{ podSelector: {} }];
  if (who.cidr) return [{ ipBlock: { cidr: who.cidr } }];
  switch (who.entity) {
    case 'world':
      return [{ ipBlock: { cidr: '0.0.0.0/0' } }, { ipBlock: { cidr: '::/0' } }];
    case 'cluster':
      return [{ namespaceSelector: {} }];
    case 'host':
    case 'remote-node':
    case 'kube-apiserver':
      return [];
    case undefined:
      break;
    default:
      return who.entity satisfies never;
  }
  const there = who.namespace ?? own;
  const spaces =
    who.namespaceSelector ??
    (there === namespace ? undefined : { matchLabels: { 'kubernetes.io/metadata.name': there } });
  return [
    {
      ...(spaces ? { namespaceSelector: spaces } : {}),
      ...(who.podSelector || !spaces ? { podSelector: who.podSelector ?? {} } : {}),
    },
  ];
}

// Pods folded to the identities that policies can tell apart, remembered for as
// long as the pods, the namespaces and the label filter stay the same.

import { remember } from '../../shared/remember.ts';
import type { Settings } from './config.ts';
import { type LabelFilter, podLabels } from './labels.ts';
import { HOST, type Identity } from './peers.ts';
import { type ContainerPort, type NamedPorts, type PodPorts, podPorts, portTable } from './ports.ts';

export interface NamespaceInput {
  readonly meta: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
}

export interface PodInput {
  readonly meta: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly hostNetwork: boolean;
    readonly nodeName?: string;
    readonly containers: readonly { readonly ports: readonly ContainerPort[] }[];
  };
}

/** Pods that no policy can tell apart, whose ports have the same names. */
export interface Endpoint<P extends PodInput = PodInput> {
  readonly identity: Identity;
  readonly ports: PodPorts;
  /** Not an endpoint of Cilium: it is its node. */
  readonly hostNetwork: boolean;
  readonly pods: readonly P[];
}

type Labels = Readonly<Record<string, string>>;

/** What makes a pod's identity, beside the labels of its namespace. */
export interface PodIdentity {
  readonly labels: Labels;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** The labels of namespaces by their names; the same map for the same list. */
export const namespaceLabels = remember(
  (namespaces: readonly NamespaceInput[]): ReadonlyMap<string, Labels> =>
    new Map(namespaces.map(({ meta }) => [meta.name, meta.labels])),
);

/** The endpoints of one namespace; the same object for as long as its pods stay the same. */
export interface Group<P extends PodInput = PodInput> {
  readonly namespace: string;
  readonly endpoints: readonly Endpoint<P>[];
}

interface Known<T> {
  readonly spaces: ReadonlyMap<string, Labels>;
  readonly filter: LabelFilter;
  readonly cluster: string;
  readonly value: T;
}

const knownFolds = new WeakMap<readonly PodInput[], Known<readonly Group[]>>();
/** By the first pod of a namespace. */
const knownGroups = new WeakMap<PodInput, Known<Group> & { readonly pods: readonly PodInput[] }>();

/** Every namespace's endpoints, in the order of their first pods. */
export function fold<P extends PodInput>(
  pods: readonly P[],
  spaces: ReadonlyMap<string, Labels>,
  { filter, cluster }: Settings,
): readonly Group<P>[] {
  const current = (known: Known<unknown>) =>
    known.spaces === spaces && known.filter === filter && known.cluster === cluster;
  const before = knownFolds.get(pods);
  if (before && current(before)) return before.value as readonly Group<P>[];
  const groups: Group<P>[] = [];
  for (const [namespace, there] of Map.groupBy(pods, ({ meta }) => meta.namespace)) {
    const first = there[0] as P;
    const known = knownGroups.get(first);
    if (known && current(known) && sameElements(known.pods, there)) {
      groups.push(known.value as Group<P>);
      continue;
    }
    const value = { namespace, endpoints: foldNamespace(there, spaces.get(namespace), filter, cluster) };
    knownGroups.set(first, { spaces, filter, cluster, pods: there, value });
    groups.push(value);
  }
  knownFolds.set(pods, { spaces, filter, cluster, value: groups });
  return groups;
}

export function sameElements<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((element, i) => element === b[i]));
}

function foldNamespace<P extends PodInput>(
  pods: readonly P[],
  spaceLabels: Labels | undefined,
  filter: LabelFilter,
  cluster: string,
): readonly Endpoint<P>[] {
  // By identity, then by ports: one lookup by object and one by a short text.
  const folded = new Map<Identity, Map<string, { ports: PodPorts; hostNetwork: boolean; pods: P[] }>>();
  for (const pod of pods) {
    const { hostNetwork } = pod.spec;
    const identity = hostNetwork ? HOST : known(pod, spaceLabels, filter, cluster);
    const named = portsWithKey(pod);
    let byPorts = folded.get(identity);
    if (!byPorts) {
      byPorts = new Map();
      folded.set(identity, byPorts);
    }
    const same = byPorts.get(named.key);
    if (same) same.pods.push(pod);
    else byPorts.set(named.key, { ports: named.ports, hostNetwork, pods: [pod] });
  }
  return [...folded].flatMap(([identity, byPorts]) =>
    [...byPorts.values()].map((endpoint) => ({ identity, ...endpoint })),
  );
}

interface KnownPod {
  readonly filter: LabelFilter;
  readonly spaceLabels: Labels | undefined;
  readonly cluster: string;
  readonly identity: Identity;
}

const knownPods = new WeakMap<PodInput, KnownPod>();

function known(
  pod: PodInput,
  spaceLabels: Labels | undefined,
  filter: LabelFilter,
  cluster: string,
): Identity {
  const before = knownPods.get(pod);
  if (
    before &&
    before.filter === filter &&
    before.spaceLabels === spaceLabels &&
    before.cluster === cluster
  ) {
    return before.identity;
  }
  const { labels, namespace } = pod.meta;
  const whole = { labels, namespace, serviceAccount: pod.spec.serviceAccountName };
  const identity = identityOf(whole, spaceLabels, filter, cluster);
  knownPods.set(pod, { filter, spaceLabels, cluster, identity });
  return identity;
}

const identities = new WeakMap<LabelFilter, Map<string, Identity>>();
const MOST_IDENTITIES = 100_000;

/** The same identity object for the same labels, so that what is remembered of it is found again. */
export function identityOf(
  pod: PodIdentity,
  spaceLabels: Labels | undefined,
  filter: LabelFilter,
  cluster: string,
): Identity {
  const named = { 'kubernetes.io/metadata.name': pod.namespace, ...spaceLabels };
  const k8s = podLabels(pod, named, cluster, filter);
  const key = [...k8s]
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(',');
  let interned = identities.get(filter);
  if (!interned || interned.size > MOST_IDENTITIES) {
    interned = new Map();
    identities.set(filter, interned);
  }
  const before = interned.get(key);
  if (before) return before;
  const identity = { k8s, reserved: NOTHING_RESERVED, namespace: pod.namespace };
  interned.set(key, identity);
  return identity;
}

const NOTHING_RESERVED: ReadonlySet<string> = new Set();

const portsWithKey = remember((pod: PodInput) => {
  const ports = podPorts(pod.spec.containers.flatMap((container) => container.ports));
  return { ports, key: portsKey(ports) };
});

/** Equal for equal ports. */
function portsKey(ports: PodPorts): string {
  if (ports.size === 0) return '';
  return [...ports]
    .map(([name, { protocol, port }]) => `${name}:${port}/${protocol}`)
    .sort()
    .join(',');
}

/** The agent's table of named ports over these pods; those on the host's network are in no table. */
export const tableOf = remember(
  (pods: readonly PodInput[]): NamedPorts =>
    portTable(pods.filter((pod) => !pod.spec.hostNetwork).map((pod) => portsWithKey(pod).ports)),
);

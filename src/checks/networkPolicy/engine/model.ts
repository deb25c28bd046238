// A cluster as the policy engine sees it: endpoints folded to identities, and
// the rules that bear on each.

import type { Settings } from './config.ts';
import {
  type Endpoint,
  fold,
  type Group,
  identityOf,
  type NamespaceInput,
  namespaceLabels,
  type PodIdentity,
  type PodInput,
  tableOf,
} from './identities.ts';
import type { Identity } from './peers.ts';
import { type NamedPorts, ownPorts, type PodPorts, type PortSet, portSet } from './ports.ts';
import { indexOf, nodeRules, type Parts, partsFor, type SelectedRules, selectedRules } from './rule-index.ts';
import type { CompiledPolicy, Direction, PolicyInput, Rule, ServiceInput } from './rules.ts';

/** Lists are remembered by identity: pass the same array until its content changes. */
export interface ModelInput<P extends PodInput = PodInput> {
  readonly settings: Settings;
  readonly namespaces: readonly NamespaceInput[];
  readonly pods: readonly P[];
  readonly policyLists: readonly (readonly PolicyInput[])[];
  readonly services?: readonly ServiceInput[];
  /** Every pod of the cluster, for the table of named ports at egress; default: `pods`. */
  readonly allPods?: readonly PodInput[];
}

/** Either side of a flow. The one whose policies are asked is the subject, an endpoint; the other the peer. */
export interface Party {
  readonly identity: Identity;
  readonly ports: PodPorts;
}

export interface Model<P extends PodInput = PodInput> {
  readonly settings: Settings;
  /** Every namespace's endpoints; the same object for a namespace until its pods change. */
  readonly groups: readonly Group<P>[];
  /** All of them. */
  readonly endpoints: readonly Endpoint<P>[];
  /** What can select in a namespace; the same object until a policy of it changes. */
  partsFor(namespace: string): Parts;
  /** Every policy that is enforced at all under these settings. */
  readonly policies: readonly CompiledPolicy[];
  /** The rules that select this identity; the same object for as long as they are the same. */
  rulesFor(identity: Identity): SelectedRules;
  /** How names are resolved at egress under Cilium; the same one for the same pods. */
  egressNames(): NamedPorts;
  /** What the ports of rules come to for a subject: names are resolved as its enforcer would. */
  portsFor(subject: Party, peer: Party, direction: Direction): (rule: Rule) => PortSet;
  /** The identity that a pod with these labels would have. */
  identityOf(pod: PodIdentity): Identity;
}

const NO_SERVICES: readonly ServiceInput[] = [];

export function buildModel<P extends PodInput>(input: ModelInput<P>): Model<P> {
  const { settings, services = NO_SERVICES } = input;
  const spaces = namespaceLabels(input.namespaces);
  const indexes = input.policyLists.map((policies) => indexOf(policies, settings, services));
  const parts = new Map<string, Parts>();
  const partsOf = (namespace: string) => {
    const known = parts.get(namespace);
    if (known) return known;
    const made = partsFor(indexes, namespace);
    parts.set(namespace, made);
    return made;
  };
  const rulesFor = (identity: Identity) =>
    identity.reserved.has('host')
      ? nodeRules(indexes, identity, settings)
      : selectedRules(partsOf(identity.namespace), identity);
  const groups = fold(input.pods, spaces, settings);
  const egressNames = () => tableOf(input.allPods ?? input.pods);
  return {
    settings,
    groups,
    endpoints: groups.flatMap(({ endpoints }) => endpoints),
    partsFor: partsOf,
    policies: indexes.flatMap(({ policies }) => policies),
    rulesFor,
    egressNames,
    portsFor(subject, peer, direction) {
      const names: NamedPorts =
        direction === 'ingress'
          ? ownPorts(subject.ports)
          : settings.enforcer === 'kubernetes'
            ? // Kubernetes means the ports of whichever pod is reached; Cilium's agent has one table for all.
              ownPorts(peer.ports)
            : (name, protocol) => egressNames()(name, protocol);
      const { ends } = rulesFor(subject.identity);
      return ({ ports }) => portSet(ports, names, ends[direction]);
    },
    identityOf: (pod) => identityOf(pod, spaces.get(pod.namespace), settings.filter, settings.cluster),
  };
}

// What the check reads, all at once, and the model of the cluster made of it.

import type { Peer } from '../../api/selectors.ts';
import type { KindName, Kinds, Namespace, Pod, Policy } from '../../facts/kinds.ts';
import type { ListFact } from '../../facts/view.ts';
import type { CheckContext, Finding } from '../check.ts';
import { finding, isUnknowable, unknownFinding } from '../shared/messages.ts';
import { isRunning } from '../shared/pods.ts';
import { remember } from '../shared/remember.ts';
import {
  buildModel,
  ciliumSettings,
  kubernetesSettings,
  type Model,
  readsServices,
  type Settings,
} from './engine/index.ts';
import type { Params } from './schema.ts';

export interface Evidence {
  readonly model: Model<Pod>;
  /** Every pod in the namespaces that were read, whatever its state. */
  readonly pods: readonly Pod[];
  readonly namespaces: readonly Namespace[];
  /** What is to be known about how the verdict was come by. */
  readonly notes: readonly Finding[];
}

/** The evidence, or the findings that say why there is none. */
export function gatherEvidence(params: Params, context: CheckContext): Evidence | readonly Finding[] {
  const { facts } = context;
  const scopes = scopesOf(params, context);
  const lists = <K extends KindName>(kind: K) => scopes.map((scope) => facts.list(kind, scope));
  // Asked for together, so that a cold start waits once.
  const pods = lists('Pod');
  const cilium = lists('CiliumNetworkPolicy');
  const kubernetes = lists('NetworkPolicy');
  const clusterwide = facts.list('CiliumClusterwideNetworkPolicy');
  const namespaces = facts.list('Namespace');
  const config = facts.get('ConfigMap', 'kube-system', 'cilium-config');

  const served = [...cilium, clusterwide].some((fact) => fact.state !== 'known' || fact.served);
  const needed = [...pods, ...cilium, ...kubernetes, clusterwide, namespaces, ...(served ? [config] : [])];
  const unknown = needed.filter(isUnknowable);
  if (unknown.length > 0) return once(unknown.map((fact) => unknownFinding(fact)));

  const settings = served
    ? settingsOf(config.state === 'known' ? config.value.data : DEFAULTS)
    : kubernetesSettings;
  const policyLists = [...values(cilium), ...values(kubernetes), ...values([clusterwide])];
  // Services and the names of ports elsewhere bear on egress alone.
  const egress =
    params.isolated.includes('Egress') || [...(params.allow ?? []), ...(params.deny ?? [])].length > 0;
  const services =
    egress && policyLists.some((list) => list.some(speaksOfServices)) ? facts.list('Service') : NO_SERVICES;
  const table =
    egress && settings.enforcer === 'cilium' && policyLists.some((list) => list.some(namesEgressPorts));
  const everyPod = table ? facts.list('Pod') : undefined;
  const late = [services, ...(everyPod ? [everyPod] : [])].filter(isUnknowable);
  if (late.length > 0) return once(late.map((fact) => unknownFinding(fact)));

  const all = joined(values(pods));
  const model = buildModel<Pod>({
    settings,
    namespaces: values([namespaces])[0] ?? NO_NAMESPACES,
    pods: running(all),
    policyLists,
    services: values([services])[0] ?? [],
    ...(everyPod ? { allPods: running(values([everyPod])[0] ?? []) } : {}),
  });
  return {
    model,
    pods: all,
    namespaces: values([namespaces])[0] ?? NO_NAMESPACES,
    notes: [...notesOn(served, config.state), ...doubtsOn(settings)],
  };
}

const NO_SERVICES: ListFact<Kinds['Service']> = { state: 'known', value: Object.freeze([]), served: true };

const values = <T>(facts: readonly ListFact<T>[]): (readonly T[])[] =>
  facts.flatMap((fact) => (fact.state === 'known' ? [fact.value] : []));

const NO_NAMESPACES: readonly Namespace[] = [];
const NO_PODS: readonly Pod[] = [];
const joins = new WeakMap<readonly Pod[], { lists: readonly (readonly Pod[])[]; whole: readonly Pod[] }>();

/** The lists as one; the same array for the same lists. */
function joined(lists: readonly (readonly Pod[])[]): readonly Pod[] {
  const [first] = lists;
  if (!first) return NO_PODS;
  if (lists.length === 1) return first;
  const before = joins.get(first);
  if (before?.lists.length === lists.length && before.lists.every((list, i) => list === lists[i])) {
    return before.whole;
  }
  const whole = lists.flat();
  joins.set(first, { lists, whole });
  return whole;
}

/** Those of the pods that run; the same array for the same list. */
const running = remember((pods: readonly Pod[]): readonly Pod[] => pods.filter(isRunning));

/** Each message once. */
function once(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((found) => [`${found.reason} ${found.message}`, found])).values()];
}

/** The namespaces to read; [undefined] is the whole cluster. */
function scopesOf(params: Params, context: CheckContext): readonly (string | undefined)[] {
  const scopes = new Set<string | undefined>();
  for (const entry of params.endpoints) scopes.add(scopeOf(entry, context));
  for (const { from, to } of [...(params.allow ?? []), ...(params.deny ?? [])]) {
    for (const side of [from, to]) {
      if (side && holdsPods(side)) scopes.add(scopeOf(side, context));
    }
  }
  return scopes.has(undefined) ? [undefined] : [...scopes];
}

function scopeOf(entry: Pick<Peer, 'namespace' | 'namespaceSelector' | 'entity'>, context: CheckContext) {
  if (entry.namespaceSelector || entry.entity === 'cluster') return undefined;
  return entry.namespace ?? context.namespace;
}

/** Does the peer stand for pods, be it among others? */
export function holdsPods(peer: Peer): boolean {
  return peer.cidr === undefined && (peer.entity === undefined || peer.entity === 'cluster');
}

const DEFAULTS: Readonly<Record<string, string>> = Object.freeze({});

/** The same settings for the same data, so that what is remembered under them stays found. */
const settingsOf = remember((data: Readonly<Record<string, string>>): Settings => ciliumSettings(data));

const traits = remember((policy: Policy) => ({
  services: readsServices(policy),
  names: mayNameEgressPorts(policy),
}));

const speaksOfServices = (policy: Policy) => traits(policy).services;
const namesEgressPorts = (policy: Policy) => traits(policy).names;

/** Is there a port at egress that is no number? Names are resolved through every pod of the cluster. */
function mayNameEgressPorts({ spec, specs }: Policy): boolean {
  const all = [spec, ...(Array.isArray(specs) ? specs : [])];
  return all.some((one) => {
    const { egress, egressDeny } = (one ?? {}) as { egress?: unknown; egressDeny?: unknown };
    return [egress, egressDeny].some((section) =>
      /"port":"[^"]*[a-zA-Z]/.test(JSON.stringify(section) ?? ''),
    );
  });
}

function notesOn(served: boolean, config: string): Finding[] {
  if (!served) {
    return [
      finding({
        level: 'Note',
        reason: 'NoCilium',
        what: 'The policy kinds of Cilium are not served: NetworkPolicy objects alone were judged, as Kubernetes defines them and as the CNI of the cluster must enforce them.',
      }),
    ];
  }
  if (config === 'known') return [];
  return [
    finding({
      level: 'Note',
      reason: 'DefaultConfig',
      subject: { kind: 'ConfigMap', namespace: 'kube-system', name: 'cilium-config' },
      what: "ConfigMap kube-system/cilium-config does not exist: Cilium's defaults were assumed.",
    }),
  ];
}

function doubtsOn({ notModelled }: Settings): Finding[] {
  return notModelled.map((what) =>
    finding({
      level: 'Unknown',
      reason: 'NotModelled',
      subject: { kind: 'ConfigMap', namespace: 'kube-system', name: 'cilium-config' },
      field: `data.${what.split(' ')[0]}`,
      what: `ConfigMap kube-system/cilium-config sets ${what}, which this check does not model.`,
      fix: 'Unset it, or prove isolation by other means.',
    }),
  );
}

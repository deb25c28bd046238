// The peers of a Cilium rule: what the sanitiser refuses in them, and whom they
// mean (pkg/policy/api/rule_validation.go, pkg/k8s/apis/cilium.io/utils,
// pkg/policy/utils/parserules.go, pkg/policy/k8s/service.go).

import { parseAddress, parsePrefix, parsePrefixOrAddress } from './addresses.ts';
import { refuseDnsName } from './cilium-ports.ts';
import type { Settings } from './config.ts';
import type { Doubt } from './doubt.ts';
import {
  chanceOf,
  type ExtendedSelector,
  hasKey,
  hasKeyPrefix,
  matches,
  NAMESPACE_LABELS,
  POD_NAMESPACE,
  POLICY_CLUSTER,
  requirements,
  selectorFault,
  withExists,
  withLabel,
} from './labels.ts';
import type { PeerSelector } from './peers.ts';
import { list, object, optionalList, optionalObject, type RawObject, selector, text, texts } from './raw.ts';
import { Refused, type ServiceInput } from './rules.ts';

export interface PeerContext {
  readonly settings: Settings;
  /** Of the policy; '' for a CiliumClusterwideNetworkPolicy. */
  readonly namespace: string;
  /** The subject is an endpoint that has no labels yet (reserved:init). */
  readonly subjectIsInit: boolean;
  readonly ingress: boolean;
  readonly deny: boolean;
  readonly services: readonly ServiceInput[];
}

/** null selects nobody; [] everybody. Throws Refused with the sanitiser's reason. */
export function peerPart(
  rule: RawObject,
  path: string,
  context: PeerContext,
): readonly PeerSelector[] | null {
  const side = context.ingress ? 'from' : 'to';
  const field = (name: string) => `${side}${name}`;
  const read = (name: string) => optionalList(rule[field(name)], `${path}.${field(name)}`);
  const endpoints = read('Endpoints');
  const nodes = read('Nodes');
  const entities = read('Entities');
  const cidrs = read('CIDR');
  const cidrSet = read('CIDRSet');
  const services = context.ingress ? undefined : read('Services');
  const fqdns = context.ingress || context.deny ? undefined : read('FQDNs');
  refuseCombined(
    { Endpoints: endpoints, Nodes: nodes, Entities: entities, CIDR: cidrs, CIDRSet: cidrSet },
    {
      services,
      fqdns,
      path,
      side,
    },
  );
  if ((read('Requires')?.length ?? 0) > 0) {
    // The field takes no elements any more, and those of before 1.19 are of a type that the agent cannot read.
    throw new Refused(
      `${path}.${field('Requires')} was removed in Cilium 1.19; name these labels in ${path}.${field('Endpoints')}`,
    );
  }
  if ((nodes?.length ?? 0) > 0 && !context.settings.nodeSelectorLabels) {
    throw new Refused(`${path}.${field('Nodes')} needs enable-node-selector-labels in cilium-config`);
  }
  const where = (name: string, i: number) => `${path}.${field(name)}[${i}]`;
  const peers: PeerSelector[] = [
    ...(endpoints ?? []).map((item, i) => endpointPeer(item, where('Endpoints', i), context)),
    ...(nodes ?? []).map((item, i) => nodePeer(item, where('Nodes', i))),
    ...(entities ?? []).flatMap((item, i) =>
      entityPeers(text(item, where('Entities', i)), context.settings, where('Entities', i)),
    ),
    ...(cidrs ?? []).map((item, i) => cidrPeer(text(item, where('CIDR', i)), where('CIDR', i))),
    ...(cidrSet ?? []).map((item, i) => cidrRulePeer(object(item, where('CIDRSet', i)), where('CIDRSet', i))),
    ...(fqdns ?? []).map((item, i) => fqdnPeer(object(item, where('FQDNs', i)), where('FQDNs', i))),
  ];
  const served = servicePeers(services ?? [], `${path}.toServices`, context);
  // A list that is there and empty selects nobody, whatever else is given.
  const filled = (l: readonly unknown[] | undefined, more = 0) => l === undefined || l.length + more > 0;
  const toEndpoints = served.filter((peer) => peer.kind === 'labels').length;
  const toCidrs = served.length - toEndpoints;
  if (!filled(endpoints, toEndpoints) || !filled(nodes) || !filled(entities)) return null;
  if (!filled(cidrs) || !filled(cidrSet, toCidrs)) return null;
  return [...peers, ...served];
}

function refuseCombined(
  lists: Readonly<Record<string, readonly unknown[] | undefined>>,
  more: {
    services: readonly unknown[] | undefined;
    fqdns: readonly unknown[] | undefined;
    path: string;
    side: string;
  },
) {
  const all = { ...lists, Services: more.services, FQDNs: more.fqdns };
  const filled = Object.entries(all).flatMap(([name, l]) =>
    (l?.length ?? 0) > 0 ? [`${more.side}${name}`] : [],
  );
  if (filled.length > 1) {
    throw new Refused(
      `${more.path}: combining ${filled[0]} and ${filled[1]} is not supported; make it two rules`,
    );
  }
}

/** A sound selector, or the sanitiser's reason. */
export function soundSelector(value: unknown, path: string): ExtendedSelector {
  const found = selector(value, path);
  const fault = selectorFault(found);
  if (fault) throw new Refused(`${path}: ${fault}`);
  return found;
}

const NAMESPACE_KEYS = [`k8s.${POD_NAMESPACE}`, `any.${POD_NAMESPACE}`] as const;

/** Without a namespace a selector means the policy's own; in a cluster-wide policy any pod (getEndpointSelector). */
function endpointPeer(value: unknown, path: string, context: PeerContext): PeerSelector {
  let found = soundSelector(value, path);
  const doubt = chanceOf(found, path);
  const meant = (selector: ExtendedSelector): PeerSelector => ({
    kind: 'labels',
    requirements: requirements(selector),
    ...(doubt ? { doubt } : {}),
  });
  if (hasKeyPrefix(found, 'reserved.')) return meant(found);
  if (!NAMESPACE_KEYS.some((key) => hasKey(found, key))) {
    if (context.namespace === '') {
      if (!context.subjectIsInit) found = withExists(found, NAMESPACE_KEYS[0]);
    } else if (
      !hasKeyPrefix(found, `k8s.${NAMESPACE_LABELS}.`) &&
      !hasKeyPrefix(found, `any.${NAMESPACE_LABELS}.`)
    ) {
      found = withLabel(found, NAMESPACE_KEYS[0], context.namespace);
    }
  }
  return meant(inCluster(found, context.settings));
}

function inCluster(found: ExtendedSelector, { localClusterOnly, cluster }: Settings): ExtendedSelector {
  if (!localClusterOnly || hasKey(found, `k8s.${POLICY_CLUSTER}`) || hasKey(found, `any.${POLICY_CLUSTER}`)) {
    return found;
  }
  return withLabel(found, `k8s.${POLICY_CLUSTER}`, cluster);
}

function nodePeer(value: unknown, path: string): PeerSelector {
  soundSelector(value, path);
  return { kind: 'nodes', what: `${path} (nodes by their labels)` };
}

function reservedPeer(name: string): PeerSelector {
  return {
    kind: 'labels',
    requirements: [{ source: 'reserved', key: name, operator: 'In', values: new Set(['']) }],
  };
}

const SINGLE_ENTITIES = [
  'world-ipv4',
  'world-ipv6',
  'host',
  'init',
  'ingress',
  'remote-node',
  'health',
  'unmanaged',
  'none',
  'kube-apiserver',
];

/** pkg/policy/api/entity.go. */
function entityPeers(entity: string, { cluster }: Settings, path: string): readonly PeerSelector[] {
  if (entity === 'all') return [{ kind: 'labels', requirements: [] }];
  if (entity === 'world') return ['world', 'world-ipv4', 'world-ipv6'].map(reservedPeer);
  if (entity === 'cluster') {
    const own: PeerSelector = {
      kind: 'labels',
      requirements: [{ source: 'k8s', key: POLICY_CLUSTER, operator: 'In', values: new Set([cluster]) }],
    };
    const members = ['host', 'remote-node', 'init', 'ingress', 'health', 'unmanaged', 'kube-apiserver'];
    return [...members.map(reservedPeer), own];
  }
  if (!SINGLE_ENTITIES.includes(entity)) throw new Refused(`${path}: unsupported entity "${entity}"`);
  return [reservedPeer(entity)];
}

function cidrPeer(written: string, path: string): PeerSelector {
  const prefix = parsePrefixOrAddress(written);
  if (!prefix) throw new Refused(`${path}: unable to parse CIDR "${written}"`);
  return { kind: 'cidr', prefix, except: [] };
}

function cidrRulePeer(raw: RawObject, path: string): PeerSelector {
  const cidr = text(raw.cidr, `${path}.cidr`);
  const group = text(raw.cidrGroupRef, `${path}.cidrGroupRef`);
  const groups = optionalObject(raw.cidrGroupSelector, `${path}.cidrGroupSelector`);
  const except = texts(raw.except, `${path}.except`);
  const given = [cidr !== '', group !== '', groups !== undefined].filter(Boolean).length;
  if (groups) soundSelector(groups, `${path}.cidrGroupSelector`);
  if (given !== 1)
    throw new Refused(`${path}: exactly one of cidr, cidrGroupRef and cidrGroupSelector must be set`);
  if (cidr === '') {
    const what =
      group === ''
        ? `CiliumCIDRGroups by their labels (${path}.cidrGroupSelector)`
        : `CiliumCIDRGroup ${group} (${path}.cidrGroupRef)`;
    return { kind: 'elsewhere', what };
  }
  const prefix = parsePrefix(cidr);
  if (!prefix) throw new Refused(`${path}.cidr: unable to parse "${cidr}"`);
  const prefixes = except.map((written) => {
    const hole = parsePrefix(written);
    const start = parseAddress(written.slice(0, written.lastIndexOf('/')));
    if (!hole || !start) throw new Refused(`${path}.except: unable to parse "${written}"`);
    const within = start.bits === prefix.bits && prefix.low <= start.value && start.value <= prefix.high;
    if (!within) throw new Refused(`${path}: ${cidr} does not contain its exception ${written}`);
    return hole;
  });
  return { kind: 'cidr', prefix, except: prefixes };
}

function fqdnPeer(raw: RawObject, path: string): PeerSelector {
  const name = text(raw.matchName, `${path}.matchName`);
  const pattern = text(raw.matchPattern, `${path}.matchPattern`);
  if (name !== '' && pattern !== '')
    throw new Refused(`${path}: only one of matchName and matchPattern is allowed`);
  refuseDnsName(raw, path);
  return { kind: 'fqdn', pattern: name === '' ? pattern : name };
}

/** Services become the selectors of their pods, or the addresses of their backends. Deny rules ignore them. */
function servicePeers(
  items: readonly unknown[],
  path: string,
  context: PeerContext,
): readonly PeerSelector[] {
  const peers: PeerSelector[] = [];
  for (const [i, item] of items.entries()) {
    const { wanted, doubt } = serviceMatcher(object(item, `${path}[${i}]`), `${path}[${i}]`);
    if (context.deny) continue;
    for (const service of context.services.filter(wanted)) {
      // By chance it may match no service at all, and then everybody is meant where ports are given.
      if (doubt) peers.push({ kind: 'doubt', ...doubt });
      else peers.push(...backendPeers(service, path, context));
    }
  }
  const certain = peers.filter((peer) => peer.kind !== 'doubt');
  // Beside others that are known the doubtful one can only add addresses.
  if (certain.length === 0 || certain.length === peers.length) return peers;
  return peers.map((peer) =>
    peer.kind === 'doubt' && peer.mend === undefined ? { kind: 'elsewhere', what: peer.what } : peer,
  );
}

interface ServiceMatcher {
  readonly wanted: (service: ServiceInput) => boolean;
  /** Why a service that is wanted may not be meant after all. */
  readonly doubt?: Doubt | undefined;
}

function serviceMatcher(raw: RawObject, path: string): ServiceMatcher {
  const bySelector = optionalObject(raw.k8sServiceSelector, `${path}.k8sServiceSelector`);
  const byName = optionalObject(raw.k8sService, `${path}.k8sService`);
  if (bySelector) {
    const namespace = text(bySelector.namespace, `${path}.k8sServiceSelector.namespace`);
    const found = soundSelector(bySelector.selector ?? {}, `${path}.k8sServiceSelector.selector`);
    const demands = requirements(found);
    return {
      wanted: ({ meta }) =>
        (namespace === '' || namespace === meta.namespace) &&
        matches(demands, { k8s: new Map(Object.entries(meta.labels)), reserved: new Set() }),
      doubt: chanceOf(found, `${path}.k8sServiceSelector.selector`),
    };
  }
  if (byName) {
    const namespace = text(byName.namespace, `${path}.k8sService.namespace`);
    const name = text(byName.serviceName, `${path}.k8sService.serviceName`);
    return {
      wanted: ({ meta }) => (namespace === '' || namespace === meta.namespace) && name === meta.name,
    };
  }
  return { wanted: () => false };
}

function backendPeers(service: ServiceInput, path: string, context: PeerContext): readonly PeerSelector[] {
  const { name, namespace } = service.meta;
  const chosen = Object.entries(service.spec.selector ?? {});
  if (chosen.length > 0) {
    const labels = new Map(chosen.map(([key, value]) => [`k8s.${key}`, value]));
    labels.set(NAMESPACE_KEYS[0], namespace);
    const found = inCluster({ labels, expressions: [] }, context.settings);
    const fault = selectorFault(found);
    if (fault) throw new Refused(`${path}: Service ${namespace}/${name}: ${fault}`);
    return [{ kind: 'labels', requirements: requirements(found) }];
  }
  if (service.backends === undefined) {
    return [
      { kind: 'doubt', what: `the addresses behind Service ${namespace}/${name}, which has no selector` },
    ];
  }
  return service.backends.flatMap((written): PeerSelector[] => {
    const prefix = parsePrefixOrAddress(written);
    return prefix ? [{ kind: 'cidr', prefix, except: [] }] : [];
  });
}

/** Does any rule of this spec have a filled toGroups or fromGroups? */
export function needsDerivative(spec: RawObject): boolean {
  const filled = (section: string, field: string) =>
    list(spec[section], section).some((rule) => {
      const groups = (rule as RawObject | null)?.[field];
      return Array.isArray(groups) && groups.length > 0;
    });
  return (
    filled('ingress', 'fromGroups') ||
    filled('ingressDeny', 'fromGroups') ||
    filled('egress', 'toGroups') ||
    filled('egressDeny', 'toGroups')
  );
}

/** Does any rule of this spec speak of services? */
export function speaksOfServices(spec: RawObject): boolean {
  const rules = spec.egress;
  return (
    Array.isArray(rules) &&
    rules.some((rule) => {
      const services = (rule as RawObject | null)?.toServices;
      return Array.isArray(services) && services.length > 0;
    })
  );
}

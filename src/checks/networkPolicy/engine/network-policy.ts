// NetworkPolicy → rules: as Cilium parses it (pkg/k8s/network_policy.go), or,
// in a cluster without Cilium, as Kubernetes defines it.

import { parsePrefix } from './addresses.ts';
import { portNumber } from './cilium-ports.ts';
import type { Settings } from './config.ts';
import {
  type ExtendedSelector,
  exactRequirements,
  hasKey,
  NAMESPACE_LABELS,
  POD_NAMESPACE,
  POLICY_CLUSTER,
  type Requirements,
  requirements,
  withExists,
  withLabel,
} from './labels.ts';
import type { PeerSelector } from './peers.ts';
import { isPortName, numbered, type PortSpec, protocolOf } from './ports.ts';
import { list, object, optionalObject, type RawObject, selector, text, texts, wholeNumber } from './raw.ts';
import { type CompiledPolicy, type Direction, type PolicyInput, Refused, type Rule } from './rules.ts';

const asK8s = (key: string) => `k8s.${key}`;
const OWN_NAMESPACE = asK8s(POD_NAMESPACE);

/** Never throws: an object that cannot be parsed comes back `invalid`, without rules. */
export function compileNetworkPolicy(policy: PolicyInput, settings: Settings): CompiledPolicy {
  try {
    return { policy, rules: rulesOf(policy, settings) };
  } catch (error) {
    if (error instanceof Refused) return { policy, rules: [], invalid: error.message };
    throw error;
  }
}

function rulesOf(policy: PolicyInput, settings: Settings): Rule[] {
  const cilium = settings.enforcer === 'cilium';
  const demands = cilium ? requirements : exactRequirements;
  const namespace = policy.meta.namespace || 'default';
  const spec = object(policy.spec ?? {}, 'spec');
  const types = texts(spec.policyTypes, 'spec.policyTypes');
  const written = selector(spec.podSelector ?? {}, 'spec.podSelector', asK8s);
  const subject = demands(withLabel(written, OWN_NAMESPACE, namespace));
  const side = (direction: Direction): Rule[] => {
    const items = list(spec[direction], `spec.${direction}`);
    const base = { policy, direction, deny: false, defaultDeny: true, subject, node: false, caveats: [] };
    const field = direction === 'ingress' ? 'from' : 'to';
    const rules = items.map((item, i): Rule => {
      const path = `spec.${direction}[${i}]`;
      const raw = object(item, path);
      const peers = list(raw[field], `${path}.${field}`).flatMap((peer, n) =>
        peersOf(
          object(peer, `${path}.${field}[${n}]`),
          `${path}.${field}[${n}]`,
          namespace,
          settings,
          demands,
        ),
      );
      return { ...base, path, peers, ports: portsOf(raw, path) };
    });
    if (rules.length > 0) return rules;
    // Nothing is let through, and that is said by a rule that selects nobody.
    return isolates(direction, types)
      ? [{ ...base, path: `spec.${direction}`, peers: null, ports: undefined }]
      : [];
  };
  const sides = { ingress: side('ingress'), egress: side('egress') };
  if (cilium) return [...sides.ingress, ...sides.egress];
  // Kubernetes looks only at the sections that policyTypes names; its default is Ingress, and Egress if there is any.
  const egressMeant =
    types.length > 0 ? types.includes('Egress') : list(spec.egress, 'spec.egress').length > 0;
  const ingressMeant = types.length === 0 || types.includes('Ingress');
  return [...(ingressMeant ? sides.ingress : []), ...(egressMeant ? sides.egress : [])];
}

function isolates(direction: Direction, types: readonly string[]): boolean {
  if (direction === 'egress') return types.includes('Egress');
  return types.includes('Ingress') || !types.includes('Egress');
}

function peersOf(
  raw: RawObject,
  path: string,
  namespace: string,
  settings: Settings,
  demands: (selector: ExtendedSelector) => Requirements,
): PeerSelector[] {
  const block = optionalObject(raw.ipBlock, `${path}.ipBlock`);
  if (block) return blockPeers(block, `${path}.ipBlock`, settings);
  let pods = selector(raw.podSelector ?? {}, `${path}.podSelector`, asK8s);
  if (settings.localClusterOnly && !hasKey(pods, asK8s(POLICY_CLUSTER))) {
    pods = withLabel(pods, asK8s(POLICY_CLUSTER), settings.cluster);
  }
  if (raw.namespaceSelector === undefined || raw.namespaceSelector === null) {
    return [{ kind: 'labels', requirements: demands(withLabel(pods, OWN_NAMESPACE, namespace)) }];
  }
  let spaces = selector(raw.namespaceSelector, `${path}.namespaceSelector`, (key) =>
    asK8s(`${NAMESPACE_LABELS}.${key}`),
  );
  if (spaces.labels.size + spaces.expressions.length === 0) spaces = withExists(spaces, OWN_NAMESPACE);
  const both: ExtendedSelector = {
    labels: new Map([...spaces.labels, ...pods.labels]),
    expressions: [...spaces.expressions, ...pods.expressions],
  };
  return [{ kind: 'labels', requirements: demands(both) }];
}

/**
 * Under Cilium an ipBlock is the world only. (In 1.19.4 one at ingress also let in the whole namespace; this is
 * the behaviour since 1.19.5.) Other CNIs go by the address, so there the block of all addresses lets in pods too.
 */
function blockPeers(raw: RawObject, path: string, settings: Settings): PeerSelector[] {
  const written = text(raw.cidr, `${path}.cidr`);
  const prefix = parsePrefix(written);
  if (!prefix) throw new Refused(`${path}.cidr: unable to parse "${written}"`);
  const except = texts(raw.except, `${path}.except`).map((hole) => {
    const parsed = parsePrefix(hole);
    if (!parsed) throw new Refused(`${path}.except: unable to parse "${hole}"`);
    return parsed;
  });
  const peers: PeerSelector[] = [{ kind: 'cidr', prefix, except }];
  if (settings.enforcer === 'kubernetes' && prefix.length === 0 && except.length === 0) {
    peers.push({ kind: 'labels', requirements: [] });
  }
  return peers;
}

function portsOf(rule: RawObject, path: string): readonly PortSpec[] | undefined {
  const written = list(rule.ports, `${path}.ports`);
  if (written.length === 0) return undefined;
  return written.map((item, i): PortSpec => {
    const where = `${path}.ports[${i}]`;
    const raw = object(item, where);
    const protocol = protocolOf(text(raw.protocol, `${where}.protocol`) || 'TCP');
    if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') {
      throw new Refused(`${where}.protocol: must be TCP, UDP or SCTP`);
    }
    const port = raw.port;
    if (port === undefined || port === null) return numbered(protocol, 0, 0);
    if (typeof port !== 'number' && typeof port !== 'string')
      throw new Refused(`${where}.port: must be a port`);
    const end = wholeNumber(raw.endPort, `${where}.endPort`);
    if (isPortName(String(port))) return { protocol, name: String(port), end };
    return numbered(protocol, portNumber(String(port), where), end);
  });
}

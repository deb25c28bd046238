// CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy → rules, refusing what
// Cilium's sanitiser refuses (pkg/policy/api/rule_validation.go Rule.Sanitize,
// pkg/k8s/apis/cilium.io/v2 Parse, pkg/k8s/apis/cilium.io/utils ParseToCiliumRule).

import { needsDerivative, peerPart, soundSelector } from './cilium-peers.ts';
import { portPart } from './cilium-ports.ts';
import type { Settings } from './config.ts';
import { chanceOf, hasKey, POD_NAMESPACE, requirements, withLabel } from './labels.ts';
import { list, object, optionalFlag, optionalList, optionalObject, type RawObject, text } from './raw.ts';
import { type CompiledPolicy, type PolicyInput, Refused, type Rule, type ServiceInput } from './rules.ts';

/** Never throws: an object that Cilium refuses comes back `invalid`, without rules. */
export function compileCilium(
  policy: PolicyInput,
  settings: Settings,
  services: readonly ServiceInput[],
): CompiledPolicy {
  try {
    const specs = specsOf(policy);
    if (specs.some(({ spec }) => needsDerivative(spec))) {
      return {
        policy,
        rules: [],
        skipped:
          'a rule has toGroups or fromGroups, so the operator of Cilium derives another policy from it',
      };
    }
    return {
      policy,
      rules: specs.flatMap(({ spec, path }) => specRules(policy, spec, path, settings, services)),
    };
  } catch (error) {
    if (error instanceof Refused) return { policy, rules: [], invalid: error.message };
    throw error;
  }
}

/** spec and specs together, each with the path at which it stands. */
export function specsOf(policy: PolicyInput): { readonly spec: RawObject; readonly path: string }[] {
  const spec = optionalObject(policy.spec, 'spec');
  const specs = optionalList(policy.specs, 'specs');
  if (!spec && !specs) throw new Refused('spec and specs are both missing');
  return [
    ...(spec ? [{ spec, path: 'spec' }] : []),
    ...(specs ?? []).map((item, i) => ({ spec: object(item, `specs[${i}]`), path: `specs[${i}]` })),
  ];
}

const SECTIONS = [
  { name: 'ingress', direction: 'ingress', deny: false },
  { name: 'ingressDeny', direction: 'ingress', deny: true },
  { name: 'egress', direction: 'egress', deny: false },
  { name: 'egressDeny', direction: 'egress', deny: true },
] as const;

function specRules(
  policy: PolicyInput,
  spec: RawObject,
  path: string,
  settings: Settings,
  services: readonly ServiceInput[],
): Rule[] {
  const sections = SECTIONS.map((section) => ({
    ...section,
    rules: list(spec[section.name], `${path}.${section.name}`),
  }));
  if (sections.every(({ rules }) => rules.length === 0)) {
    throw new Refused(`${path} must have at least one of ingress, ingressDeny, egress, egressDeny`);
  }
  const { subject, subjectDoubt, node, init } = subjectOf(policy, spec, path);
  const asked = optionalObject(spec.enableDefaultDeny, `${path}.enableDefaultDeny`) ?? {};
  const rules: Rule[] = [];
  for (const { name, direction, deny, rules: written } of sections) {
    const wanted = optionalFlag(asked[direction], `${path}.enableDefaultDeny.${direction}`) ?? true;
    const defaultDeny = !settings.nonDefaultDeny || wanted;
    const ingress = direction === 'ingress';
    for (const [i, item] of written.entries()) {
      const where = `${path}.${name}[${i}]`;
      const raw = object(item, where);
      const peers = peerPart(raw, where, {
        settings,
        namespace: policy.meta.namespace,
        subjectIsInit: init,
        ingress,
        deny,
        services,
      });
      const { ports, caveats } = portPart(raw, where, { settings, ingress, deny, host: node });
      rules.push({
        policy,
        path: where,
        direction,
        deny,
        defaultDeny,
        subject,
        ...(subjectDoubt ? { subjectDoubt } : {}),
        node,
        // Neither peers nor ports: it selects nobody (pkg/policy/rule.go mergeL4Filter).
        peers: peers?.length === 0 && ports === undefined ? null : peers,
        ports,
        caveats: [...caveats, ...authentication(raw, where, deny)],
      });
    }
  }
  return rules;
}

function subjectOf(policy: PolicyInput, spec: RawObject, path: string) {
  const endpoints = optionalObject(spec.endpointSelector, `${path}.endpointSelector`);
  const nodes = optionalObject(spec.nodeSelector, `${path}.nodeSelector`);
  if (!endpoints && !nodes) throw new Refused(`${path} must have one of endpointSelector or nodeSelector`);
  if (endpoints && nodes) throw new Refused(`${path} cannot have both endpointSelector and nodeSelector`);
  const field = endpoints ? 'endpointSelector' : 'nodeSelector';
  const found = soundSelector(endpoints ?? nodes, `${path}.${field}`);
  const clusterwide = policy.kind === 'CiliumClusterwideNetworkPolicy';
  if (nodes && !clusterwide)
    throw new Refused(`${path}: nodeSelector is for CiliumClusterwideNetworkPolicy only`);
  const own = endpoints && !clusterwide;
  const subject = own ? withLabel(found, `k8s.${POD_NAMESPACE}`, policy.meta.namespace) : found;
  return {
    subject: requirements(subject),
    subjectDoubt: chanceOf(found, `${path}.${field}`),
    node: nodes !== undefined,
    init: endpoints !== undefined && hasKey(found, 'reserved.init'),
  };
}

function authentication(raw: RawObject, path: string, deny: boolean): string[] {
  if (deny) return [];
  const asked = optionalObject(raw.authentication, `${path}.authentication`);
  const mode = asked ? text(asked.mode, `${path}.authentication.mode`) : '';
  return mode === '' || mode === 'disabled'
    ? []
    : [`${path}.authentication (mode ${mode}: both sides must authenticate)`];
}

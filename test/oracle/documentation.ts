/**
 * The shapes of policy in Cilium's documentation (the network check's cases/documentation-*.yaml) as scenarios, and
 * what Cilium's own engine answers to them, kept in cases/documentation-oracle.json.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Case, readCases } from '../../src/checks/testing/cases.ts';
import { type Claim, claimOf } from './compare.ts';
import { judge } from './engine.ts';
import type { Oracle } from './oracle.ts';
import type { ContainerPort, KubernetesObject, Query, Scenario, ScenarioPod } from './scenario.ts';

const folder = join(import.meta.dirname, '../../src/checks/networkPolicy');
const file = join(folder, 'cases/documentation-oracle.json');

/** What no oracle can answer, by what is in the case's cilium-config. */
const UNASKED = ['enable-node-selector-labels', 'policy-cidr-match-mode', 'static-cnp-path'];

export interface Shape {
  name: string;
  scenario: Scenario;
}

/** What Cilium says of a shape; flows that are in none of the lists are let through. */
export interface Kept {
  invalid: string[];
  defaultDeny: string[];
  /** "src > dst 80/TCP: egress denied" */
  denied: string[];
  /** Flows that hang on what the check does not model; what Cilium says of them is not compared. */
  unknown: string[];
  /** Subjects whose policy Cilium fails to compute. */
  unresolved: string[];
}

/** Every documented shape that the oracle can answer for. */
export function shapes(): Shape[] {
  return readCases(folder)
    .filter((given) => given.file.startsWith('documentation-'))
    .map((given) => ({ name: given.name, scenario: scenarioOf(given) }))
    .filter(({ scenario }) => !UNASKED.some((key) => key in scenario.config));
}

export function keptAnswers(): Record<string, Kept> {
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, Kept>;
}

export function writeAnswers(answers: Record<string, Kept>): void {
  writeFileSync(file, `${JSON.stringify(answers, null, 2)}\n`);
}

export async function askShape(oracle: Oracle, { name, scenario }: Shape): Promise<Kept> {
  const answer = await oracle.ask(scenario);
  const claim = claimOf(name, scenario, answer);
  const unknown = unknownIn(scenario);
  return {
    invalid: claim.invalid,
    defaultDeny: claim.defaultDeny,
    denied: Object.entries(claim.flows).flatMap(([flow, said]) =>
      said === 'allow' || unknown.includes(flow) ? [] : [`${flow}: ${said}`],
    ),
    unknown,
    unresolved: Object.keys(answer.unresolved ?? {}).sort(),
  };
}

/** What is kept, as a claim about every flow that the check knows. */
export function shapeClaim({ name, scenario }: Shape, kept: Kept): Claim {
  const flows = Object.fromEntries(
    judge(scenario)
      .flows.map(flowName)
      .filter((flow) => !kept.unknown.includes(flow))
      .map((flow) => [flow, 'allow']),
  );
  for (const line of kept.denied) {
    const [flow = '', said = ''] = line.split(': ');
    flows[flow] = said;
  }
  return { claim: name, scenario, invalid: kept.invalid, defaultDeny: kept.defaultDeny, flows };
}

export function unknownIn(scenario: Scenario): string[] {
  return judge(scenario)
    .flows.filter(({ egress, ingress }) => [egress, ingress].some(({ decision }) => decision === 'unknown'))
    .map(flowName);
}

const flowName = (flow: { src: string; dst: string; port: number; protocol: string }) =>
  `${flow.src} > ${flow.dst} ${flow.port}/${flow.protocol}`;

const POLICIES = ['CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy', 'NetworkPolicy'];

interface Flow {
  from?: { cidr?: string };
  to?: { cidr?: string };
  ports?: string[];
}

function scenarioOf({ objects, params }: Case): Scenario {
  const all = objects as unknown as KubernetesObject[];
  const of = (...kinds: string[]) => all.filter(({ kind }) => kinds.includes(kind));
  const { allow = [], deny = [] } = params as { allow?: Flow[]; deny?: Flow[] };
  const flows = [...allow, ...deny];
  const cidrs = flows.flatMap(({ from, to }) => [from?.cidr, to?.cidr].filter((cidr) => cidr !== undefined));
  const ports = new Set(['8080/TCP', '53/UDP', '8/ICMP', ...flows.flatMap((flow) => flow.ports ?? [])]);
  return {
    namespaces: of('Namespace').map(({ metadata }) => ({
      name: metadata.name,
      labels: (metadata.labels ?? {}) as Record<string, string>,
    })),
    pods: of('Pod').map(podOf),
    policies: of(...POLICIES),
    config: (of('ConfigMap')[0]?.data ?? {}) as Record<string, string>,
    services: of('Service'),
    addresses: [...new Set(cidrs.map((cidr) => cidr.split('/')[0] ?? ''))].map((ip) => ({ ip })),
    queries: [...ports].map((text): Query => {
      const [port, protocol = 'TCP'] = text.split('/');
      return { port: Number(port), protocol: protocol as Query['protocol'] };
    }),
  };
}

function podOf({ metadata, spec }: KubernetesObject): ScenarioPod {
  const { hostNetwork, nodeName, serviceAccountName, containers } = spec as {
    hostNetwork?: boolean;
    nodeName: string;
    serviceAccountName?: string;
    containers: { ports?: ContainerPort[] }[];
  };
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    labels: (metadata.labels ?? {}) as Record<string, string>,
    serviceAccount: serviceAccountName ?? 'default',
    ports: containers.flatMap(({ ports = [] }) => ports),
    hostNetwork: hostNetwork ?? false,
    node: nodeName,
  };
}

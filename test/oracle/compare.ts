/** Where the check's engine and Cilium's disagree, in words; and the form in which a case of it is kept. */
import { createHash } from 'node:crypto';
import { type EngineAnswer, judge } from './engine.ts';
import type { Answer, Scenario } from './scenario.ts';

/**
 * A scenario with what is known of its answer. The oracle's own claims (testdata/) are written by hand, the cases of
 * the check are Cilium's answers to what random search has found.
 */
export interface Claim {
  claim: string;
  scenario: Scenario;
  /** "Kind namespace/name: part of the error", sorted. */
  invalid: string[];
  /** "namespace/name Ingress", sorted. */
  defaultDeny: string[];
  /** "src > dst 80/TCP" to "allow", "egress denied", "ingress denied" or "egress and ingress denied". */
  flows: Record<string, string>;
}

export function claimOf(claim: string, scenario: Scenario, answer: Answer): Claim {
  return {
    claim,
    scenario,
    invalid: answer.invalid.map(
      ({ kind, namespace, name, error }) => `${kind} ${namespace}/${name}: ${error}`,
    ),
    defaultDeny: defaultDenyOf(answer.pods),
    flows: Object.fromEntries(
      answer.flows.map((flow) => [flowName(flow), sides(flow.egress === 'deny', flow.ingress === 'deny')]),
    ),
  };
}

/** A short name that stays the same for the same scenario. */
export function caseName({ scenario }: Claim): string {
  return createHash('sha256').update(JSON.stringify(scenario)).digest('hex').slice(0, 12);
}

/** What the check's engine says otherwise than the claim; nothing where they agree. */
export function disagreements(claim: Claim): string[] {
  let answer: EngineAnswer;
  try {
    answer = judge(claim.scenario);
  } catch (error) {
    return [
      `the check's engine throws: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    ];
  }
  return [...refusals(claim, answer), ...denials(claim, answer), ...differences(claim, answer)];
}

function refusals(claim: Claim, answer: EngineAnswer): string[] {
  const objects = new Map(
    claim.invalid.map((line) => {
      const [object = '', ...error] = line.split(': ');
      return [object, error.join(': ')];
    }),
  );
  const ours = new Map(
    answer.invalid.map(({ kind, namespace, name, error }) => [`${kind} ${namespace}/${name}`, error]),
  );
  return [
    ...[...objects].flatMap(([object, error]) =>
      ours.has(object) ? [] : [`${object}: Cilium refuses it (${error}), the check takes it`],
    ),
    ...[...ours].flatMap(([object, error]) =>
      objects.has(object) ? [] : [`${object}: Cilium takes it, the check refuses it (${error})`],
    ),
  ];
}

function denials(claim: Claim, answer: EngineAnswer): string[] {
  const ours = defaultDenyOf(answer.pods);
  return [
    ...claim.defaultDeny
      .filter((line) => !ours.includes(line))
      .map((line) => `${line}: default deny holds with Cilium, not with the check`),
    ...ours
      .filter((line) => !claim.defaultDeny.includes(line))
      .map((line) => `${line}: no default deny with Cilium, but with the check`),
  ];
}

function differences(claim: Claim, answer: EngineAnswer): string[] {
  const ours = new Map(answer.flows.map((flow) => [flowName(flow), flow]));
  return Object.entries(claim.flows).flatMap(([name, theirs]) => {
    const flow = ours.get(name);
    if (!flow) return [`${name}: Cilium says ${theirs}, the check nothing`];
    const { egress, ingress } = flow;
    if (egress.decision === 'unknown' || ingress.decision === 'unknown') {
      return [`${name}: Cilium says ${theirs}, the check does not know (${because(flow)})`];
    }
    const said = sides(egress.decision === 'deny', ingress.decision === 'deny');
    return said === theirs ? [] : [`${name}: Cilium says ${theirs}, the check ${said} (${because(flow)})`];
  });
}

function because({ egress, ingress }: EngineAnswer['flows'][number]): string {
  const rule = (why: typeof egress.because) =>
    'rule' in why && why.rule ? `${why.kind} ${why.rule.policy.meta.name} ${why.rule.path}` : why.kind;
  return `egress ${rule(egress.because)}, ingress ${rule(ingress.because)}`;
}

function defaultDenyOf(pods: Answer['pods']): string[] {
  return Object.entries(pods)
    .flatMap(([name, { ingressDefaultDeny, egressDefaultDeny }]) => [
      ...(ingressDefaultDeny ? [`${name} Ingress`] : []),
      ...(egressDefaultDeny ? [`${name} Egress`] : []),
    ])
    .sort();
}

function flowName({
  src,
  dst,
  port,
  protocol,
}: {
  src: string;
  dst: string;
  port: number;
  protocol: string;
}): string {
  return `${src} > ${dst} ${port}/${protocol}`;
}

function sides(egressDenied: boolean, ingressDenied: boolean): string {
  if (egressDenied && ingressDenied) return 'egress and ingress denied';
  if (egressDenied) return 'egress denied';
  return ingressDenied ? 'ingress denied' : 'allow';
}

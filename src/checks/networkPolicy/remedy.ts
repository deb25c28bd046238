// What would isolate the pods that are not, and keep the flows that the check
// allows: policies to add, and rules to narrow that let everybody through.

import type { Peer } from '../../api/selectors.ts';
import type { Edit } from '../../facts/edits.ts';
import type { CheckContext, Finding, Remedy, Way } from '../check.ts';
import { refer, someOf } from '../shared/messages.ts';
import { noRemedy } from '../shared/remedies.ts';
import type { Direction } from './engine/index.ts';
import { gatherEvidence } from './evidence.ts';
import { draftsFor } from './remedy-drafts.ts';
import { keysOf } from './remedy-flows.ts';
import { narrowing } from './remedy-narrow.ts';
import type { Variant } from './remedy-passages.ts';
import { type Scene, sceneOf } from './remedy-scene.ts';
import { type Draft, policyOf } from './remedy-write.ts';
import type { Params } from './schema.ts';

export function remedies(
  params: Params,
  context: CheckContext,
  failing: readonly Finding[],
): readonly Remedy[] {
  const evidence = gatherEvidence(params, context);
  if (!('model' in evidence)) return [noRemedy(failing, 'The evidence is not here.')];
  const scene = sceneOf(params, evidence, context);
  const hopeless = failing.flatMap((finding) => {
    const why = whyNone(finding, scene);
    return why === undefined ? [] : [noRemedy([finding], why)];
  });
  const given = new Set(hopeless.flatMap(({ mends }) => mends));
  const mends = failing.filter((finding) => !given.has(finding));
  if (mends.length === 0) return hopeless;
  const without = whyLeft(scene);
  return [...hopeless, { mends, ways: waysFor(scene, mends), ...(without ? { without } : {}) }];
}

/** Why no policy of ours can mend this, if it is so. */
function whyNone(finding: Finding, { enforcer }: Scene): string | undefined {
  const { reason, field = '', culprits = [], fix } = finding;
  const policy = culprits[0] && refer(culprits[0]);
  switch (reason) {
    case 'SubjectMissing':
      return fix ?? '';
    case 'EnforcementDisabled':
      return `This is a setting of the whole cluster, made where Cilium is installed; no policy helps while it is so. See what turning it on would stop with remediation reach first. ${fix ?? ''}`;
    case 'NotEnforced':
      return field.startsWith('metadata.') ? (fix ?? '') : undefined;
    case 'WideOpen':
      if (culprits[0]?.kind !== 'CiliumClusterwideNetworkPolicy') return undefined;
      return `Nothing that is added can close it, and ${policy} bears on more pods than these: narrow ${field} there, or take that rule out.`;
    case 'FlowDenied':
      if (!/\.(in|e)gressDeny\b/.test(field)) return undefined;
      return `A deny beats every allow: narrow ${field} of ${policy}, or take it out, if the flow is to work.`;
    case 'FlowAllowed':
      if (enforcer === 'cilium') return undefined;
      return `A NetworkPolicy cannot deny, only leave out. ${fix ?? ''}`;
    default:
      return undefined;
  }
}

/** Every way, from the one that disturbs least to the one that is strictest; then those for one direction alone. */
function waysFor(scene: Scene, mends: readonly Finding[]): readonly Way[] {
  const directions = [...scene.open.keys()];
  const each = directions.length > 1 ? directions.map((direction) => [direction]) : [];
  const variants: readonly Variant[] = [directions, ...each].flatMap((isolates) => [
    { isolates, namespace: true, deny: false },
    { isolates, namespace: true, deny: true },
    { isolates, namespace: false, deny: false },
    { isolates, namespace: false, deny: true },
  ]);
  const seen = new Set<string>();
  return variants.flatMap((variant) => {
    const drafts = draftsFor(scene, variant);
    const edits: readonly Edit[] = [
      ...narrowing(scene, mends, variant),
      ...drafts.map(
        (draft): Edit => ({
          action: 'Create',
          object: policyOf(draft, scene.enforcer, scene.context.namespace),
        }),
      ),
    ];
    const key = JSON.stringify(edits);
    if (edits.length === 0 || seen.has(key)) return [];
    seen.add(key);
    return [{ edits, decide: decisions(scene, drafts, mends, variant) }];
  });
}

function decisions(
  { params, dns }: Scene,
  drafts: readonly Draft[],
  mends: readonly Finding[],
  { namespace }: Variant,
): readonly string[] {
  const isolating = (direction: Direction) => drafts.some(({ isolates }) => isolates.includes(direction));
  const except = (params.except ?? []).length > 0 ? ', the peers of except' : '';
  const within = namespace ? 'pods of their own namespace' : 'nobody of their own namespace';
  const wide = mends.filter(({ reason }) => reason === 'WideOpen');
  const refused = mends.filter(({ reason }) => reason === 'PolicyInvalid');
  return [
    ...(isolating('ingress')
      ? [
          `who else has to reach these pods (gateways, scrapers, the API server for webhooks): only ${within}${except} and the flows of allow come in from then on, beside the node of each pod. Put what is missing under allow of the check and ask again`,
        ]
      : []),
    ...(isolating('egress')
      ? [
          `what else these pods have to reach (the API server, other namespaces, the world): only ${within}${except} and the flows of allow are left to them. Put what is missing under allow of the check and ask again`,
          `DNS is let through to the pods of Service kube-system/kube-dns${dns.isKnown ? '' : ', taken to be labelled k8s-app=kube-dns'}, although the check does not ask for it: without it names do not resolve. Take it out if these pods need none; add the node-local cache if there is one`,
        ]
      : []),
    ...wide.map(
      ({ field, culprits = [] }) =>
        `whom ${field} of ${culprits[0] ? refer(culprits[0]) : 'the policy'} was for: it let everybody through and is narrowed`,
    ),
    ...refused.map(
      ({ subject }) =>
        `${subject ? refer(subject) : 'a policy'} is still refused and without effect: mend or delete it`,
    ),
    ...(drafts.some(({ passages }) => passages.some(isOfOtherNodes))
      ? ['pods on the network of their node cannot be told from it: every node is let through on these ports']
      : []),
    ...(drafts.some(({ passages }) => passages.some(({ deny, who }) => deny && isOfNode(who)))
      ? ['a deny of the node stops the probes of kubelet on these ports too']
      : []),
  ];
}

const isOfOtherNodes = ({ deny, who }: Draft['passages'][number]) =>
  !deny && who !== 'namespace' && who.entity === 'remote-node';

const isOfNode = (who: Draft['passages'][number]['who']) =>
  who !== 'namespace' && (who.entity === 'host' || who.entity === 'cluster');

/** What stands in the way of every way, where that is known. */
function whyLeft({ enforcer, params, model }: Scene): string | undefined {
  const parts = (params.allow ?? []).flatMap(({ from, to }, at) => {
    const [stranger, direction] = isStranger(to) ? [to, 'Egress' as const] : [from, 'Ingress' as const];
    if (!isStranger(stranger) || !params.isolated.includes(direction)) return [];
    if ((params.except ?? []).some(({ entity }) => entity === stranger?.entity)) return [];
    return [
      `The check contradicts itself: allow[${at}] is a flow with ${stranger?.entity}, and isolated: [${direction}] forbids it on every port. List {entity: ${stranger?.entity}} under except, or name addresses or namespaces in allow.`,
    ];
  });
  const left = params.endpoints.flatMap(({ podSelector }) =>
    keysOf(podSelector).filter((key) => !model.settings.filter(key)),
  );
  if (left.length > 0) {
    parts.push(
      `Cilium leaves ${someOf([...new Set(left)])} out of identities, so no policy can select by ${left.length === 1 ? 'it' : 'them'}: go by other labels, or list ${left.length === 1 ? 'it' : 'them'} under labels in cilium-config.`,
    );
  }
  if (enforcer === 'kubernetes') {
    parts.push('A NetworkPolicy cannot name nodes or the API server, and cannot deny.');
  }
  return parts.length > 0 ? parts.join(' ') : undefined;
}

const isStranger = (peer: Peer | undefined) => peer?.entity === 'world' || peer?.entity === 'cluster';

// What the remedies of one check are made from: the model, which pods are not
// isolated in which direction, and the sides of every flow.

import type { LabelSelector, Peer } from '../../api/selectors.ts';
import type { Namespace, Pod, Policy } from '../../facts/kinds.ts';
import type { CheckContext } from '../check.ts';
import { type Direction, defaultDeny, type Model } from './engine/index.ts';
import type { Evidence } from './evidence.ts';
import { judgeFlows } from './flows.ts';
import { judgeIsolation } from './isolation.ts';
import { type Side, sidesOf } from './remedy-flows.ts';
import type { Enforcer } from './remedy-write.ts';
import type { Params } from './schema.ts';
import { podsMeant, subjectsOf } from './subjects.ts';

/** The pods of one entry of `endpoints` in one namespace. */
export interface Subjects {
  readonly namespace: string;
  readonly podSelector?: LabelSelector;
  readonly pods: readonly Pod[];
}

export interface Scene {
  readonly params: Params;
  readonly context: CheckContext;
  readonly model: Model<Pod>;
  readonly pods: readonly Pod[];
  readonly namespaces: readonly Namespace[];
  readonly enforcer: Enforcer;
  readonly subjects: readonly Subjects[];
  /** Judged pods without default deny, by the directions asked for. */
  readonly open: ReadonlyMap<Direction, ReadonlySet<Pod>>;
  readonly allow: readonly Side[];
  /** Of flows of `deny` that are possible now. */
  readonly deny: readonly Side[];
  /** The names that policies have already, as namespace/name. */
  readonly taken: ReadonlySet<string>;
  readonly dns: { readonly isKnown: boolean; readonly peer: Peer };
}

export function sceneOf(params: Params, evidence: Evidence, context: CheckContext): Scene {
  const { model, pods, namespaces } = evidence;
  const { judged } = subjectsOf(params, pods, namespaces, context);
  const flows = { params, model, pods, namespaces, judged, context };
  const directions = params.isolated.map((name) => name.toLowerCase() as Direction);
  const open = new Map(
    directions.map((direction) => {
      const { bad } = judgeIsolation([direction], params.except ?? [], model, judged, context);
      return [direction, withoutDefaultDeny(bad, direction, model)] as const;
    }),
  );
  const possible = (params.deny ?? []).filter(
    (flow) => judgeFlows({ ...flows, params: { ...params, allow: [], deny: [flow] } }).findings.length > 0,
  );
  return {
    params,
    context,
    model,
    pods,
    namespaces,
    enforcer: model.settings.enforcer,
    subjects: params.endpoints.flatMap((entry) => {
      const meant = podsMeant(entry, pods, namespaces, context).filter((pod) => judged.has(pod));
      return [...Map.groupBy(meant, ({ meta }) => meta.namespace)].map(([namespace, own]) => ({
        namespace,
        ...(isEmpty(entry.podSelector) ? {} : { podSelector: entry.podSelector as LabelSelector }),
        pods: own,
      }));
    }),
    open,
    allow: (params.allow ?? []).flatMap((flow) => sidesOf(flow, flows)),
    deny: possible.flatMap((flow) => sidesOf(flow, flows)),
    taken: new Set(model.policies.map(({ policy }) => `${policy.meta.namespace}/${policy.meta.name}`)),
    dns: dnsOf(context),
  };
}

const isEmpty = (selector: LabelSelector | undefined) =>
  Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions ?? []).length === 0;

function withoutDefaultDeny(
  bad: ReadonlySet<Pod>,
  direction: Direction,
  model: Model<Pod>,
): ReadonlySet<Pod> {
  const open = model.endpoints
    .filter((endpoint) => !defaultDeny(model, endpoint.identity, direction).holds)
    .flatMap(({ pods }) => pods.filter((pod) => bad.has(pod)));
  return new Set(open);
}

/** Charts label the pods of DNS each in its own way; the Service is named alike everywhere. */
function dnsOf({ facts }: CheckContext): Scene['dns'] {
  const service = facts.get('Service', 'kube-system', 'kube-dns');
  const selector = service.state === 'known' ? service.value.spec.selector : undefined;
  return {
    isKnown: selector !== undefined,
    peer: {
      namespace: 'kube-system',
      podSelector: { matchLabels: { ...(selector ?? { 'k8s-app': 'kube-dns' }) } },
    },
  };
}

/** The policy as it was read, by its kind and place. */
export function policyAt(
  { model }: Pick<Scene, 'model'>,
  kind: string,
  namespace: string,
  name: string,
): Policy | undefined {
  const found = model.policies.find(
    ({ policy }) => policy.kind === kind && policy.meta.namespace === namespace && policy.meta.name === name,
  );
  return found?.policy as Policy | undefined;
}

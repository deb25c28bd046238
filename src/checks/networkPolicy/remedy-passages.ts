// Whom the policies to be let through or keep out, and what of it another one
// of them already does.

import type { Peer } from '../../api/selectors.ts';
import type { Pod } from '../../facts/kinds.ts';
import type { Direction } from './engine/index.ts';
import type { Side } from './remedy-flows.ts';
import type { Scene } from './remedy-scene.ts';
import type { Passage, Who } from './remedy-write.ts';
import { podsMeant } from './subjects.ts';

export interface Variant {
  /** The directions that pods are isolated in. */
  readonly isolates: readonly Direction[];
  /** Do the pods of a namespace go on talking to each other? */
  readonly namespace: boolean;
  /** Are flows of `deny` denied explicitly, or only left out? */
  readonly deny: boolean;
}

/** The pods that are put under default deny. */
export function closing(direction: Direction, { open }: Scene, { isolates }: Variant): ReadonlySet<Pod> {
  return (isolates.includes(direction) ? open.get(direction) : undefined) ?? NOBODY;
}

const NOBODY: ReadonlySet<Pod> = new Set();

/** Who goes on passing into, or out of, pods that are isolated. */
export function passagesInto(
  namespace: string,
  direction: Direction,
  scene: Scene,
  variant: Variant,
): readonly Passage[] {
  const { params, allow, dns } = scene;
  const pass = (who: Who, ports?: readonly string[]): Passage => ({
    direction,
    deny: false,
    who,
    ...(ports ? { ports } : {}),
  });
  const flows = allow.filter((side) => side.direction === direction && side.subject === undefined);
  const passages = [
    ...(variant.namespace ? [pass('namespace')] : []),
    ...(params.except ?? []).map((peer) => pass(peer)),
    ...flows.flatMap((side) => passagesOf(side, false, scene)),
    ...(direction === 'egress' ? [pass(dns.peer, ['53/UDP', '53/TCP'])] : []),
  ];
  const distinct = [...new Map(passages.map((passage) => [JSON.stringify(passage), passage])).values()];
  return distinct.filter(
    (passage) =>
      !isCovered(
        passage,
        namespace,
        distinct.filter((other) => other !== passage),
        scene,
      ),
  );
}

/** Both ends as the check names them; pods on the host's network are their nodes to a policy. */
export function passagesOf(side: Side, deny: boolean, { params, context }: Scene): readonly Passage[] {
  const others = side.isOtherOnHost
    ? NODES
    : side.other
      ? [side.other]
      : params.endpoints.map((entry) => ({
          ...entry,
          ...(entry.namespaceSelector ? {} : { namespace: entry.namespace ?? context.namespace }),
        }));
  return others.map((who) => ({
    direction: side.direction,
    deny,
    who,
    ...(side.ports ? { ports: side.ports } : {}),
  }));
}

const NODES: readonly Peer[] = [{ entity: 'host' }, { entity: 'remote-node' }];

/** Does one of the others let the same through, or the node by itself? */
export function isCovered(
  { direction, who, ports }: Passage,
  namespace: string,
  others: readonly Passage[],
  { model, context }: Scene,
): boolean {
  if (
    who !== 'namespace' &&
    who.entity === 'host' &&
    direction === 'ingress' &&
    model.settings.localHostAllowed
  ) {
    return true;
  }
  const isHome = who !== 'namespace' && isPodsOf(who, namespace, context.namespace);
  return others.some(
    (other) =>
      (other.ports === undefined || JSON.stringify(other.ports) === JSON.stringify(ports)) &&
      ((isHome && other.who === 'namespace') || JSON.stringify(other.who) === JSON.stringify(who)),
  );
}

function isPodsOf({ entity, cidr, namespaceSelector, namespace }: Peer, where: string, own: string): boolean {
  if (entity !== undefined || cidr !== undefined || namespaceSelector) return false;
  return (namespace ?? own) === where;
}

/** Is the flow out of the question once the pods are isolated, since nobody at its other end is let through? */
export function isLeftOut(side: Side, scene: Scene, variant: Variant): boolean {
  const open = closing(side.direction, scene, variant);
  if (![...side.subjectPods].every((pod) => open.has(pod))) return false;
  const namespaces = new Set([...side.subjectPods].map(({ meta }) => meta.namespace));
  return [...namespaces].every((namespace) =>
    passagesInto(namespace, side.direction, scene, variant).every(
      ({ who }) => !meets(who, namespace, side, scene),
    ),
  );
}

/** Might the passage be one for the other end of the flow? */
function meets(who: Who, namespace: string, { other, otherPods }: Side, scene: Scene): boolean {
  if (who === 'namespace') return [...otherPods].some(({ meta }) => meta.namespace === namespace);
  const isOutside = other?.entity !== undefined || other?.cidr !== undefined;
  if (who.entity !== undefined || who.cidr !== undefined) return isOutside || who.entity === 'cluster';
  const { pods, namespaces, context } = scene;
  return podsMeant(who, pods, namespaces, context).some((pod) => otherPods.has(pod));
}

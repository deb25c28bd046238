// Rules that let everybody through, narrowed in the policy that they stand in:
// nothing that is added could close them.

import type { Edit } from '../../facts/edits.ts';
import type { Policy } from '../../facts/kinds.ts';
import type { Finding } from '../check.ts';
import { patchOf } from '../shared/remedies.ts';
import type { Direction } from './engine/index.ts';
import { passagesInto, type Variant } from './remedy-passages.ts';
import { policyAt, type Scene } from './remedy-scene.ts';
import { ciliumRule, kubernetesRules } from './remedy-write.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Where a rule stands: `spec.ingress[0]`, `specs[1].egress[2]`. */
const PLACE = /^spec(?:s\[(\d+)\])?\.(ingress|egress)\[(\d+)\]/;

interface Wide {
  readonly policy: Policy;
  /** Of specs; undefined is spec. */
  readonly at: number | undefined;
  readonly direction: Direction;
  readonly index: number;
}

/** One patch for each policy with such rules. */
export function narrowing(scene: Scene, mends: readonly Finding[], variant: Variant): readonly Edit[] {
  const wide = mends.flatMap((finding) => wideOf(finding, scene));
  return [...Map.groupBy(wide, ({ policy }) => policy)].map(([policy, rules]) => {
    const { kind, meta } = policy;
    const subject = { kind, namespace: meta.namespace, name: meta.name };
    const own = rules.filter(({ at }) => at === undefined);
    const patch: Record<string, unknown> = {};
    if (own.length > 0) patch.spec = sections(policy, policy.spec as Fields, own, scene, variant);
    if (own.length < rules.length && Array.isArray(policy.specs)) {
      patch.specs = policy.specs.map((spec: Fields, at) => ({
        ...spec,
        ...sections(
          policy,
          spec,
          rules.filter((rule) => rule.at === at),
          scene,
          variant,
        ),
      }));
    }
    return patchOf(subject, patch);
  });
}

function wideOf({ reason, field = '', culprits = [] }: Finding, scene: Scene): readonly Wide[] {
  const [culprit] = culprits;
  const place = PLACE.exec(field);
  if (reason !== 'WideOpen' || !culprit || !place) return [];
  const policy = policyAt(scene, culprit.kind, culprit.namespace ?? '', culprit.name);
  if (!policy) return [];
  const [, at, direction, index] = place;
  return [
    {
      policy,
      at: at === undefined ? undefined : Number(at),
      direction: direction as Direction,
      index: Number(index),
    },
  ];
}

/** The sections that change: the first wide rule becomes narrow ones, the others go. */
function sections(
  { kind, meta }: Policy,
  spec: Fields,
  wide: readonly Wide[],
  scene: Scene,
  variant: Variant,
): Fields {
  const changed = [...new Set(wide.map(({ direction }) => direction))].map((direction) => {
    const gone = new Set(wide.filter((rule) => rule.direction === direction).map(({ index }) => index));
    const rules = Array.isArray(spec[direction]) ? (spec[direction] as Fields[]) : [];
    const passages = passagesInto(meta.namespace, direction, scene, variant);
    const own = scene.context.namespace;
    const narrow =
      kind === 'NetworkPolicy'
        ? passages.flatMap((passage) => kubernetesRules(passage, meta.namespace, own))
        : passages.map((passage) => ciliumRule(passage, meta.namespace, own));
    const kept = rules.filter((_, index) => !gone.has(index));
    const there = new Set(kept.map((rule) => JSON.stringify(rule)));
    const left = [...kept, ...narrow.filter((rule) => !there.has(JSON.stringify(rule)))];
    // Without any rule Cilium would no longer isolate; one that names nobody does.
    return [direction, left.length === 0 && kind !== 'NetworkPolicy' ? [{}] : left];
  });
  return Object.fromEntries(changed);
}

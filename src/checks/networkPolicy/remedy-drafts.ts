// The policies to add: isolation for the pods without it, and what lets the
// flows of `allow` through or keeps those of `deny` out.

import type { LabelSelector } from '../../api/selectors.ts';
import type { Pod } from '../../facts/kinds.ts';
import { freeName } from '../shared/remedies.ts';
import { matcher } from '../shared/selectors.ts';
import type { Direction } from './engine/index.ts';
import { keysOf, nameOf, type Side } from './remedy-flows.ts';
import { closing, isCovered, isLeftOut, passagesInto, passagesOf, type Variant } from './remedy-passages.ts';
import type { Scene, Subjects } from './remedy-scene.ts';
import type { Draft, Passage } from './remedy-write.ts';
import { workloadOf } from './subjects.ts';

interface Selected {
  readonly namespace: string;
  readonly podSelector?: LabelSelector;
}

export function draftsFor(scene: Scene, variant: Variant): readonly Draft[] {
  const drafts = new Map<string, Omit<Draft, 'name'>>();
  const add = (
    { namespace, podSelector }: Selected,
    passages: readonly Passage[],
    isolates: readonly Direction[] = [],
  ) => {
    const key = JSON.stringify([namespace, podSelector]);
    const before = drafts.get(key);
    drafts.set(key, {
      namespace,
      ...(podSelector ? { podSelector } : {}),
      passages: distinct([...(before?.passages ?? []), ...passages]),
      isolates: [...new Set([...(before?.isolates ?? []), ...isolates])],
    });
  };
  for (const subjects of scene.subjects) {
    for (const direction of variant.isolates) {
      for (const selected of openOnes(subjects, direction, scene)) {
        add(selected, passagesInto(selected.namespace, direction, scene, variant), [direction]);
      }
    }
  }
  for (const side of scene.allow)
    for (const [selected, passages] of allowed(side, scene, variant)) add(selected, passages);
  if (variant.deny && scene.enforcer === 'cilium') {
    for (const side of denySides(scene.deny)) {
      if (isLeftOut(side, scene, variant)) continue;
      for (const selected of selectedBy(side, scene)) add(selected, passagesOf(side, true, scene));
    }
  }
  const taken = new Set(scene.taken);
  return [...drafts.values()].map((draft) => {
    const name = freeName(
      nameFor(draft),
      new Set([...taken].flatMap((each) => inNamespace(each, draft.namespace))),
    );
    taken.add(`${draft.namespace}/${name}`);
    return { ...draft, name };
  });
}

const inNamespace = (taken: string, namespace: string) =>
  taken.startsWith(`${namespace}/`) ? [taken.slice(namespace.length + 1)] : [];

function nameFor({ podSelector, isolates, passages }: Omit<Draft, 'name'>): string {
  const whom = nameOf(podSelector, 'all');
  if (isolates.length > 0) return podSelector ? `isolate-${whom}` : 'isolate';
  return `${passages.every(({ deny }) => deny) ? 'deny' : 'allow'}-${whom}`;
}

const distinct = (passages: readonly Passage[]): readonly Passage[] => [
  ...new Map(passages.map((passage) => [JSON.stringify(passage), passage])).values(),
];

/** What a policy has to select: the whole entry if all of it is open, else each open workload by its labels. */
function openOnes(
  subjects: Subjects,
  direction: Direction,
  { open, pods, model }: Scene,
): readonly Selected[] {
  const bad = open.get(direction) ?? new Set<Pod>();
  const own = subjects.pods.filter((pod) => bad.has(pod));
  if (own.length === 0) return [];
  const { namespace, podSelector } = subjects;
  const isKept = model.settings.filter;
  const isWhole = own.length === subjects.pods.length && keysOf(podSelector).every(isKept);
  if (isWhole) return [{ namespace, ...(podSelector ? { podSelector } : {}) }];
  const there = pods.filter((pod) => pod.meta.namespace === namespace && !bad.has(pod));
  const workloads = Map.groupBy(own, (pod) => JSON.stringify(workloadOf(pod)));
  return [...workloads.values()].flatMap((group) => {
    const matchLabels = labelsOf(group, there, isKept);
    // Without a label of its own it could only be selected together with everything else.
    return Object.keys(matchLabels).length === 0 ? [] : [{ namespace, podSelector: { matchLabels } }];
  });
}

/** Labels that name a program and outlive its versions, the most telling first. */
const NAMING = [
  'app.kubernetes.io/name',
  'app.kubernetes.io/instance',
  'app.kubernetes.io/component',
  'app',
  'k8s-app',
  'name',
];
/** Labels that change with every rollout. */
const PASSING =
  /^(pod-template-hash|controller-revision-hash|pod-template-generation|helm\.sh\/chart|app\.kubernetes\.io\/version|statefulset\.kubernetes\.io\/pod-name|apps\.kubernetes\.io\/pod-index)$/;

/** Labels that all of these pods have and, if there are such, none of the others. */
function labelsOf(
  group: readonly Pod[],
  others: readonly Pod[],
  isKept: (key: string) => boolean,
): Readonly<Record<string, string>> {
  const [first] = group;
  const common = Object.entries(first?.meta.labels ?? {}).filter(
    ([key, value]) =>
      !PASSING.test(key) && isKept(key) && group.every(({ meta }) => meta.labels[key] === value),
  );
  const naming = Object.fromEntries(common.filter(([key]) => NAMING.includes(key)));
  const all = Object.fromEntries(common);
  const isApart = (labels: Readonly<Record<string, string>>) =>
    Object.keys(labels).length > 0 &&
    !others.some(({ meta }) => matcher({ matchLabels: labels })(meta.labels));
  return isApart(naming) ? naming : all;
}

/** What a flow of `allow` needs beside the isolation: nothing where that lets it through already. */
function allowed(
  side: Side,
  scene: Scene,
  variant: Variant,
): readonly (readonly [Selected, readonly Passage[]])[] {
  const open = closing(side.direction, scene, variant);
  const isClosed = side.subject !== undefined && [...side.subjectPods].some((pod) => open.has(pod));
  if (!side.isDenied && !isClosed) return [];
  return selectedBy(side, scene).flatMap((selected) => {
    const passages = passagesOf(side, false, scene);
    if (side.isDenied) return [[selected, passages] as const];
    const already = passagesInto(selected.namespace, side.direction, scene, variant);
    const left = passages.filter((passage) => !isCovered(passage, selected.namespace, already, scene));
    return left.length > 0 ? [[selected, left] as const] : [];
  });
}

/** At one side a deny is enough: at the pods that are reached, else at those that reach out. */
function denySides(sides: readonly Side[]): readonly Side[] {
  const ingress = sides.filter(({ direction }) => direction === 'ingress');
  return sides.filter(
    (side) =>
      side.direction === 'ingress' ||
      !ingress.some((other) => other.subject === side.other && other.other === side.subject),
  );
}

/** What a policy for one side of a flow selects, in each namespace that has such pods. */
function selectedBy({ subject, subjectPods }: Side, { subjects }: Scene): readonly Selected[] {
  if (subject === undefined) {
    return subjects.map(({ namespace, podSelector }) => ({
      namespace,
      ...(podSelector ? { podSelector } : {}),
    }));
  }
  const namespaces = new Set([...subjectPods].map(({ meta }) => meta.namespace));
  return [...namespaces].map((namespace) => ({
    namespace,
    ...(subject.podSelector ? { podSelector: subject.podSelector } : {}),
  }));
}

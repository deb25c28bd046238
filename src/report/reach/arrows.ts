// Flows gathered into as few arrows as say the same: an arrow from or to a box
// stands for everything in it, and `anyone` for whoever is not held back. No
// flow is lost, but for those of a node with its own pods, which the legend names.

import type { PortAnswer, ReachEnd, ReachPair } from './index.ts';

/** What an arrow begins or ends at. */
export type Place =
  | { readonly kind: 'end'; readonly end: ReachEnd }
  | { readonly kind: 'namespace'; readonly namespace: string }
  /** host, remote-node and kube-apiserver together. */
  | { readonly kind: 'nodes' }
  /** Every source that its own side lets go everywhere: pods, and what lies outside. */
  | { readonly kind: 'anyone' }
  /** The pods among them. */
  | { readonly kind: 'any-pod' };

export interface Arrow {
  readonly from: Place;
  readonly to: Place;
  readonly ports: readonly PortAnswer[];
  /** Each destination is reached on all the ports that it was asked for, which differ. */
  readonly allPorts: boolean;
  readonly unknown: boolean;
  /** The flows that it stands for. */
  readonly flows: readonly Flow[];
}

export interface Flow {
  readonly src: ReachEnd;
  readonly dst: ReachEnd;
  readonly answer: PortAnswer;
}

export interface ArrowOptions {
  /** A flow that goes without saying: a node with its own pods. */
  readonly implied: (flow: Flow) => boolean;
  /** May `anyone` be said? Not where sources were chosen. */
  readonly anyone: boolean;
}

const NODE_ENTITIES: ReadonlySet<string> = new Set(['host', 'remote-node', 'kube-apiserver']);

/** What boxes hold: a namespace its pods, `nodes` the entities that are nodes. */
const boxOf = ({ namespace, name }: ReachEnd): string | undefined =>
  namespace !== '' ? `namespace ${namespace}` : NODE_ENTITIES.has(name) ? 'nodes' : undefined;

const placeOfBox = (box: string): Place =>
  box === 'nodes' ? { kind: 'nodes' } : { kind: 'namespace', namespace: box.slice('namespace '.length) };

/** The same text for the same place. */
export function placeKey(place: Place): string {
  switch (place.kind) {
    case 'end':
      return `end ${place.end.name}`;
    case 'namespace':
      return `namespace ${place.namespace}`;
    case 'nodes':
    case 'anyone':
    case 'any-pod':
      return place.kind;
    default:
      return place satisfies never;
  }
}

export function arrowsOf(pairs: Iterable<ReachPair>, options: ArrowOptions): readonly Arrow[] {
  const known = gather(pairs, options);
  return [
    ...toBoxes(fromBoxes(known.allowed, known, options.anyone), known, false),
    ...toBoxes(fromBoxes(known.unknown, known, false), known, true),
  ];
}

/** A destination on one port, and who is let through to it. */
interface Door {
  readonly dst: ReachEnd;
  readonly answers: Map<ReachEnd, PortAnswer>;
}

interface Gathered {
  readonly allowed: Map<string, Door>;
  readonly unknown: Map<string, Door>;
  /** Implied flows: neither drawn nor missed. */
  readonly implied: ReadonlyMap<string, ReadonlySet<ReachEnd>>;
  readonly sources: ReadonlyMap<ReachEnd, boolean>;
  readonly sourceBoxes: ReadonlyMap<string, readonly ReachEnd[]>;
  /** How many ports each destination was asked for. */
  readonly targets: ReadonlyMap<ReachEnd, number>;
  readonly targetBoxes: ReadonlyMap<string, readonly ReachEnd[]>;
  readonly asked: (src: ReachEnd, dst: ReachEnd) => boolean;
}

function gather(pairs: Iterable<ReachPair>, { implied: isImplied }: ArrowOptions): Gathered {
  const allowed = new Map<string, Door>();
  const unknown = new Map<string, Door>();
  const implied = new Map<string, Set<ReachEnd>>();
  /** Is the source let go everywhere? */
  const sources = new Map<ReachEnd, boolean>();
  const targets = new Map<ReachEnd, number>();
  const asked = new Map<ReachEnd, Set<ReachEnd>>();
  const enter = (doors: Map<string, Door>, { src, dst, answer }: Flow) => {
    const key = doorKey(dst, answer);
    const door = doors.get(key);
    if (door) door.answers.set(src, answer);
    else doors.set(key, { dst, answers: new Map([[src, answer]]) });
  };
  for (const { src, dst, answers } of pairs) {
    if (src === dst) continue;
    const free = answers.every(({ egress }) => egress === 'allow');
    sources.set(src, (sources.get(src) ?? true) && free);
    targets.set(dst, answers.length);
    const to = asked.get(src);
    if (to) to.add(dst);
    else asked.set(src, new Set([dst]));
    for (const answer of answers) {
      if (answer.verdict === 'deny') continue;
      const flow = { src, dst, answer };
      if (answer.verdict === 'unknown') enter(unknown, flow);
      else if (isImplied(flow)) {
        const key = doorKey(dst, answer);
        implied.set(key, (implied.get(key) ?? new Set()).add(src));
      } else enter(allowed, flow);
    }
  }
  return {
    allowed,
    unknown,
    implied,
    sources,
    targets,
    sourceBoxes: boxes(sources.keys()),
    targetBoxes: boxes(targets.keys()),
    asked: (src, dst) => asked.get(src)?.has(dst) ?? false,
  };
}

const doorKey = ({ name }: ReachEnd, { port, protocol }: PortAnswer) => `${name} ${port}/${protocol}`;

function boxes(ends: Iterable<ReachEnd>): ReadonlyMap<string, readonly ReachEnd[]> {
  const found = new Map<string, ReachEnd[]>();
  for (const end of ends) {
    const box = boxOf(end);
    if (box === undefined) continue;
    const there = found.get(box);
    if (there) there.push(end);
    else found.set(box, [end]);
  }
  return found;
}

/** Flows from one place to one destination. */
interface Bundle {
  readonly from: Place;
  readonly dst: ReachEnd;
  readonly ports: PortAnswer[];
  readonly flows: Flow[];
}

/** Gathers the sources of each door into boxes and `anyone`, and the doors of one destination into bundles. */
function fromBoxes(doors: Map<string, Door>, known: Gathered, anyone: boolean): readonly Bundle[] {
  const bundles = new Map<string, Bundle>();
  const free = [...known.sources].filter(([, goes]) => goes).map(([src]) => src);
  const freePods = free.filter(({ namespace }) => namespace !== '');
  const hasOutside = free.some(({ name }) => name === 'world');
  const add = (from: Place, dst: ReachEnd, answers: readonly (readonly [ReachEnd, PortAnswer])[]) => {
    const key = `${placeKey(from)} > ${dst.name}`;
    const bundle = bundles.get(key) ?? { from, dst, ports: [], flows: [] };
    bundles.set(key, bundle);
    const [first] = answers;
    if (first) bundle.ports.push(first[1]);
    for (const [src, answer] of answers) bundle.flows.push({ src, dst, answer });
  };
  for (const [key, { dst, answers }] of doors) {
    const without = known.implied.get(key);
    const enters = (src: ReachEnd) =>
      src === dst || answers.has(src) || (without?.has(src) ?? false) || !known.asked(src, dst);
    const left = new Map(answers);
    const take = (from: Place, members: readonly ReachEnd[]) => {
      const taken = members.flatMap((src) => {
        const answer = left.get(src);
        return answer ? [[src, answer] as const] : [];
      });
      for (const [src] of taken) left.delete(src);
      add(from, dst, taken);
    };
    const reached = freePods.filter((src) => answers.has(src));
    // Where only part of the sources was asked about, `anyone` would say too much.
    const asked = (src: ReachEnd) => src === dst || known.asked(src, dst);
    if (anyone && reached.length > 0 && hasOutside && free.every(asked) && free.every(enters)) {
      take({ kind: 'anyone' }, free);
    } else if (anyone && reached.length > 1 && freePods.every(asked) && freePods.every(enters)) {
      // One namespace that enters as a whole is told by its name.
      const one = reached.every(({ namespace }) => namespace === reached[0]?.namespace);
      const box = one && reached[0] ? known.sourceBoxes.get(boxOf(reached[0]) ?? '') : undefined;
      if (!box?.every(enters)) take({ kind: 'any-pod' }, freePods);
    }
    for (const [box, members] of known.sourceBoxes) {
      if (members.filter((src) => left.has(src)).length < 2 || !members.every(enters)) continue;
      take(placeOfBox(box), members);
    }
    for (const src of [...left.keys()]) take({ kind: 'end', end: src }, [src]);
  }
  return [...bundles.values()];
}

/** Gathers what leads from one place to everything in a box. */
function toBoxes(bundles: readonly Bundle[], known: Gathered, unknown: boolean): readonly Arrow[] {
  const arrows: Arrow[] = [];
  for (const from of Map.groupBy(bundles, (bundle) => placeKey(bundle.from)).values()) {
    const place = from[0]?.from;
    if (!place) continue;
    const left = new Map(from.map((bundle) => [bundle.dst, bundle]));
    for (const [box, members] of known.targetBoxes) {
      const wanted = members.filter((dst) => !(place.kind === 'end' && place.end === dst));
      const all = wanted.flatMap((dst) => left.get(dst) ?? []);
      if (all.length < 2 || all.length < wanted.length) continue;
      const same = new Set(all.map(({ ports }) => portsKey(ports))).size === 1;
      const everything = all.every(({ dst, ports }) => ports.length === known.targets.get(dst));
      if (!same && !everything) continue;
      for (const { dst } of all) left.delete(dst);
      arrows.push({
        from: place,
        to: placeOfBox(box),
        ports: all[0]?.ports ?? [],
        allPorts: !same,
        unknown,
        flows: all.flatMap(({ flows }) => flows),
      });
    }
    for (const { dst, ports, flows } of left.values()) {
      arrows.push({ from: place, to: { kind: 'end', end: dst }, ports, allPorts: false, unknown, flows });
    }
  }
  return arrows;
}

const portsKey = (ports: readonly PortAnswer[]) =>
  ports
    .map(({ port, protocol }) => `${port}/${protocol}`)
    .sort()
    .join(',');

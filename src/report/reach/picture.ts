// What both kinds of picture draw: boxes for namespaces, their ends, what lies
// outside, and the arrows between them, each with its words.

import { type Arrow, arrowsOf, type Flow, type Place, placeKey } from './arrows.ts';
import type { ReachEnd, ReachPair } from './index.ts';

export interface Picture {
  readonly title: string;
  readonly subtitle: string;
  readonly spaces: readonly Space[];
  /** What lies outside, as a source on one side of the picture and as a destination on the other. */
  readonly outside: readonly Outside[];
  readonly lines: readonly Line[];
  /** For the legend. */
  readonly has: {
    readonly anyone: boolean;
    readonly anyPod: boolean;
    readonly unknown: boolean;
    readonly implied: boolean;
  };
}

/** A namespace. */
export interface Space {
  readonly id: string;
  readonly name: string;
  /** Ends that arrows of their own begin or end at. */
  readonly linked: readonly ReachEnd[];
  readonly quiet: readonly ReachEnd[];
  /** Drawn as one box, with what is in it in words. */
  readonly collapsed: string | undefined;
  /** What everything in it may do among itself. */
  readonly inside: string | undefined;
  readonly title: string;
}

export interface Outside {
  readonly id: string;
  readonly side: 'source' | 'target';
  readonly label: string;
  readonly note: string;
  /** It is everybody: what it leads to is exposed. */
  readonly everybody: boolean;
}

export interface Line {
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly title: string;
  readonly unknown: boolean;
}

export interface PictureOptions {
  readonly title: string;
  readonly subtitle: string;
  readonly fold: 'none' | 'workload' | 'namespace';
  /** The namespace that was asked for: others are drawn with what has an arrow of its own only. */
  readonly focus: string | undefined;
  /** Ends were chosen: only those with arrows are drawn. */
  readonly chosen: boolean;
  readonly anyone: boolean;
  readonly implied: (flow: Flow) => boolean;
  /** Why a flow is let through, for each side. */
  readonly reasons: (flow: Flow) => { readonly egress: string; readonly ingress: string };
}

export const endId = ({ name }: ReachEnd) => `end ${name}`;
const spaceId = (namespace: string) => `namespace ${namespace}`;

export function pictureOf(
  ends: readonly ReachEnd[],
  pairs: Iterable<ReachPair>,
  options: PictureOptions,
): Picture {
  let implied = false;
  const isImplied = (flow: Flow) => {
    const goes = options.implied(flow);
    implied ||= goes;
    return goes;
  };
  const unfolded = arrowsOf(pairs, { implied: isImplied, anyone: options.anyone });
  const arrows = options.fold === 'namespace' ? byNamespace(unfolded) : unfolded;
  const outward = arrows.filter((arrow) => !isInside(arrow));
  const inside = new Map(arrows.filter(isInside).map((arrow) => [placeKey(arrow.from), arrow]));
  const linked = new Set(
    outward.flatMap(({ from, to }) =>
      [from, to].flatMap((place) => (place.kind === 'end' ? [place.end] : [])),
    ),
  );
  const boxed = new Set(outward.flatMap(({ from, to }) => [placeKey(from), placeKey(to)]));
  const pods = ends.filter(({ namespace }) => namespace !== '');
  const spaces = [...Map.groupBy(pods, ({ namespace }) => namespace)].flatMap(([namespace, there]) => {
    const id = spaceId(namespace);
    const own = there.filter((end) => linked.has(end));
    const away = options.chosen || (options.focus !== undefined && options.focus !== namespace);
    if (away && own.length === 0 && !boxed.has(id)) return [];
    const among = inside.get(id);
    const collapsed = options.fold === 'namespace' || (away && boxed.has(id) && own.length === 0);
    return [
      {
        id,
        name: namespace,
        linked: collapsed ? [] : own,
        quiet: collapsed || (away && !boxed.has(id)) ? [] : there.filter((end) => !linked.has(end)),
        collapsed: collapsed ? inWords(there) : undefined,
        inside:
          among && `${options.fold === 'namespace' ? 'inside' : 'all among themselves'}: ${labelOf(among)}`,
        title: [
          `namespace ${namespace}: ${inWords(there)}`,
          ...(among ? [titleOf(among, options)] : []),
        ].join('\n'),
      },
    ];
  });
  return {
    title: options.title,
    subtitle: options.subtitle,
    spaces,
    outside: outsideOf(outward),
    lines: outward.map((arrow) => ({
      from: idOf(arrow.from, 'source'),
      to: idOf(arrow.to, 'target'),
      label: labelOf(arrow),
      title: titleOf(arrow, options),
      unknown: arrow.unknown,
    })),
    has: {
      anyone: boxed.has('anyone'),
      anyPod: boxed.has('any-pod'),
      unknown: arrows.some(({ unknown }) => unknown),
      implied,
    },
  };
}

const isInside = ({ from, to }: Arrow) => from.kind === 'namespace' && placeKey(from) === placeKey(to);

/** Arrows between whole namespaces: there is one where anything is let through. */
function byNamespace(arrows: readonly Arrow[]): readonly Arrow[] {
  const whole = (place: Place): Place =>
    place.kind === 'end' && place.end.namespace !== ''
      ? { kind: 'namespace', namespace: place.end.namespace }
      : place;
  const merged = Map.groupBy(
    arrows.map((arrow) => ({ ...arrow, from: whole(arrow.from), to: whole(arrow.to) })),
    ({ from, to, unknown }) => `${placeKey(from)} > ${placeKey(to)} ${unknown}`,
  );
  return [...merged.values()].flatMap((same) => {
    const [first] = same;
    if (!first) return [];
    const flows = same.flatMap((arrow) => arrow.flows);
    const ports = [
      ...new Map(flows.map(({ answer }) => [`${answer.port}/${answer.protocol}`, answer])).values(),
    ];
    return [{ ...first, flows, ports: ports.sort((a, b) => a.port - b.port), allPorts: false }];
  });
}

function idOf(place: Place, side: Outside['side']): string {
  if (place.kind === 'namespace' || (place.kind === 'end' && place.end.namespace !== ''))
    return placeKey(place);
  return `${side} ${placeKey(place)}`;
}

function outsideOf(arrows: readonly Arrow[]): readonly Outside[] {
  const found = new Map<string, Outside>();
  for (const { from, to } of arrows) {
    for (const [place, side] of [
      [from, 'source'],
      [to, 'target'],
    ] as const) {
      const words = wordsOf(place);
      const id = idOf(place, side);
      if (words) found.set(id, { id, side, ...words, everybody: words.everybody && side === 'source' });
    }
  }
  return [...found.values()];
}

function wordsOf(place: Place): Pick<Outside, 'label' | 'note' | 'everybody'> | undefined {
  switch (place.kind) {
    case 'anyone':
      return { label: 'anyone', note: 'pods that may leave, world, nodes', everybody: true };
    case 'any-pod':
      return { label: 'any pod', note: 'that may leave', everybody: false };
    case 'nodes':
      return { label: 'nodes', note: 'host, remote-node, kube-apiserver', everybody: false };
    case 'end':
      if (place.end.namespace !== '') return undefined;
      return {
        label: place.end.name,
        note: NOTES[place.end.name] ?? 'address',
        everybody: place.end.name === 'world',
      };
    case 'namespace':
      return undefined;
    default:
      return place satisfies never;
  }
}

const NOTES: Readonly<Record<string, string>> = {
  world: 'outside the cluster',
  host: 'the node of the pod',
  'remote-node': 'any other node',
  'kube-apiserver': 'the API server',
};

const MOST_PORTS = 3;

/** `8080, 53/UDP`: TCP goes without saying. */
function labelOf({ ports, allPorts }: Arrow): string {
  if (allPorts) return 'declared ports';
  const shown = ports
    .slice(0, MOST_PORTS)
    .map(({ port, protocol }) => (protocol === 'TCP' ? `${port}` : `${port}/${protocol}`));
  const hidden = ports.length - MOST_PORTS;
  return `${shown.join(', ')}${hidden > 0 ? ` +${hidden}` : ''}`;
}

const MOST_FLOWS = 200;
const MOST_REASONS = 8;

/** The flows of an arrow, and the policies that decide on them. */
function titleOf(arrow: Arrow, { reasons }: PictureOptions): string {
  const { flows, unknown } = arrow;
  const [first] = flows;
  if (!first) return '';
  const named = flows
    .slice(0, 3)
    .map(({ src, dst, answer }) => `${src.name} → ${dst.name} on ${answer.port}/${answer.protocol}`);
  const more = flows.length > 3 ? [`and ${flows.length - 3} more flows`] : [];
  const why = new Set<string>();
  for (const flow of flows.slice(0, MOST_FLOWS)) {
    const { egress, ingress } = reasons(flow);
    why.add(`egress: ${egress}`);
    why.add(`ingress: ${ingress}`);
  }
  const hidden = why.size - MOST_REASONS;
  return [
    ...(unknown ? ['It cannot be known whether this is let through:'] : []),
    ...named,
    ...more,
    ...[...why].sort().slice(0, MOST_REASONS),
    ...(hidden > 0 ? [`and ${hidden} more reasons`] : []),
  ].join('\n');
}

/** What is in a namespace: `3 workloads, 12 pods, 2 unprotected`. */
function inWords(ends: readonly ReachEnd[]): string {
  const pods = ends.reduce((sum, end) => sum + end.pods, 0);
  const open = ends.filter(isUnprotected).length;
  const kinds = ends.every(({ kind }) => kind === 'Pod') ? [] : [many(ends.length, 'workload')];
  return [...kinds, many(pods, 'pod'), ...(open > 0 ? [`${open} unprotected`] : [])].join(', ');
}

const many = (amount: number, noun: string) => `${amount} ${noun}${amount === 1 ? '' : 's'}`;

/** A pod with policies of its own that none puts under default deny at ingress. */
export const isUnprotected = ({ pods, onHost, isolated }: ReachEnd) =>
  pods > 0 && !onHost && !isolated.ingress;

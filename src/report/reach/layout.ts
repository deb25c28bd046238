// Where everything of a picture goes: elkjs lays out nested boxes and leads
// arrows around them at right angles, with room for their labels.

import type { ELK, ElkEdgeSection, ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import stringWidth from 'string-width';
import { printable } from '../printable.ts';
import type { ReachEnd } from './index.ts';
import { endId, isUnprotected, type Picture, type Space } from './picture.ts';

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** By the id of what is there. */
  readonly areas: ReadonlyMap<string, Area>;
  /** By the place of the line in the picture. */
  readonly routes: readonly Route[];
}

export interface Route {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly label: Area | undefined;
}

/** Of text of 13 and of 11 pixels, generously: the fonts of readers differ. */
const CHAR = 7.9;
export const SMALL_CHAR = 6.6;
const END_HEIGHT = 42;
const GAP = 10;
const MOST_COLUMNS = 46;

/** Shortened to what fits a box. */
export function short(text: string, most = MOST_COLUMNS): string {
  const clean = printable(text);
  if (stringWidth(clean) <= most) return clean;
  let cut = '';
  for (const char of clean) {
    if (stringWidth(cut) + stringWidth(char) > most - 1) break;
    cut += char;
  }
  return `${cut}…`;
}

export const textWidth = (text: string, char = CHAR) => Math.ceil(stringWidth(text) * char);

/** The second line of an end. */
export function endNote(end: ReachEnd): string {
  const pods = end.pods > 1 ? [`${end.pods} pods`] : [];
  const kind = end.kind === 'Pod' ? [] : [end.kind];
  const state = end.onHost ? ['host network'] : isUnprotected(end) ? ['unprotected'] : ['isolated'];
  return [...kind, ...pods, ...state].join(' · ');
}

const endWidth = (end: ReachEnd) =>
  Math.max(textWidth(short(end.label)), textWidth(endNote(end), SMALL_CHAR)) + 28;

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.spacing.nodeNode': '18',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeEdge': '9',
  'elk.spacing.edgeLabel': '3',
  'elk.layered.spacing.nodeNodeBetweenLayers': '36',
  'elk.layered.spacing.edgeNodeBetweenLayers': '16',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '9',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.padding': '[top=10,left=10,bottom=10,right=10]',
};

/** The straightest lines take a network simplex, whose time explodes: 50 namespaces with 120 lines took minutes. */
const MOST_STRAIGHTENED = 40;
const FAST = { ...OPTIONS, 'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF' };

export async function layOut(picture: Picture): Promise<Layout> {
  const { default: imported } = await import('elkjs/lib/elk.bundled.js');
  // The package is CommonJS: its bundle and Node give the constructor at different depths.
  const Elk = ((imported as unknown as { default?: unknown }).default ?? imported) as new () => ELK;
  const heights = heightsOf(picture);
  const graph: ElkNode = {
    id: 'picture',
    layoutOptions: picture.lines.length > MOST_STRAIGHTENED ? FAST : OPTIONS,
    children: [
      ...picture.outside.map((outside) => outsideNode(outside, heights)),
      ...picture.spaces.map((space) => spaceNode(space, heights)),
    ],
    edges: picture.lines.map(({ from, to, label }, index) => ({
      id: `line ${index}`,
      sources: [from],
      targets: [to],
      labels: [{ id: `label ${index}`, text: label, width: textWidth(label, SMALL_CHAR) + 6, height: 14 }],
    })),
  };
  const placed = await new Elk().layout(graph);
  const areas = new Map<string, Area>();
  collect(placed, areas);
  for (const { id, quiet } of picture.spaces) placeQuiet(quiet, areas.get(quietId(id)), areas);
  const edges = new Map((placed.edges ?? []).map((edge) => [edge.id, edge as ElkExtendedEdge]));
  return {
    width: Math.ceil(placed.width ?? 0),
    height: Math.ceil(placed.height ?? 0),
    areas,
    routes: picture.lines.map((_, index) => routeOf(edges.get(`line ${index}`))),
  };
}

type Heights = (id: string) => number;

/** Room for the arrows on the busier side of a box. */
function heightsOf({ lines }: Picture): Heights {
  const count = (key: 'from' | 'to') => Map.groupBy(lines, (line) => line[key]);
  const [out, into] = [count('from'), count('to')];
  return (id) => {
    const most = Math.max(out.get(id)?.length ?? 0, into.get(id)?.length ?? 0);
    return Math.max(END_HEIGHT, (most + 1) * 10);
  };
}

function outsideNode({ id, side, label, note }: Picture['outside'][number], heights: Heights): ElkNode {
  const width = Math.max(textWidth(label), textWidth(note, SMALL_CHAR)) + 24;
  return {
    id,
    width,
    height: heights(id),
    layoutOptions: { 'elk.layered.layering.layerConstraint': side === 'source' ? 'FIRST' : 'LAST' },
  };
}

const quietId = (space: string) => `quiet ${space}`;

/** Height of what stands above the ends of a namespace. */
const spaceHead = ({ inside }: Space) => (inside ? 46 : 30);

function spaceNode(space: Space, heights: Heights): ElkNode {
  const { id, name, linked, quiet, collapsed, inside } = space;
  const least = Math.max(textWidth(short(name)), textWidth(inside ?? '', SMALL_CHAR)) + 28;
  if (collapsed !== undefined) {
    return {
      id,
      width: Math.max(least, textWidth(collapsed, SMALL_CHAR) + 28),
      height: Math.max(heights(id), 48 + (inside ? 16 : 0)),
    };
  }
  const children: ElkNode[] = linked.map((end) => ({
    id: endId(end),
    width: endWidth(end),
    height: heights(endId(end)),
  }));
  if (quiet.length > 0) children.push({ id: quietId(id), ...gridSize(quiet) });
  return {
    id,
    children,
    layoutOptions: {
      'elk.padding': `[top=${spaceHead(space)},left=14,bottom=14,right=14]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${least}, 60)`,
    },
  };
}

/** Ends without arrows stand in a grid that is about as wide as it is high. */
function gridOf(ends: readonly ReachEnd[]): { columns: number; width: number; rows: number } {
  const width = Math.max(...ends.map(endWidth));
  const columns = Math.max(
    1,
    Math.round(Math.sqrt((ends.length * (END_HEIGHT + GAP) * 1.3) / (width + GAP))),
  );
  return { columns, width, rows: Math.ceil(ends.length / columns) };
}

function gridSize(ends: readonly ReachEnd[]): { width: number; height: number } {
  const { columns, width, rows } = gridOf(ends);
  return { width: columns * (width + GAP) - GAP, height: rows * (END_HEIGHT + GAP) - GAP };
}

function placeQuiet(ends: readonly ReachEnd[], area: Area | undefined, areas: Map<string, Area>): void {
  if (!area) return;
  const { columns, width } = gridOf(ends);
  for (const [index, end] of ends.entries()) {
    areas.set(endId(end), {
      x: area.x + (index % columns) * (width + GAP),
      y: area.y + Math.floor(index / columns) * (END_HEIGHT + GAP),
      width,
      height: END_HEIGHT,
    });
  }
}

function collect(node: ElkNode, areas: Map<string, Area>): void {
  for (const child of node.children ?? []) {
    const { id, x = 0, y = 0, width = 0, height = 0 } = child;
    areas.set(id, { x, y, width, height });
    collect(child, areas);
  }
}

function routeOf(edge: ElkExtendedEdge | undefined): Route {
  const sections: readonly ElkEdgeSection[] = edge?.sections ?? [];
  const [label] = edge?.labels ?? [];
  return {
    points: sections.flatMap(({ startPoint, bendPoints, endPoint }) => [
      startPoint,
      ...(bendPoints ?? []),
      endPoint,
    ]),
    label: label && { x: label.x ?? 0, y: label.y ?? 0, width: label.width ?? 0, height: label.height ?? 0 },
  };
}

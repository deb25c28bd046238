// The picture for Graphviz: namespaces are clusters, and arrows from or to a
// namespace are cut at its border (compound=true).

import type { ReachEnd } from './index.ts';
import { endNote, short } from './layout.ts';
import { endId, isUnprotected, type Line, type Picture, type Space } from './picture.ts';

export function reachDot(picture: Picture): string {
  const anchors = new Map(
    picture.spaces.map((space, index) => [space.id, { node: anchorOf(space), cluster: `cluster_${index}` }]),
  );
  return `${[
    'digraph reach {',
    `  graph [label=${quote(`${picture.title}\n${picture.subtitle}`)}, labelloc=t, compound=true, rankdir=LR, fontname="sans-serif", nodesep=0.3, ranksep=0.9];`,
    '  node [shape=box, style="rounded,filled", fillcolor="#ffffff", color="#57606a", fontname="sans-serif", fontsize=11];',
    '  edge [color="#3b7dd8", fontname="sans-serif", fontsize=9, arrowsize=0.7];',
    ...picture.outside.map(
      ({ id, label, note, everybody }) =>
        `  ${quote(id)} [label=${quote(`${label}\n${note}`)}, shape=ellipse, fillcolor="#eaeef2", color="${everybody ? '#d1242f' : '#57606a'}"];`,
    ),
    ...picture.spaces.map((space, index) => cluster(space, `cluster_${index}`)),
    ...picture.lines.map((line) => edge(line, anchors)),
    '}',
  ].join('\n')}\n`;
}

function cluster(space: Space, name: string): string {
  const { name: namespace, inside, collapsed, linked, quiet, title } = space;
  const label = [namespace, inside && `all among themselves ${inside}`].filter(Boolean).join('\n');
  const ends = [...linked, ...quiet];
  return [
    `  subgraph ${name} {`,
    `    graph [label=${quote(label)}, tooltip=${quote(title)}, style="rounded,filled", fillcolor="#f6f8fa", color="#8c959f", fontsize=12];`,
    ...ends.map(node),
    ...(ends.length === 0
      ? [`    ${quote(space.id)} [label=${quote(collapsed ?? '')}, shape=plaintext, style=""];`]
      : []),
    '  }',
  ].join('\n');
}

function node(end: ReachEnd): string {
  const open = isUnprotected(end);
  const color = open ? ', color="#d1242f", style="rounded,filled,dashed"' : '';
  return `    ${quote(endId(end))} [label=${quote(`${short(end.label)}\n${endNote(end)}`)}, tooltip=${quote(end.name)}${color}];`;
}

/** A node inside the box that arrows to the box are drawn to. */
function anchorOf({ id, linked, quiet }: Space): string {
  const [end] = [...quiet, ...linked];
  return end ? endId(end) : id;
}

type Anchors = ReadonlyMap<string, { readonly node: string; readonly cluster: string }>;

function edge({ from, to, label, title, unknown }: Line, anchors: Anchors): string {
  const [tail, head] = [anchors.get(from), anchors.get(to)];
  const attributes = [
    `label=${quote(label)}`,
    `tooltip=${quote(title)}`,
    ...(tail ? [`ltail=${tail.cluster}`] : []),
    ...(head ? [`lhead=${head.cluster}`] : []),
    ...(unknown ? ['style=dashed'] : []),
    ...(from === 'source anyone' || from === 'source end world' ? ['color="#d1242f"'] : []),
  ];
  return `  ${quote(tail?.node ?? from)} -> ${quote(head?.node ?? to)} [${attributes.join(', ')}];`;
}

/** A quoted ID of the DOT language: only the quote and the backslash are special; line ends are written \n. */
function quote(words: string): string {
  const clean = words.replace(/[^\n\P{Cc}]|[\u202a-\u202e\u2066-\u2069]/gu, ' ');
  return `"${clean.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

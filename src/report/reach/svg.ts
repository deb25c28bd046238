// The picture as SVG: one file, no scripts, nothing fetched, readable on light
// and on dark ground.

import type { ReachEnd } from './index.ts';
import {
  type Area,
  endNote,
  type Layout,
  layOut,
  type Route,
  SMALL_CHAR,
  short,
  textWidth,
} from './layout.ts';
import { endId, isUnprotected, type Line, type Outside, type Picture, type Space } from './picture.ts';

/** Hues that stand out on white and on black; a source keeps its own for all its arrows. */
const HUES = ['#3b7dd8', '#b5651d', '#7a5cc9', '#1f8a84', '#a8478f', '#6b7f12', '#c2571a', '#4f6d8f'];
const EXPOSED = '#d1242f';

const HEAD = 58;
const MARGIN = 16;
const LEGEND_LINE = 24;

export async function reachSvg(picture: Picture): Promise<string> {
  const layout = await layOut(picture);
  const legend = legendOf(picture);
  const width = Math.max(layout.width, LEGEND_WIDTH, textWidth(picture.subtitle, SMALL_CHAR)) + 2 * MARGIN;
  const legendTop = HEAD + layout.height + MARGIN;
  const height = legendTop + legend.length * LEGEND_LINE + MARGIN;
  const hues = huesOf(picture);
  const markers = [...new Set(hues.values())];
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${text(picture.title)}</title>`,
    STYLE,
    '<defs>',
    ...markers.map(
      (hue, index) =>
        `<marker id="head${index}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0,0.5 L8,4 L0,7.5 z" fill="${hue}"/></marker>`,
    ),
    '</defs>',
    `<rect class="ground" width="${width}" height="${height}"/>`,
    `<text class="heading" x="${MARGIN}" y="26">${text(picture.title)}</text>`,
    `<text class="note" x="${MARGIN}" y="45">${text(picture.subtitle)}</text>`,
    `<g transform="translate(${MARGIN},${HEAD})">`,
    ...picture.spaces.map((space) => drawSpace(space, layout)),
    ...picture.outside.map((outside) => drawOutside(outside, layout)),
    ...picture.lines.map((line, index) => {
      const hue = hues.get(line.from) ?? EXPOSED;
      return drawLine(line, layout.routes[index], hue, markers.indexOf(hue));
    }),
    ...picture.lines.map((line, index) => drawLabel(line, layout.routes[index])),
    ...picture.spaces.flatMap((space) =>
      [...space.linked, ...space.quiet].map((end) => drawEnd(end, layout)),
    ),
    '</g>',
    `<g transform="translate(${MARGIN},${legendTop})">`,
    ...legend.map((line, index) => `<g transform="translate(0,${index * LEGEND_LINE})">${line}</g>`),
    '</g>',
    '</svg>',
  ].join('\n')}\n`;
}

const STYLE = `<style>
text { font: 13px ui-sans-serif, system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1f2328 }
.ground { fill: #ffffff }
.heading { font-size: 17px; font-weight: 600 }
.note, .ports { font-size: 11px; fill: #59636e }
.ports { paint-order: stroke; stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round }
.space { fill: #f6f8fa; stroke: #d1d9e0 }
.name { font-weight: 600 }
.end { fill: #ffffff; stroke: #9aa4af }
.open { stroke: #d1242f; stroke-dasharray: 5 3 }
.onhost { stroke-dasharray: 1 3 }
.outside { fill: #eaeef2; stroke: #9aa4af }
.everybody { stroke: #d1242f }
.warn { fill: #d1242f; font-weight: 600 }
.bar-closed { fill: #1a7f37 } .bar-open { fill: #d1242f } .bar-free { fill: #b6bfc8 }
.line { fill: none; stroke-width: 1.5 } .line:hover { stroke-width: 4 }
.unknown { stroke-dasharray: 6 4 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.ground { fill: #0d1117 }
.note, .ports { fill: #9198a1 }
.ports { stroke: #0d1117 }
.space { fill: #151b23; stroke: #3d444d }
.end { fill: #0d1117; stroke: #656c76 }
.open { stroke: #f85149 }
.outside { fill: #212830; stroke: #656c76 }
.everybody { stroke: #f85149 }
.warn { fill: #f85149 }
.bar-closed { fill: #3fb950 } .bar-open { fill: #f85149 } .bar-free { fill: #656c76 }
}
</style>`;

/** Markup is taken out of the words of others, and so is what XML cannot hold. */
function text(words: string): string {
  return words
    .replace(
      /[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu,
      ' ',
    )
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function huesOf({ lines, outside }: Picture): ReadonlyMap<string, string> {
  const hues = new Map(outside.filter(({ everybody }) => everybody).map(({ id }) => [id, EXPOSED]));
  let next = 0;
  for (const { from } of lines) {
    if (!hues.has(from)) hues.set(from, HUES[next++ % HUES.length] as string);
  }
  return hues;
}

const rect = ({ x, y, width, height }: Area, className: string, radius: number) =>
  `<rect class="${className}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${radius}"/>`;

const round = (value: number) => Math.round(value * 10) / 10;

function drawSpace({ id, name, inside, collapsed, title }: Space, { areas }: Layout): string {
  const area = areas.get(id);
  if (!area) return '';
  const { x, y } = area;
  const words = [collapsed, inside && `↻ ${inside}`].filter((line) => line !== undefined);
  return [
    `<g><title>${text(title)}</title>`,
    rect(area, 'space', 8),
    `<text class="name" x="${x + 14}" y="${y + 20}">${text(short(name))}</text>`,
    ...words.map(
      (line, index) => `<text class="note" x="${x + 14}" y="${y + 37 + index * 16}">${text(line)}</text>`,
    ),
    '</g>',
  ].join('');
}

function drawOutside({ id, label, note, everybody }: Outside, { areas }: Layout): string {
  const area = areas.get(id);
  if (!area) return '';
  const middle = { x: area.x + area.width / 2, y: area.y + area.height / 2 };
  return [
    '<g>',
    rect(area, everybody ? 'outside everybody' : 'outside', 21),
    `<text class="name" text-anchor="middle" x="${middle.x}" y="${middle.y - 3}">${text(short(label))}</text>`,
    `<text class="note" text-anchor="middle" x="${middle.x}" y="${middle.y + 12}">${text(note)}</text>`,
    '</g>',
  ].join('');
}

function drawEnd(end: ReachEnd, { areas }: Layout): string {
  const area = areas.get(endId(end));
  return area ? endBox(end, area) : '';
}

function endBox(end: ReachEnd, area: Area): string {
  const { x, y, width, height } = area;
  const open = isUnprotected(end);
  const left = end.onHost ? 'bar-free' : open ? 'bar-open' : 'bar-closed';
  const right = end.isolated.egress ? 'bar-closed' : 'bar-free';
  const bar = (at: number, className: string) =>
    `<rect class="${className}" x="${round(at)}" y="${round(y + 6)}" width="4" height="${round(height - 12)}" rx="2"/>`;
  return [
    `<g><title>${text(`${end.name}: ${endNote(end)}`)}</title>`,
    rect(area, `end${open ? ' open' : end.onHost ? ' onhost' : ''}`, 5),
    bar(x + 4, left),
    bar(x + width - 8, right),
    `<text x="${x + 15}" y="${y + height / 2 - 3}">${text(short(end.label))}</text>`,
    `<text class="note${open ? ' warn' : ''}" x="${x + 15}" y="${y + height / 2 + 12}">${text(endNote(end))}</text>`,
    '</g>',
  ].join('');
}

/** A path with its corners rounded a little. */
function pathOf(points: Route['points']): string {
  return points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${round(x)},${round(y)}`).join(' ');
}

function drawLine({ title, unknown }: Line, route: Route | undefined, hue: string, marker: number): string {
  if (!route || route.points.length === 0) return '';
  const className = unknown ? 'line unknown' : 'line';
  return `<path class="${className}" stroke="${hue}" marker-end="url(#head${marker})" d="${pathOf(route.points)}"><title>${text(title)}</title></path>`;
}

function drawLabel({ label, unknown }: Line, route: Route | undefined): string {
  if (!route?.label) return '';
  const { x, y } = route.label;
  return `<text class="ports" x="${round(x + 3)}" y="${round(y + 11)}">${text(unknown ? `${label} ?` : label)}</text>`;
}

const LEGEND_WIDTH = 760;

function legendOf({ has, lines, spaces }: Picture): readonly string[] {
  const sample = (name: string, isolated: ReachEnd['isolated'], onHost = false): ReachEnd => ({
    name,
    namespace: 'x',
    label: name,
    kind: '',
    pods: 1,
    onHost,
    isolated,
  });
  const swatch = (end: ReachEnd) => {
    const open = isUnprotected(end);
    return [
      `<rect class="end${open ? ' open' : end.onHost ? ' onhost' : ''}" x="0.5" y="2.5" width="36" height="15" rx="4"/>`,
      `<rect class="${end.onHost ? 'bar-free' : open ? 'bar-open' : 'bar-closed'}" x="4" y="5" width="4" height="10" rx="2"/>`,
      `<rect class="${end.isolated.egress ? 'bar-closed' : 'bar-free'}" x="29" y="5" width="4" height="10" rx="2"/>`,
    ].join('');
  };
  const line = (extra = '', hue = HUES[0]) =>
    `<path class="line${extra}" stroke="${hue}" d="M0,10 L30,10"/><path d="M28,6 L37,10 L28,14 z" fill="${hue}"/>`;
  const words = (sentence: string) => `<text class="note" x="48" y="14">${text(sentence)}</text>`;
  const rows: string[] = [];
  if (spaces.some(({ linked, quiet }) => linked.length + quiet.length > 0)) {
    rows.push(
      swatch(sample('', { ingress: false, egress: false })) +
        words('unprotected: no default deny at ingress, so whoever may leave can come in'),
      swatch(sample('', { ingress: true, egress: false })) +
        words(
          'left bar: ingress, right bar: egress; green is under default deny, grey is not held back by it',
        ),
    );
  }
  if (lines.length > 0) {
    rows.push(
      line() +
        words(
          'a flow that both ends let through, with its ports (TCP unless said); from or to a box: of everything in it',
        ),
    );
  }
  if (has.anyone || has.anyPod) {
    rows.push(
      line('', EXPOSED) +
        words('anyone, any pod: every source that its own side lets go everywhere, each by itself not drawn'),
    );
  }
  if (has.unknown) rows.push(line(' unknown') + words('it cannot be known whether the flow is let through'));
  if (has.implied) rows.push(words('not drawn: a node always reaches its own pods'));
  return rows;
}

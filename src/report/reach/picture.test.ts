// What a picture claims is what holds: no flow too many, none missing; and nothing in it hides anything else.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Arrow, arrowsOf, type Place } from './arrows.ts';
import { reachDot } from './dot.ts';
import type { PortAnswer, ReachEnd, ReachPair } from './index.ts';
import { type Area, type Layout, layOut } from './layout.ts';
import { endId, type Picture, type PictureOptions, pictureOf } from './picture.ts';
import { reachSvg } from './svg.ts';

const end = (name: string, ingress = true, egress = false): ReachEnd => {
  const [namespace = '', label = ''] = name.includes('/') ? name.split('/') : ['', name];
  const pods = namespace ? 1 : 0;
  return {
    name,
    namespace,
    label,
    kind: pods ? 'Pod' : '',
    pods,
    onHost: false,
    isolated: { ingress, egress },
  };
};
const entities = ['world', 'host', 'remote-node', 'kube-apiserver'].map((name) => end(name, false));
const ports = [
  { port: 80, protocol: 'TCP' },
  { port: 53, protocol: 'UDP' },
];

/** Every pair, with answers from a function of both ends and the port's place. */
function pairsOf(
  ends: readonly ReachEnd[],
  sides: (src: ReachEnd, dst: ReachEnd, port: number) => readonly ['allow' | 'deny', 'allow' | 'deny'],
): ReachPair[] {
  return ends.flatMap((src) =>
    ends
      .filter((dst) => dst !== src && (src.pods > 0 || dst.pods > 0))
      .map((dst) => ({
        src,
        dst,
        answers: ports.map((port, index): PortAnswer => {
          const [egress, ingress] = sides(src, dst, index);
          return {
            ...port,
            egress,
            ingress,
            verdict: egress === 'allow' && ingress === 'allow' ? 'allow' : 'deny',
          };
        }),
      })),
  );
}

const flow = (src: ReachEnd, dst: ReachEnd, { port }: { port: number }) =>
  `${src.name} > ${dst.name} ${port}`;

/** What the arrows say, by their meaning alone. */
function meaningOf(arrows: readonly Arrow[], pairs: readonly ReachPair[]): Set<string> {
  const sources = new Set(pairs.map(({ src }) => src));
  const targets = new Set(pairs.map(({ dst }) => dst));
  const free = [...sources].filter((src) =>
    pairs.every((pair) => pair.src !== src || pair.answers.every(({ egress }) => egress === 'allow')),
  );
  const members = (place: Place, all: Iterable<ReachEnd>): ReachEnd[] => {
    switch (place.kind) {
      case 'end':
        return [place.end];
      case 'namespace':
        return [...all].filter(({ namespace }) => namespace === place.namespace);
      case 'nodes':
        return [...all].filter(({ name }) => ['host', 'remote-node', 'kube-apiserver'].includes(name));
      case 'anyone':
        return free;
      case 'any-pod':
        return free.filter(({ pods }) => pods > 0);
      default:
        return place satisfies never;
    }
  };
  const said = new Set<string>();
  for (const { from, to, ports: some, allPorts } of arrows) {
    for (const src of members(from, sources)) {
      for (const dst of members(to, targets)) {
        if (src === dst || (src.pods === 0 && dst.pods === 0)) continue;
        for (const port of allPorts ? ports : some) said.add(flow(src, dst, port));
      }
    }
  }
  return said;
}

const allowedIn = (pairs: readonly ReachPair[]) =>
  new Set(
    pairs.flatMap(({ src, dst, answers }) =>
      answers.filter(({ verdict }) => verdict === 'allow').map((answer) => flow(src, dst, answer)),
    ),
  );

describe('arrows', () => {
  it('say every flow that is let through, and no other', () => {
    const names = ['a/1', 'a/2', 'a/3', 'b/1', 'b/2', 'c/1'];
    // Policies open whole namespaces, single pods, everything, or nothing.
    const opens = fc.constantFrom('all', 'none', 'same', 'a', 'b/1', 'world', 'nodes', '80 only');
    const arbitrary = fc.record({
      ingress: fc.array(opens, { minLength: names.length, maxLength: names.length }),
      egress: fc.array(fc.oneof({ arbitrary: fc.constant('all'), weight: 2 }, opens), {
        minLength: names.length,
        maxLength: names.length,
      }),
    });
    fc.assert(
      fc.property(arbitrary, ({ ingress, egress }) => {
        const ends = [...names.map((name) => end(name)), ...entities];
        const lets = (rule: string | undefined, own: ReachEnd, peer: ReachEnd, port: number) =>
          rule === undefined ||
          rule === 'all' ||
          (rule === '80 only' && port === 0) ||
          (rule === 'same' && peer.namespace === own.namespace) ||
          rule === peer.namespace ||
          rule === peer.name ||
          (rule === 'nodes' && peer.pods === 0 && peer.name !== 'world');
        const pairs = pairsOf(ends, (src, dst, port) => [
          lets(egress[ends.indexOf(src)], src, dst, port) ? 'allow' : 'deny',
          lets(ingress[ends.indexOf(dst)], dst, src, port) ? 'allow' : 'deny',
        ]);
        const arrows = arrowsOf(pairs, { implied: () => false, anyone: true });
        expect(meaningOf(arrows, pairs)).toEqual(allowedIn(pairs));
      }),
      { numRuns: 300, seed: 11 },
    );
  });

  it('are few where everything is open: one for each box', () => {
    const ends = [...Array.from({ length: 40 }, (_, i) => end(`ns${i % 4}/${i}`, false)), ...entities];
    const arrows = arrowsOf(
      pairsOf(ends, () => ['allow', 'allow']),
      { implied: () => false, anyone: true },
    );
    expect(arrows).toHaveLength(4 + 2);
  });
});

const options: PictureOptions = {
  title: 'Who can reach whom',
  subtitle: '',
  fold: 'none',
  focus: undefined,
  chosen: false,
  anyone: true,
  implied: () => false,
  reasons: () => ({ egress: 'no policy', ingress: 'CiliumNetworkPolicy shop/db' }),
};

/** Ten pods, each open to the two before it; everything else is closed. */
function chain(count: number, spaces: number): Picture {
  const ends = [...Array.from({ length: count }, (_, i) => end(`ns${i % spaces}/pod-${i}`)), ...entities];
  const pairs = pairsOf(ends, (src, dst) => {
    const [from, to] = [ends.indexOf(src), ends.indexOf(dst)];
    const next = to > from && to - from <= 2;
    return ['allow', next && src.pods > 0 && dst.pods > 0 ? 'allow' : 'deny'];
  });
  return pictureOf(ends, pairs, options);
}

const overlap = (a: Area, b: Area) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** A piece of a line as a thin area, a little shorter than it is, so that touching is no crossing. */
function pieces({ points }: Layout['routes'][number]): Area[] {
  return points.slice(1).map((to, index) => {
    const from = points[index] ?? to;
    const [x, y] = [Math.min(from.x, to.x), Math.min(from.y, to.y)];
    const thin = (length: number) => Math.max(length - 0.4, 0.1);
    return {
      x: x + 0.2,
      y: y + 0.2,
      width: thin(Math.abs(from.x - to.x)),
      height: thin(Math.abs(from.y - to.y)),
    };
  });
}

type Named = readonly (readonly [string, Area])[];

const overlaps = (some: Named, others: Named): string[] =>
  some.flatMap(([name, area], index) =>
    (some === others ? others.slice(index + 1) : others)
      .filter(([, other]) => overlap(area, other))
      .map(([other]) => `${name} and ${other}`),
  );

describe('a picture', () => {
  it.each([
    [10, 1],
    [30, 3],
  ])(
    'of %i pods in %i namespaces has no box over another, no line through a box, no label over another',
    async (count, spaces) => {
      const picture = chain(count, spaces);
      const { areas, routes } = await layOut(picture);
      const boxes = picture.spaces
        .flatMap(({ linked, quiet }) => [...linked, ...quiet])
        .map((each) => [endId(each), areas.get(endId(each)) as Area] as const);
      expect(boxes).toHaveLength(count);
      expect(routes.every(({ points, label }) => points.length > 1 && label)).toBe(true);
      const labels = routes.flatMap(({ label }, index) =>
        label ? [[`label ${index}`, label] as const] : [],
      );
      const lines = routes.flatMap((route, index) =>
        pieces(route).map((piece) => [`line ${index}`, piece] as const),
      );
      const hidden = [
        ...overlaps(boxes, boxes),
        ...overlaps(labels, labels),
        ...overlaps(labels, boxes),
        ...overlaps(lines, boxes),
      ];
      expect(hidden).toEqual([]);
    },
    30_000,
  );

  it('names the deciding policies in the title of each arrow, and its ports beside it', async () => {
    const svg = await reachSvg(chain(3, 1));
    expect(svg).toContain('<title>ns0/pod-0 → ns0/pod-1 on 80/TCP');
    expect(svg).toContain('ingress: CiliumNetworkPolicy shop/db');
    expect(svg).toMatch(/class="ports"[^>]*>80, 53\/UDP</);
  });

  it('marks pods without default deny at ingress, and only those', async () => {
    const ends = [end('a/open', false), end('a/closed', true)];
    const picture = pictureOf(
      ends,
      pairsOf(ends, () => ['deny', 'deny']),
      options,
    );
    const svg = await reachSvg(picture);
    const boxes = svg.slice(0, svg.indexOf('<g transform="translate(16,', svg.indexOf('a/closed')));
    expect(boxes.match(/class="end open"/g)).toHaveLength(1);
    expect(boxes).toContain('a/open: unprotected');
    expect(boxes).toContain('a/closed: isolated');
    expect(reachDot(picture).match(/color="#d1242f"/g)).toHaveLength(1);
  });

  it('fetches nothing, runs nothing, and knows light and dark', async () => {
    const svg = await reachSvg(chain(5, 2));
    expect(svg.match(/https?:[^"]*/g)).toEqual(['http://www.w3.org/2000/svg']);
    expect(svg).not.toMatch(/<script|href|@import|url\((?!#)/);
    expect(svg).toContain('@media (prefers-color-scheme: dark)');
  });

  it('is the same for the same facts', async () => {
    expect(await reachSvg(chain(8, 2))).toBe(await reachSvg(chain(8, 2)));
  });

  it('folded by namespace has a box for each, with what is in it in words', async () => {
    const ends = Array.from({ length: 60 }, (_, i) => end(`ns${i % 6}/pod-${i}`, i % 2 === 0));
    const pairs = pairsOf(ends, (src, dst) => [
      'allow',
      src.namespace === 'ns0' && dst.label === 'pod-1' ? 'allow' : 'deny',
    ]);
    const picture = pictureOf(ends, pairs, { ...options, fold: 'namespace' });
    expect(picture.spaces.map(({ collapsed }) => collapsed)).toEqual(
      Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? '10 pods' : '10 pods, 10 unprotected')),
    );
    expect(picture.lines.map(({ from, to }) => [from, to])).toEqual([['namespace ns0', 'namespace ns1']]);
  });
});

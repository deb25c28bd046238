// Who can reach whom, as reports show it: ends, the answers between them, and
// the two forms for programs and terminals. Pictures are in reach-svg and reach-dot.

import stringWidth from 'string-width';
import { printable } from '../printable.ts';

/** One end of flows: a pod, the pods of a workload, or an entity. */
export interface ReachEnd {
  /** `ns/pod`, `ns/Kind/name`, or an entity's name: tells it apart from every other end. */
  readonly name: string;
  /** '' for entities and addresses. */
  readonly namespace: string;
  /** Short, for inside the box of its namespace. */
  readonly label: string;
  /** Kind of the workload, or Pod; '' for entities and addresses. */
  readonly kind: string;
  /** How many pods it stands for; 0 for entities and addresses. */
  readonly pods: number;
  /** On the network of the node: not subject to policies of pods. */
  readonly onHost: boolean;
  /** Is it under default deny? */
  readonly isolated: { readonly ingress: boolean; readonly egress: boolean };
}

export type Answer = 'allow' | 'deny' | 'unknown';

/** What holds between two ends on one port. */
export interface PortAnswer {
  readonly port: number;
  readonly protocol: string;
  readonly egress: Answer;
  readonly ingress: Answer;
  readonly verdict: Answer;
}

export interface ReachPair {
  readonly src: ReachEnd;
  readonly dst: ReachEnd;
  /** The same array for the same answers. */
  readonly answers: readonly PortAnswer[];
}

/** Both sides must let it through; one that denies is enough. */
export function verdictOf(egress: Answer, ingress: Answer): Answer {
  if (egress === 'deny' || ingress === 'deny') return 'deny';
  return egress === 'unknown' || ingress === 'unknown' ? 'unknown' : 'allow';
}

const CHUNK = 1 << 16;

/**
 * The array of the contract, in chunks for a stream. What is unknown on either side is left out, because the
 * contract has no word for it; the caller tells of it.
 */
export function* reachJson(pairs: Iterable<ReachPair>): Generator<string> {
  const heads = new Map<ReachEnd, string>();
  const middles = new Map<ReachEnd, string>();
  const tails = new Map<PortAnswer, string>();
  let text = '';
  let separator = '[\n';
  for (const { src, dst, answers } of pairs) {
    const head = remembered(heads, src, () => `  {"src": ${JSON.stringify(src.name)}, `);
    const middle = remembered(middles, dst, () => `"dst": ${JSON.stringify(dst.name)}, `);
    for (const answer of answers) {
      if (answer.egress === 'unknown' || answer.ingress === 'unknown') continue;
      text += separator + head + middle + remembered(tails, answer, () => tailOf(answer));
      separator = ',\n';
    }
    if (text.length < CHUNK) continue;
    yield text;
    text = '';
  }
  yield separator === '[\n' ? '[]\n' : `${text}\n]\n`;
}

function tailOf({ port, protocol, egress, ingress, verdict }: PortAnswer): string {
  return `"port": ${port}, "protocol": ${JSON.stringify(protocol)}, "egress": "${egress}", "ingress": "${ingress}", "verdict": "${verdict}"}`;
}

function remembered<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  return made;
}

export interface ReachTableOptions {
  readonly color: boolean;
}

const COLORS: Readonly<Record<Answer, number>> = { allow: 32, deny: 31, unknown: 35 };
const HEADER = ['SOURCE', 'DESTINATION', 'EGRESS', 'INGRESS', 'VERDICT', 'PORTS'] as const;

/** A line for each two ends and verdict, with the ports that share it; in chunks for a stream. */
export function* reachTable(
  ends: readonly ReachEnd[],
  pairs: Iterable<ReachPair>,
  { color }: ReachTableOptions,
): Generator<string> {
  const widest = ends.reduce((most, { name }) => Math.max(most, stringWidth(printable(name))), 0);
  const name = Math.max(widest, HEADER[1].length);
  const names = new Map<ReachEnd, string>();
  const lines = new Map<readonly PortAnswer[], readonly string[]>();
  const padded = (end: ReachEnd) => remembered(names, end, () => pad(printable(end.name), name));
  let text = `${pad(HEADER[0], name)}   ${pad(HEADER[1], name)}   ${row(HEADER[2], HEADER[3], HEADER[4], HEADER[5])}\n`;
  for (const { src, dst, answers } of pairs) {
    for (const line of remembered(lines, answers, () => rowsOf(answers, color))) {
      text += `${padded(src)}   ${padded(dst)}   ${line}\n`;
    }
    if (text.length < CHUNK) continue;
    yield text;
    text = '';
  }
  yield text;
}

const row = (egress: string, ingress: string, verdict: string, ports: string) =>
  `${egress.padEnd(7)}   ${ingress.padEnd(7)}   ${verdict}   ${ports}`;

function rowsOf(answers: readonly PortAnswer[], color: boolean): readonly string[] {
  const same = Map.groupBy(answers, ({ egress, ingress }) => `${egress} ${ingress}`);
  return [...same.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { egress, ingress, verdict } = first;
    const padded = verdict.padEnd(7);
    const painted = color ? `\u001b[${COLORS[verdict]}m${padded}\u001b[0m` : padded;
    return [row(egress, ingress, painted, portsText(group))];
  });
}

/** `80/TCP,443/TCP`. */
function portsText(ports: readonly Pick<PortAnswer, 'port' | 'protocol'>[]): string {
  return ports.map(({ port, protocol }) => `${port}/${protocol}`).join(',');
}

const pad = (text: string, width: number) => text + ' '.repeat(Math.max(0, width - stringWidth(text)));

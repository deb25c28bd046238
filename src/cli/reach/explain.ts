// `reach --why SRC DST PORT`: for every pair that was meant, what each side
// says and by which rule. Pairs with the same reasons are told once.

import { count } from '../../checks/shared/messages.ts';
import { printable } from '../../report/printable.ts';
import { verdictOf } from '../../report/reach/index.ts';
import { UsageError } from '../exit.ts';
import type { End, Ends } from './ends.ts';
import { flowOf } from './matrix.ts';
import type { PortQuery } from './peers.ts';
import type { Sides } from './sides.ts';
import type { SideVerdict } from './verdicts.ts';
import { whyText } from './why.ts';

interface Explained {
  readonly src: End;
  readonly dst: End;
  readonly egress: SideVerdict;
  readonly ingress: SideVerdict;
  readonly texts: { readonly egress: string; readonly ingress: string };
  /** Which of the world's two faces this is about, where they differ. */
  readonly family: string;
  /** Further pairs with the same reasons. */
  more: number;
}

export function explainFlows(
  { sides }: Ends,
  from: readonly End[],
  to: readonly End[],
  query: PortQuery,
  json: boolean,
): { readonly text: string; readonly doubtful: boolean } {
  const all = onceEach(explainPairs(sides, from, to, query));
  if (all.length === 0)
    throw new UsageError('--why: source and destination are the same pod, or neither is a pod');
  return {
    text: json
      ? `${JSON.stringify(
          all.map((one) => asJson(one, query)),
          null,
          2,
        )}\n`
      : all.map((one) => asText(one, query)).join('\n'),
    doubtful: all.some(({ egress, ingress }) => verdictOf(egress.decision, ingress.decision) === 'unknown'),
  };
}

function* explainPairs(
  sides: Sides,
  from: readonly End[],
  to: readonly End[],
  query: PortQuery,
): Generator<Explained> {
  for (const src of from)
    for (const dst of to)
      if (src !== dst && (src.pods.length > 0 || dst.pods.length > 0))
        yield* explainPair(sides, src, dst, query);
}

/** The first pair of each sort, which knows how many more there are. */
function onceEach(pairs: Iterable<Explained>): readonly Explained[] {
  const found = new Map<string, Explained>();
  for (const one of pairs) {
    const key = `${one.family} ${one.texts.egress}\n${one.texts.ingress}`;
    const before = found.get(key);
    if (before) before.more++;
    else found.set(key, one);
  }
  return [...found.values()];
}

function explainPair(sides: Sides, src: End, dst: End, query: PortQuery): readonly Explained[] {
  const one = explain(sides, src, dst, query, false);
  if (src.unit.otherFamily === undefined && dst.unit.otherFamily === undefined) return [one];
  const other = explain(sides, src, dst, query, true);
  const same = one.texts.egress === other.texts.egress && one.texts.ingress === other.texts.ingress;
  return same
    ? [one]
    : [
        { ...one, family: ' (IPv4)' },
        { ...other, family: ' (IPv6)' },
      ];
}

function explain(sides: Sides, src: End, dst: End, query: PortQuery, otherFamily: boolean): Explained {
  const { egress, ingress } = flowOf(sides, src, dst, query, otherFamily);
  const texts = {
    egress: whyText(egress, 'egress', src.shown),
    ingress: whyText(ingress, 'ingress', dst.shown),
  };
  return { src, dst, egress, ingress, texts, family: '', more: 0 };
}

const WORDS = { allow: 'allowed', deny: 'denied', unknown: 'not known' } as const;

function asText(one: Explained, { port, protocol }: PortQuery): string {
  const { src, dst, egress, ingress, texts, family, more } = one;
  const verdict = WORDS[verdictOf(egress.decision, ingress.decision)];
  const others = more > 0 ? ` (and ${count(more, 'more pair')} for the same reasons)` : '';
  return printableLines([
    `${src.shown.name} → ${dst.shown.name} on ${port}/${protocol}${family}: ${verdict}${others}`,
    `  egress of ${src.shown.name}: ${texts.egress}`,
    `  ingress of ${dst.shown.name}: ${texts.ingress}`,
  ]);
}

const printableLines = (lines: readonly string[]) => lines.map((line) => `${printable(line)}\n`).join('');

function asJson(one: Explained, { port, protocol }: PortQuery): object {
  const { src, dst, egress, ingress, texts, more } = one;
  return {
    src: src.shown.name,
    dst: dst.shown.name,
    port,
    protocol,
    ...(one.family ? { family: one.family.replace(/[ ()]/g, '') } : {}),
    egress: sideJson(egress, texts.egress),
    ingress: sideJson(ingress, texts.ingress),
    verdict: verdictOf(egress.decision, ingress.decision),
    pairs: more + 1,
  };
}

function sideJson({ decision, because }: SideVerdict, why: string): object {
  const rule = 'rule' in because ? because.rule : undefined;
  return {
    decision,
    why,
    ...(rule
      ? {
          policy: {
            kind: rule.policy.kind,
            namespace: rule.policy.meta.namespace,
            name: rule.policy.meta.name,
          },
          rule: rule.path,
        }
      : {}),
  };
}

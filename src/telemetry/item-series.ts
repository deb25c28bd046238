// The series of every item. Each item's lines are rendered when its status
// changes and kept, so that a scrape only hands out strings: with 10,000 items
// prom-client spends most of a second formatting, and holds up every verdict
// meanwhile.

import { REVIEW_LABEL } from '../api/group.ts';
import { durationMs } from '../api/primitives.ts';
import { type ItemStatus, STATES, VERDICTS } from '../api/status.ts';
import { familyHeader, type Labels, sample } from './exposition.ts';

/** What is read of an item. A RemediationItem fits, and so does one whose spec cannot be parsed. */
export interface ObservedItem {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: ObservedSpec;
  readonly status: Pick<ItemStatus, 'state' | 'checks' | 'conditions' | 'driftedSince' | 'history'>;
}

interface ObservedSpec {
  readonly number?: number;
  readonly title?: string;
  readonly priority?: string;
  readonly milestone?: string;
  readonly dueDate?: string;
  readonly claim?: { readonly status?: string };
  readonly waivers?: readonly { readonly check: string; readonly expires: string }[];
  readonly checks?: readonly ObservedCheck[];
  readonly prerequisites?: readonly ObservedCheck[];
}

interface ObservedCheck {
  readonly name: string;
  readonly [block: string]: unknown;
}

const FAMILIES = [
  ['remediation_item_info', 'One per item, always 1: what the item is.'],
  ['remediation_item_state', '1 for the state that the item is in, 0 for every other state.'],
  [
    'remediation_item_checks',
    'How many deciding checks of the item have this verdict (advisory ones are not counted).',
  ],
  [
    'remediation_item_drifted_since_timestamp_seconds',
    'Since when the item is Drifted; reason is Regressed or ClaimRefuted. Only while it is.',
  ],
  [
    'remediation_item_last_evaluation_timestamp_seconds',
    'When the item was judged last. Nothing changed means nothing judged.',
  ],
  [
    'remediation_item_due_timestamp_seconds',
    'The end (UTC) of the day on which the item is due. Not for items whose claim is Abandoned.',
  ],
  [
    'remediation_evidence_expiry_timestamp_seconds',
    'When the evidence for a check expires: the first of its waivers, or its attestation.',
  ],
] as const;

type Family = (typeof FAMILIES)[number][0];
/** An item's lines for each family; '' where it has none. Never changed once made. */
type Rendered = Readonly<Record<Family, string>>;

export interface ItemSeries {
  /** Replaces what is told of the item. */
  observe(item: ObservedItem, evaluatedAt: Date): void;
  /** The item's series disappear. */
  forget(namespace: string, name: string): void;
  /** All series disappear: another replica tells of the items now. */
  clear(): void;
  /** The text format in chunks of at most `itemsPerChunk` items, as things stood at the first one. */
  expose(itemsPerChunk?: number): Generator<string>;
}

export function createItemSeries(): ItemSeries {
  const items = new Map<string, Rendered>();
  return {
    observe: (item, evaluatedAt) => {
      items.set(`${item.metadata.namespace}/${item.metadata.name}`, render(item, evaluatedAt));
    },
    forget: (namespace, name) => {
      items.delete(`${namespace}/${name}`);
    },
    clear: () => items.clear(),
    expose: function* (itemsPerChunk = 500) {
      const all = [...items.values()];
      for (const [family, help] of FAMILIES) {
        yield familyHeader(family, 'gauge', help);
        for (let start = 0; start < all.length; start += itemsPerChunk) {
          let chunk = '';
          for (const item of all.slice(start, start + itemsPerChunk)) chunk += item[family];
          if (chunk !== '') yield chunk;
        }
      }
    },
  };
}

function render({ metadata, spec = {}, status }: ObservedItem, evaluatedAt: Date): Rendered {
  const { namespace, name } = metadata;
  const of = (family: Family, more: Labels, value: number) =>
    sample(family, { namespace, name, ...more }, value);
  const since = seconds(status.driftedSince);
  const due = spec.claim?.status === 'Abandoned' ? undefined : endOfDay(spec.dueDate);
  return {
    remediation_item_info: of(
      'remediation_item_info',
      {
        number: spec.number === undefined ? '' : String(spec.number),
        title: spec.title ?? '',
        priority: spec.priority ?? '',
        milestone: spec.milestone ?? '',
        review: metadata.labels?.[REVIEW_LABEL] ?? '',
      },
      1,
    ),
    remediation_item_state: STATES.map((state) =>
      of('remediation_item_state', { state }, Number(status.state === state)),
    ).join(''),
    remediation_item_checks: countVerdicts(status)
      .map(([verdict, count]) => of('remediation_item_checks', { verdict }, count))
      .join(''),
    remediation_item_drifted_since_timestamp_seconds:
      status.state === 'Drifted' && since !== undefined
        ? of('remediation_item_drifted_since_timestamp_seconds', { reason: driftReason(status) }, since)
        : '',
    remediation_item_last_evaluation_timestamp_seconds: of(
      'remediation_item_last_evaluation_timestamp_seconds',
      {},
      evaluatedAt.getTime() / 1000,
    ),
    remediation_item_due_timestamp_seconds:
      due === undefined ? '' : of('remediation_item_due_timestamp_seconds', {}, due),
    remediation_evidence_expiry_timestamp_seconds: expiries(spec)
      .map(({ check, kind, at }) => of('remediation_evidence_expiry_timestamp_seconds', { check, kind }, at))
      .join(''),
  };
}

/** Every verdict, those that no check has as 0, so that an alert sees them clear. */
function countVerdicts(status: ObservedItem['status']): [string, number][] {
  const deciding = (status.checks ?? []).filter((check) => !check.advisory);
  return VERDICTS.map((verdict) => [verdict, deciding.filter((check) => check.verdict === verdict).length]);
}

/** Regressed or ClaimRefuted, as the Drifted condition has it. */
function driftReason(status: ObservedItem['status']): string {
  const drifted = status.conditions?.find(
    ({ type, status: holds }) => type === 'Drifted' && holds === 'True',
  );
  return drifted?.reason ?? status.history?.find(({ to }) => to === 'Drifted')?.reason ?? '';
}

interface Expiry {
  readonly check: string;
  readonly kind: 'waiver' | 'attestation';
  /** Unix seconds. */
  readonly at: number;
}

/** The first expiry for each check and kind: one series, however many waivers a check has. */
function expiries(spec: ObservedSpec): Expiry[] {
  const first = new Map<string, Expiry>();
  const add = (check: string, kind: Expiry['kind'], at: number | undefined): void => {
    if (at === undefined) return;
    const key = `${kind}/${check}`;
    const known = first.get(key);
    if (known === undefined || at < known.at) first.set(key, { check, kind, at });
  };
  for (const { check, expires } of spec.waivers ?? []) add(check, 'waiver', seconds(expires));
  for (const { name, attestation } of [...(spec.checks ?? []), ...(spec.prerequisites ?? [])])
    add(name, 'attestation', attestedUntil(attestation));
  return [...first.values()];
}

/** `at` plus `validFor` of an attestation block. */
function attestedUntil(block: unknown): number | undefined {
  if (typeof block !== 'object' || block === null) return undefined;
  const { at, validFor } = block as { at?: unknown; validFor?: unknown };
  const begin = typeof at === 'string' ? seconds(at) : undefined;
  if (begin === undefined || typeof validFor !== 'string') return undefined;
  return begin + durationMs(validFor) / 1000;
}

/** Unix seconds of an RFC 3339 time. */
function seconds(time: string | undefined): number | undefined {
  const ms = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(ms) ? undefined : ms / 1000;
}

/** An item that is due on a day is not late on that day, so the due moment is when the day is over in UTC. */
function endOfDay(day: string | undefined): number | undefined {
  const start = seconds(day);
  return start === undefined ? undefined : start + 86_400;
}

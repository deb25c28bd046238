// Gathers the artifacts that somebody reads: one fetch for one artifact, however
// many sources point at it; retried while it fails; dropped when nobody reads it.

import { type Backoff, type Clock, createBackoff, type TimerHandle } from '../../kubernetes/index.ts';
import { EvidenceError, failedBy, isEvidenceError } from '../network/evidence-error.ts';
import { shownUrl } from '../network/guarded-fetch.ts';
import type { Fact, Failed, FailureReason, Pending } from '../view.ts';
import { type Allowance, type Budget, createBudget } from './budget.ts';
import type { Artifact } from './fetch.ts';
import type { TreeFiles } from './files.ts';

/** Somebody who reads artifacts: a source. */
export interface Reader {
  readonly key: string;
  /** Readers of one group wait for each other, so that no group can keep all others waiting. */
  readonly group: string;
  /** When this is another than at the last read, what failed is tried again at once: there is reason to hope. */
  readonly asked?: string;
}

export interface Fetching {
  readonly signal: AbortSignal;
  readonly previous: TreeFiles | undefined;
  readonly allowance: Allowance;
}

/** How a fetch ended that nobody called off. */
export interface Fetched {
  /** As it may be told. */
  readonly url: string;
  /** Keys of those who read it. */
  readonly readers: readonly string[];
  readonly seconds: number;
  /** Why it failed; undefined where it did not. */
  readonly failure?: { readonly reason: FailureReason; readonly message: string };
  /** The first success after a failure that was told, or another failure than before. */
  readonly news: boolean;
}

/** What there is at this moment. */
export interface Holdings {
  /** How many artifacts are held, are on their way, and could not be had. */
  readonly known: number;
  readonly pending: number;
  readonly failed: number;
  /** Of the room for all trees together. */
  readonly takenBytes: number;
  readonly roomBytes: number;
}

export interface GathererOptions {
  readonly fetch: (artifact: Artifact, how: Fetching) => Promise<TreeFiles>;
  readonly clock: Clock;
  /** The fact of this reader has changed. Never called within read(). */
  readonly onChange: (reader: Reader) => void;
  /** Told of every fetch, for metrics and the log. */
  readonly onFetched?: ((fetched: Fetched) => void) | undefined;
  /** The room for all trees together. */
  readonly budget?: Budget;
}

export interface Gatherer {
  /** What is known of the artifact now; the first read of one schedules its fetch. A reader reads one artifact at a time. */
  read(reader: Reader, artifact: Artifact): Fact<TreeFiles>;
  release(reader: string): void;
  holdings(): Holdings;
  stop(): Promise<void>;
}

/**
 * How many fetches are under way at a time, and how many of them for one group. Flux has all of its sources in one
 * namespace as a rule. What has failed leaves one place free: what hangs again and again keeps nothing new waiting.
 */
const AT_ONCE = 6;
const AT_ONCE_OF_A_GROUP = 4;

/**
 * The longest waits between two tries, before jitter. Asking who does not answer costs next to nothing, and whoever
 * mended the way waits for it; what arrived and cannot be used was downloaded as a whole.
 */
const UNREACHABLE_MS = 60_000;
const UNUSABLE_MS = 300_000;

/**
 * A tree of more than this part of the room is dropped before the next revision of it is fetched. One that is
 * smaller is held meanwhile, so that files that stay the same are the same objects, and need not be judged again.
 */
const SMALL = 1 / 16;

/** How often a place that does not answer is asked before that is told: it may be starting. */
const PATIENT_TRIES = 3;

interface Entry {
  readonly artifact: Artifact;
  readonly group: string;
  readonly readers: Map<string, Reader>;
  readonly unreachable: Backoff;
  readonly unusable: Backoff;
  readonly abort: AbortController;
  readonly allowance: Allowance;
  /** What its first reader held before; kept until the fetch is done, or fails. */
  previous: TreeFiles | undefined;
  fact: Fact<TreeFiles>;
  tries: number;
  retry?: TimerHandle | undefined;
}

export function createGatherer({
  fetch,
  clock,
  onChange,
  onFetched,
  budget = createBudget(),
}: GathererOptions): Gatherer {
  const entries = new Map<string, Entry>();
  /** Which entry each reader reads. */
  const current = new Map<string, Entry>();
  const waiting: Entry[] = [];
  const underWay = new Map<Entry, Promise<void>>();
  let stopped = false;

  function next(): void {
    for (const entry of [...waiting]) {
      const left = entry.tries > 0 ? 1 : 0;
      const ofGroup = [...underWay.keys()].filter(({ group }) => group === entry.group).length;
      if (underWay.size + left >= AT_ONCE || ofGroup + left >= AT_ONCE_OF_A_GROUP) continue;
      waiting.splice(waiting.indexOf(entry), 1);
      const work = gather(entry).finally(() => {
        underWay.delete(entry);
        if (!stopped) next();
      });
      underWay.set(entry, work);
    }
  }

  async function gather(entry: Entry): Promise<void> {
    const before = entry.fact;
    const started = clock.monotonic();
    entry.tries++;
    try {
      const { allowance, previous, abort } = entry;
      const value = await fetch(entry.artifact, { signal: abort.signal, previous, allowance });
      entry.fact = { state: 'known', value };
      allowance.settle();
      if (!abort.signal.aborted) report(entry, before, started);
    } catch (error) {
      entry.allowance.giveBack();
      if (entry.abort.signal.aborted) return;
      const failure = failureOf(entry, error);
      entry.fact = afterFailure(entry, failure);
      report(entry, before, started, failure);
      const backoff = failure.reason === 'Unreachable' ? entry.unreachable : entry.unusable;
      entry.retry = clock.after(backoff.next(), () => again(entry));
    } finally {
      entry.previous = undefined;
    }
    if (entry.abort.signal.aborted) entry.allowance.giveBack();
    if (entry.abort.signal.aborted || same(before, entry.fact)) return;
    for (const reader of [...entry.readers.values()]) onChange(reader);
  }

  function report(entry: Entry, before: Fact<TreeFiles>, started: number, failure?: Failed): void {
    const told = before.state === 'failed' || entry.fact.state === 'failed';
    onFetched?.({
      url: shownUrl(entry.artifact.url),
      readers: [...entry.readers.keys()],
      seconds: (clock.monotonic() - started) / 1000,
      ...(failure ? { failure } : {}),
      news: told && !same(before, entry.fact),
    });
  }

  function again(entry: Entry): void {
    entry.retry = undefined;
    waiting.push(entry);
    next();
  }

  /** Does not wait for the next try of what failed. */
  function hurry(entry: Entry): void {
    if (!entry.retry) return;
    entry.retry.cancel();
    entry.unreachable.reset();
    entry.unusable.reset();
    again(entry);
  }

  /** `before`: what its source read until now, if nobody else reads it. */
  function enter(reader: Reader, artifact: Artifact, before: Entry | undefined): Entry {
    const small = before && before.allowance.taken <= budget.room * SMALL;
    const entry: Entry = {
      artifact,
      group: reader.group,
      readers: new Map(),
      unreachable: createBackoff({ initialMs: 1_000, maxMs: UNREACHABLE_MS }),
      unusable: createBackoff({ initialMs: 1_000, maxMs: UNUSABLE_MS }),
      abort: new AbortController(),
      previous: small ? heldBy(before) : undefined,
      allowance: budget.allowance(before?.allowance),
      fact: waitingFor(artifact),
      tries: 0,
    };
    entries.set(keyOf(artifact), entry);
    waiting.push(entry);
    return entry;
  }

  function leave(reader: string): void {
    const entry = current.get(reader);
    current.delete(reader);
    entry?.readers.delete(reader);
    if (!entry || entry.readers.size > 0) return;
    entry.abort.abort();
    entry.allowance.giveBack();
    entry.retry?.cancel();
    entries.delete(keyOf(entry.artifact));
    if (waiting.includes(entry)) waiting.splice(waiting.indexOf(entry), 1);
  }

  return {
    read: (reader, artifact) => {
      const before = current.get(reader.key);
      if (before && keyOf(before.artifact) === keyOf(artifact)) {
        const { asked } = before.readers.get(reader.key) ?? reader;
        before.readers.set(reader.key, reader);
        if (asked !== reader.asked) hurry(before);
        return before.fact;
      }
      const entry =
        entries.get(keyOf(artifact)) ??
        enter(reader, artifact, before?.readers.size === 1 ? before : undefined);
      leave(reader.key);
      entry.readers.set(reader.key, reader);
      current.set(reader.key, entry);
      next();
      return entry.fact;
    },
    release: leave,
    holdings: () => {
      const count = (state: string) =>
        [...entries.values()].filter(({ fact }) => fact.state === state).length;
      return {
        known: count('known'),
        pending: count('pending'),
        failed: count('failed'),
        takenBytes: budget.taken,
        roomBytes: budget.room,
      };
    },
    stop: async () => {
      stopped = true;
      for (const reader of [...current.keys()]) leave(reader);
      await Promise.all(underWay.values());
    },
  };
}

const heldBy = ({ fact, previous }: Entry) => (fact.state === 'known' ? fact.value : previous);

const keyOf = ({ url, digest }: Artifact) => `${digest} ${url}`;

const waitingFor = ({ url }: Artifact, after = ''): Pending => ({
  state: 'pending',
  message: `the artifact ${shownUrl(url)}${after}`,
});

/** A bug is told like any other failure: one source must not take the others with it. */
function failureOf({ artifact }: Entry, error: unknown): Failed {
  return failedBy(
    isEvidenceError(error)
      ? error
      : new EvidenceError('Unreadable', `${shownUrl(artifact.url)}: ${String(error)}`),
  );
}

const afterFailure = ({ artifact, tries }: Entry, failure: Failed): Pending | Failed =>
  failure.reason === 'Unreachable' && tries < PATIENT_TRIES
    ? waitingFor(artifact, ` (${failure.message})`)
    : failure;

const same = (a: Fact<TreeFiles>, b: Fact<TreeFiles>) =>
  a.state === b.state &&
  (a.state === 'pending' || (a.state === 'failed' && b.state === 'failed' && a.message === b.message));

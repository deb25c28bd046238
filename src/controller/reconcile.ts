// One item, judged once: read it, judge it, write what changed, say what
// changed. Reads from top to bottom.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { FIELD_MANAGER } from '../api/group.ts';
import type { ItemMetadata, Parsed, RemediationItem } from '../api/remediation-item.ts';
import type { ItemStatus } from '../api/status.ts';
import { type Evaluation, evaluate, invalidStatus } from '../engine/evaluate.ts';
import type { Checks } from '../engine/verdict.ts';
import type { LiveSource } from '../facts/live.ts';
import { type Read, recordFacts } from '../facts/recording.ts';
import { accessOf, type Tenancy } from '../facts/tenancy.ts';
import {
  applyStatus,
  type Clock,
  isConflict,
  isNotFound,
  type KubeObject,
  type Transport,
  type WorkQueue,
} from '../kubernetes/index.ts';
import { asItem, ITEMS, type ItemObject, type Items } from './items.ts';
import { newsIn } from './news.ts';
import type { Occasions } from './occasions.ts';
import type { OwnWrites } from './own-writes.ts';
import { createPace } from './pace.ts';
import type { Readers } from './readers.ts';
import type { Reporter } from './reporter.ts';

export interface ReconcileOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly items: Items;
  readonly source: LiveSource;
  readonly tenancy: Tenancy;
  readonly checks: Checks;
  readonly parse: (raw: unknown) => Parsed;
  readonly readers: Readers;
  readonly occasions: Occasions;
  readonly queue: WorkQueue;
  readonly reporter: Reporter;
  readonly ownWrites: OwnWrites;
  /** Only the leader writes; followers judge to keep their caches warm. */
  readonly isLeader: () => boolean;
  /** Reads that have lost their last reader. */
  readonly onUnread: (reads: readonly Read[]) => void;
  /** The item has a verdict, be it that something is still unknown. */
  readonly onJudged: (key: string) => void;
}

/** An item whose facts are still on their way. */
interface Waiting {
  /** By the monotonic clock. */
  readonly since: number;
  /** The item as it was judged last. */
  readonly object: ItemObject;
  readonly stillPending: () => boolean;
}

/**
 * How long a verdict is held back for facts that are still on their way: at a
 * start, everything is. Past it, what is missing is said.
 */
const PENDING_HOLD_MS = 30_000;

/** An item that looks through a ServiceAccount's eyes is judged again when its permissions are asked again. */
const PERMISSIONS_MS = 61_000;

/**
 * Doubt that passes within this is not told: a budget that was just changed is
 * in doubt until the disruption controller has looked at it.
 */
const DOUBT_MS = 2_000;

/**
 * How often words are written that change no verdict (how many pods are ready
 * by now): a rollout changes them with every pod, for every item that looks at it.
 */
const WORDING_MS = 1_000;

/** Makes the handler of the work queue. */
export function createReconcile(options: ReconcileOptions): (key: string) => Promise<void> {
  const { items, queue, readers, occasions, reporter, clock, ownWrites } = options;
  const waiting = new Map<string, Waiting>();
  const pace = createPace();
  /** Since when an item that was known is in doubt, by the monotonic clock. */
  const doubts = new Map<string, number>();

  /** Since when the status of an item says the same in other words than what is known now. */
  const wordings = new Map<string, number>();

  return async (key) => {
    const rest = pace.wait(key, clock.monotonic());
    if (rest > 0) {
      queue.addAfter(key, rest);
      return;
    }
    // The writes of cheaper items, which may be ready, are not to wait until this one is judged.
    if (pace.isHeavy(key)) await nextTurn();
    const object = items.get(key);
    if (!object) {
      forget(key);
      return;
    }
    if (waitsStill(key, object)) return;
    const occasion = occasions.take(key);
    const parsed = options.parse(object);
    const judged = judge(key, parsed, occasion.changes);
    if (judged.waitsFor && held(key, object, judged.waitsFor)) {
      occasions.giveBack(key, occasion.changes);
      return;
    }
    if (!judged.waitsFor) waiting.delete(key);
    options.onJudged(key);
    if (judged.holdsBack) occasions.giveBack(key, occasion.changes);
    if (judged.recheckAt) queue.addAt(key, judged.recheckAt.getTime());
    if (!options.isLeader()) return;

    const { status } = judged;
    const before = parsed.ok ? parsed.item.status : parsed.status;
    if (newlyInDoubt(before, status) && doubted(key)) {
      occasions.giveBack(key, occasion.changes);
      return;
    }
    doubts.delete(key);
    const news = newsIn(before, status);
    if (news === 'wording' && worded(key)) {
      occasions.giveBack(key, occasion.changes);
      return;
    }
    wordings.delete(key);
    if (news !== 'none') {
      const written = await write(key, object, status);
      if (!written) {
        // Overtaken: the newer object is on its way, and brings the item here again.
        occasions.giveBack(key, occasion.changes);
        return;
      }
      if (occasion.arrivedAt !== undefined) reporter.changeToVerdict(performance.now() - occasion.arrivedAt);
      reporter.judged(object, parsed, before, status);
    } else {
      reporter.unchanged(object, parsed, status);
    }
    queue.forget(key);
  };

  function judge(key: string, parsed: Parsed, changes: Parameters<typeof evaluate>[3]['changes']) {
    const now = new Date(clock.now());
    if (!parsed.ok) {
      options.onUnread(readers.set(key, []));
      return {
        status: invalidStatus(parsed.metadata, parsed.status, parsed.problems, now),
        recheckAt: undefined,
        waitsFor: undefined,
        holdsBack: false,
      };
    }
    const { item } = parsed;
    const started = clock.monotonic();
    const facts = recordFacts(options.source, accessOf(tenantOf(item.metadata, item), options.tenancy));
    const evaluation = evaluate(options.checks, item, facts, { now, changes });
    const ended = clock.monotonic();
    reporter.evaluated(ended - started);
    pace.judged(key, started, ended);
    options.onUnread(readers.set(key, [...facts.reads()]));
    if (item.spec.serviceAccountName) queue.addAfter(key, PERMISSIONS_MS);
    return {
      ...evaluation,
      waitsFor: facts.pending().length > 0 ? facts.stillPending : undefined,
      holdsBack: settling(evaluation),
    };
  }

  /** Is the item to wait on for facts? Wakes it when the waiting is over. */
  function held(key: string, object: ItemObject, stillPending: () => boolean): boolean {
    const now = clock.monotonic();
    const since = waiting.get(key)?.since ?? now;
    const until = since + PENDING_HOLD_MS;
    waiting.set(key, { since, object, stillPending });
    if (until <= now) return false;
    queue.addAfter(key, until - now);
    return true;
  }

  /** Is the doubt too young to be told? Wakes the item when it is not. */
  function doubted(key: string): boolean {
    const now = clock.monotonic();
    const since = doubts.get(key) ?? now;
    doubts.set(key, since);
    if (now >= since + DOUBT_MS) return false;
    queue.addAfter(key, since + DOUBT_MS - now);
    return true;
  }

  /**
   * Of the lists that an item waits for at a start, every one that arrives wakes it. It is judged when the last of
   * them is here: with a thousand items, what is judged before that is most of the work of a start.
   */
  function waitsStill(key: string, object: ItemObject): boolean {
    const wait = waiting.get(key);
    if (!wait || wait.object !== object || clock.monotonic() >= wait.since + PENDING_HOLD_MS) return false;
    return wait.stillPending();
  }

  /** Are the new words to wait? Wakes the item when they are to be written. */
  function worded(key: string): boolean {
    const now = clock.monotonic();
    const since = wordings.get(key) ?? now;
    wordings.set(key, since);
    if (since + WORDING_MS <= now) return false;
    queue.addAfter(key, since + WORDING_MS - now);
    return true;
  }

  /** Writes the status over what was judged; false when the item has changed meanwhile. */
  async function write(key: string, object: ItemObject, status: ItemStatus): Promise<boolean> {
    const { namespace, name, uid, resourceVersion } = object.metadata;
    ownWrites.begin(key);
    const settle = (written: KubeObject | undefined) => {
      // Had the object changed before this write, the write would have been refused: what came meanwhile is newer.
      if (ownWrites.end(key, written?.metadata.resourceVersion)) queue.add(key);
      else if (written) items.store.upsert(asItem(written));
    };
    try {
      const written = await applyStatus(
        options.transport,
        ITEMS,
        {
          apiVersion: object.apiVersion,
          kind: object.kind,
          metadata: { namespace, name, uid, resourceVersion },
          status,
        },
        { fieldManager: FIELD_MANAGER },
      );
      settle(written);
      return true;
    } catch (error) {
      settle(undefined);
      if (isNotFound(error) || isConflict(error)) return false;
      throw error;
    }
  }

  function forget(key: string): void {
    options.onJudged(key);
    options.onUnread(readers.forget(key));
    occasions.forget(key);
    waiting.delete(key);
    doubts.delete(key);
    wordings.delete(key);
    ownWrites.forget(key);
    pace.forget(key);
    queue.cancel(key);
    queue.forget(key);
    reporter.forgotten(key);
  }
}

const tenantOf = ({ namespace }: ItemMetadata, { spec }: RemediationItem) => ({
  namespace,
  serviceAccountName: spec.serviceAccountName,
});

/** Was the item known at this generation, and is it not any more? */
const newlyInDoubt = (before: ItemStatus, after: ItemStatus) =>
  after.state === 'Unknown' &&
  before.state !== undefined &&
  before.state !== 'Unknown' &&
  before.observedGeneration === after.observedGeneration;

/** A verdict that is held back while something settles keeps the changes that led to it. */
const settling = ({ status }: Evaluation) =>
  (status.checks ?? []).some(({ reason }) => reason === 'Settling');

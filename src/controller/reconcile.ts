// One item, judged once: read it, judge it, write what changed, say what
// changed. Reads from top to bottom.

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
  deepEqual,
  isConflict,
  isNotFound,
  type Transport,
  type WorkQueue,
} from '../kubernetes/index.ts';
import { asItem, ITEMS, type ItemObject, type Items } from './items.ts';
import type { Occasions } from './occasions.ts';
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
  /** Only the leader writes; followers judge to keep their caches warm. */
  readonly isLeader: () => boolean;
  /** Reads that have lost their last reader. */
  readonly onUnread: (reads: readonly Read[]) => void;
}

/**
 * How long a verdict is held back for facts that are still on their way: at a
 * start, everything is. Past it, what is missing is said.
 */
export const PENDING_HOLD_MS = 30_000;

/** An item that looks through a ServiceAccount's eyes is judged again when its permissions are asked again. */
const PERMISSIONS_MS = 61_000;

/** Makes the handler of the work queue. */
export function createReconcile(options: ReconcileOptions): (key: string) => Promise<void> {
  const { items, queue, readers, occasions, reporter, clock } = options;
  /** Since when an item waits for facts, by the monotonic clock. */
  const waitingSince = new Map<string, number>();

  return async (key) => {
    const object = items.get(key);
    if (!object) {
      forget(key);
      return;
    }
    const occasion = occasions.take(key);
    const parsed = options.parse(object);
    const judged = judge(key, parsed, occasion.changes);
    if (judged.pending && held(key)) {
      occasions.giveBack(key, occasion.changes);
      return;
    }
    if (!judged.pending) waitingSince.delete(key);
    if (judged.holdsBack) occasions.giveBack(key, occasion.changes);
    if (judged.recheckAt) queue.addAt(key, judged.recheckAt.getTime());
    if (!options.isLeader()) return;

    const { status } = judged;
    const before = parsed.ok ? parsed.item.status : parsed.status;
    if (!deepEqual(plain(before), plain(status))) {
      const written = await write(object, status);
      if (!written) return; // overtaken: the newer object is on its way, and brings the item here again
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
        pending: false,
        holdsBack: false,
      };
    }
    const { item } = parsed;
    const started = performance.now();
    const facts = recordFacts(options.source, accessOf(tenantOf(item.metadata, item), options.tenancy));
    const evaluation = evaluate(options.checks, item, facts, { now, changes });
    reporter.evaluated(performance.now() - started);
    options.onUnread(readers.set(key, [...facts.reads()]));
    if (item.spec.serviceAccountName) queue.addAfter(key, PERMISSIONS_MS);
    return { ...evaluation, pending: facts.pending().length > 0, holdsBack: settling(evaluation) };
  }

  /** Is the item to wait on for facts? Wakes it when the waiting is over. */
  function held(key: string): boolean {
    const now = clock.monotonic();
    const since = waitingSince.get(key) ?? now;
    waitingSince.set(key, since);
    const left = since + PENDING_HOLD_MS - now;
    if (left <= 0) return false;
    queue.addAfter(key, left);
    return true;
  }

  /** Writes the status over what was judged; false when the item has changed meanwhile. */
  async function write(object: ItemObject, status: ItemStatus): Promise<boolean> {
    const { namespace, name, uid, resourceVersion } = object.metadata;
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
      items.store.upsert(asItem(written));
      return true;
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return false;
      throw error;
    }
  }

  function forget(key: string): void {
    options.onUnread(readers.forget(key));
    occasions.forget(key);
    waitingSince.delete(key);
    queue.cancel(key);
    queue.forget(key);
    reporter.forgotten(key);
  }
}

const tenantOf = ({ namespace }: ItemMetadata, { spec }: RemediationItem) => ({
  namespace,
  serviceAccountName: spec.serviceAccountName,
});

/** A verdict that is held back while something settles keeps the changes that led to it. */
const settling = ({ status }: Evaluation) =>
  (status.checks ?? []).some(({ reason }) => reason === 'Settling');

/** As the API server keeps it: without what is undefined. */
const plain = (status: ItemStatus): unknown => JSON.parse(JSON.stringify(status));

// The operator: items and facts are followed, a change queues its readers, one
// leader writes. Started and stopped as a whole.

import type { Parsed } from '../api/remediation-item.ts';
import type { Change } from '../engine/culprit.ts';
import type { Checks } from '../engine/verdict.ts';
import { type FactChange, liveSource } from '../facts/live.ts';
import { createPermissions } from '../facts/permissions.ts';
import type { Read } from '../facts/recording.ts';
import {
  type Connection,
  createDiscovery,
  createEventRecorder,
  createTransport,
  createWorkQueue,
  isApiError,
  isConnectionError,
  messageOf,
  startLeaseElection,
  systemClock,
} from '../kubernetes/index.ts';
import { startHealthServer } from '../telemetry/health.ts';
import { type Logger, logFetched } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createFirstPass } from './first-pass.ts';
import { followItems, type ItemObject, itemKey } from './items.ts';
import { createOccasions } from './occasions.ts';
import { createOwnWrites } from './own-writes.ts';
import { createReaders } from './readers.ts';
import { createReconcile } from './reconcile.ts';
import { createReporter } from './reporter.ts';

export interface OperatorOptions {
  readonly connection: Connection;
  readonly checks: Checks;
  readonly parse: (raw: unknown) => Parsed;
  readonly log: Logger;
  /** The operator's own namespace: its Lease lives there. */
  readonly namespace: string;
  /** Differs between replicas. */
  readonly identity: string;
  readonly clusterWideNamespaces: readonly string[];
  /** Special addresses (CIDR) that evidence may be fetched from all the same. */
  readonly allowEvidenceFrom?: readonly string[];
  readonly leaderElect: boolean;
  readonly leaseName: string;
  /** Go's notation, such as :8080; 0 turns it off. */
  readonly metricsBindAddress: string;
  /** Only items with these labels: how the work is split among several operators. */
  readonly labelSelector?: string;
  readonly concurrency: number;
  readonly version: string;
}

export interface Operator {
  /** Where /metrics, /healthz and /readyz are; undefined when turned off. */
  readonly address: { readonly address: string; readonly port: number } | undefined;
  /** Finishes what is under way, gives the lease back, and resolves when nothing is left running. */
  stop(): Promise<void>;
}

/** How long a kind that nobody reads is followed all the same: readers often come back. */
const UNREAD_MS = 60_000;

/** How long a work item may take before the loop counts as stuck. */
const STUCK_SECONDS = 120;

export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const { log, connection } = options;
  const clock = systemClock();
  const metrics = createMetrics({ version: options.version, leaseName: options.leaseName });
  const transport = createTransport(connection, {
    userAgent: `remediation-operator/${options.version}`,
    observe: metrics.requests(connection.server),
  });
  const queueMetrics = metrics.queue('remediationitem');
  const queue = createWorkQueue({
    metrics: queueMetrics,
    clock,
    onError: (key, error) => {
      metrics.observeReconcile('remediationitem', 'error');
      log.error(
        { item: key, ...(isApiError(error) || isConnectionError(error) ? {} : { err: error }) },
        `${key} could not be judged or written, and is tried again: ${messageOf(error)}`,
      );
    },
  });
  queueMetrics.inWork(() => queue.unfinished());
  const readers = createReaders();
  const occasions = createOccasions();
  const ownWrites = createOwnWrites();
  const discovery = createDiscovery(transport);
  const source = liveSource({
    transport,
    discovery,
    clock,
    observe: metrics.watch,
    allowEvidenceFrom: options.allowEvidenceFrom ?? [],
    onFetched: (fetched) => {
      metrics.artifacts.fetched(fetched.failure?.reason ?? 'success', fetched.seconds);
      logFetched(log, fetched);
    },
  });
  metrics.artifacts.holdings(source.artifacts);
  const permissions = createPermissions({
    transport,
    discovery,
    clock,
    onAnswer: ({ namespace, serviceAccountName }) => {
      for (const item of items.store.list(namespace)) {
        if (
          (item.spec as { serviceAccountName?: unknown } | undefined)?.serviceAccountName ===
          serviceAccountName
        )
          queue.add(itemKey(item));
      }
    },
  });
  const events = createEventRecorder({
    transport,
    reportingController: 'remediation.dev/remediation-operator',
    reportingInstance: options.identity,
    clock,
    onDropped: (why, event) => log.warn({ why, reason: event.reason }, 'an Event was dropped'),
  });

  const items = followItems({
    transport,
    clock,
    observe: metrics.watch('RemediationItem'),
    ...(options.labelSelector ? { labelSelector: options.labelSelector } : {}),
  });
  const firstPass = createFirstPass();
  items.store.onChange((change) => {
    const item = (change.new ?? change.old) as ItemObject;
    const key = itemKey(item);
    const edited =
      change.type === 'updated' && change.old.metadata.generation !== change.new.metadata.generation;
    const version = change.type === 'deleted' ? undefined : item.metadata.resourceVersion;
    if (ownWrites.covers(key, version) && change.type === 'updated' && !edited) return;
    occasions.add(key, edited ? editOf(item) : undefined, performance.now());
    queue.add(key);
  });
  items.store.onStatus((status) => {
    if (status.state === 'failed')
      log.error(
        { reason: status.failure.reason },
        `RemediationItems cannot be read: ${status.failure.message}`,
      );
    else {
      log.info({ items: items.store.size }, 'RemediationItems are followed');
      firstPass.begin(items.store.list().map(itemKey));
    }
  });

  source.onChange((change) => {
    const concerned = readers.of(change.read);
    if (concerned.size === 0) return;
    const seen = asChange(change);
    for (const key of concerned) {
      occasions.add(key, seen, change.at);
      queue.add(key);
    }
  });

  const unread = new Map<string, ReturnType<typeof clock.after>>();
  function onUnread(reads: readonly Read[]): void {
    for (const read of reads) {
      const id = `${read.kind}|${read.namespace ?? ''}|${read.name ?? ''}`;
      unread.get(id)?.cancel();
      const timer = clock.after(UNREAD_MS, () => {
        unread.delete(id);
        if (readers.of(read).size === 0) source.release(read);
      });
      unread.set(id, timer);
    }
  }

  let leading = !options.leaderElect;
  const lead = (now: boolean) => {
    leading = now;
    metrics.leader(now);
    log.info(
      { identity: options.identity },
      now ? 'leading: verdicts are written' : 'not leading: another replica writes',
    );
    if (now) for (const item of items.store.list()) queue.add(itemKey(item));
  };
  const reconcile = createReconcile({
    transport,
    clock,
    items,
    source,
    tenancy: { clusterWide: new Set(options.clusterWideNamespaces), permission: permissions.permission },
    checks: options.checks,
    parse: options.parse,
    readers,
    occasions,
    queue,
    reporter: createReporter({ metrics, events, log, now: () => new Date(clock.now()) }),
    isLeader: () => leading,
    onUnread,
    ownWrites,
    onJudged: (key) => firstPass.judged(key),
  });

  const health = await startHealthServer({
    address: options.metricsBindAddress,
    metrics,
    live: [
      {
        name: 'work-loop',
        check: () =>
          queue.unfinished().longestSeconds > STUCK_SECONDS
            ? `one item has been in work for ${Math.round(queue.unfinished().longestSeconds)} s`
            : undefined,
      },
    ],
    ready: [
      {
        name: 'items-synced',
        check: () => {
          const status = items.store.status();
          if (status.state === 'synced') return undefined;
          return status.state === 'pending'
            ? 'waiting for the first list of RemediationItems'
            : status.failure.message;
        },
      },
      {
        // A replica that is rolled out takes over from one whose caches are warm.
        name: 'items-judged',
        check: () => {
          const left = firstPass.left();
          return left === 0 ? undefined : `${left ?? 'all'} of the items have not been judged yet`;
        },
      },
    ],
  }).catch(async (error: unknown) => {
    // What is followed already would keep the process alive, which nobody could then see or reach.
    await items.reflector.stop();
    await source.stop();
    await transport.close();
    throw error;
  });

  const election = options.leaderElect
    ? startLeaseElection({
        transport,
        namespace: options.namespace,
        name: options.leaseName,
        identity: options.identity,
        clock,
        onStarted: () => lead(true),
        onStopped: () => lead(false),
        onError: (error) =>
          log.warn(
            isApiError(error) || isConnectionError(error) ? {} : { err: error },
            `lease ${options.namespace}/${options.leaseName} could not be read or renewed: ${messageOf(error)}`,
          ),
      })
    : undefined;
  if (!election) lead(true);
  let stopping = false;
  const working = queue.run(async (key) => {
    // Whoever comes next judges what waits. The lease is to be given back before the kubelet's patience ends.
    if (stopping) return;
    await reconcile(key);
    metrics.observeReconcile('remediationitem', 'success');
  }, options.concurrency);

  return {
    address: health.address,
    stop: async () => {
      log.info('stopping: finishing what is under way');
      stopping = true;
      await items.reflector.stop();
      await queue.shutDown();
      await working;
      for (const timer of unread.values()) timer.cancel();
      await source.stop();
      await events.stop(3000);
      await election?.stop();
      await health.close();
      await transport.close();
      log.info('stopped');
    },
  };
}

function asChange({ kind, read, action, managers }: FactChange): Change | undefined {
  if (!action || read.name === undefined) return undefined;
  return {
    subject: { kind, ...(read.namespace ? { namespace: read.namespace } : {}), name: read.name },
    action,
    managers,
  };
}

/** Somebody edited the item itself. */
function editOf(item: ItemObject): Change {
  const { namespace = '', name = '' } = item.metadata;
  return {
    subject: { kind: 'RemediationItem', namespace, name },
    action: 'Changed',
    managers: item.managers,
  };
}

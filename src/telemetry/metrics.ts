// Everything under /metrics: the items' series, and the operator's own under
// the names that controller-runtime and client-go made usual.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type ArtifactMetrics, createArtifactMetrics } from './artifact-metrics.ts';
import { createItemSeries, type ObservedItem } from './item-series.ts';
import { createQueueMetrics, type QueueHooks } from './queue-metrics.ts';

export type { ObservedItem, QueueHooks };

/** What the reflector of one kind reports; the words are its own. */
export type WatchEvent =
  | 'list'
  | 'watchList'
  | 'watch'
  | 'bookmark'
  | 'event'
  | 'expired'
  | 'failure'
  | 'silent';

/** One request to the API server; `code` is the HTTP status or `<error>`. */
export interface RequestObservation {
  readonly verb: string;
  readonly code: string;
  readonly seconds: number;
}

export interface MetricsOptions {
  readonly version?: string;
  /** The name of the Lease, for leader_election_master_status. */
  readonly leaseName?: string;
  /** false leaves out the metrics of the process (tests). */
  readonly process?: boolean;
}

export interface Metrics {
  /** All but the items' series. */
  readonly registry: Registry;
  /** Replaces the item's series; call it after each judgement. */
  observeItem(item: ObservedItem, evaluatedAt: Date): void;
  /** The item was deleted: its series disappear. */
  forgetItem(namespace: string, name: string): void;
  /** How long one pure evaluation took. */
  observeEvaluation(seconds: number): void;
  /** From the arrival of the change to the accepted status write. */
  observeChangeToVerdict(seconds: number): void;
  /** How one reconciliation ended. */
  observeReconcile(controller: string, result: ReconcileResult): void;
  /** Hooks for the work queue of this name; tell it with inWork() where to ask what runs. */
  queue(name: string): QueueHooks;
  /** The observer of a transport to this server (its URL). */
  requests(server: string): (observation: RequestObservation) => void;
  /** The observer of the reflector of this kind. */
  watch(kind: string): (event: WatchEvent) => void;
  /** What is fetched of Flux sources, and held. */
  readonly artifacts: ArtifactMetrics;
  /** Losing the lead drops the items' series: another replica tells of them now. */
  leader(isLeader: boolean): void;
  readonly contentType: string;
  /** The whole text format in chunks that are each made in about a millisecond. */
  expose(): AsyncGenerator<string>;
}

/** controller-runtime's results. */
export type ReconcileResult = 'success' | 'error' | 'requeue' | 'requeue_after';

const EVALUATION_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
const VERDICT_BUCKETS = [
  0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1,
  2, 5, 10, 30, 60,
];
const REQUEST_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];

export function createMetrics(options: MetricsOptions = {}): Metrics {
  const { version = '', leaseName = 'remediation-operator' } = options;
  const registry = new Registry();
  const registers = [registry];
  if (options.process !== false) collectProcessMetrics(registry);

  const items = createItemSeries();
  const queue = createQueueMetrics(registry);
  const evaluation = new Histogram({
    name: 'remediation_evaluation_duration_seconds',
    help: 'How long one evaluation of an item takes, from facts to status.',
    buckets: EVALUATION_BUCKETS,
    registers,
  });
  const changeToVerdict = new Histogram({
    name: 'remediation_change_to_verdict_seconds',
    help: 'From the arrival of a change to the accepted write of the status that it brought about.',
    buckets: VERDICT_BUCKETS,
    registers,
  });
  const reconciles = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Total number of reconciliations per controller.',
    labelNames: ['controller', 'result'],
    registers,
  });
  const reconcileErrors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Total number of reconciliation errors per controller.',
    labelNames: ['controller'],
    registers,
  });
  const leading = new Gauge({
    name: 'leader_election_master_status',
    help: 'Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master.',
    labelNames: ['name'],
    registers,
  });
  leading.set({ name: leaseName }, 0);
  new Gauge({
    name: 'remediation_build_info',
    help: 'Always 1: the version that runs.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  let leads = false;

  return {
    registry,
    observeItem: items.observe,
    forgetItem: items.forget,
    observeEvaluation: (seconds) => evaluation.observe(seconds),
    observeChangeToVerdict: (seconds) => changeToVerdict.observe(seconds),
    observeReconcile: (controller, result) => {
      reconciles.inc({ controller, result });
      reconcileErrors.inc({ controller }, result === 'error' ? 1 : 0);
    },
    queue,
    requests: requestObserver(registry),
    watch: watchObserver(registry),
    artifacts: createArtifactMetrics(registry),
    leader: (isLeader) => {
      if (leads && !isLeader) items.clear();
      leads = isLeader;
      leading.set({ name: leaseName }, Number(isLeader));
    },
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    expose: async function* () {
      yield await registry.metrics();
      for (const chunk of items.expose()) {
        yield chunk;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

/** What prom-client calls a total and is a gauge, against Prometheus's naming; nodejs_active_resources tells the same. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

function collectProcessMetrics(registry: Registry): void {
  // The loop's delay is sampled by a timer: every 10 ms by default, which an idle operator would pay for.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 200 });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}

/** rest_client_* as client-go's users know them: `method` is HTTP's, `verb` may be LIST or WATCH. */
function requestObserver(registry: Registry): (server: string) => (observation: RequestObservation) => void {
  const registers = [registry];
  const total = new Counter({
    name: 'rest_client_requests_total',
    help: 'Number of HTTP requests, partitioned by status code, method, and host.',
    labelNames: ['code', 'method', 'host'],
    registers,
  });
  const duration = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Request latency in seconds until the response begins. Broken down by verb and host.',
    labelNames: ['verb', 'host'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  return (server) => {
    const { host } = new URL(server);
    return ({ verb, code, seconds }) => {
      total.inc({ code, method: verb === 'LIST' || verb === 'WATCH' ? 'GET' : verb, host });
      duration.observe({ verb, host }, seconds);
    };
  };
}

/** reflector_* as client-go named them, labelled by the kind. */
function watchObserver(registry: Registry): (kind: string) => (event: WatchEvent) => void {
  const counter = (name: string, help: string): Counter<'name'> =>
    new Counter({ name, help, labelNames: ['name'], registers: [registry] });
  const lists = counter(
    'reflector_lists_total',
    'Total number of API lists (streamed watch-lists included).',
  );
  const watches = counter('reflector_watches_total', 'Total number of API watches begun.');
  const restarts = counter(
    'reflector_watch_failures_total',
    'Watches and lists that failed, and were begun again after a pause.',
  );
  const expired = counter(
    'reflector_watch_expired_total',
    'Watches whose resource version the API server no longer had (410), so that the kind was listed again.',
  );
  const silent = counter(
    'reflector_watch_silent_total',
    'Watches that were given up because nothing, not even a bookmark, came over them.',
  );
  const events = counter('reflector_watch_events_total', 'Changes that arrived over watches.');
  const bookmarks = counter('reflector_watch_bookmarks_total', 'Bookmarks that arrived over watches.');
  const all = [lists, watches, restarts, expired, silent, events, bookmarks];

  return (name) => {
    for (const each of all) each.inc({ name }, 0);
    return (event) => {
      switch (event) {
        case 'list':
          return lists.inc({ name });
        case 'watchList':
          lists.inc({ name });
          return watches.inc({ name });
        case 'watch':
          return watches.inc({ name });
        case 'expired':
          return expired.inc({ name });
        case 'failure':
          return restarts.inc({ name });
        case 'silent':
          return silent.inc({ name });
        case 'event':
          return events.inc({ name });
        case 'bookmark':
          return bookmarks.inc({ name });
        default:
          return unreachable(event);
      }
    };
  };
}

function unreachable(event: never): never {
  throw new Error(`the reflector reported ${JSON.stringify(event)}, which no metric counts`);
}

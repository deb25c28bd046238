/**
 * Follows one resource of an API server into a sink: the whole of it once, then
 * every change, for as long as it is not stopped, whatever happens between.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type BackoffOptions, createBackoff } from './backoff.ts';
import { type Clock, sleep, systemClock } from './clock.ts';
import { type ApiResource, resourcePath } from './discovery.ts';
import { isApiError, isConnectionError, isGone, messageOf } from './errors.ts';
import { BadObjectError, failureOf, isThrottle, type ReflectorFailure } from './failure.ts';
import { createLineSplitter } from './lines.ts';
import { createListSplitter } from './list-items.ts';
import { endOfList, parseEvent, parseJson } from './parse.ts';
import { isNotNewer } from './resource-version.ts';
import type { QueryValue, Transport } from './transport.ts';
import type { KubeObject } from './types.ts';

export type Sink<T> = {
  /** The complete content, in place of all that was there. */
  replace(objects: Iterable<T>, resourceVersion: string): void;
  upsert(object: T): void;
  remove(object: T): void;
  /** The content is complete and followed: after the first list, and again when a failure is over. */
  synced(): void;
  /** It cannot be followed at present; retried until stopped. The content stays what it was. */
  failed(failure: ReflectorFailure): void;
};

export type ReflectorEvent =
  | 'list'
  | 'watchList'
  | 'watch'
  | 'event'
  | 'bookmark'
  | 'expired'
  | 'silent'
  | 'failure';

export type ReflectorOptions<T> = {
  transport: Transport;
  resource: Pick<ApiResource, 'group' | 'version' | 'plural' | 'namespaced' | 'apiVersion' | 'kind'>;
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Called once per object on arrival; the raw object is let go afterwards. It must not keep parts that are large. */
  project: (raw: KubeObject) => T;
  sink: Sink<T>;
  backoff?: BackoffOptions;
  /** Objects per page of a list. Default 500, as in client-go. */
  pageSize?: number;
  /** Seconds after which the server ends a watch, chosen between this and twice this. Default 300, as in client-go. */
  watchTimeoutSeconds?: number;
  /** Longest silence of a watch. Default 90 000; see `IDLE_MS`. */
  idleTimeoutMs?: number;
  /** False: always paged lists. Default true. */
  watchList?: boolean;
  /** How often a resource that can be listed but not watched is listed. Default 60 000. */
  pollMs?: number;
  clock?: Clock;
  observe?: (event: ReflectorEvent) => void;
};

export type Reflector = {
  /** Ends the following; resolves when nothing more will reach the sink. */
  stop(): Promise<void>;
  /** The newest resourceVersion seen, undefined before the first list. */
  resourceVersion(): string | undefined;
};

/**
 * The API server sends a bookmark about once a minute (1 min, up to a quarter of jitter), so 90 s without a byte
 * means a black hole, or a server that had nothing at all to say. Both are met in the same way: the watch is opened
 * again from where it was, which costs a healthy server one request. Much shorter would hit healthy quiet watches
 * every time; leaving it to `timeoutSeconds` alone would keep stale facts for ten minutes.
 */
const IDLE_MS = 90_000;
/** A healthy server sends the headers of a watch at once; this leaves room for its priority queues. */
const HEADERS_MS = 30_000;
/** How long parsing may hold the event loop before others get a turn. */
const SLICE_MS = 8;
/** A page comes in one piece; an API server that needs longer than this for the next part of it is stuck. */
const LIST_IDLE_MS = 60_000;
const INITIAL_END = 'k8s.io/initial-events-end';

export function startReflector<T>(options: ReflectorOptions<T>): Reflector {
  const { transport, resource, sink, clock = systemClock(), pollMs = 60_000 } = options;
  const { idleTimeoutMs = IDLE_MS, pageSize = 500, watchTimeoutSeconds = 300 } = options;
  const random = options.backoff?.random ?? Math.random;
  const path = resourcePath(resource, options.namespace);
  const selectors = { labelSelector: options.labelSelector, fieldSelector: options.fieldSelector };
  const backoff = createBackoff(options.backoff);
  const stopping = new AbortController();
  const { signal } = stopping;

  let resourceVersion: string | undefined;
  let offersWatchList = options.watchList !== false;
  let watchListMisses = 0;
  let paged = true;
  let stalls = 0;
  let failingSince: number | undefined;
  let turnStarted = 0;

  const project = (raw: KubeObject): T => {
    // Items of a list of a built-in kind carry neither; those of a watch do.
    raw.apiVersion ??= resource.apiVersion;
    raw.kind ??= resource.kind;
    try {
      return options.project(raw);
    } catch (error) {
      const name = `${resource.kind} ${raw.metadata?.namespace ?? ''}/${raw.metadata?.name ?? ''}`;
      throw new BadObjectError(`${name} cannot be projected: ${messageOf(error)}`, { cause: error });
    }
  };

  /**
   * Chunks that have arrived already are handed out one after the other without a turn of the event loop between them,
   * so the slice runs from the last turn given, not from the chunk.
   */
  const breathe = async (): Promise<void> => {
    if (performance.now() - turnStarted < SLICE_MS) return;
    await nextTurn();
    turnStarted = performance.now();
  };

  const healthy = (): void => {
    failingSince = undefined;
    sink.synced();
  };

  /** A consistent read (no resourceVersion), so a list never shows an older state than the watch before it. */
  async function list(): Promise<void> {
    const objects: T[] = [];
    let version = '';
    let next: string | undefined;
    options.observe?.('list');
    do {
      const limit = paged ? pageSize : undefined;
      const query = { ...selectors, limit, continue: next };
      const stream = await transport.stream({
        path,
        query,
        signal,
        idleTimeoutMs: LIST_IDLE_MS,
        verb: 'LIST',
      });
      const splitter = createListSplitter();
      for await (const chunk of stream.chunks) {
        splitter.push(chunk, (json) => objects.push(project(parseJson(json))));
        await breathe();
      }
      if (signal.aborted) return;
      const { metadata } = endOfList(path, splitter);
      version = metadata?.resourceVersion ?? version;
      next = metadata?.continue || undefined;
    } while (next !== undefined && !signal.aborted);
    if (signal.aborted) return;
    accept(objects, version);
  }

  function accept(objects: Iterable<T>, version: string): void {
    resourceVersion = version;
    paged = true;
    watchListMisses = 0;
    sink.replace(objects, version);
    healthy();
  }

  /** Follows from `resourceVersion`; without one, asks the server to stream the present state first (KEP-3157). */
  async function watch(): Promise<void> {
    const initial = resourceVersion === undefined ? new Map<string, T>() : undefined;
    options.observe?.(initial ? 'watchList' : 'watch');
    const query: Record<string, QueryValue> = {
      ...selectors,
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      timeoutSeconds: Math.round(watchTimeoutSeconds * (1 + random())),
    };
    if (initial) Object.assign(query, { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' });
    const headersTimeoutMs = Math.min(HEADERS_MS, idleTimeoutMs);
    const stream = await transport.stream({
      path,
      query,
      signal,
      idleTimeoutMs,
      headersTimeoutMs,
      verb: 'WATCH',
    });
    if (!initial) healthy();
    const following: Following<T> = { initial, events: 0 };
    const lines = createLineSplitter();
    const started = clock.monotonic();
    try {
      for await (const chunk of stream.chunks) {
        if (signal.aborted) return;
        lines.push(chunk, (line) => take(line, following));
        await breathe();
      }
    } catch (error) {
      // A stream that lived and broke (a server that restarts) is opened again; only an opening that fails is a failure.
      if (!isConnectionError(error) || following.initial || signal.aborted) throw error;
      if (error.code === 'UND_ERR_BODY_TIMEOUT') options.observe?.('silent');
    } finally {
      stream.close();
    }
    if (following.initial)
      throw new WatchListIncomplete(`${path}: the watch ended before its initial events did`);
    if (following.events === 0 && clock.monotonic() - started < 1000) await pause(undefined);
  }

  function take(line: string, following: Following<T>): void {
    const { type, object } = parseEvent(line);
    const version = object.metadata?.resourceVersion;
    const { initial } = following;
    following.events++;
    switch (type) {
      case 'BOOKMARK':
        options.observe?.('bookmark');
        if (!initial) advance(version);
        else if (object.metadata.annotations?.[INITIAL_END] === 'true') {
          following.initial = undefined;
          backoff.reset();
          accept(initial.values(), version ?? '');
        }
        return;
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED': {
        options.observe?.('event');
        const projected = project(object);
        if (initial) {
          const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
          if (type === 'DELETED') initial.delete(key);
          else initial.set(key, projected);
          return;
        }
        // An event that was seen before must not bring back an older state.
        if (isNotNewer(version, resourceVersion)) return;
        if (type === 'DELETED') sink.remove(projected);
        else sink.upsert(projected);
        advance(version);
        return;
      }
      default:
        throw new BadObjectError(`${path}: a watch event of the unknown type "${type}"`);
    }
  }

  function advance(version: string | undefined): void {
    backoff.reset();
    stalls = 0;
    if (version !== undefined && !isNotNewer(version, resourceVersion)) resourceVersion = version;
  }

  /** Decides what an error means for the next attempt; true when it may be made at once. */
  function learn(error: unknown): boolean {
    const starting = resourceVersion === undefined;
    if (isGone(error)) {
      options.observe?.('expired');
      // A continue token that expired between two pages: the next list is made in one piece.
      if (starting && !offersNow()) paged = false;
      resourceVersion = undefined;
      return !starting;
    }
    if (error instanceof WatchListIncomplete) {
      watchListMisses++;
      return false;
    }
    // A server that streams no end of the initial events and falls silent: lists may work where this does not.
    if (starting && isConnectionError(error) && error.code === 'UND_ERR_BODY_TIMEOUT') watchListMisses++;
    if (starting && offersNow() && isApiError(error) && [400, 405, 422].includes(error.code)) {
      offersWatchList = false;
      return true;
    }
    // The server is behind what was seen (or was restored from a backup), or talks nonsense: after three tries, start over.
    if (!starting && (isApiError(error) || error instanceof BadObjectError)) {
      stalls++;
      if (stalls >= 3 && !isThrottle(error)) {
        stalls = 0;
        resourceVersion = undefined;
      }
    }
    return false;
  }

  const offersNow = (): boolean => offersWatchList && watchListMisses < 2;

  async function pause(retryAfterSeconds: number | undefined): Promise<void> {
    await sleep(clock, Math.max(backoff.next(), (retryAfterSeconds ?? 0) * 1000), signal);
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        if (resourceVersion === undefined && !offersNow()) await list();
        else await watch();
      } catch (error) {
        if (signal.aborted) return;
        if (resourceVersion !== undefined && isApiError(error) && error.code === 405) {
          // It can be listed but not watched.
          await sleep(clock, pollMs, signal);
          resourceVersion = undefined;
          continue;
        }
        if (learn(error)) continue;
        if (!isGone(error) && !(error instanceof WatchListIncomplete)) {
          options.observe?.('failure');
          failingSince ??= clock.now();
          sink.failed(failureOf(error, `${resource.apiVersion} ${resource.kind}`, failingSince));
        }
        await pause(isApiError(error) ? error.retryAfterSeconds : undefined);
      }
    }
  }

  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
    resourceVersion: () => resourceVersion,
  };
}

type Following<T> = { initial: Map<string, T> | undefined; events: number };

/** The server's stream of initial events ended early; not yet a failure, as lists may still work. */
class WatchListIncomplete extends Error {}

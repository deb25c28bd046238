/**
 * Records Events (events.k8s.io/v1): repeated ones become a series, noisy
 * objects are held back, and nothing here ever throws or holds up its caller.
 */
import { type Clock, sleep, systemClock } from './clock.ts';
import { isApiError, isConnectionError, isNotFound } from './errors.ts';
import type { Transport } from './transport.ts';
import type { KubeObject } from './types.ts';

export type ObjectReference = {
  apiVersion?: string;
  kind?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  resourceVersion?: string;
  fieldPath?: string;
};

export type EventInput = {
  /** What the event is about; it is kept in this object's namespace, or in `default`. */
  regarding: ObjectReference;
  /** A second object that had a part in it. */
  related?: ObjectReference;
  type: 'Normal' | 'Warning';
  /** Why, one UpperCamelCase word; at most 128 bytes. */
  reason: string;
  /** What was done, one UpperCamelCase word; at most 128 bytes. */
  action: string;
  /** For people; cut at 1024 bytes, which is what the API server takes. */
  note: string;
};

export type EventRecorderOptions = {
  transport: Transport;
  /** Name of the controller, as example.com/controller. */
  reportingController: string;
  /** Which instance of it, usually the pod's name. */
  reportingInstance: string;
  /** Events of one object: this many at once, then one every `refillMs`. Defaults of client-go: 25 and 300 000. */
  burst?: number;
  refillMs?: number;
  /** The same event within this long continues a series. Default 360 000, as in client-go. */
  seriesMs?: number;
  /** A running series is written at most this often. Default 60 000. */
  seriesWriteMs?: number;
  /** Events that may wait to be sent. Default 1000. */
  queueLimit?: number;
  /** Tries for an event when the server does not answer, and the wait between them. Defaults 12 and 10 000. */
  tries?: number;
  retryMs?: number;
  clock?: Clock;
  onDropped?: (why: 'spam' | 'queueFull' | 'refused', event: EventInput, error?: unknown) => void;
};

export type EventRecorder = {
  /** Takes the event and returns at once. */
  record(event: EventInput): void;
  /** Resolves when all that waited is sent or given up. */
  flush(): Promise<void>;
  /** Writes the last counts of the running series, then ends; gives up after `timeoutMs` (default 5 000). */
  stop(timeoutMs?: number): Promise<void>;
};

/** One event as it was sent, with its count so far. */
type Series = {
  input: EventInput;
  object: KubeObject;
  count: number;
  writtenCount: number;
  writtenAt: number;
  seenAt: number;
  lastObservedTime: string;
  queued: boolean;
};

type Bucket = { tokens: number; at: number };

/** Beyond this many remembered events and objects, the longest silent ones are forgotten; client-go keeps 4096. */
const REMEMBERED = 4096;

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { transport, burst = 25, refillMs = 300_000, seriesMs = 360_000, seriesWriteMs = 60_000 } = options;
  const { queueLimit = 1000, tries = 12, retryMs = 10_000, clock = systemClock() } = options;
  const series = new Map<string, Series>();
  const buckets = new Map<string, Bucket>();
  const queue: Series[] = [];
  const stopping = new AbortController();
  let sending: Promise<void> | undefined;
  let stopped = false;
  let serial = 0;

  function record(input: EventInput): void {
    if (stopped) return;
    const key = keyOf(input);
    const now = clock.monotonic();
    const known = series.get(key);
    if (known && now - known.seenAt < seriesMs) {
      known.count++;
      known.seenAt = now;
      known.lastObservedTime = microTime(clock.now());
      remember(series, key, known);
      // The first repetition is written at once, further ones are gathered.
      if (known.writtenCount <= 1 || now - known.writtenAt >= seriesWriteMs) enqueue(known);
      return;
    }
    if (!takeToken(input, now)) {
      options.onDropped?.('spam', input);
      return;
    }
    const time = microTime(clock.now());
    const fresh: Series = {
      input,
      object: eventObject(input, time),
      count: 1,
      writtenCount: 0,
      writtenAt: now,
      seenAt: now,
      lastObservedTime: time,
      queued: false,
    };
    remember(series, key, fresh);
    enqueue(fresh);
  }

  function takeToken({ regarding }: EventInput, now: number): boolean {
    const key = `${regarding.apiVersion}/${regarding.kind}/${regarding.namespace}/${regarding.name}/${regarding.uid}`;
    const bucket = buckets.get(key) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / refillMs);
    const allowed = tokens >= 1;
    remember(buckets, key, { tokens: allowed ? tokens - 1 : tokens, at: now });
    return allowed;
  }

  function enqueue(entry: Series): void {
    if (entry.queued) return;
    if (queue.length >= queueLimit) {
      options.onDropped?.('queueFull', entry.input);
      return;
    }
    entry.queued = true;
    queue.push(entry);
    sending ??= sendAll();
  }

  async function sendAll(): Promise<void> {
    for (let entry = queue.shift(); entry; entry = queue.shift()) {
      entry.queued = false;
      await send(entry);
    }
    sending = undefined;
  }

  async function send(entry: Series): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await write(entry);
      } catch (error) {
        const passing =
          isConnectionError(error) || (isApiError(error) && (error.code === 429 || error.code >= 500));
        if (!passing || attempt >= tries || stopping.signal.aborted) {
          options.onDropped?.('refused', entry.input, error);
          return;
        }
        await sleep(clock, retryMs, stopping.signal);
      }
    }
  }

  async function write(entry: Series): Promise<void> {
    const { count, lastObservedTime } = entry;
    const namespace = encodeURIComponent(entry.object.metadata.namespace ?? 'default');
    const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
    const signal = stopping.signal;
    const observed = count > 1 ? { series: { count, lastObservedTime } } : {};
    if (entry.writtenCount > 0) {
      try {
        const name = encodeURIComponent(entry.object.metadata.name ?? '');
        const contentType = 'application/strategic-merge-patch+json';
        await transport.request({
          method: 'PATCH',
          path: `${path}/${name}`,
          contentType,
          body: observed,
          signal,
        });
        return written(entry, count);
      } catch (error) {
        // The server forgets events after an hour: the series goes on in a new one.
        if (!isNotFound(error)) throw error;
        entry.object = eventObject(entry.input, microTime(clock.now()));
      }
    }
    await transport.request({ method: 'POST', path, body: { ...entry.object, ...observed }, signal });
    written(entry, count);
  }

  function written(entry: Series, count: number): void {
    entry.writtenCount = count;
    entry.writtenAt = clock.monotonic();
    // Repeated while it was being written for the first time.
    if (count === 1 && entry.count > 1) enqueue(entry);
  }

  function eventObject(input: EventInput, time: string): KubeObject {
    const { regarding, related, type } = input;
    const base = (regarding.name ?? 'unknown')
      .toLowerCase()
      .replace(/[^a-z0-9.-]/g, '-')
      .slice(0, 200);
    serial++;
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: {
        // As client-go names them: the object, and the time in hexadecimal; the serial tells apart what one instant holds.
        name: `${base}.${(BigInt(clock.now()) * 1_000_000n + BigInt(serial % 1_000_000)).toString(16)}`,
        namespace: regarding.namespace || 'default',
      },
      eventTime: time,
      reportingController: options.reportingController,
      reportingInstance: cutBytes(options.reportingInstance, 128),
      action: cutBytes(input.action, 128),
      reason: cutBytes(input.reason, 128),
      regarding,
      related,
      note: cutBytes(input.note, 1024),
      type,
    };
  }

  const flush = async (): Promise<void> => {
    while (sending) await sending;
  };

  return {
    record: (event) => {
      try {
        record(event);
      } catch (error) {
        options.onDropped?.('refused', event, error);
      }
    },
    flush,
    stop: async (timeoutMs = 5_000) => {
      if (stopped) return;
      stopped = true;
      for (const entry of series.values()) if (entry.count > entry.writtenCount) enqueue(entry);
      const timer = clock.after(timeoutMs, () => stopping.abort());
      await flush();
      timer.cancel();
    },
  };
}

/** Puts the entry at the end, so that the first of the map is the longest silent one. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= REMEMBERED) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

/** Unlike client-go's, it holds the note: two findings under one reason are two events. */
function keyOf({ regarding, related, type, reason, action, note }: EventInput): string {
  return JSON.stringify([regarding, related, type, reason, action, note]);
}

/** Kubernetes' MicroTime. */
function microTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z');
}

/** At most `limit` bytes of UTF-8, cut between characters, with an ellipsis where something is missing. */
export function cutBytes(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text;
  const bytes = Buffer.from(text);
  let end = limit - Buffer.byteLength('…');
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}…`;
}

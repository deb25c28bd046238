/**
 * One pooled HTTP transport to one API server. All requests share its
 * connections; streams have a pool of their own so that a lease renewal never
 * waits behind a watch.
 */
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { type Clock, sleep, systemClock } from './clock.ts';
import type { Connection, TlsMaterial } from './config.ts';
import {
  ApiError,
  ConnectionError,
  codeOf,
  connectionError,
  parseRetryAfter,
  type StatusBody,
} from './errors.ts';

export type QueryValue = string | number | boolean | undefined;

export type ApiRequest = {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute path on the server, already percent-encoded where names need it. */
  path: string;
  query?: Record<string, QueryValue>;
  /** Sent as JSON. */
  body?: unknown;
  /** Default application/json. */
  contentType?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** For the whole exchange, retries included. Default 30 000. */
  timeoutMs?: number;
  /** What rest_client_requests_total should call it; default the method. */
  verb?: string;
};

export type ApiResponse<T> = { status: number; headers: Headers; body: T };
export type Headers = Record<string, string | string[] | undefined>;

export type StreamRequest = Pick<ApiRequest, 'path' | 'query' | 'headers' | 'signal' | 'verb'> & {
  /** The longest silence before the stream counts as dead, for the headers and between chunks. Default 90 000. */
  idleTimeoutMs?: number;
  /** The longest wait for the first byte of the answer. Default `idleTimeoutMs`. */
  headersTimeoutMs?: number;
};

export type StreamResponse = {
  status: number;
  headers: Headers;
  /** Raw bytes as they arrive. Throws ConnectionError when the stream breaks or falls silent. */
  chunks: AsyncIterable<Buffer>;
  /** Drops the stream; harmless when it has ended. */
  close(): void;
};

/** One line for rest_client_requests_total: `code` is the HTTP status, or `<error>` as client-go calls no answer. */
export type Observation = { verb: string; code: string; seconds: number };

export type TransportOptions = {
  observe?: (observation: Observation) => void;
  userAgent?: string;
  /** Connections for requests; further requests wait for a free one. Default 32. */
  maxConnections?: number;
  /** Default 8 000, so that a server that is not there is named within 10 s. */
  connectTimeoutMs?: number;
  /** Default for `timeoutMs` of a request. */
  timeoutMs?: number;
  clock?: Clock;
};

export type Transport = {
  readonly server: string;
  /** Namespace of the context or of the pod, when there is one. */
  readonly namespace: string | undefined;
  request<T = unknown>(request: ApiRequest): Promise<ApiResponse<T>>;
  stream(request: StreamRequest): Promise<StreamResponse>;
  close(): Promise<void>;
};

type Sendable = ApiRequest & Pick<StreamRequest, 'idleTimeoutMs' | 'headersTimeoutMs'>;

type Pools = { tls: TlsMaterial; requests: Dispatcher; streams: Dispatcher };

/** client-go retries 429 and 503 with Retry-After at most ten times. */
const MOST_RETRIES = 10;

export function createTransport(connection: Connection, options: TransportOptions = {}): Transport {
  const {
    userAgent = 'kubernetes-client',
    timeoutMs: defaultTimeout = 30_000,
    clock = systemClock(),
  } = options;
  const { server } = connection;
  const base = new URL(server);
  const prefix = base.pathname.replace(/\/$/, '');
  let pools: Pools | undefined;
  let closed = false;

  /** The pools for this TLS material: a rotated CA or client certificate means new connections. */
  function poolsFor(tls: TlsMaterial): Pools {
    if (closed) throw new ConnectionError(server, `the transport to ${server} is closed`, 'Closed', false);
    if (pools && pools.tls === tls) return pools;
    const old = pools;
    pools = {
      tls,
      requests: createAgent(connection, tls, options, options.maxConnections ?? 32),
      streams: createAgent(connection, tls, options, undefined),
    };
    // What is under way on the old connections ends in its own time.
    if (old) void Promise.allSettled([old.requests.close(), old.streams.close()]);
    return pools;
  }

  async function send(
    pool: 'requests' | 'streams',
    request: Sendable,
    signal: AbortSignal,
    refreshCredentials: boolean,
  ): Promise<Dispatcher.ResponseData> {
    const credentials = await connection.authenticate(refreshCredentials);
    const dispatcher = poolsFor(credentials.tls)[pool];
    const headers: Record<string, string> = {
      accept: 'application/json',
      'user-agent': userAgent,
      ...credentials.headers,
      ...request.headers,
    };
    if (request.body !== undefined) headers['content-type'] = request.contentType ?? 'application/json';
    return dispatcher.request({
      origin: base.origin,
      path: prefix + request.path + queryString(request.query),
      method: request.method ?? 'GET',
      headers,
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal,
      headersTimeout: request.headersTimeoutMs ?? request.idleTimeoutMs ?? 0,
      bodyTimeout: request.idleTimeoutMs ?? 0,
    });
  }

  /**
   * Sends, and sends again where that is safe: once after a 401 with fresh
   * credentials, once when a kept-alive socket turned out to be closed.
   */
  async function sendAgain(
    pool: 'requests' | 'streams',
    request: Sendable,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    let freshCredentials = false;
    let freshSocket = false;
    for (;;) {
      const started = clock.monotonic();
      const verb = request.verb ?? request.method ?? 'GET';
      try {
        const response = await send(pool, request, signal, freshCredentials);
        observe(verb, String(response.statusCode), started);
        if (response.statusCode !== 401 || freshCredentials) return response;
        freshCredentials = true;
        await response.body.dump();
      } catch (error) {
        observe(verb, '<error>', started);
        if (freshSocket || signal.aborted || !isSafeToRepeat(request, error)) throw error;
        freshSocket = true;
      }
    }
  }

  function observe(verb: string, code: string, started: number): void {
    options.observe?.({ verb, code, seconds: (clock.monotonic() - started) / 1000 });
  }

  async function request<T>(asked: ApiRequest): Promise<ApiResponse<T>> {
    const timeoutMs = asked.timeoutMs ?? defaultTimeout;
    const deadline = clock.monotonic() + timeoutMs;
    const scope = abortScope(asked.signal);
    const timer = clock.after(timeoutMs, () => scope.abort('timeout'));
    try {
      for (let attempt = 0; ; attempt++) {
        const response = await sendAgain('requests', asked, scope.signal);
        const text = await response.body.text();
        const { statusCode: status, headers } = response;
        if (status >= 200 && status < 300)
          return { status, headers, body: parseBody<T>(server, asked.path, text) };
        const error = apiErrorOf(status, headers, text, clock.now());
        const waitMs = (error.retryAfterSeconds ?? 1) * 1000;
        const retry = status === 429 || (status === 503 && headers['retry-after'] !== undefined);
        if (!retry || attempt >= MOST_RETRIES || clock.monotonic() + waitMs >= deadline) throw error;
        await sleep(clock, waitMs, scope.signal);
        if (scope.signal.aborted) throw error;
      }
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (scope.reason() === 'caller') throw abortError(asked.signal, error);
      if (scope.reason() === 'timeout') {
        const message = `no answer from ${server} to ${asked.method ?? 'GET'} ${asked.path} within ${timeoutMs / 1000} s`;
        throw new ConnectionError(server, message, 'Timeout', true, error);
      }
      throw connectionError(server, error);
    } finally {
      timer.cancel();
      scope.release();
    }
  }

  async function stream(asked: StreamRequest): Promise<StreamResponse> {
    const scope = abortScope(asked.signal);
    let handedOver = false;
    try {
      const response = await sendAgain('streams', { idleTimeoutMs: 90_000, ...asked }, scope.signal);
      const { statusCode: status, headers } = response;
      if (status < 200 || status >= 300) {
        throw apiErrorOf(status, headers, await response.body.text(), clock.now());
      }
      handedOver = true;
      const chunks = readChunks(server, response.body, scope, asked.signal);
      return {
        status,
        headers,
        chunks,
        close: () => {
          scope.abort('closed');
          scope.release();
        },
      };
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (scope.reason() === 'caller') throw abortError(asked.signal, error);
      throw connectionError(server, error);
    } finally {
      if (!handedOver) scope.release();
    }
  }

  return {
    server,
    namespace: connection.namespace,
    request,
    stream,
    close: async () => {
      closed = true;
      const last = pools;
      pools = undefined;
      if (last) await Promise.allSettled([last.requests.destroy(), last.streams.destroy()]);
    },
  };
}

async function* readChunks(
  server: string,
  body: AsyncIterable<Buffer>,
  scope: AbortScope,
  caller: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) yield chunk;
  } catch (error) {
    if (scope.reason() === 'closed') return;
    if (scope.reason() === 'caller') throw abortError(caller, error);
    throw connectionError(server, error);
  } finally {
    scope.abort('closed');
    scope.release();
  }
}

type AbortReason = 'caller' | 'timeout' | 'closed';
type AbortScope = {
  signal: AbortSignal;
  abort(reason: AbortReason): void;
  reason(): AbortReason | undefined;
  release(): void;
};

/** An AbortController that follows the caller's signal and remembers who aborted first. */
function abortScope(caller: AbortSignal | undefined): AbortScope {
  const controller = new AbortController();
  let reason: AbortReason | undefined;
  const abort = (why: AbortReason): void => {
    reason ??= why;
    controller.abort();
  };
  const onCaller = (): void => abort('caller');
  if (caller?.aborted) onCaller();
  else caller?.addEventListener('abort', onCaller, { once: true });
  return {
    signal: controller.signal,
    abort,
    reason: () => reason,
    release: () => caller?.removeEventListener('abort', onCaller),
  };
}

function abortError(caller: AbortSignal | undefined, error: unknown): unknown {
  return caller?.reason instanceof Error ? caller.reason : error;
}

function createAgent(
  connection: Connection,
  tls: TlsMaterial,
  options: TransportOptions,
  connections: number | undefined,
): Dispatcher {
  const shared = {
    connections: connections ?? null,
    // HTTP/1.1: one stream per connection, so a stalled watch holds up nothing else, and no GOAWAY to handle.
    allowH2: false,
    // A little under the 90 s for which Go's servers and common load balancers keep idle connections.
    keepAliveTimeout: 60_000,
    connectTimeout: options.connectTimeoutMs ?? 8_000,
  };
  const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000, timeout: shared.connectTimeout };
  if (connection.proxyUrl === undefined) return new Agent({ ...shared, connect });
  return new ProxyAgent({ ...shared, uri: connection.proxyUrl, requestTls: connect });
}

/** Only a request that changes nothing, on a socket that the server had closed under us. */
function isSafeToRepeat(request: ApiRequest, error: unknown): boolean {
  const code = codeOf(error);
  const closedSocket = code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
  return closedSocket && (request.method ?? 'GET') === 'GET';
}

function queryString(query: Record<string, QueryValue> | undefined): string {
  if (query === undefined) return '';
  const given = Object.entries(query).filter((entry) => entry[1] !== undefined);
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))}`;
}

function parseBody<T>(server: string, path: string, text: string): T {
  if (text === '') return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    const start = JSON.stringify(text.slice(0, 60));
    throw new ConnectionError(
      server,
      `${server} answered ${path} with something that is not JSON (it starts ${start}); is this an API server?`,
      'NotJson',
      true,
      error,
    );
  }
}

function apiErrorOf(code: number, headers: Headers, text: string, now: number): ApiError {
  const retryAfter = parseRetryAfter(headers['retry-after'], now);
  try {
    const status = JSON.parse(text) as StatusBody;
    if (status !== null && typeof status === 'object' && status.kind === 'Status') {
      return new ApiError(code, status, retryAfter);
    }
  } catch {
    // Not a Status: a proxy or an overloaded server answered in plain text.
  }
  const words = text.trim().slice(0, 200);
  return new ApiError(code, { code, message: words === '' ? '' : `${words} (HTTP ${code})` }, retryAfter);
}

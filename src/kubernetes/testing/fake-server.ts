/**
 * A scripted API server for tests: each route answers with the next of its
 * responders, the last one again and again. Real HTTP over a real socket, so
 * that broken chunks and resets are what the client would see.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Connection } from '../config.ts';
import type { KubeObject } from '../types.ts';

export type RecordedRequest = {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: IncomingMessage['headers'];
  body: unknown;
};

export type Responder = (request: RecordedRequest, response: ServerResponse) => void | Promise<void>;

export type FakeServer = {
  url: string;
  connection: Connection;
  requests: RecordedRequest[];
  /** How many connections were made to it so far. */
  connections(): number;
  /** Answers requests whose path is `path`, and whose query holds `query`, in order; the newest route is asked first. */
  on(path: string, query: Record<string, string>, ...responders: Responder[]): void;
  /** Ends all connections, as a server that is killed does. */
  dropConnections(): void;
  close(): Promise<void>;
};

type Route = { path: string; query: Record<string, string>; responders: Responder[]; used: number };

export async function startFakeServer(): Promise<FakeServer> {
  const routes: Route[] = [];
  const requests: RecordedRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer(async (incoming, response) => {
    const url = new URL(incoming.url ?? '/', 'http://fake');
    const recorded: RecordedRequest = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: incoming.headers,
      body: await bodyOf(incoming),
    };
    requests.push(recorded);
    const route = routes.find((each) => matches(each, recorded));
    if (!route) return status(404, 'NotFound', `no route for ${recorded.path}`)(recorded, response);
    const responder = route.responders[Math.min(route.used++, route.responders.length - 1)];
    await responder?.(recorded, response);
  });
  // Tests decide when a connection ends, not Node's default of five seconds.
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dropConnections = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    url,
    requests,
    connection: anonymousConnection(url),
    connections: () => connections,
    on: (path, query, ...responders) => {
      routes.unshift({ path, query, responders, used: 0 });
    },
    dropConnections,
    close: () => {
      dropConnections();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

export function anonymousConnection(server: string): Connection {
  const credentials = { headers: {}, tls: {} };
  return {
    server,
    namespace: undefined,
    inPod: false,
    proxyUrl: undefined,
    description: 'a fake server',
    authenticate: async () => credentials,
  };
}

/** A JSON answer. */
export function json(body: unknown, code = 200, headers: Record<string, string> = {}): Responder {
  return (_request, response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

/** An answer with a Kubernetes Status. */
export function status(
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
): Responder {
  return json(statusBody(code, reason, message), code, headers);
}

export function statusBody(code: number, reason: string, message: string): KubeObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}

export function list(items: KubeObject[], resourceVersion: string, next?: string): Responder {
  const metadata = next === undefined ? { resourceVersion } : { resourceVersion, continue: next };
  return json({ kind: 'List', apiVersion: 'v1', metadata, items });
}

/** Steps of a stream that are no bytes: the connection is reset, or the answer ends properly. */
export const RESET: unique symbol = Symbol('reset');
export const END: unique symbol = Symbol('end');

/** A 200 answer in chunks: bytes, a wait (milliseconds or a promise), RESET or END. Without one it stays open and silent. */
export function stream(
  ...steps: (string | Buffer | Promise<unknown> | number | typeof RESET | typeof END)[]
): Responder {
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const step of steps) {
      if (response.destroyed) return;
      if (typeof step === 'string' || Buffer.isBuffer(step)) await write(response, step);
      else if (typeof step === 'number') await new Promise((resolve) => setTimeout(resolve, step));
      else if (step === RESET) return void response.socket?.resetAndDestroy();
      else if (step === END) return void response.end();
      else await step;
    }
  };
}

/** Takes the request and never answers. */
export const blackHole: Responder = () => undefined;

/** Ends the connection without an answer. */
export const hangUp: Responder = (_request, response) => {
  response.socket?.destroy();
};

export const event = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
export const added = (object: KubeObject): string => event('ADDED', object);
export const modified = (object: KubeObject): string => event('MODIFIED', object);
export const deleted = (object: KubeObject): string => event('DELETED', object);

export function bookmark(resourceVersion: string, initialEnd = false): string {
  const annotations = initialEnd ? { 'k8s.io/initial-events-end': 'true' } : undefined;
  return event('BOOKMARK', {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { resourceVersion, annotations },
  });
}

export function configMap(
  name: string,
  resourceVersion: string,
  data: Record<string, string> = {},
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'default', name, resourceVersion },
    data,
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
}

/** Written and flushed on its own, so that it reaches the client as a chunk of its own. */
function write(response: ServerResponse, bytes: string | Buffer): Promise<void> {
  return new Promise((resolve) => {
    response.write(bytes, () => setImmediate(resolve));
  });
}

function matches(route: Route, request: RecordedRequest): boolean {
  if (route.path !== request.path) return false;
  return Object.entries(route.query).every(([name, value]) => (request.query[name] ?? '') === value);
}

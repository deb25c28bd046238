// The HTTP server of the operator: /metrics, /healthz (and /livez), /readyz,
// the last three in the words of Kubernetes' own (k8s.io/apiserver healthz).

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One thing that must be well. */
export interface Probe {
  /** Lower case with dashes; part of the path /readyz/NAME. */
  readonly name: string;
  /** undefined when it is well, else what is wrong. Shown to whoever asks: no secrets. */
  check(): string | undefined;
}

export interface HealthOptions {
  /** Go's notation: ":8080", "127.0.0.1:8080", "[::1]:8080"; ":0" takes a free port; "0" turns it off. */
  readonly address: string;
  readonly metrics: { readonly contentType: string; expose(): AsyncIterable<string> };
  /** What a restart of the process would mend. */
  readonly live: readonly Probe[];
  /** What must be there before it works, whether it leads or follows. */
  readonly ready: readonly Probe[];
}

export interface HealthServer {
  /** undefined when it is turned off. */
  readonly address: AddressInfo | undefined;
  close(): Promise<void>;
}

/** Answering at all is the proof that the event loop turns, and is the check that Kubernetes calls ping. */
const PING: Probe = { name: 'ping', check: () => undefined };

/** The address cannot be read or bound; the message says which, why, and what to do. */
export class ListenError extends Error {}

/** Rejects with a ListenError. */
export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const where = parseAddress(options.address);
  if (where === undefined) return { address: undefined, close: async () => {} };
  const routes: Readonly<Record<string, readonly Probe[]>> = {
    healthz: [PING, ...options.live],
    livez: [PING, ...options.live],
    readyz: [PING, ...options.ready],
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://operator');
    const [, route = '', only, ...rest] = url.pathname.split('/');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return say(response, 405, 'method not allowed: use GET\n');
    }
    if (route === 'metrics' && only === undefined) return sendMetrics(request, response, options.metrics);
    const probes = Object.hasOwn(routes, route) ? routes[route] : undefined;
    const asked = only ? probes?.filter(({ name }) => name === only) : probes;
    if (!asked || asked.length === 0 || rest.length > 0) {
      return say(response, 404, 'not found: there are /metrics, /healthz, /livez and /readyz\n');
    }
    const report = runProbes(route, asked, new Set(url.searchParams.getAll('exclude')));
    if (!report.ok) return say(response, 500, report.text);
    return say(response, 200, url.searchParams.has('verbose') ? report.text : 'ok');
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const hint = 'give another one with --metrics-bind-address, or "0" to turn the server off';
      reject(
        new ListenError(
          `cannot listen on ${options.address} for metrics and health: ${error.message}; ${hint}`,
        ),
      );
    });
    server.listen(where, resolve);
  });
  return {
    address: server.address() as AddressInfo,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Each probe's line, then the verdict. A probe that throws is not well. */
function runProbes(
  route: string,
  probes: readonly Probe[],
  exclude: ReadonlySet<string>,
): { ok: boolean; text: string } {
  let text = '';
  let ok = true;
  for (const probe of probes) {
    if (exclude.has(probe.name)) {
      text += `[+]${probe.name} excluded: ok\n`;
      continue;
    }
    const wrong = outcome(probe);
    if (wrong !== undefined) ok = false;
    text += wrong === undefined ? `[+]${probe.name} ok\n` : `[-]${probe.name} failed: ${wrong}\n`;
  }
  return { ok, text: `${text}${route} check ${ok ? 'passed' : 'failed'}\n` };
}

function outcome(probe: Probe): string | undefined {
  try {
    return probe.check();
  } catch (error) {
    return `the check itself failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache, private',
  });
  response.end(text);
}

/** Sends as fast as the scraper reads, a chunk at a time, so that no scrape holds up a verdict. */
async function sendMetrics(
  request: IncomingMessage,
  response: ServerResponse,
  metrics: HealthOptions['metrics'],
): Promise<void> {
  response.writeHead(200, { 'content-type': metrics.contentType });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  for await (const chunk of metrics.expose()) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

/** Where to listen; undefined for "0" or "", which turn the server off as in controller-runtime. */
export function parseAddress(address: string): { host?: string; port: number } | undefined {
  if (address === '0' || address === '') return undefined;
  const found = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]]*)):(?<port>[0-9]{1,5})$/.exec(address);
  const port = Number(found?.groups?.port);
  if (!found || port > 65_535) {
    throw new ListenError(
      `"${address}" is not an address to listen on; write :8080, 127.0.0.1:8080 or [::1]:8080`,
    );
  }
  const host = found.groups?.v6 ?? found.groups?.host;
  return host ? { host, port } : { port };
}

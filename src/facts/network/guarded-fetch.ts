// HTTP for evidence whose address somebody else wrote: a URL in a status or in an
// item must not turn the operator into a way into places that its author cannot
// reach. No credentials, no forbidden address, redirects under the same rules.

import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { parseRange, type Range, refusalOf } from './addresses.ts';
import { EvidenceError } from './evidence-error.ts';

export interface GuardOptions {
  /** Ranges (CIDR) that are allowed though they are special: what --allow-evidence-from names. */
  readonly allow?: readonly string[];
  readonly userAgent?: string;
  /** The longest wait for a connection, for the headers, and between two pieces of the body. */
  readonly idleTimeoutMs?: number;
  /** How names become addresses; for tests. Default: the system's resolver. */
  readonly lookup?: typeof systemLookup;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body as it arrives, not decoded. Throws EvidenceError where it breaks off. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Drops what is left of the body; harmless when nothing is. */
  close(): void;
}

export interface GuardedFetch {
  /**
   * GETs the URL. Throws EvidenceError: Forbidden where the address may not be
   * spoken to, Unreachable where nobody answers. Any status is an answer.
   */
  open(url: string, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Throws where a range of `allow` is none. */
export function createGuardedFetch(options: GuardOptions = {}): GuardedFetch {
  const { userAgent = 'remediation-operator', idleTimeoutMs = 10_000 } = options;
  const allowed = (options.allow ?? []).map(parseRange);
  const agent = new Agent({
    connect: guardedConnector(allowed, options.lookup ?? systemLookup, idleTimeoutMs),
    // A connection is of little use to the next fetch, which comes with the next revision.
    keepAliveTimeout: 1_000,
    keepAliveMaxTimeout: 1_000,
    headersTimeout: idleTimeoutMs,
    bodyTimeout: idleTimeoutMs,
    allowH2: false,
  });

  async function get(url: URL, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    refuseUnusual(url);
    // An address that is written out is never looked up, so the hook of the connector does not see it.
    refuseAddress(url, allowed);
    try {
      return await agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET',
        headers: { 'user-agent': userAgent, 'accept-encoding': 'identity' },
        signal,
      });
    } catch (error) {
      throw asEvidenceError(url, error);
    }
  }

  return {
    open: async (given, signal) => {
      let url = parseUrl(given);
      for (let redirects = 0; ; redirects++) {
        const response = await get(url, signal);
        const { location } = response.headers;
        if (!REDIRECTS.has(response.statusCode) || typeof location !== 'string') return answer(url, response);
        drop(response);
        if (redirects >= MAX_REDIRECTS)
          throw new EvidenceError(
            'Unreachable',
            `${given} leads through more than ${MAX_REDIRECTS} redirects`,
          );
        url = redirectTarget(url, location);
      }
    },
    close: () => agent.destroy(),
  };
}

/** Where a redirect leads. Throws EvidenceError where it gives up what https promised. */
export function redirectTarget(from: URL, location: string): URL {
  const to = parseUrl(location, from);
  if (from.protocol === 'https:' && to.protocol !== 'https:')
    throw new EvidenceError('Forbidden', `${where(from)} redirects from https to ${where(to)}`);
  return to;
}

function answer(url: URL, response: Dispatcher.ResponseData): Answer {
  return {
    status: response.statusCode,
    headers: response.headers,
    chunks: readBody(url, response.body),
    close: () => drop(response),
  };
}

async function* readBody(url: URL, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) yield chunk;
  } catch (error) {
    throw asEvidenceError(url, error);
  }
}

/** Ends the connection rather than read what is left: it may never end. */
function drop({ body }: Dispatcher.ResponseData): void {
  body.on('error', () => {});
  body.destroy();
}

function parseUrl(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (!url) throw new EvidenceError('Unreadable', `${JSON.stringify(text.slice(0, 200))} is no URL`);
  return url;
}

/** The URL as it may be told: without what could be a secret in it. */
const where = ({ protocol, host, pathname }: URL) => `${protocol}//${host}${pathname}`;

/** Any text that should be a URL, as it may be told. */
export function shownUrl(text: string): string {
  const url = URL.parse(text);
  return url ? where(url) : 'what is no URL';
}

function refuseUnusual(url: URL): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new EvidenceError('Forbidden', `${where(url)}: evidence is fetched over http and https only`);
  if (url.username !== '' || url.password !== '')
    throw new EvidenceError('Forbidden', `${where(url)}: credentials in a URL are not sent; take them out`);
}

/** URL has made one notation of all: decimal, octal, hexadecimal and shortened IPv4 are dotted by now. */
function refuseAddress(url: URL, allowed: readonly Range[]): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 0) return;
  const refusal = refusalOf(host, allowed);
  if (refusal) throw refused(host, host, refusal);
}

function refused(host: string, address: string, refusal: string): EvidenceError {
  const name = host === address ? address : `${host} (${address})`;
  return new EvidenceError(
    'Forbidden',
    `${name} is ${refusal}: no evidence is fetched from there. If it is meant, allow it with --allow-evidence-from ${address}/${isIP(address) === 4 ? 32 : 128}`,
  );
}

/**
 * Connects to permitted addresses only, whatever a name resolves to at that
 * moment: the check is made on the very answer that is connected to.
 */
function guardedConnector(
  allowed: readonly Range[],
  resolve: typeof systemLookup,
  timeout: number,
): buildConnector.connector {
  const lookup: LookupFunction = (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error) return callback(error, []);
      const permitted = found.filter(({ address }) => refusalOf(address, allowed) === undefined);
      const [first] = permitted;
      if (!first) {
        const [{ address } = { address: '' }] = found;
        return callback(refused(host, address, refusalOf(address, allowed) ?? ''), []);
      }
      if (options.all) callback(null, permitted);
      else callback(null, first.address, first.family);
    });
  };
  const connect = buildConnector({ lookup, timeout });
  return (options, callback) => {
    connect(options, (...[error, socket]) => {
      if (error) return callback(error, null);
      // Whatever way it came to be: nothing is said to an address that is not permitted.
      const refusal = socket.remoteAddress && refusalOf(socket.remoteAddress, allowed);
      if (!refusal) return callback(null, socket);
      socket.destroy();
      callback(refused(options.hostname, socket.remoteAddress ?? '', refusal), null);
    });
  };
}

/** What undici and the network say, with the place; what the caller's signal said stays as it is. */
function asEvidenceError(url: URL, error: unknown): unknown {
  if (error instanceof EvidenceError) return error;
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  if (name === 'AbortError' || name === 'TimeoutError') return error;
  const cause = (error as { errors?: unknown[] }).errors?.find((each) => each instanceof EvidenceError);
  if (cause) return cause;
  return new EvidenceError('Unreachable', `${where(url)}: ${message || code || 'no answer'}`, error);
}

/**
 * What can go wrong between this process and an API server: it answered with a
 * Status (ApiError), or no usable answer came (ConnectionError).
 */

export type StatusBody = {
  kind?: string;
  status?: string;
  message?: string;
  reason?: string;
  code?: number;
  details?: {
    name?: string;
    kind?: string;
    retryAfterSeconds?: number;
    causes?: { reason?: string; message?: string; field?: string }[];
  };
};

/** The API server answered, and said no. `code` is the HTTP status, `reason` the machine word of the Status. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  readonly status: StatusBody;

  constructor(code: number, status: StatusBody, retryAfterSeconds?: number) {
    super(status.message || `the API server answered ${code}${status.reason ? ` ${status.reason}` : ''}`);
    this.code = code;
    this.reason = status.reason ?? '';
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds ?? status.details?.retryAfterSeconds;
  }
}

/**
 * No usable answer came. `cause` holds what the network said; `code` its machine word (ECONNREFUSED, Timeout, …).
 * `connected` is false when the server was not reached at all.
 */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly server: string;
  readonly code: string;
  readonly connected: boolean;

  constructor(server: string, message: string, code: string, connected: boolean, cause?: unknown) {
    super(message, { cause });
    this.server = server;
    this.code = code;
    this.connected = connected;
  }
}

export const isApiError = (error: unknown): error is ApiError => error instanceof ApiError;
export const isConnectionError = (error: unknown): error is ConnectionError =>
  error instanceof ConnectionError;
export const isNotFound = (error: unknown): boolean => isApiError(error) && error.code === 404;
export const isForbidden = (error: unknown): boolean => isApiError(error) && error.code === 403;
export const isUnauthorized = (error: unknown): boolean => isApiError(error) && error.code === 401;
export const isConflict = (error: unknown): boolean =>
  isApiError(error) && error.code === 409 && error.reason !== 'AlreadyExists';
export const isAlreadyExists = (error: unknown): boolean =>
  isApiError(error) && error.code === 409 && error.reason === 'AlreadyExists';
/** 410: the resourceVersion or continue token asked for has been compacted away. */
export const isGone = (error: unknown): boolean =>
  isApiError(error) && (error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone');

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const CONNECT_CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const WORDS: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed by the server',
  UND_ERR_SOCKET: 'connection closed by the server',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name cannot be resolved right now',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'connection timed out',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is not signed by the certificate authority that is configured',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not signed by the certificate authority that is configured',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed, and not the one that is configured',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped in the middle',
};

/** Turns what undici or Node threw into a ConnectionError that names the server and the cause. */
export function connectionError(server: string, error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error;
  const code = codeOf(error);
  const detail = WORDS[code] ?? messageOf(error);
  const tls = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO)/.test(code);
  if (CONNECT_CODES.has(code) || tls) {
    return new ConnectionError(server, `cannot reach ${server}: ${detail}`, code, false, error);
  }
  return new ConnectionError(server, `lost the connection to ${server}: ${detail}`, code, true, error);
}

/** The machine word of an error: its own, or that of the first it wraps (happy eyeballs throws an AggregateError). */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, errors, cause } = error as { code?: unknown; errors?: unknown[]; cause?: unknown };
  if (typeof code === 'string' && code !== '') return code;
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0]);
  return cause === undefined ? '' : codeOf(cause);
}

/** Seconds of a Retry-After header (RFC 9110: a number of seconds or a date), if it holds one. */
export function parseRetryAfter(value: string | string[] | undefined, now: number): number | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  if (text === undefined || text === '') return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(seconds, 0);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max((date - now) / 1000, 0);
}

/** Why a reflector cannot follow its resource, in one word and in a sentence. */
import { ConfigError } from './config.ts';
import { isApiError, isConnectionError, messageOf } from './errors.ts';

/**
 * Why a resource cannot be followed at present. `Forbidden` and `Unauthorized`: the server refused (403, 401), or there are no credentials.
 * `NotFound`: the kind is not served (404). `Unreachable`: no answer. `Throttled`: 429. `ServerError`: any other refusal.
 * `BadObject`: an object that cannot be read, projected or stored.
 */
export type FailureReason =
  | 'Forbidden'
  | 'Unauthorized'
  | 'NotFound'
  | 'Unreachable'
  | 'Throttled'
  | 'ServerError'
  | 'BadObject';

export type ReflectorFailure = {
  reason: FailureReason;
  message: string;
  error: unknown;
  /** Wall time in milliseconds at which this run of failures began. */
  since: number;
};

/** What arrived cannot be understood. */
export class BadObjectError extends Error {}

export const isThrottle = (error: unknown): boolean => isApiError(error) && error.code === 429;

export function failureOf(error: unknown, what: string, since: number): ReflectorFailure {
  const message = `${what}: ${messageOf(error)}`;
  return { reason: reasonOf(error), message, error, since };
}

function reasonOf(error: unknown): FailureReason {
  if (isConnectionError(error)) return 'Unreachable';
  if (error instanceof ConfigError) return 'Unauthorized';
  if (!isApiError(error)) return 'BadObject';
  switch (error.code) {
    case 401:
      return 'Unauthorized';
    case 403:
      return 'Forbidden';
    case 404:
      return 'NotFound';
    case 429:
      return 'Throttled';
    default:
      return 'ServerError';
  }
}

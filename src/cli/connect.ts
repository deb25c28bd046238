// The connection that the command line was asked for, with errors that name
// what is missing.

import {
  ConfigError,
  type Connection,
  isUnauthorized,
  loadConnection,
  messageOf,
} from '../kubernetes/index.ts';
import { UsageError } from './exit.ts';

export async function connect(flags: {
  readonly kubeconfig?: string;
  readonly context?: string;
}): Promise<Connection> {
  try {
    return await loadConnection({
      ...(flags.kubeconfig ? { kubeconfig: flags.kubeconfig } : {}),
      ...(flags.context ? { context: flags.context } : {}),
    });
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message);
    throw error;
  }
}

/** Why the cluster cannot be asked at all. */
export function whyRefused(error: unknown, { server, description }: Connection): string {
  return isUnauthorized(error)
    ? `${server} does not accept the credentials of ${description} (401 Unauthorized). Log in again, or name another --context`
    : messageOf(error);
}

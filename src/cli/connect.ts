// The connection that the command line was asked for, with errors that name
// what is missing.

import { ConfigError, type Connection, loadConnection } from '../kubernetes/index.ts';
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

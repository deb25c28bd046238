// `remediation operator`: the controller as a process, until it is told to stop.

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { itemParser } from '../api/remediation-item.ts';
import { blocksOf, byType } from '../checks/check.ts';
import { CHECKS } from '../checks/index.ts';
import { startOperator } from '../controller/operator.ts';
import type { Connection } from '../kubernetes/index.ts';
import { ListenError } from '../telemetry/health.ts';
import { createLogger, type LogLevel } from '../telemetry/log.ts';
import { version } from '../version.ts';
import { connect } from './connect.ts';
import { UsageError } from './exit.ts';

export interface OperatorFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly clusterWideNamespaces?: readonly string[];
  readonly allowEvidenceFrom?: readonly string[];
  readonly watchLabelSelector?: string;
  readonly metricsBindAddress: string;
  readonly leaderElect: boolean;
  readonly leaseName: string;
  readonly concurrency: number;
  readonly logLevel: LogLevel;
}

export async function operator(flags: OperatorFlags): Promise<void> {
  const log = createLogger({ level: flags.logLevel });
  const connection = await connect(flags);
  const namespace = ownNamespace(flags, process.env, connection);
  const identity = `${process.env.POD_NAME ?? hostname()}_${randomBytes(4).toString('hex')}`;
  log.info({ version, server: connection.server, namespace, identity, node: process.version }, 'starting');
  const running = await startOperator({
    connection,
    checks: byType(CHECKS),
    parse: itemParser(blocksOf(CHECKS)),
    log,
    namespace,
    identity,
    clusterWideNamespaces: flags.clusterWideNamespaces ?? [namespace],
    allowEvidenceFrom: flags.allowEvidenceFrom ?? [],
    leaderElect: flags.leaderElect,
    leaseName: flags.leaseName,
    metricsBindAddress: flags.metricsBindAddress,
    ...(flags.watchLabelSelector ? { labelSelector: flags.watchLabelSelector } : {}),
    concurrency: flags.concurrency,
    version,
  }).catch((error: unknown) => {
    throw error instanceof ListenError ? new UsageError(error.message) : error;
  });
  if (running.address) log.info(running.address, 'serving /metrics, /healthz and /readyz');
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, resolve);
  });
  log.info({ signal }, 'told to stop');
  // A second signal ends it at once, by Node's own default.
  await running.stop();
}

/**
 * Where the Lease lives, and whose items may look at the whole cluster. That of a kubeconfig's context is
 * whatever somebody worked in last, and says nothing about either.
 */
export function ownNamespace(
  { namespace }: Pick<OperatorFlags, 'namespace'>,
  { POD_NAMESPACE }: Readonly<Record<string, string | undefined>>,
  connection: Pick<Connection, 'inPod' | 'namespace'>,
): string {
  const ofPod = connection.inPod ? connection.namespace : undefined;
  return namespace ?? POD_NAMESPACE ?? ofPod ?? 'remediation-system';
}

// What the operator does while nothing changes: CPU, requests, writes.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transport } from '../../src/kubernetes/index.ts';
import { growth, type Metrics, type OperatorProcess, parseMetrics } from './process.ts';
import type { Bench } from './setup.ts';

export interface Idle {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Requests of the operator, as it counts them itself: verb and status with their number. */
  readonly requests: Readonly<Record<string, number>>;
  /** Writes that the API server served to anybody, by verb and resource. */
  readonly apiServerWrites: Readonly<Record<string, number>>;
  /** Writes to etcd by the whole control plane: the nodes' leases are among them. */
  readonly etcdPuts: number;
}

const WRITES = /verb="(APPLY|PATCH|POST|PUT|DELETE)"/;

async function apiServerMetrics(transport: Transport): Promise<Metrics> {
  const stream = await transport.stream({ path: '/metrics' });
  const chunks: Buffer[] = [];
  for await (const chunk of stream.chunks) chunks.push(chunk);
  return parseMetrics(Buffer.concat(chunks).toString());
}

async function etcdMetrics(etcd: string): Promise<Metrics> {
  return parseMetrics(await (await fetch(`${etcd}/metrics`)).text());
}

const label = (labels: string, name: string) => new RegExp(`[{,]${name}="([^"]*)"`).exec(labels)?.[1] ?? '';

function counted(
  grown: readonly [labels: string, by: number][],
  nameOf: (labels: string) => string,
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [labels, by] of grown) sums[nameOf(labels)] = (sums[nameOf(labels)] ?? 0) + by;
  return sums;
}

/** Watches the operator, or (without one) the cluster alone, for so long. */
export async function measureIdle(
  { transport, etcd }: Bench,
  operator: OperatorProcess | undefined,
  seconds: number,
): Promise<Idle> {
  const own = await operator?.metrics();
  const server = await apiServerMetrics(transport);
  const store = await etcdMetrics(etcd);
  const cpu = operator?.cpuSeconds() ?? 0;
  const started = performance.now();
  await sleep(seconds * 1000);
  const took = (performance.now() - started) / 1000;
  const cpuAfter = operator?.cpuSeconds() ?? 0;
  const storeAfter = await etcdMetrics(etcd);
  const serverAfter = await apiServerMetrics(transport);
  const ownAfter = await operator?.metrics();
  return {
    seconds: took,
    cpuSeconds: cpuAfter - cpu,
    requests:
      own && ownAfter
        ? counted(
            growth(own, ownAfter, 'rest_client_requests_total'),
            (labels) => `${label(labels, 'method')} ${label(labels, 'code')}`,
          )
        : {},
    apiServerWrites: counted(
      growth(server, serverAfter, 'apiserver_request_total').filter(([labels]) => WRITES.test(labels)),
      (labels) =>
        [
          label(labels, 'verb'),
          [label(labels, 'resource'), label(labels, 'subresource')].filter(Boolean).join('/'),
        ].join(' '),
    ),
    etcdPuts: growth(store, storeAfter, 'etcd_mvcc_put_total').reduce((sum, [, by]) => sum + by, 0),
  };
}

// The figures of one run, and the table that people read.
import type { Latencies } from './changes.ts';
import { CHANGES } from './changes.ts';
import type { Sizes } from './fixtures.ts';
import type { Floor } from './floor.ts';
import type { Idle } from './idle.ts';
import type { Inside, Memory } from './process.ts';

export interface Start {
  /** From the start of the process to the watch event of the last first verdict; undefined where all had one. */
  readonly judgedSeconds?: number;
  /** To the first 200 of /readyz: every item has been judged once. */
  readonly readySeconds: number;
  /** CPU that the process had used by then. */
  readonly cpuSeconds: number;
}

/** Everything that was measured; what was left out is not there. */
export interface Results {
  readonly at: string;
  readonly node: string;
  readonly sizes: Sizes;
  floor?: Floor;
  echo?: Latencies;
  start?: Start;
  states?: Record<string, number>;
  /** Until a few seconds after the last first verdict. */
  requestsAtStart?: Record<string, { count: number; meanMs: number }>;
  memoryAfterStart?: Memory;
  idle?: Idle;
  changes?: Latencies;
  inside?: Inside;
  memoryAfterChanges?: Memory;
  eventLoopLagMaxSeconds?: number | undefined;
  restart?: Start;
  /** Status writes after a restart, with statuses there already. */
  restartWrites?: number;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

const seconds = (value: number) => `${value.toFixed(2)} s`;
const ms = (value: number) => `${value.toFixed(1)} ms`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
const times = (a: number, b: number) => `${(a / b).toFixed(2)} ×`;
const listed = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([name, value]) => `${value} ${name}`)
    .join(', ') || 'none';

type Row = readonly [what: string, value: string, aim?: string];

export function asTable(results: Results): string {
  const { pods, deployments, budgets, policies, items } = results.sizes;
  const title = `${pods} pods, ${deployments} Deployments, ${budgets} budgets, ${policies} policies, ${items} items`;
  const rows: Row[] = [
    ...startRows(results),
    ...latencyRows(results),
    ...insideRows(results),
    ...memoryRows(results),
    ...idleRows(results),
  ];
  const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length));
  const lines = rows.map(([what, value, aim]) =>
    `${what.padEnd(width(0))}  ${value.padEnd(width(1))}  ${aim ? `aim: ${aim}` : ''}`.trimEnd(),
  );
  return `\n${title}\n${lines.join('\n')}\n`;
}

function startRows({ floor, start, restart, states, restartWrites, requestsAtStart }: Results): Row[] {
  return [
    ...(floor
      ? [
          [
            'floor: kubectl get --raw, one after the other',
            `${seconds(floor.seconds)} (${megabytes(floor.bytes)})`,
          ] as const,
        ]
      : []),
    ...(start?.judgedSeconds === undefined
      ? []
      : [
          [
            'start to the last first verdict',
            `${seconds(start.judgedSeconds)}${floor ? ` = ${times(start.judgedSeconds, floor.seconds)} floor` : ''}`,
            '1.5 × floor',
          ] as const,
          [
            'CPU of the operator until then',
            `${seconds(start.cpuSeconds)} (${listed(states ?? {})})`,
          ] as const,
          [
            'requests of the operator until then',
            Object.entries(requestsAtStart ?? {})
              .map(([verb, { count, meanMs }]) => `${count} ${verb} (mean ${ms(meanMs)})`)
              .join(', '),
          ] as const,
        ]),
    ...(restart
      ? [
          [
            'restart, statuses exist',
            `${seconds(restart.readySeconds)}${floor ? ` = ${times(restart.readySeconds, floor.seconds)} floor` : ''}, ${restartWrites} status writes`,
            '1.5 × floor, 0 writes',
          ] as const,
        ]
      : []),
  ];
}

function latencyRows({ echo, changes }: Results): Row[] {
  return CHANGES.flatMap((name): Row[] => {
    const bare = echo?.[name];
    const own = changes?.[name];
    return [
      ...(bare
        ? [
            [
              `bare echo, ${name}`,
              `p50 ${ms(percentile(bare, 0.5))}, p99 ${ms(percentile(bare, 0.99))}`,
            ] as const,
          ]
        : []),
      ...(own
        ? [
            [
              `change to verdict, ${name}`,
              `p50 ${ms(percentile(own, 0.5))}${bare ? ` = ${times(percentile(own, 0.5), percentile(bare, 0.5))} echo` : ''}, p99 ${ms(percentile(own, 0.99))}`,
              'p50 2 × echo, p99 < 100 ms',
            ] as const,
          ]
        : []),
    ];
  });
}

function insideRows({ inside }: Results): Row[] {
  if (!inside) return [];
  const { evaluations, evaluationMs, verdicts, changeToVerdictMs, writes, writeMs } = inside;
  return [
    [
      'inside the operator, in the mean',
      `${verdicts} verdicts ${ms(changeToVerdictMs)} after the change arrived; ${evaluations} evaluations of ${ms(evaluationMs)}; ${writes} status writes of ${ms(writeMs)}`,
    ],
  ];
}

function memoryRows({ memoryAfterStart, memoryAfterChanges, eventLoopLagMaxSeconds }: Results): Row[] {
  const row = (when: string, { rssBytes, peakBytes, heapBytes, heapUsedBytes }: Memory): Row => [
    `RSS ${when}`,
    `${megabytes(rssBytes)} (peak ${megabytes(peakBytes)}; heap ${megabytes(heapUsedBytes)} of ${megabytes(heapBytes)})`,
    '< 200 MB',
  ];
  return [
    ...(memoryAfterStart ? [row('after start', memoryAfterStart)] : []),
    ...(memoryAfterChanges ? [row('after the changes', memoryAfterChanges)] : []),
    ...(eventLoopLagMaxSeconds === undefined
      ? []
      : [['longest stall of the event loop', ms(eventLoopLagMaxSeconds * 1000)] as const]),
  ];
}

function idleRows({ idle }: Results): Row[] {
  if (!idle) return [];
  const during = `in ${idle.seconds.toFixed(0)} s`;
  return [
    [`idle: CPU ${during}`, seconds(idle.cpuSeconds), 'none that can be measured'],
    [`idle: requests of the operator ${during}`, listed(idle.requests), 'the Lease only'],
    [`idle: writes to the API server by anybody ${during}`, listed(idle.apiServerWrites)],
    [`idle: etcd puts by anybody ${during}`, String(idle.etcdPuts)],
  ];
}

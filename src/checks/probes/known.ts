// Where well-known programs answer for their health, by the names that their
// charts and operators give to containers. A guess is always marked as one.

import type { Container } from '../../facts/kinds.ts';
import type { ProbeName } from './schema.ts';

interface Known {
  readonly program: string;
  readonly containers: readonly string[];
  readonly port: number;
  /** A path may only be known for one of the probes: being not ready is no reason to be restarted. */
  readonly readiness: string;
  readonly liveness?: string;
}

// docs.victoriametrics.com, grafana.com/docs (HTTP APIs of Grafana, Loki, Tempo, Alloy), prometheus.io/docs/alerting.
const KNOWN: readonly Known[] = [
  {
    program: 'VictoriaMetrics',
    containers: ['vmsingle', 'vmagent'],
    port: 8429,
    readiness: '/health',
    liveness: '/health',
  },
  {
    program: 'Grafana',
    containers: ['grafana'],
    port: 3000,
    readiness: '/api/health',
    liveness: '/api/health',
  },
  { program: 'Loki', containers: ['loki'], port: 3100, readiness: '/ready' },
  { program: 'Tempo', containers: ['tempo'], port: 3200, readiness: '/ready' },
  {
    program: 'Alloy',
    containers: ['alloy'],
    port: 12345,
    readiness: '/-/ready',
    liveness: '/-/healthy',
  },
  {
    program: 'Alertmanager',
    containers: ['alertmanager'],
    port: 9093,
    readiness: '/-/ready',
    liveness: '/-/healthy',
  },
];

export interface Guess {
  readonly program: string;
  readonly path: string;
  readonly port: number | string;
}

/** Only where the container also declares the port that the program has by default. */
export function guessFor({ name, ports }: Container, probe: ProbeName): Guess | undefined {
  const known = KNOWN.find(({ containers }) => containers.includes(name));
  const path = probe === 'Readiness' ? known?.readiness : known?.liveness;
  const port = ports.find(({ containerPort }) => containerPort === known?.port);
  if (!known || path === undefined || !port) return undefined;
  return { program: known.program, path, port: port.name ?? port.containerPort };
}

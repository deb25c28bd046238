// The probe that a container should have: what the check asks for, on what the
// container has and declares. A path is never made up, unless it is marked.

import type { Container, ContainerPort, Probe } from '../../facts/kinds.ts';
import { guessFor } from './known.ts';
import { illegality } from './legality.ts';
import { type Expectations, PROBES, type ProbeName } from './schema.ts';

export const FIELDS = {
  Readiness: 'readinessProbe',
  Liveness: 'livenessProbe',
  Startup: 'startupProbe',
} as const;

type Handler = Pick<Probe, 'httpGet' | 'tcpSocket' | 'grpc' | 'exec'>;

export interface Proposed {
  /** undefined where something is missing for it. */
  readonly probe?: Probe;
  readonly decide: readonly string[];
  readonly missing?: string;
}

/** The probe of this name, as like to the one that is there as can be. */
export function proposeProbe(
  container: Container,
  name: ProbeName,
  expected: Expectations | undefined,
): Proposed {
  const found = handlerFor(container, name, expected);
  if (!found.handler) return { decide: [], missing: found.missing };
  const existing = soundOf(container, name);
  const probe = { ...found.handler, ...timesFor(name, existing, expected) };
  return { probe, decide: found.decide ?? [] };
}

/** The probe that is there, if the API server accepts it. */
function soundOf(container: Container, name: ProbeName): Probe | undefined {
  const probe = container[FIELDS[name]];
  return probe && !illegality(probe, name) ? probe : undefined;
}

interface Found {
  readonly handler?: Handler;
  readonly decide?: readonly string[];
  readonly missing?: string;
}

function handlerFor(container: Container, name: ProbeName, expected: Expectations | undefined): Found {
  const existing = soundOf(container, name);
  if (expected?.path !== undefined) return askingPath(container, expected.path, expected.port, existing);
  if (expected?.port !== undefined) return askingPort(existing, expected.port, container, name);
  if (existing) {
    const own = resolving(existing, container);
    if (own) return { handler: own };
    return onAnotherPort(existing, container, name);
  }
  const sibling = PROBES.filter((other) => other !== name).find((other) => {
    const probe = soundOf(container, other);
    return probe && resolving(probe, container);
  });
  if (sibling) {
    return {
      handler: handlerOf(container[FIELDS[sibling]] as Probe),
      decide: [
        `the ${FIELDS[name]} of container ${container.name} asks what its ${FIELDS[sibling]} asks: if the program has an endpoint for each, give each its own`,
      ],
    };
  }
  return unasked(container, name);
}

/** Nothing says what to ask: a guess about a well-known program, else whether the port accepts connections. */
function unasked(container: Container, name: ProbeName): Found {
  const guess = guessFor(container, name);
  if (guess) {
    return {
      handler: { httpGet: { path: guess.path, port: guess.port } },
      decide: [
        `GUESS: ${guess.path} is where ${guess.program} answers by default, and container ${container.name} has its name and port; nothing says that this one does. Say it in the check as ${name.toLowerCase()}.path`,
      ],
    };
  }
  const port = portFor(container);
  if (!port) return { missing: noPort(container) };
  return {
    handler: { tcpSocket: { port: nameOf(port.port) } },
    decide: [
      ...port.decide,
      `the ${FIELDS[name]} of container ${container.name} only asks whether port ${nameOf(port.port)} accepts connections, since nothing says which path answers for its health: if there is one, say it in the check as ${name.toLowerCase()}.path`,
    ],
  };
}

function askingPath(
  container: Container,
  path: string,
  wanted: number | string | undefined,
  existing: Probe | undefined,
): Found {
  const before = existing?.httpGet;
  const kept = existing && resolving(existing, container) ? portOf(existing) : undefined;
  const known = wanted ?? kept ?? PROBES.map((each) => siblingPort(container, each)).find(Boolean);
  if (known !== undefined) {
    const declared = container.ports.find((port) => port.name === known || port.containerPort === known);
    return { handler: { httpGet: { ...(before ?? schemeOf(declared)), path, port: known } } };
  }
  const port = portFor(container);
  if (!port) return { missing: noPort(container) };
  const httpGet = { ...(before ?? schemeOf(port.port)), path, port: nameOf(port.port) };
  return { handler: { httpGet }, decide: port.decide };
}

function siblingPort(container: Container, name: ProbeName): number | string | undefined {
  const probe = soundOf(container, name);
  return probe?.httpGet && resolving(probe, container) ? probe.httpGet.port : undefined;
}

const schemeOf = (port: ContainerPort | undefined) => (port?.name === 'https' ? { scheme: 'HTTPS' } : {});

function askingPort(
  existing: Probe | undefined,
  port: number | string,
  container: Container,
  name: ProbeName,
): Found {
  if (existing && portOf(existing) !== undefined) return { handler: withPort(existing, port, container) };
  return {
    handler: { tcpSocket: { port } },
    decide: [
      `the ${FIELDS[name]} of container ${container.name} only asks whether port ${port} accepts connections: if a path answers for its health, say it in the check as ${name.toLowerCase()}.path`,
    ],
  };
}

/** The probe names a port that the container does not declare. */
function onAnotherPort(existing: Probe, container: Container, name: ProbeName): Found {
  const port = portFor(container);
  if (!port) return { missing: noPort(container) };
  return {
    handler: withPort(existing, nameOf(port.port), container),
    decide: [
      `the ${FIELDS[name]} of container ${container.name} asked port ${portOf(existing)}, which the container does not declare; it now asks ${nameOf(port.port)}. Or declare that port`,
    ],
  };
}

/** gRPC ports are numbers. */
function withPort(probe: Probe, port: number | string, { ports }: Container): Handler {
  if (probe.httpGet) return { httpGet: { ...probe.httpGet, port } };
  if (probe.tcpSocket) return { tcpSocket: { ...probe.tcpSocket, port } };
  const number = typeof port === 'number' ? port : ports.find((each) => each.name === port)?.containerPort;
  return probe.grpc && number !== undefined ? { grpc: { ...probe.grpc, port: number } } : handlerOf(probe);
}

function handlerOf({ httpGet, tcpSocket, grpc, exec }: Probe): Handler {
  if (httpGet) return { httpGet };
  if (tcpSocket) return { tcpSocket };
  return grpc ? { grpc } : { exec };
}

const portOf = ({ httpGet, tcpSocket, grpc }: Probe) => httpGet?.port ?? tcpSocket?.port ?? grpc?.port;

/** The handler, if its port is a number or one that the container declares. */
function resolving(probe: Probe, { ports }: Container): Handler | undefined {
  const port = portOf(probe);
  const isThere = typeof port !== 'string' || ports.some(({ name }) => name === port);
  return isThere ? handlerOf(probe) : undefined;
}

/** Names under which health is usually answered for, the likeliest first. */
const LIKELY = [
  'health',
  'healthz',
  'http-health',
  'probe',
  'http',
  'web',
  'http-web',
  'https',
  'api',
  'metrics',
  'http-metrics',
];

function portFor({
  ports,
  name,
}: Container): { readonly port: ContainerPort; readonly decide: readonly string[] } | undefined {
  const tcp = ports.filter(({ protocol }) => protocol === 'TCP');
  const [only, ...more] = tcp;
  if (only && more.length === 0) return { port: only, decide: [] };
  for (const likely of LIKELY) {
    const port = tcp.find((each) => each.name === likely);
    if (!port) continue;
    const others = tcp.filter((each) => each !== port).map(nameOf);
    return {
      port,
      decide: [
        `container ${name} declares ${nameOf(port)} and ${others.join(', ')}; ${nameOf(port)} is asked`,
      ],
    };
  }
  return undefined;
}

const nameOf = ({ name, containerPort }: ContainerPort) => name ?? containerPort;

function noPort({ name, ports }: Container): string {
  const tcp = ports.filter(({ protocol }) => protocol === 'TCP');
  const which =
    tcp.length === 0
      ? 'declares no TCP port'
      : `declares ports ${tcp.map(nameOf).join(', ')}, none of which is known to answer for its health`;
  return `Container ${name} ${which}: say in the check which port and path its probes are to ask (readiness.port, readiness.path, liveness.port, ...), or name the container in exceptContainers.`;
}

/** What is there, brought within the limits; for a new probe the usual times, written out. */
function timesFor(name: ProbeName, existing: Probe | undefined, expected: Expectations | undefined) {
  const { httpGet: _, tcpSocket: __, grpc: ___, exec: ____, ...kept } = existing ?? {};
  const usual = existing ? kept : { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: FAILURES[name] };
  const { maxTimeoutSeconds, minInitialDelaySeconds, minPeriodSeconds } = expected ?? {};
  const { timeoutSeconds, initialDelaySeconds, periodSeconds } = usual as Probe;
  return {
    ...usual,
    ...(maxTimeoutSeconds !== undefined && (timeoutSeconds || 1) > maxTimeoutSeconds
      ? { timeoutSeconds: maxTimeoutSeconds }
      : {}),
    ...(minInitialDelaySeconds !== undefined && (initialDelaySeconds ?? 0) < minInitialDelaySeconds
      ? { initialDelaySeconds: minInitialDelaySeconds }
      : {}),
    ...(minPeriodSeconds !== undefined && (periodSeconds || 10) < minPeriodSeconds
      ? { periodSeconds: minPeriodSeconds }
      : {}),
  };
}

/** A restart should take longer to be decided than being taken out of service; a start may take five minutes. */
const FAILURES = { Readiness: 3, Liveness: 6, Startup: 30 } as const;

// What is wrong with the probes of one pod specification. Pure: it takes a
// template or a pod alike, and knows nothing of rollouts.

import type { Container, PodSpec, Probe } from '../../facts/kinds.ts';
import { matchesAny, nameMatches } from '../shared/names.ts';
import { illegality } from './legality.ts';
import { type Expectations, type Params, PROBES, type ProbeName } from './schema.ts';

/** One thing wrong with one container. */
export interface Violation {
  readonly reason:
    | 'MissingProbe'
    | 'ProbeMismatch'
    | 'ProbeTiming'
    | 'UnresolvedPort'
    | 'InvalidProbe'
    | 'ContainerMissing';
  readonly container: string;
  readonly field: string;
  readonly what: string;
  readonly fix: string;
}

/** Something that is told and decides nothing. */
export interface Remark {
  readonly reason: 'UndeclaredPort' | 'IdenticalProbes';
  readonly container: string;
  readonly field: string;
  readonly what: string;
}

export interface Reading {
  readonly violations: readonly Violation[];
  readonly remarks: readonly Remark[];
  /** The names of the containers that were judged. */
  readonly judged: readonly string[];
}

const FIELD = { Readiness: 'readinessProbe', Liveness: 'livenessProbe', Startup: 'startupProbe' } as const;
const EXPECTED = { Readiness: 'readiness', Liveness: 'liveness', Startup: 'startup' } as const;

/** Probes are legal on regular containers and on sidecars, so only those can be asked for them. */
export function probedContainers({ containers, initContainers }: PodSpec): readonly Container[] {
  return [...containers, ...initContainers.filter(isSidecar)];
}

const isSidecar = ({ restartPolicy }: Container) => restartPolicy === 'Always';

/** Is the container meant by `containers` and not by `exceptContainers`? */
export function isMeant(params: Params, name: string): boolean {
  return matchesAny(params.containers, name) && !matchesAny(params.exceptContainers, name);
}

/** Judges every container that the parameters mean. */
export function readContainers(params: Params, spec: PodSpec): Reading {
  const violations: Violation[] = [];
  const remarks: Remark[] = [];
  const judged: string[] = [];
  for (const container of [
    ...probedContainers(spec),
    ...spec.initContainers.filter((each) => !isSidecar(each)),
  ]) {
    violations.push(...illegalProbes(container, spec));
  }
  for (const container of probedContainers(spec)) {
    if (!isMeant(params, container.name)) continue;
    judged.push(container.name);
    const at = placeOf(container, spec);
    for (const name of PROBES) violations.push(...judgeProbe(params, container, name, at));
    remarks.push(...remarksOn(params, container, at));
  }
  return { violations, remarks, judged };
}

/** The patterns of `containers` that match none of `names`. */
export function unmatchedPatterns(params: Params, names: readonly string[]): readonly string[] {
  return params.containers.filter((pattern) => !names.some((name) => nameMatches(pattern, name)));
}

/** The container's own field of the pod specification. */
const placeOf = (container: Container, { containers }: PodSpec) =>
  `${containers.includes(container) ? 'containers' : 'initContainers'}[${container.name}]`;

/** Probes for which the API server refuses the object, whether or not they are asked for. */
function illegalProbes(container: Container, spec: PodSpec): readonly Violation[] {
  const init = !spec.containers.includes(container);
  return PROBES.flatMap((name): Violation[] => {
    const probe = container[FIELD[name]];
    if (!probe) return [];
    const about = { reason: 'InvalidProbe' as const, container: container.name };
    const field = `${placeOf(container, spec)}.${FIELD[name]}`;
    const whose = `the ${FIELD[name]} of ${init ? 'init container' : 'container'} ${container.name}`;
    if (init && !isSidecar(container)) {
      return [
        {
          ...about,
          field,
          what: `${whose} is one that the API server refuses: only sidecars among the init containers may have probes`,
          fix: 'Leave it out, or make the container a sidecar with restartPolicy Always.',
        },
      ];
    }
    const bad = illegality(probe, name);
    if (!bad) return [];
    return [
      {
        ...about,
        field: bad.field === '' ? field : `${field}.${bad.field}`,
        what: `${whose} ${bad.what}, which the API server refuses`,
        fix: bad.fix,
      },
    ];
  });
}

function judgeProbe(params: Params, container: Container, name: ProbeName, at: string): readonly Violation[] {
  const probe = container[FIELD[name]];
  const field = `${at}.${FIELD[name]}`;
  const about = { container: container.name, field };
  if (!probe) {
    if (!params.require.includes(name)) return [];
    return [
      {
        ...about,
        reason: 'MissingProbe',
        what: `container ${container.name} has no ${FIELD[name]}`,
        fix: `Add ${article(FIELD[name])} ${FIELD[name]} to container ${container.name}${wish(params[EXPECTED[name]])}.`,
      },
    ];
  }
  const expected = params[EXPECTED[name]];
  if (!expected && !params.require.includes(name)) return [];
  if (illegality(probe, name)) return [];
  const port = askedPort(probe);
  if (typeof port?.value === 'string' && resolvePort(port.value, container) === undefined) {
    return [
      {
        ...about,
        reason: 'UnresolvedPort',
        field: `${field}.${port.field}`,
        what: `the ${FIELD[name]} of container ${container.name} asks port ${port.value}, and no port of the container has that name`,
        fix: `Declare a port named ${port.value} on container ${container.name}, or give its number.`,
      },
    ];
  }
  if (!expected || isRewritten(probe, container.name)) return timing(expected, probe, name, about);
  return [...handler(expected, probe, container, name, about), ...timing(expected, probe, name, about)];
}

const article = (word: string) => (/^[aeiou]/.test(word) ? 'an' : 'a');

function wish(expected: Expectations | undefined): string {
  if (!expected || (expected.path === undefined && expected.port === undefined)) return '';
  const parts = [
    expected.path === undefined ? '' : ` path ${expected.path}`,
    expected.port === undefined ? '' : ` port ${expected.port}`,
  ];
  return ` that asks${parts.join('')}`;
}

interface About {
  readonly container: string;
  readonly field: string;
}

/** The path and port, with the API server's default path (SetDefaults_HTTPGetAction). */
function handler(
  expected: Expectations,
  probe: Probe,
  container: Container,
  name: ProbeName,
  about: About,
): readonly Violation[] {
  const violations: Violation[] = [];
  const whose = `the ${FIELD[name]} of container ${container.name}`;
  if (expected.path !== undefined) {
    const path = probe.httpGet ? probe.httpGet.path || '/' : undefined;
    if (path !== expected.path) {
      violations.push({
        ...about,
        reason: 'ProbeMismatch',
        field: probe.httpGet ? `${about.field}.httpGet.path` : about.field,
        what: `${whose} ${path === undefined ? `is ${kindOf(probe)} and asks no path` : `asks path ${path}`}, not ${expected.path}`,
        fix: `Set httpGet.path ${expected.path}.`,
      });
    }
  }
  if (expected.port !== undefined) {
    const port = askedPort(probe);
    const wanted = resolvePort(expected.port, container);
    const asked = port === undefined ? undefined : resolvePort(port.value, container);
    if (asked === undefined || (asked !== wanted && port?.value !== expected.port)) {
      violations.push({
        ...about,
        reason: 'ProbeMismatch',
        field: port ? `${about.field}.${port.field}` : about.field,
        what: `${whose} ${port === undefined ? `is ${kindOf(probe)} and asks no port` : `asks port ${port.value}${port.value === asked ? '' : ` (${asked})`}`}, not ${expected.port}`,
        fix: `Let it ask port ${expected.port}.`,
      });
    }
  }
  return violations;
}

/** The limits, with the API server's defaults (SetDefaults_Probe): 0 and absent are the same. */
function timing(
  expected: Expectations | undefined,
  probe: Probe,
  name: ProbeName,
  about: About,
): readonly Violation[] {
  if (!expected) return [];
  const rows = [
    ['timeoutSeconds', probe.timeoutSeconds || 1, 'at most', expected.maxTimeoutSeconds],
    ['initialDelaySeconds', probe.initialDelaySeconds ?? 0, 'at least', expected.minInitialDelaySeconds],
    ['periodSeconds', probe.periodSeconds || 10, 'at least', expected.minPeriodSeconds],
  ] as const;
  return rows.flatMap(([field, value, bound, limit]): Violation[] => {
    if (limit === undefined || (bound === 'at most' ? value <= limit : value >= limit)) return [];
    return [
      {
        ...about,
        reason: 'ProbeTiming',
        field: `${about.field}.${field}`,
        what: `the ${FIELD[name]} of container ${about.container} has ${field} ${value}, which must be ${bound} ${limit}`,
        fix: `Set ${field} ${limit}.`,
      },
    ];
  });
}

function askedPort(probe: Probe): { readonly value: number | string; readonly field: string } | undefined {
  if (probe.httpGet) return { value: probe.httpGet.port, field: 'httpGet.port' };
  if (probe.tcpSocket) return { value: probe.tcpSocket.port, field: 'tcpSocket.port' };
  if (probe.grpc) return { value: probe.grpc.port, field: 'grpc.port' };
  return undefined;
}

function kindOf(probe: Probe): string {
  if (probe.httpGet) return 'httpGet';
  if (probe.tcpSocket) return 'tcpSocket';
  if (probe.grpc) return 'grpc';
  return probe.exec ? 'exec' : 'empty';
}

/** FindPortByName (pkg/probe/util.go): a name is looked up in the same container. */
function resolvePort(port: number | string, { ports }: Container): number | undefined {
  if (typeof port === 'number') return port;
  return ports.find(({ name }) => name === port)?.containerPort;
}

/**
 * Istio's sidecar injector moves HTTP and gRPC probes of a pod to its agent, as
 * /app-health/CONTAINER/readyz on the agent's port, and keeps the original to
 * itself (istio.io, "Health Checking of Istio Services"). The template still
 * shows what is really asked, so the pod's own path and port are not compared.
 */
function isRewritten({ httpGet }: Probe, container: string): boolean {
  return httpGet?.path?.startsWith(`/app-health/${container}/`) === true;
}

function remarksOn(params: Params, container: Container, at: string): readonly Remark[] {
  const remarks: Remark[] = [];
  for (const name of params.require) {
    const probe = container[FIELD[name]];
    const port = probe && askedPort(probe);
    if (!probe || !port || illegality(probe, name) || isRewritten(probe, container.name)) continue;
    const number = resolvePort(port.value, container);
    if (number === undefined || container.ports.some(({ containerPort }) => containerPort === number))
      continue;
    remarks.push({
      reason: 'UndeclaredPort',
      container: container.name,
      field: `${at}.${FIELD[name]}.${port.field}`,
      what: `the ${FIELD[name]} of container ${container.name} asks port ${number}, which the container does not declare. It works, but see that the number is right.`,
    });
  }
  const { readinessProbe, livenessProbe } = container;
  if (readinessProbe && livenessProbe && sameProbe(readinessProbe, livenessProbe)) {
    remarks.push({
      reason: 'IdenticalProbes',
      container: container.name,
      field: `${at}.livenessProbe`,
      what: `container ${container.name} has the same readiness and liveness probe: what should only take it out of service also restarts it. Let liveness wait longer, or ask less.`,
    });
  }
  return remarks;
}

/** The same in effect, defaults filled in. */
function sameProbe(a: Probe, b: Probe): boolean {
  return JSON.stringify(effective(a)) === JSON.stringify(effective(b));
}

function effective(probe: Probe): readonly unknown[] {
  const { httpGet, tcpSocket, grpc, exec } = probe;
  return [
    httpGet && [httpGet.path || '/', httpGet.port, httpGet.scheme || 'HTTP', httpGet.host ?? ''],
    tcpSocket && [tcpSocket.port, tcpSocket.host ?? ''],
    grpc && [grpc.port, grpc.service ?? ''],
    exec?.command,
    probe.initialDelaySeconds ?? 0,
    probe.periodSeconds || 10,
    probe.timeoutSeconds || 1,
    probe.failureThreshold || 3,
  ];
}

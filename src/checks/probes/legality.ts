// Which probes the API server refuses, and with them the whole object: a
// manifest with one of these never runs. After validateProbe and its siblings in
// pkg/apis/core/validation/validation.go of Kubernetes 1.36, defaults filled in.

import type { Probe } from '../../facts/kinds.ts';
import type { ProbeName } from './schema.ts';

/** What is wrong, and the field below the probe that it is about; '' is the probe itself. */
export interface Illegality {
  readonly field: string;
  readonly what: string;
  readonly fix: string;
}

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc'] as const;
const TIMES = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;

/** The first thing for which the API server would refuse the probe. */
export function illegality(probe: Probe, name: ProbeName): Illegality | undefined {
  const handlers = HANDLERS.filter((handler) => probe[handler]);
  const [handler, ...more] = handlers;
  if (!handler || more.length > 0) {
    return {
      field: '',
      what: handler ? `has ${handlers.join(' and ')}` : `has none of ${HANDLERS.join(', ')}`,
      fix: 'Give exactly one of them.',
    };
  }
  return badHandler(probe, handler) ?? badNumber(probe, name);
}

function badHandler(probe: Probe, handler: (typeof HANDLERS)[number]): Illegality | undefined {
  switch (handler) {
    case 'exec':
      if (probe.exec?.command?.length) return undefined;
      return { field: 'exec.command', what: 'has no command', fix: 'Give exec.command.' };
    case 'httpGet': {
      const scheme = probe.httpGet?.scheme || 'HTTP';
      if (scheme !== 'HTTP' && scheme !== 'HTTPS') {
        return { field: 'httpGet.scheme', what: `has scheme ${scheme}`, fix: 'Set HTTP or HTTPS.' };
      }
      return badPort(probe.httpGet?.port, 'httpGet.port');
    }
    case 'tcpSocket':
      return badPort(probe.tcpSocket?.port, 'tcpSocket.port');
    case 'grpc': {
      const port = probe.grpc?.port;
      if (typeof port !== 'string') return badPort(port, 'grpc.port');
      return { field: 'grpc.port', what: `names port ${port}`, fix: 'Give its number.' };
    }
    default:
      return handler satisfies never;
  }
}

function badPort(port: number | string | undefined, field: string): Illegality | undefined {
  if (port === undefined) return { field, what: 'has no port', fix: 'Give the port.' };
  if (typeof port === 'string' ? isPortName(port) : isPortNumber(port)) return undefined;
  return {
    field,
    what: `has port ${JSON.stringify(port)}`,
    fix: 'Give a number from 1 to 65535, or the name of a container port.',
  };
}

const isPortNumber = (port: number) => Number.isInteger(port) && port >= 1 && port <= 65_535;

/** IsValidPortName (k8s.io/apimachinery/pkg/util/validation): a number written as a string is none. */
const isPortName = (port: string) =>
  /^[-a-z0-9]{1,15}$/.test(port) && /[a-z]/.test(port) && !/^-|--|-$/.test(port);

function badNumber(probe: Probe, name: ProbeName): Illegality | undefined {
  for (const field of TIMES) {
    const value = probe[field] ?? 0;
    if (Number.isInteger(value) && value >= 0) continue;
    return { field, what: `has ${field} ${value}`, fix: `Set ${field} to 0 or more.` };
  }
  const { successThreshold, terminationGracePeriodSeconds: grace } = probe;
  if (name !== 'Readiness' && (successThreshold || 1) !== 1) {
    return {
      field: 'successThreshold',
      what: `has successThreshold ${successThreshold}`,
      fix: 'Set it to 1, which is all that this probe may have.',
    };
  }
  if (grace === undefined || grace === null) return undefined;
  if (name === 'Readiness') {
    return {
      field: 'terminationGracePeriodSeconds',
      what: 'has terminationGracePeriodSeconds, which a readinessProbe may not have',
      fix: 'Leave it out.',
    };
  }
  if (Number.isInteger(grace) && grace > 0) return undefined;
  return {
    field: 'terminationGracePeriodSeconds',
    what: `has terminationGracePeriodSeconds ${grace}`,
    fix: 'Set it to 1 or more, or leave it out.',
  };
}

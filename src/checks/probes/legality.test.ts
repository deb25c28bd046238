// What the API server refuses, row by row, as test/integration/differential found it to answer.

import { describe, expect, it } from 'vitest';
import type { Probe } from '../../facts/kinds.ts';
import { illegality } from './legality.ts';
import type { ProbeName } from './schema.ts';

const tcp = { tcpSocket: { port: 80 } };
type Row = readonly [string, object, ProbeName];

describe('the API server takes', () => {
  it.each([
    ['an exec probe', { exec: { command: ['true'] } }, 'Liveness'],
    ['an HTTP probe of a number', { httpGet: { port: 1 } }, 'Liveness'],
    ['an HTTPS probe of a name', { httpGet: { port: 'fifteen-letters', scheme: 'HTTPS' } }, 'Startup'],
    ['an HTTP probe with an empty scheme', { httpGet: { port: 65_535, scheme: '' } }, 'Readiness'],
    ['a name of digits with a letter', { tcpSocket: { port: '1a-2' } }, 'Readiness'],
    ['a gRPC probe', { grpc: { port: 9000, service: 'x' } }, 'Readiness'],
    ['times of 0', { ...tcp, timeoutSeconds: 0, periodSeconds: 0, failureThreshold: 0 }, 'Liveness'],
    ['a successThreshold of 2 on a readinessProbe', { ...tcp, successThreshold: 2 }, 'Readiness'],
    ['a successThreshold of 1 elsewhere', { ...tcp, successThreshold: 1 }, 'Startup'],
    ['a successThreshold of 0, which becomes 1', { ...tcp, successThreshold: 0 }, 'Liveness'],
    ['a grace period', { ...tcp, terminationGracePeriodSeconds: 1 }, 'Liveness'],
    ['a grace period of null', { ...tcp, terminationGracePeriodSeconds: null }, 'Readiness'],
  ] as const satisfies readonly Row[])('%s', (_, probe, name) => {
    expect(illegality(probe as unknown as Probe, name)).toBeUndefined();
  });
});

describe('the API server refuses', () => {
  it.each([
    ['no handler', {}, 'Liveness', '', 'has none of exec, httpGet, tcpSocket, grpc'],
    ['two handlers', { ...tcp, grpc: { port: 1 } }, 'Liveness', '', 'has tcpSocket and grpc'],
    ['no command', { exec: {} }, 'Liveness', 'exec.command', 'has no command'],
    ['an empty command', { exec: { command: [] } }, 'Liveness', 'exec.command', 'has no command'],
    [
      'another scheme',
      { httpGet: { port: 1, scheme: 'http' } },
      'Liveness',
      'httpGet.scheme',
      'has scheme http',
    ],
    ['no port', { httpGet: {} }, 'Liveness', 'httpGet.port', 'has no port'],
    ['port 0', { httpGet: { port: 0 } }, 'Liveness', 'httpGet.port', 'has port 0'],
    ['port 65536', { tcpSocket: { port: 65_536 } }, 'Liveness', 'tcpSocket.port', 'has port 65536'],
    ['half a port', { tcpSocket: { port: 1.5 } }, 'Liveness', 'tcpSocket.port', 'has port 1.5'],
    ['a number as a name', { httpGet: { port: '80' } }, 'Liveness', 'httpGet.port', 'has port "80"'],
    ['an empty name', { httpGet: { port: '' } }, 'Liveness', 'httpGet.port', 'has port ""'],
    ['capitals', { httpGet: { port: 'Http' } }, 'Liveness', 'httpGet.port', 'has port "Http"'],
    ['two hyphens', { httpGet: { port: 'a--b' } }, 'Liveness', 'httpGet.port', 'has port "a--b"'],
    ['a leading hyphen', { httpGet: { port: '-a' } }, 'Liveness', 'httpGet.port', 'has port "-a"'],
    ['a trailing hyphen', { httpGet: { port: 'a-' } }, 'Liveness', 'httpGet.port', 'has port "a-"'],
    [
      '16 letters',
      { httpGet: { port: 'sixteen-letters-x'.slice(0, 16) } },
      'Liveness',
      'httpGet.port',
      'has port "sixteen-letters-"',
    ],
    ['no gRPC port', { grpc: {} }, 'Liveness', 'grpc.port', 'has no port'],
    ['gRPC port 0', { grpc: { port: 0 } }, 'Liveness', 'grpc.port', 'has port 0'],
    ['a named gRPC port', { grpc: { port: 'grpc' } }, 'Liveness', 'grpc.port', 'names port grpc'],
    [
      'a negative delay',
      { ...tcp, initialDelaySeconds: -1 },
      'Liveness',
      'initialDelaySeconds',
      'has initialDelaySeconds -1',
    ],
    [
      'a negative time-out',
      { ...tcp, timeoutSeconds: -1 },
      'Liveness',
      'timeoutSeconds',
      'has timeoutSeconds -1',
    ],
    ['a negative period', { ...tcp, periodSeconds: -1 }, 'Liveness', 'periodSeconds', 'has periodSeconds -1'],
    ['half a second', { ...tcp, periodSeconds: 0.5 }, 'Liveness', 'periodSeconds', 'has periodSeconds 0.5'],
    [
      'a negative failureThreshold',
      { ...tcp, failureThreshold: -1 },
      'Liveness',
      'failureThreshold',
      'has failureThreshold -1',
    ],
    [
      'a negative successThreshold',
      { ...tcp, successThreshold: -1 },
      'Readiness',
      'successThreshold',
      'has successThreshold -1',
    ],
    [
      '2 successes of liveness',
      { ...tcp, successThreshold: 2 },
      'Liveness',
      'successThreshold',
      'has successThreshold 2',
    ],
    [
      '2 successes of startup',
      { ...tcp, successThreshold: 2 },
      'Startup',
      'successThreshold',
      'has successThreshold 2',
    ],
    [
      'a grace period of readiness',
      { ...tcp, terminationGracePeriodSeconds: 5 },
      'Readiness',
      'terminationGracePeriodSeconds',
      'has terminationGracePeriodSeconds, which a readinessProbe may not have',
    ],
    [
      'a grace period of 0',
      { ...tcp, terminationGracePeriodSeconds: 0 },
      'Startup',
      'terminationGracePeriodSeconds',
      'has terminationGracePeriodSeconds 0',
    ],
    [
      'half a grace period',
      { ...tcp, terminationGracePeriodSeconds: 0.5 },
      'Startup',
      'terminationGracePeriodSeconds',
      'has terminationGracePeriodSeconds 0.5',
    ],
  ] as const)('%s', (_, probe, name, field, what) => {
    const found = illegality(probe as unknown as Probe, name);
    expect(found).toMatchObject({ field, what });
    expect(found?.fix).toMatch(/^(Give|Set|Leave) .*\.$/);
  });
});

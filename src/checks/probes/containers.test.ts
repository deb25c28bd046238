// What is wrong with the probes of one pod specification, row by row.

import { describe, expect, it } from 'vitest';
import { podSpec } from '../../facts/project-workloads.ts';
import { readContainers } from './containers.ts';
import { schema } from './schema.ts';

const params = (given: object = {}) => schema.parse({ workloads: [{ name: 'w' }], ...given });

const read = (container: object, given: object = {}) =>
  readContainers(params(given), podSpec({ containers: [{ name: 'c', ...container }] }));

const reasons = (container: object, given?: object) => {
  const { violations, remarks } = read(container, given);
  return [...violations, ...remarks].map(({ reason }) => reason);
};

const http = (more: object = {}) => ({ httpGet: { port: 80, ...more } });
const ports = [{ name: 'http', containerPort: 80 }, { containerPort: 81 }];

describe('two probes are the same', () => {
  it.each([
    ['when they ask the same', http(), http(), true],
    [
      'when one spells out the defaults',
      http(),
      { ...http({ path: '/', scheme: 'HTTP' }), periodSeconds: 10 },
      true,
    ],
    ['and the others of them', http(), { ...http(), timeoutSeconds: 1, failureThreshold: 3 }, true],
    ['and no delay', http(), { ...http(), initialDelaySeconds: 0 }, true],
    ['not of another path', http(), http({ path: '/live' }), false],
    ['not of two other paths', http({ path: '/ready' }), http({ path: '/live' }), false],
    ['not of another scheme', http(), http({ scheme: 'HTTPS' }), false],
    ['not of another host', http({ host: 'a' }), http({ host: 'b' }), false],
    ['not of another port', http(), http({ port: 81 }), false],
    [
      'not of another delay',
      { ...http(), initialDelaySeconds: 5 },
      { ...http(), initialDelaySeconds: 6 },
      false,
    ],
    ['not of another period', { ...http(), periodSeconds: 5 }, { ...http(), periodSeconds: 6 }, false],
    ['not of another time-out', { ...http(), timeoutSeconds: 5 }, { ...http(), timeoutSeconds: 6 }, false],
    [
      'not of another threshold',
      { ...http(), failureThreshold: 5 },
      { ...http(), failureThreshold: 6 },
      false,
    ],
    ['when they open the same socket', { tcpSocket: { port: 80 } }, { tcpSocket: { port: 80 } }, true],
    ['not another socket', { tcpSocket: { port: 80 } }, { tcpSocket: { port: 81 } }, false],
    [
      'not on another host',
      { tcpSocket: { port: 80, host: 'a' } },
      { tcpSocket: { port: 80, host: 'b' } },
      false,
    ],
    ['when they ask the same service', { grpc: { port: 80 } }, { grpc: { port: 80, service: '' } }, true],
    [
      'not another service',
      { grpc: { port: 80, service: 'a' } },
      { grpc: { port: 80, service: 'b' } },
      false,
    ],
    ['not another gRPC port', { grpc: { port: 80 } }, { grpc: { port: 81 } }, false],
    ['not another command', { exec: { command: ['a'] } }, { exec: { command: ['b'] } }, false],
  ] as const)('%s', (_, readinessProbe, livenessProbe, same) => {
    expect(reasons({ ports, readinessProbe, livenessProbe }).includes('IdenticalProbes')).toBe(same);
  });
});

describe('a container with a probe', () => {
  it.each([
    ['by name is as good as by number', http({ port: 'http' }), { port: 80 }, []],
    ['by number is as good as by name', http(), { port: 'http' }, []],
    ['of another port is a mismatch', http({ port: 81 }), { port: 'http' }, ['ProbeMismatch']],
    ['of another number is a mismatch', http({ port: 81 }), { port: 80 }, ['ProbeMismatch']],
    ['of a socket has a port as well', { tcpSocket: { port: 81 } }, { port: 80 }, ['ProbeMismatch']],
    ['of a socket that is the right one', { tcpSocket: { port: 80 } }, { port: 80 }, []],
    ['of gRPC too', { grpc: { port: 81 } }, { port: 80 }, ['ProbeMismatch']],
    ['of a port that is not declared', http({ port: 99 }), {}, ['UndeclaredPort']],
    ['of a declared port without a name', http({ port: 81 }), {}, []],
    ['of a name that is not declared', http({ port: 'admin' }), {}, ['UnresolvedPort']],
    ['that opens a socket of such a name', { tcpSocket: { port: 'admin' } }, {}, ['UnresolvedPort']],
    ['without a path asks /', http(), { path: '/' }, []],
    ['with an empty path asks /', http({ path: '' }), { path: '/' }, []],
    ['of another path', http({ path: '/a' }), { path: '/' }, ['ProbeMismatch']],
    ['at its limits', { ...http(), timeoutSeconds: 3 }, { maxTimeoutSeconds: 3 }, []],
    ['past them', { ...http(), timeoutSeconds: 4 }, { maxTimeoutSeconds: 3 }, ['ProbeTiming']],
    ['that waits long enough', { ...http(), initialDelaySeconds: 3 }, { minInitialDelaySeconds: 3 }, []],
    ['that does not', { ...http(), initialDelaySeconds: 2 }, { minInitialDelaySeconds: 3 }, ['ProbeTiming']],
    ['of a period of its own', { ...http(), periodSeconds: 3 }, { minPeriodSeconds: 3 }, []],
  ] as const)('%s', (_, readinessProbe, readiness, expected) => {
    expect(reasons({ ports, readinessProbe }, { require: ['Readiness'], readiness })).toEqual(expected);
  });

  it.each([
    [{ exec: { command: ['a'] } }, 'is exec and asks no path'],
    [{ tcpSocket: { port: 80 } }, 'is tcpSocket and asks no path'],
    [{ grpc: { port: 80 } }, 'is grpc and asks no path'],
    [http({ path: '/b' }), 'asks path /b'],
  ])('%o says what it asks instead', (readinessProbe, what) => {
    const { violations } = read(
      { ports, readinessProbe },
      { require: ['Readiness'], readiness: { path: '/a' } },
    );
    expect(violations[0]?.what).toBe(`the readinessProbe of container c ${what}, not /a`);
  });

  it.each([
    [{}, 'Add a readinessProbe to container c.'],
    [{ path: '/a' }, 'Add a readinessProbe to container c that asks path /a.'],
    [{ port: 80 }, 'Add a readinessProbe to container c that asks port 80.'],
    [{ path: '/a', port: 80 }, 'Add a readinessProbe to container c that asks path /a port 80.'],
  ])('that is missing shall ask what is expected: %o', (readiness, fix) => {
    expect(read({}, { require: ['Readiness'], readiness }).violations[0]?.fix).toBe(fix);
  });

  it('that nobody requires is held to what is expected of it, and missed by nobody', () => {
    const given = { require: ['Readiness'], liveness: { path: '/live' } };
    expect(reasons({ ports, readinessProbe: http(), livenessProbe: http({ path: '/x' }) }, given)).toEqual([
      'ProbeMismatch',
    ]);
    expect(reasons({ ports, readinessProbe: http() }, given)).toEqual([]);
    // Nobody asks for this one, so its port is its own affair.
    expect(
      reasons(
        { ports, readinessProbe: http(), livenessProbe: http({ port: 'no' }) },
        { require: ['Readiness'] },
      ),
    ).toEqual([]);
  });
});

it('reads sidecars, not init containers that end, and names each by its place', () => {
  const spec = podSpec({
    containers: [{ name: 'c', readinessProbe: { tcpSocket: { port: 1 } }, ports: [{ containerPort: 1 }] }],
    initContainers: [
      { name: 's', restartPolicy: 'Always' },
      { name: 'i' },
      { name: 'o', restartPolicy: 'OnFailure', livenessProbe: { tcpSocket: { port: 1 } } },
    ],
  });
  const { judged, violations } = readContainers(params({ require: ['Readiness'] }), spec);
  expect(judged).toEqual(['c', 's']);
  expect(violations.map(({ reason, field }) => [reason, field])).toEqual([
    ['InvalidProbe', 'initContainers[o].livenessProbe'],
    ['MissingProbe', 'initContainers[s].readinessProbe'],
  ]);
});

// Which probe is proposed for a container, from what the check asks for and the
// container has, and what is marked.

import { describe, expect, it } from 'vitest';
import { firstWay, remediesFor } from '../testing/remedies.ts';
import { probes } from './index.ts';

const web = (container: string, spec = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  ${spec}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{image: x, ${container}}]}
`;
const all = (params: object, container: string) =>
  remediesFor(probes, { workloads: [{ name: 'web' }], require: ['Readiness'], ...params }, web(container));
function readiness(params: object, container: string) {
  const { objects, decide } = firstWay(all(params, container));
  const [patch] = objects as { spec: { template: { spec: { containers: object[] } } } }[];
  return { container: patch?.spec.template.spec.containers[0], decide };
}
const PORTS = 'ports: [{name: grpc, containerPort: 9000}, {name: http, containerPort: 8080}]';
const TIMES = { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 };

describe('a probe that is proposed', () => {
  it('asks the path and port of the check, within its limits, and marks nothing', () => {
    const expected = {
      path: '/ready',
      port: 8081,
      maxTimeoutSeconds: 2,
      minInitialDelaySeconds: 5,
      minPeriodSeconds: 15,
    };
    expect(readiness({ readiness: expected }, `name: main, ${PORTS}`)).toEqual({
      decide: '',
      container: {
        name: 'main',
        readinessProbe: {
          httpGet: { path: '/ready', port: 8081 },
          periodSeconds: 15,
          timeoutSeconds: 2,
          failureThreshold: 3,
          initialDelaySeconds: 5,
        },
      },
    });
  });

  it('asks the port whose name says what it is for, and says that there are others', () => {
    const { container, decide } = readiness({ readiness: { path: '/ready' } }, `name: main, ${PORTS}`);
    expect(container).toMatchObject({ readinessProbe: { httpGet: { path: '/ready', port: 'http' } } });
    expect(decide).toContain('declares http and grpc; http is asked');
  });

  it('makes up no path', () => {
    const { container, decide } = readiness({}, `name: main, ${PORTS}`);
    expect(container).toEqual({ name: 'main', readinessProbe: { tcpSocket: { port: 'http' }, ...TIMES } });
    expect(decide).toContain('only asks whether port http accepts connections');
  });

  it('guesses for a well-known program by name and port, and marks it', () => {
    const { container, decide } = readiness({}, 'name: grafana, ports: [{containerPort: 3000}]');
    expect(container).toMatchObject({ readinessProbe: { httpGet: { path: '/api/health', port: 3000 } } });
    expect(decide).toContain('GUESS: /api/health');
    const other = readiness({}, 'name: grafana, ports: [{containerPort: 3001}]');
    expect(other.container).toMatchObject({ readinessProbe: { tcpSocket: { port: 3001 } } });
  });

  it('asks what another probe of the container asks', () => {
    const { container } = readiness({}, 'name: main, livenessProbe: {httpGet: {path: /alive, port: 1234}}');
    expect(container).toMatchObject({ readinessProbe: { httpGet: { path: '/alive', port: 1234 } } });
  });

  it('learns nothing from another probe that is wrong itself', () => {
    const container = 'name: main, ports: [{containerPort: 80}], livenessProbe: {exec: {command: [x]}}';
    const expected = { require: ['Readiness', 'Liveness'], liveness: { path: '/alive' } };
    expect(readiness(expected, container).container).toMatchObject({
      readinessProbe: { tcpSocket: { port: 80 } },
      livenessProbe: { exec: null, httpGet: { path: '/alive', port: 80 } },
    });
  });

  it('changes of one that is there only what it must', () => {
    const given =
      'name: main, readinessProbe: {httpGet: {path: /old, port: 80, scheme: HTTPS}, periodSeconds: 7}';
    expect(readiness({ readiness: { path: '/ready' } }, given).container).toEqual({
      name: 'main',
      readinessProbe: { httpGet: { path: '/ready' } },
    });
    const exec = 'name: main, ports: [{containerPort: 80}], readinessProbe: {exec: {command: [x]}}';
    expect(readiness({ readiness: { path: '/ready' } }, exec).container).toEqual({
      name: 'main',
      readinessProbe: { exec: null, httpGet: { path: '/ready', port: 80 } },
    });
  });

  it.for(['name: main', 'name: main, ports: [{containerPort: 53, protocol: UDP}]'])(
    'is none without a port to ask: %s',
    (container) => {
      const [remedy] = all({ readiness: { path: '/ready' } }, container);
      expect(remedy?.ways).toEqual([]);
      expect(remedy?.without).toContain('declares no TCP port: say in the check which port');
    },
  );

  it('is none where several ports could be meant', () => {
    const [remedy] = all({}, 'name: main, ports: [{name: a, containerPort: 1}, {name: b, containerPort: 2}]');
    expect(remedy?.ways).toEqual([]);
    expect(remedy?.without).toContain('declares ports a, b');
  });

  it('asks liveness more patiently than readiness', () => {
    const { objects } = firstWay(
      remediesFor(
        probes,
        { workloads: [{ name: 'web' }], readiness: { path: '/health' }, liveness: { path: '/health' } },
        web('name: main, ports: [{containerPort: 80}]'),
      ),
    );
    expect(objects).toMatchObject([
      {
        spec: {
          template: {
            spec: {
              containers: [
                { readinessProbe: { failureThreshold: 3 }, livenessProbe: { failureThreshold: 6 } },
              ],
            },
          },
        },
      },
    ]);
  });
});

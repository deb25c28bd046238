// What 10,000 pods cost in memory and in stalls: streamed from a child process
// that plays the API server, through reflector and store.
//   node test/bench/reflector.ts [PODS] [list]
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Connection,
  createStore,
  createTransport,
  type KubeObject,
  startReflector,
} from '../../src/kubernetes/index.ts';

const PODS = { group: '', version: 'v1', apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true };

/** A pod as a cluster holds it, about 5 KiB with its managed fields. */
function pod(index: number): object {
  const name = `web-${index % 200}-7d4b9c6f58-${index.toString(36).padStart(5, '0')}`;
  const probe = {
    httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' },
    periodSeconds: 10,
    failureThreshold: 3,
  };
  const fields = Object.fromEntries(
    Array.from({ length: 60 }, (_, n) => [`f:field-${n}`, { 'f:value': {}, '.': {} }]),
  );
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: `team-${index % 50}`,
      uid: `00000000-0000-0000-0000-${String(index).padStart(12, '0')}`,
      resourceVersion: String(index + 1),
      labels: { app: `web-${index % 200}`, 'pod-template-hash': '7d4b9c6f58' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `web-${index % 200}-7d4b9c6f58`, uid: 'u' },
      ],
      managedFields: [
        {
          manager: 'kube-controller-manager',
          operation: 'Update',
          time: '2026-01-01T00:00:00Z',
          fieldsV1: fields,
        },
        { manager: 'kubelet', operation: 'Update', subresource: 'status', fieldsV1: fields },
      ],
    },
    spec: {
      nodeName: `node-${index % 100}`,
      containers: [
        { name: 'main', image: 'registry.example/web:1', readinessProbe: probe, livenessProbe: probe },
      ],
    },
    status: { phase: 'Running', podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

/** Plays the server: a watch-list, or paged lists, of so many pods. */
function serve(count: number): void {
  const server = createServer(async (request, response) => {
    const query = new URL(request.url ?? '/', 'http://x').searchParams;
    response.setHeader('content-type', 'application/json');
    if (query.has('watch') && !query.has('sendInitialEvents')) return void response.flushHeaders();
    if (query.has('watch')) {
      for (let index = 0; index < count; index++) {
        const line = `${JSON.stringify({ type: 'ADDED', object: pod(index) })}\n`;
        if (!response.write(line)) await new Promise((resolve) => response.once('drain', resolve));
      }
      const metadata = {
        resourceVersion: String(count),
        annotations: { 'k8s.io/initial-events-end': 'true' },
      };
      response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Pod', metadata } })}\n`);
      return;
    }
    const start = Number(query.get('continue') ?? 0);
    const end = Math.min(start + Number(query.get('limit') ?? count), count);
    const items = Array.from({ length: end - start }, (_, index) => pod(start + index));
    const next = end < count ? String(end) : undefined;
    response.end(
      JSON.stringify({
        kind: 'PodList',
        metadata: { resourceVersion: String(count), continue: next },
        items,
      }),
    );
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit());
}

/** The fields that a check of probes or budgets would read. */
function project(raw: KubeObject): object {
  const { namespace, name, labels, ownerReferences } = raw.metadata;
  const { containers } = raw.spec as { containers: unknown };
  const { phase, conditions } = raw.status as { phase: unknown; conditions: unknown };
  return {
    metadata: { namespace, name, labels, ownerReferences },
    spec: { containers },
    status: { phase, conditions },
  };
}

/** CPU time of this thread per turn of the event loop: a stall, whatever else the machine is busy with. */
function measureTurns(): { stop(): { longestMs: number; p99Ms: number } } {
  const turns: number[] = [];
  let running = true;
  let last = process.threadCpuUsage();
  const turn = (): void => {
    const used = process.threadCpuUsage(last);
    last = process.threadCpuUsage();
    turns.push((used.user + used.system) / 1000);
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    stop: () => {
      running = false;
      turns.sort((a, b) => a - b);
      return { longestMs: turns.at(-1) ?? 0, p99Ms: turns[Math.floor(turns.length * 0.99)] ?? 0 };
    },
  };
}

async function measure(count: number, watchList: boolean): Promise<void> {
  const child = fork(import.meta.filename, ['serve', String(count)]);
  const port = await new Promise<number>((resolve) =>
    child.once('message', (message) => resolve(Number(message))),
  );
  const credentials = { headers: {}, tls: {} };
  const connection: Connection = {
    server: `http://127.0.0.1:${port}`,
    namespace: undefined,
    inPod: false,
    proxyUrl: undefined,
    description: 'the benchmark',
    authenticate: async () => credentials,
  };
  const transport = createTransport(connection);
  await transport.request({ path: '/', query: { limit: 1 } });
  const before = process.memoryUsage();
  const turns = measureTurns();
  const started = performance.now();
  const store = createStore<object>();
  let peak = 0;
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 10);
  const synced = new Promise<void>((resolve) => {
    store.onStatus((status) => status.state === 'synced' && resolve());
  });
  const reflector = startReflector({ transport, resource: PODS, project, sink: store, watchList });
  await synced;
  const seconds = (performance.now() - started) / 1000;
  const { longestMs, p99Ms } = turns.stop();
  clearInterval(sampler);
  const after = process.memoryUsage();
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  console.log(
    `${store.size} pods by ${watchList ? 'watch-list' : 'paged lists'}: ${seconds.toFixed(2)} s, ` +
      `longest turn ${longestMs.toFixed(1)} ms of CPU, p99 ${p99Ms.toFixed(1)} ms, ` +
      `RSS ${mb(before.rss)} before, ${mb(after.rss)} after, ${mb(peak)} at most`,
  );
  await reflector.stop();
  await transport.close();
  child.disconnect();
}

const [first, second] = process.argv.slice(2);
if (first === 'serve') serve(Number(second));
else await measure(Number(first ?? 10_000), second !== 'list');

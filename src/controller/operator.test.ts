// The operator as a whole against a scripted API server: what no real one does when
// it is asked to, here one that is slow while the operator is told to stop.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { API_VERSION, KIND } from '../api/group.ts';
import { itemParser } from '../api/remediation-item.ts';
import { blocksOf, byType } from '../checks/check.ts';
import { CHECKS } from '../checks/index.ts';
import { startArtifactServer } from '../facts/artifacts/testing/archives.ts';
import { SOURCE_API } from '../facts/source.ts';
import { DEFINITIONS_PATH, discoveryOf, groupOf } from '../facts/testing/live-fixture.ts';
import {
  added,
  bookmark,
  type FakeServer,
  json,
  startFakeServer,
  stream,
} from '../kubernetes/testing/fake-server.ts';
import { createLogger } from '../telemetry/log.ts';
import { type Operator, type OperatorOptions, startOperator } from './operator.ts';

const ITEMS = '/apis/remediation.dev/v1alpha1/remediationitems';
const NAMESPACE = 'remediation-system';
const REPOSITORIES = '/apis/source.toolkit.fluxcd.io/v1/gitrepositories';
const FLUX = groupOf('source.toolkit.fluxcd.io', 'v1', 'GitRepository', 'gitrepositories');
let server: FakeServer;
let operator: Operator | undefined;

beforeEach(async () => {
  server = await startFakeServer();
});
afterEach(async () => {
  await operator?.stop();
  operator = undefined;
  await server.close();
});

const DRILL = {
  name: 'drill',
  attestation: {
    statement: 'The drill was held',
    by: 'platform team',
    at: new Date().toISOString(),
    validFor: '2160h',
  },
};

const item = (name: string, check: object = DRILL) => ({
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { namespace: NAMESPACE, name, uid: name, generation: 1, resourceVersion: '1' },
  spec: {
    number: 1,
    title: 'Drill',
    checks: [check],
  },
});

/** An API server with this many items, that takes a while for each write of a status. */
function serve(count: number, writeMs: number): void {
  const items = Array.from({ length: count }, (_, at) => item(`item-${at}`));
  for (const each of items) {
    const path = `/apis/remediation.dev/v1alpha1/namespaces/${NAMESPACE}/remediationitems/${each.metadata.name}/status`;
    server.on(path, {}, async (request, response) => {
      await new Promise((resolve) => setTimeout(resolve, writeMs));
      const { status } = request.body as { status: object };
      await json({ ...each, metadata: { ...each.metadata, resourceVersion: '2' }, status })(
        request,
        response,
      );
    });
  }
  server.on(ITEMS, { watch: 'true' }, stream(...items.map(added), bookmark('1', true)));
}

const writes = () => server.requests.filter(({ method }) => method === 'PATCH').length;

function start(more: Partial<OperatorOptions> = {}): Promise<Operator> {
  return startOperator({
    connection: server.connection,
    checks: byType(CHECKS),
    parse: itemParser(blocksOf(CHECKS)),
    log: createLogger({ level: 'silent' }),
    namespace: NAMESPACE,
    identity: 'test',
    clusterWideNamespaces: [NAMESPACE],
    leaderElect: false,
    leaseName: 'test',
    metricsBindAddress: '0',
    concurrency: 4,
    version: 'test',
    ...more,
  });
}

test('told to stop, it finishes the writes that are under way, and begins no other', async () => {
  serve(400, 250);
  const concurrency = 4;
  operator = await start({ concurrency });
  await expect.poll(writes, { timeout: 10_000 }).toBeGreaterThan(concurrency);
  const before = writes();
  await operator.stop();
  operator = undefined;
  // All of them would have been hundreds, and 25 s.
  expect(writes() - before).toBeLessThanOrEqual(concurrency);
});

test('evidence that cannot be had is in the log and in the metrics, with the source and the reason', async () => {
  const artifacts = await startArtifactServer();
  artifacts.on('/home.tar.gz', (_request, response) => void response.writeHead(403).end());
  const repository = {
    apiVersion: SOURCE_API,
    kind: 'GitRepository',
    metadata: { namespace: 'flux-system', name: 'home', uid: 'home', generation: 1, resourceVersion: '1' },
    status: { artifact: { url: `${artifacts.url}/home.tar.gz`, digest: `sha256:${'0'.repeat(64)}` } },
  };
  const ref = { kind: 'GitRepository', namespace: 'flux-system', name: 'home' };
  const check = { name: 'readme', source: { ref, files: [{ path: 'README.md' }] } };
  for (const path of ['/api', '/apis']) server.on(path, {}, discoveryOf(FLUX));
  server.on(DEFINITIONS_PATH, { watch: 'true' }, stream(bookmark('1', true)));
  server.on(REPOSITORIES, { watch: 'true' }, stream(added(repository), bookmark('1', true)));
  server.on(ITEMS, { watch: 'true' }, stream(added(item('docs', check)), bookmark('1', true)));
  const lines: string[] = [];
  operator = await start({
    log: createLogger({ destination: { write: (line) => lines.push(line) } }),
    metricsBindAddress: '127.0.0.1:0',
    allowEvidenceFrom: ['127.0.0.1'],
  });
  const url = `http://127.0.0.1:${operator.address?.port}/metrics`;
  await expect
    .poll(async () => await (await fetch(url)).text(), { timeout: 10_000 })
    .toMatch(/^remediation_artifacts\{state="failed"\} 1$/m);
  const metrics = await (await fetch(url)).text();
  expect(metrics).toMatch(/^remediation_artifact_fetch_duration_seconds_count\{result="Forbidden"\} [1-9]$/m);
  expect(metrics).toMatch(/^remediation_artifact_memory_limit_bytes [1-9]\d+$/m);
  expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({
      level: 'warn',
      sources: ['GitRepository/flux-system/home'],
      reason: 'Forbidden',
      msg: expect.stringContaining('/home.tar.gz answers 403'),
    }),
  );
  await artifacts.close();
});

// The operator as a whole against a scripted API server: what no real one does when
// it is asked to, here one that is slow while the operator is told to stop.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { API_VERSION, KIND } from '../api/group.ts';
import { itemParser } from '../api/remediation-item.ts';
import { blocksOf, byType } from '../checks/check.ts';
import { CHECKS } from '../checks/index.ts';
import {
  added,
  bookmark,
  type FakeServer,
  json,
  startFakeServer,
  stream,
} from '../kubernetes/testing/fake-server.ts';
import { createLogger } from '../telemetry/log.ts';
import { type Operator, startOperator } from './operator.ts';

const ITEMS = '/apis/remediation.dev/v1alpha1/remediationitems';
const NAMESPACE = 'remediation-system';
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

const item = (name: string) => ({
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { namespace: NAMESPACE, name, uid: name, generation: 1, resourceVersion: '1' },
  spec: {
    number: 1,
    title: 'Drill',
    checks: [
      {
        name: 'drill',
        attestation: {
          statement: 'The drill was held',
          by: 'platform team',
          at: new Date().toISOString(),
          validFor: '2160h',
        },
      },
    ],
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

test('told to stop, it finishes the writes that are under way, and begins no other', async () => {
  serve(400, 250);
  const concurrency = 4;
  operator = await startOperator({
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
    concurrency,
    version: 'test',
  });
  await expect.poll(writes, { timeout: 10_000 }).toBeGreaterThan(concurrency);
  const before = writes();
  await operator.stop();
  operator = undefined;
  // All of them would have been hundreds, and 25 s.
  expect(writes() - before).toBeLessThanOrEqual(concurrency);
});

// The examples whose evidence is what runs, on a real API server: Implemented
// with the sample applied, Drifted after each break, and healed when what is in
// Git is applied again. Those of Git need a source-controller: test/integration/flux.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { ItemStatus, State } from '../../src/api/status.ts';
import type { Transport } from '../../src/kubernetes/index.ts';
import { sharedCluster } from '../cluster/suite.ts';
import { BREAKS, broken } from './examples-breaks.ts';
import {
  apply,
  deleteItems,
  established,
  eventually,
  install,
  ROOT,
  SYSTEM,
  statusOf,
} from './support/cluster.ts';
import { endOperators, type OperatorProcess, startOperatorOf } from './support/operator.ts';

const cluster = sharedCluster()!;
const suite = `examples-${process.pid}`;
const examples = path.join(ROOT, 'examples');
const chaos = path.join(examples, 'repository/kubernetes/apps/chaos-mesh/chaos-mesh');
const breaks = BREAKS.filter(({ evidence }) => evidence === 'cluster');
const items = [...new Set(breaks.map(({ item }) => item))];

describe.skipIf(!cluster)('the examples in a cluster', () => {
  let transport: Transport;
  let operator: OperatorProcess;

  const applied = (folder: string) =>
    cluster.kubectl(['apply', '--server-side', '--force-conflicts', '-k', folder]);
  const reaches = (name: string, state: State): Promise<ItemStatus> =>
    eventually(async () => {
      const status = await statusOf(transport, SYSTEM, name);
      expect(status.state, `${name}: ${status.summary}`).toBe(state);
      return status;
    }, 100_000);

  beforeAll(async () => {
    transport = await install(cluster);
    await applied(path.join(chaos, 'crds'));
    await established(cluster, 'schedules.chaos-mesh.org');
    await applied(path.join(examples, 'cluster'));
    await applied(path.join(chaos, 'experiments'));
    await apply(cluster, await readFile(path.join(examples, 'permissions.yaml'), 'utf8'));
    operator = await startOperatorOf(cluster, suite);
    for (const name of items) {
      const item = parse(await readFile(path.join(examples, `january-2026/${name}.yaml`), 'utf8'));
      item.metadata.labels.suite = suite;
      await apply(cluster, stringify(item));
    }
  });
  afterAll(async () => {
    await operator?.stop();
    endOperators();
    await deleteItems(transport, `suite=${suite}`, SYSTEM);
    await cluster.kubectl(['delete', '--ignore-not-found', '-f', path.join(examples, 'permissions.yaml')]);
    for (const folder of [path.join(chaos, 'experiments'), path.join(examples, 'cluster')])
      await cluster.kubectl(['delete', '--ignore-not-found', '--wait=false', '-k', folder]);
    await transport?.close();
  });

  it.each(items)('%s is Implemented with the sample as it is', async (name) => {
    await reaches(name, 'Implemented');
  });

  it.each(breaks.map((each) => [each.item, each.what, each] as const))(
    '%s is Drifted when %s, and heals when what is in Git is applied again',
    async (name, _what, each) => {
      const text = await readFile(path.join(examples, each.file), 'utf8');
      // As the manager that applied the sample: what it leaves out is removed.
      await apply(cluster, broken(each, text), 'kubectl');
      const status = await reaches(name, 'Drifted');
      expect(status.history?.[0]).toMatchObject({ from: 'Implemented', reason: 'Regressed' });
      const findings = status.checks?.flatMap(({ findings: found = [] }) => found) ?? [];
      expect(findings.map(({ message }) => message).join('\n')).toMatch(each.says);

      await apply(cluster, text, 'kubectl');
      const healed = await reaches(name, 'Implemented');
      expect(healed.history?.[0]).toMatchObject({ from: expect.stringMatching(/Drifted|Unknown/) });
    },
    240_000,
  );
});

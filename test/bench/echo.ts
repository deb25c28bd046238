// The bare echo: the least that can stand between a change and a status. It
// watches the kinds that the benchmark changes and answers every event at once
// with a status patch of one item. A process of its own, as the operator is.
//   node test/bench/echo.ts KUBECONFIG NAMESPACE/ITEM
import { createTransport, type KubeObject, loadConnection } from '../../src/kubernetes/index.ts';
import { PLURALS } from './fixtures.ts';
import { pathOf } from './setup.ts';

const KINDS = ['PodDisruptionBudget', 'CiliumNetworkPolicy', 'Deployment'] as const;

/** What the echo writes about an object, and the benchmark waits for. */
export const echoOf = (kind: string, { metadata }: { metadata: KubeObject['metadata'] }, type: string) =>
  `${kind} ${metadata.namespace}/${metadata.name} ${type === 'DELETED' ? 'deleted' : metadata.generation}`;

async function echo(kubeconfig: string, item: string): Promise<void> {
  const transport = createTransport(await loadConnection({ kubeconfig }));
  const [namespace = '', name = ''] = item.split('/');
  const path = `${pathOf({ kind: 'RemediationItem', metadata: { namespace, name } })}/status`;

  async function follow(kind: (typeof KINDS)[number]): Promise<void> {
    const [apiVersion, plural] = PLURALS[kind];
    const list = `/apis/${apiVersion}/${plural}`;
    const { body } = await transport.request<{ metadata: { resourceVersion: string } }>({
      path: list,
      query: { limit: 1 },
    });
    const { resourceVersion } = body.metadata;
    const query = { watch: true, resourceVersion, timeoutSeconds: 3_600 };
    const stream = await transport.stream({ path: list, query, idleTimeoutMs: 3_600_000 });
    process.send?.(kind);
    let rest = '';
    const said = new Set<string>();
    for await (const chunk of stream.chunks) {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
        const text = echoOf(kind, object, type);
        // A status that changes is no change: the operator is not measured by it either.
        if (said.has(text)) continue;
        said.add(text);
        void transport.request({
          method: 'PATCH',
          path,
          contentType: 'application/merge-patch+json',
          body: { status: { observedGeneration: 1, state: 'Pending', summary: text } },
        });
      }
    }
  }
  process.on('disconnect', () => process.exit());
  await Promise.all(KINDS.map(follow));
}

if (import.meta.main) await echo(process.argv[2] ?? '', process.argv[3] ?? '');

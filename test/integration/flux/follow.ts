// Sees every state of an object, with the moment at which it arrived: for how
// long something took, and for what must never have been.

import type { KubeObject, Transport } from '../../../src/kubernetes/index.ts';
import { eventually } from '../support/cluster.ts';

export interface Seen<T> {
  /** performance.now() of its arrival. */
  readonly at: number;
  readonly object: T;
}

export interface Follower<T> {
  /** Every state since the follower began, oldest first. */
  readonly seen: readonly Seen<T>[];
  /** The first state after this moment of which the claim is true. */
  firstAfter(moment: number, claim: (object: T) => boolean, withinMs?: number): Promise<Seen<T>>;
  stop(): void;
}

/** Follows one object, which may be made later. `path` is that of its collection. */
export async function follow<T extends KubeObject>(
  transport: Transport,
  path: string,
  name: string,
): Promise<Follower<T>> {
  const fieldSelector = `metadata.name=${name}`;
  const { body } = await transport.request<{ metadata: { resourceVersion: string } }>({
    path,
    query: { fieldSelector },
  });
  const stream = await transport.stream({
    path,
    query: {
      fieldSelector,
      watch: true,
      resourceVersion: body.metadata.resourceVersion,
      timeoutSeconds: 600,
    },
    idleTimeoutMs: 600_000,
  });
  const seen: Seen<T>[] = [];
  let broken: unknown;
  const reading = async () => {
    let rest = '';
    for await (const chunk of stream.chunks) {
      const at = performance.now();
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) seen.push({ at, object: (JSON.parse(line) as { object: T }).object });
    }
  };
  reading().catch((error: unknown) => {
    broken = error;
  });
  return {
    seen,
    firstAfter: (moment, claim, withinMs) =>
      eventually(() => {
        const found = seen.find(({ at, object }) => at >= moment && claim(object));
        if (found) return found;
        if (broken) throw broken;
        throw new Error(
          `${path}/${name} has not come to that: ${JSON.stringify(seen.at(-1)?.object).slice(-2_000)}`,
        );
      }, withinMs),
    stop: () => stream.close(),
  };
}

// How long a change takes to become a verdict, seen by a client: from the
// moment at which the API server answered the change to the watch event with
// the new state. One change at a time; the bare echo is measured in the same way.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '../../src/kubernetes/index.ts';
import { echoOf } from './echo.ts';
import {
  type ApiObject,
  app,
  budget,
  isolation,
  items,
  OPERATOR_NAMESPACE,
  type Sizes,
  team,
  teamCount,
} from './fixtures.ts';
import { type Bench, inParallel, pathOf, put } from './setup.ts';
import type { Verdicts } from './verdicts.ts';

export const CHANGES = ['budget deleted', 'policy opened', 'probe removed'] as const;
export type ChangeName = (typeof CHANGES)[number];
/** Milliseconds, one for each change. */
export type Latencies = Readonly<Record<ChangeName, readonly number[]>>;

interface Change {
  readonly target: { readonly kind: string; readonly metadata: { namespace: string; name: string } };
  /** The item of the team that must notice. */
  readonly item: string;
  readonly make: (bench: Bench) => Promise<KubeObject>;
  readonly undo: (bench: Bench) => Promise<unknown>;
}

const READINESS = '/spec/template/spec/containers/0/readinessProbe';

function changeOf(name: ChangeName, namespace: string, original: KubeObject | undefined): Change {
  const at = (kind: string, of: string) => ({ kind, metadata: { namespace, name: of } });
  const patch = (target: Change['target'], type: string, body: unknown) => async (bench: Bench) =>
    (
      await bench.transport.request<KubeObject>({
        method: 'PATCH',
        path: pathOf(target),
        contentType: `application/${type}`,
        body,
      })
    ).body;
  switch (name) {
    case 'budget deleted': {
      const target = at('PodDisruptionBudget', app(0));
      return {
        target,
        item: `${namespace}/budget-${app(0)}`,
        make: async ({ transport }) => {
          await transport.request({ method: 'DELETE', path: pathOf(target) });
          return target;
        },
        undo: ({ transport }) => put(transport, budget(namespace, app(0))),
      };
    }
    case 'policy opened': {
      const target = at('CiliumNetworkPolicy', 'isolate');
      const { spec } = isolation(namespace) as ApiObject & { spec: object };
      return {
        target,
        item: `${OPERATOR_NAMESPACE}/${namespace}-isolated`,
        make: patch(target, 'merge-patch+json', { spec: { ingress: [{ fromEntities: ['all'] }] } }),
        undo: patch(target, 'merge-patch+json', { spec }),
      };
    }
    case 'probe removed': {
      const target = at('Deployment', app(1));
      const spec = original?.spec as
        | { template: { spec: { containers: { readinessProbe?: unknown }[] } } }
        | undefined;
      const value = spec?.template.spec.containers[0]?.readinessProbe;
      return {
        target,
        item: `${namespace}/probes-${app(1)}`,
        make: patch(target, 'json-patch+json', [{ op: 'remove', path: READINESS }]),
        undo: patch(target, 'json-patch+json', [{ op: 'add', path: READINESS, value }]),
      };
    }
    default:
      return name satisfies never;
  }
}

interface Responder {
  /** Was this change answered? */
  answered(change: Change, answer: KubeObject): boolean;
  /** Resolves when everything is as it was before. */
  settled(changes: readonly Change[]): Promise<void>;
}

/** Makes `samples` changes of each sort, one after the other, each undone before the next of its round. */
async function measure(
  bench: Bench,
  sizes: Sizes,
  samples: number,
  verdicts: Verdicts,
  responder: Responder,
): Promise<Latencies> {
  const latencies: Record<ChangeName, number[]> = {
    'budget deleted': [],
    'policy opened': [],
    'probe removed': [],
  };
  const width = Math.min(teamCount(sizes), samples);
  for (const name of CHANGES) {
    while (latencies[name].length < samples) {
      const all = await prepare(bench, name, Math.min(width, samples - latencies[name].length));
      const changes = all.filter((change) => !responder.answered(change, change.target));
      if (changes.length === 0) throw new Error(`no item is left that would notice: ${name}`);
      try {
        for (const change of changes) {
          const answer = await change.make(bench);
          const answeredAt = performance.now();
          const seenAt = await verdicts.until(`${name} in ${change.target.metadata.namespace}`, () =>
            responder.answered(change, answer),
          );
          latencies[name].push(seenAt - answeredAt);
          // What a change sets off beside its verdict (a rollout, a write) is over before the next one.
          await sleep(150);
          if (name === 'probe removed') await untilRolledOut(bench, change);
        }
      } finally {
        await inParallel(changes, (change) => change.undo(bench), 8);
      }
      await responder.settled(changes);
    }
  }
  return latencies;
}

async function untilRolledOut({ transport }: Bench, { target }: Change): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { body } = await transport.request<KubeObject>({ path: pathOf(target) });
    const { replicas } = body.spec as { replicas: number };
    const status = (body.status ?? {}) as Record<string, number | undefined>;
    const current = status.observedGeneration === body.metadata.generation;
    if (
      current &&
      [status.replicas, status.updatedReplicas, status.availableReplicas].every((n) => n === replicas)
    )
      return;
    await sleep(100);
  }
}

async function prepare(bench: Bench, name: ChangeName, count: number): Promise<Change[]> {
  const changes: Change[] = [];
  for (let index = 0; index < count; index++) {
    const { target } = changeOf(name, team(index), undefined);
    const { body } = await bench.transport.request<KubeObject>({ path: pathOf(target) });
    changes.push(changeOf(name, team(index), body));
  }
  return changes;
}

/** Change to verdict: the item of the team is Drifted. */
export function measureOperator(
  bench: Bench,
  sizes: Sizes,
  samples: number,
  verdicts: Verdicts,
): Promise<Latencies> {
  const stateOf = ({ item }: Change) => verdicts.get(item)?.state;
  return measure(bench, sizes, samples, verdicts, {
    answered: (change) => stateOf(change) === 'Drifted',
    settled: async (changes) => {
      await inParallel(
        changes.filter(({ target }) => target.kind === 'Deployment'),
        (change) => untilRolledOut(bench, change),
      );
      await verdicts.until('the items to be Implemented again', () =>
        changes.every((change) => stateOf(change) === 'Implemented'),
      );
      await sleep(2_000);
    },
  });
}

const ECHO_ITEM = { namespace: team(0), name: 'echo' };

/** Change to status patch, with nothing in between. */
export async function measureEcho(
  bench: Bench,
  sizes: Sizes,
  samples: number,
  verdicts: Verdicts,
): Promise<Latencies> {
  const [pattern] = items(sizes);
  const item = { ...pattern!, metadata: ECHO_ITEM };
  await put(bench.transport, item);
  const key = `${ECHO_ITEM.namespace}/${ECHO_ITEM.name}`;
  const child = fork(join(import.meta.dirname, 'echo.ts'), [bench.cluster.kubeconfigPath, key]);
  try {
    // Two that are ready at once are two messages in one turn: each is counted as it comes.
    await new Promise<void>((resolve, reject) => {
      let ready = 0;
      child.on('message', () => ++ready === CHANGES.length && resolve());
      child.once('exit', (code) => reject(new Error(`the echo ended with status ${code}`)));
    });
    return await measure(bench, sizes, samples, verdicts, {
      answered: ({ target }, answer) => {
        const type = target.kind === 'PodDisruptionBudget' ? 'DELETED' : 'MODIFIED';
        return verdicts.get(key)?.summary === echoOf(target.kind, answer, type);
      },
      settled: async (changes) => {
        await inParallel(
          changes.filter(({ target }) => target.kind === 'Deployment'),
          (change) => untilRolledOut(bench, change),
        );
        await sleep(2_000);
      },
    });
  } finally {
    child.disconnect();
    await bench.transport.request({ method: 'DELETE', path: pathOf(item) });
  }
}

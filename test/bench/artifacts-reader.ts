// The reader of artifacts alone, as bench:artifacts runs it: in a process of its own,
// so that its memory is nobody else's.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckContext } from '../../src/checks/check.ts';
import { source as sourceCheck } from '../../src/checks/source/index.ts';
import { createTrees } from '../../src/facts/artifacts/trees.ts';
import { createGuardedFetch } from '../../src/facts/network/guarded-fetch.ts';
import type { Facts, SourceRef } from '../../src/facts/view.ts';
import { systemClock } from '../../src/kubernetes/index.ts';

const MB = 1_000_000;
const CHECKS = 1_000;

/** What is to be read: this many sources, at these revisions one after the other. */
export interface Task {
  readonly url: string;
  readonly sources: number;
  readonly digests: readonly string[];
}

async function read({ url, sources, digests }: Task): Promise<void> {
  const network = createGuardedFetch({ allow: ['127.0.0.0/8'] });
  let changed = () => {};
  const trees = createTrees({ open: network.open, clock: systemClock(), onChange: () => changed() });
  const refs = Array.from(
    { length: sources },
    (_, at): SourceRef => ({ kind: 'GitRepository', namespace: 'flux-system', name: `source-${at}` }),
  );
  let revision = 0;
  const tree = (ref: SourceRef) =>
    trees.read(ref, {
      metadata: { ...ref, generation: 1 },
      status: {
        observedGeneration: 1,
        artifact: {
          url: `${url}/${revision}/${ref.name}`,
          digest: digests[revision],
          revision: `main@${revision}`,
        },
      },
    });

  let peak = 0;
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();

  const settled = async () => {
    const started = performance.now();
    const left = new Set(refs);
    for (;;) {
      const arrived = new Promise<void>((resolve) => {
        changed = resolve;
      });
      for (const ref of left) if (tree(ref).state !== 'pending') left.delete(ref);
      if (left.size === 0) return performance.now() - started;
      await arrived;
    }
  };
  const row = async (what: string, seconds: number) => {
    const states = refs.map((ref) => tree(ref));
    const known = states.filter(({ state }) => state === 'known').length;
    const kept = states.flatMap((fact) => (fact.state === 'known' ? [...fact.value.files.values()] : []));
    await sleep(1_000);
    console.log(
      `| ${what} | ${(seconds / 1000).toFixed(1)} s | ${known} of ${sources} | ${Math.round(
        kept.reduce((sum, { text, size }) => sum + (text === undefined ? 0 : size), 0) / MB,
      )} MB | ${kept.filter(({ text }) => text === undefined).length} of ${kept.length} | ${Math.round(process.memoryUsage().rss / MB)} MB | ${Math.round(peak / MB)} MB | ${Math.round(delay.max / MB)} ms |`,
    );
    peak = 0;
    delay.reset();
  };
  await row('start', await settled());
  for (revision = 1; revision < digests.length; revision++)
    await row(`revision ${revision}`, await settled());
  revision = digests.length - 1;

  const facts = { tree } as unknown as Facts;
  const context: CheckContext = { facts, now: new Date(), namespace: 'flux-system' };
  const params = Array.from({ length: CHECKS }, (_, at) =>
    sourceCheck.schema.parse({
      ref: { kind: 'GitRepository', name: refs[at % sources]?.name ?? '' },
      files: [
        { path: `apps/team-${at % 40}/**/values.yaml`, matches: ['^ +name-7: '] },
        { path: 'README.md', exists: false },
      ],
    }),
  );
  const started = performance.now();
  for (const each of params) {
    sourceCheck.judge(each, context);
    await sleep(0);
  }
  await row(`${CHECKS} checks judged`, performance.now() - started);
  clearInterval(sampler);
  await trees.stop();
  await network.close();
}

await read(JSON.parse(process.argv[2] ?? '') as Task);

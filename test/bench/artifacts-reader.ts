// The reader of artifacts alone, as bench:artifacts runs it: in a process of its own,
// so that its memory is nobody else's.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckContext } from '../../src/checks/check.ts';
import { source as sourceCheck } from '../../src/checks/source/index.ts';
import { createTrees } from '../../src/facts/artifacts/trees.ts';
import { createGuardedFetch } from '../../src/facts/network/guarded-fetch.ts';
import type { Fact, Facts, SourceRef, SourceTree } from '../../src/facts/view.ts';
import { systemClock } from '../../src/kubernetes/index.ts';

const MB = 1_000_000;
const CHECKS = 1_000;
const NAMESPACE = 'flux-system';

/** What is to be read: this many sources, at these revisions one after the other. */
export interface Task {
  readonly url: string;
  readonly sources: number;
  readonly digests: readonly string[];
}

interface Reader {
  readonly refs: readonly SourceRef[];
  read(ref: SourceRef): Fact<SourceTree>;
  /** All sources are at this revision now; answers how long it took to have them, in milliseconds. */
  become(revision: number): Promise<number>;
  stop(): Promise<void>;
}

function startReader({ url, sources, digests }: Task): Reader {
  const network = createGuardedFetch({ allow: ['127.0.0.0/8'] });
  let changed = () => {};
  const trees = createTrees({ open: network.open, clock: systemClock(), onChange: () => changed() });
  const refs = Array.from(
    { length: sources },
    (_, at): SourceRef => ({ kind: 'GitRepository', namespace: NAMESPACE, name: `source-${at}` }),
  );
  let now = 0;
  const read = (ref: SourceRef) => {
    const artifact = { url: `${url}/${now}/${ref.name}`, digest: digests[now], revision: `main@${now}` };
    return trees.read(ref, {
      metadata: { ...ref, generation: 1 },
      status: { observedGeneration: 1, artifact },
    });
  };
  return {
    refs,
    read,
    become: async (revision) => {
      now = revision;
      const started = performance.now();
      const left = new Set(refs);
      for (;;) {
        const arrived = new Promise<void>((resolve) => {
          changed = resolve;
        });
        for (const ref of left) if (read(ref).state !== 'pending') left.delete(ref);
        if (left.size === 0) return performance.now() - started;
        await arrived;
      }
    },
    stop: async () => {
      await trees.stop();
      await network.close();
    },
  };
}

/** Judges many checks over what is held, one after the other; answers how long it took in milliseconds. */
async function judge({ refs, read }: Reader): Promise<number> {
  const context: CheckContext = {
    facts: { tree: read } as unknown as Facts,
    now: new Date(),
    namespace: NAMESPACE,
  };
  const started = performance.now();
  for (let at = 0; at < CHECKS; at++) {
    const params = sourceCheck.schema.parse({
      ref: { kind: 'GitRepository', name: refs[at % refs.length]?.name ?? '' },
      files: [
        { path: `apps/team-${at % 40}/**/values.yaml`, matches: ['^ +name-7: '] },
        { path: 'README.md', exists: false },
      ],
    });
    sourceCheck.judge(params, context);
    // As in the operator, others have their turn in between.
    await sleep(0);
  }
  return performance.now() - started;
}

/** Prints a row for what was just done: what is held after it, and what it took at most. */
function startTable({ refs, read }: Reader): (what: string, milliseconds: number) => Promise<void> {
  let peak = 0;
  setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20).unref();
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const megabytes = (bytes: number) => `${Math.round(bytes / MB)} MB`;
  return async (what, milliseconds) => {
    const trees = refs.map(read).flatMap((fact) => (fact.state === 'known' ? [fact.value] : []));
    const files = trees.flatMap((tree) => [...tree.files.values()]);
    const kept = files.filter(({ text }) => text !== undefined);
    await sleep(1_000);
    const cells = [
      what,
      `${(milliseconds / 1000).toFixed(1)} s`,
      `${trees.length} of ${refs.length}`,
      megabytes(kept.reduce((sum, { size }) => sum + size, 0)),
      `${files.length - kept.length} of ${files.length}`,
      megabytes(process.memoryUsage().rss),
      megabytes(peak),
      `${Math.round(delay.max / 1e6)} ms`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
    peak = 0;
    delay.reset();
  };
}

const task = JSON.parse(process.argv[2] ?? '') as Task;
const reader = startReader(task);
const row = startTable(reader);
await row('start', await reader.become(0));
for (let revision = 1; revision < task.digests.length; revision++)
  await row(`revision ${revision}`, await reader.become(revision));
await row(`${CHECKS} checks judged`, await judge(reader));
await reader.stop();

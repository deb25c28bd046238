// `remediation verify`: judge once and print, from a live cluster or from files,
// with the same functions as the operator.

import type { RemediationItem } from '../api/remediation-item.ts';
import type { ItemStatus } from '../api/status.ts';
import { byType } from '../checks/check.ts';
import { CHECKS } from '../checks/index.ts';
import { evaluate, invalidStatus } from '../engine/evaluate.ts';
import { recordFacts } from '../facts/recording.ts';
import type { Source } from '../facts/source.ts';
import { asList, asTable, type JudgedItem } from '../report/items.ts';
import { EXIT_DRIFTED, EXIT_OK, EXIT_UNKNOWN, EXIT_USAGE, UsageError } from './exit.ts';
import type { VerifyFlags } from './flags.ts';
import { keepMemory, readMemory } from './memory.ts';
import { fromCluster, fromManifests, type World } from './world.ts';

const say = (line: string) => process.stderr.write(`${line}\n`);

export async function verify(paths: readonly string[], flags: VerifyFlags): Promise<void> {
  if (flags.static && !flags.manifests)
    throw new UsageError('--static judges manifests: give them with --manifests DIR');
  const world = flags.manifests ? await fromManifests(paths, flags) : await fromCluster(paths, flags);
  try {
    for (const line of world.notes) say(`note: ${line}`);
    for (const problem of world.problems) say(`error: ${problem}`);
    if (world.items.length === 0 && world.problems.length === 0) say(noItems(paths, flags));
    const judged = await judgeAll(world, await readMemory(flags.memory));
    await keepMemory(flags.memory, judged);
    process.stdout.write(render(judged, flags));
    process.exitCode = exitStatus(judged, world.problems.length > 0, flags.strict);
  } finally {
    await world.close();
  }
}

/** Judges every item; one whose facts are not all here is judged again when they are. */
async function judgeAll(world: World, memory: ReadonlyMap<string, ItemStatus>): Promise<JudgedItem[]> {
  const checks = byType(CHECKS);
  const deadline = Date.now() + world.patienceMs;
  for (;;) {
    const now = new Date();
    let waiting = 0;
    // dependsOn is judged by what the other items are found to be in this run.
    const states = new Map<string, string>();
    const round = (): JudgedItem[] =>
      world.items.map((parsed) => {
        const metadata = parsed.ok ? parsed.item.metadata : parsed.metadata;
        const key = `${metadata.namespace}/${metadata.name}`;
        const before = memory.get(key) ?? (parsed.ok ? parsed.item.status : parsed.status);
        if (!parsed.ok) {
          const status = invalidStatus(metadata, before, parsed.problems, now);
          states.set(key, status.state ?? '');
          return { raw: world.raw(metadata), status };
        }
        const facts = recordFacts(withStates(world.source, world.items, states));
        const item: RemediationItem = { ...parsed.item, status: before };
        const { status } = evaluate(checks, item, facts, { now, changes: [] });
        waiting += facts.pending().length;
        states.set(key, status.state ?? '');
        return { raw: world.raw(metadata), status };
      });
    let judged = round();
    // A chain of dependsOn settles in as many rounds as it is long.
    for (let before = ''; world.items.length > 1 && before !== fingerprint(states); judged = round()) {
      before = fingerprint(states);
      waiting = 0;
    }
    if (waiting === 0 || Date.now() >= deadline) return judged;
    await world.nextChange(Math.max(1, deadline - Date.now()));
  }
}

const fingerprint = (states: ReadonlyMap<string, string>) => JSON.stringify([...states]);

/** The items of this run as facts, with the states found so far. */
function withStates(source: Source, items: World['items'], states: ReadonlyMap<string, string>): Source {
  return {
    ...source,
    get: (kind, namespace, name) => {
      if (kind.projected !== 'RemediationItem') return source.get(kind, namespace, name);
      const found = items.find(
        (each) => each.ok && each.item.metadata.namespace === namespace && each.item.metadata.name === name,
      );
      if (!found?.ok) return source.get(kind, namespace, name);
      const { metadata, spec } = found.item;
      return {
        state: 'known',
        value: {
          meta: metadata,
          dependsOn: spec.dependsOn ?? [],
          state: states.get(`${namespace}/${name}`) ?? '',
          observedGeneration: metadata.generation,
        },
      };
    },
  };
}

function render(judged: readonly JudgedItem[], { output, color }: VerifyFlags): string {
  switch (output) {
    case 'json':
    case 'yaml':
      return asList(judged, output);
    case 'table':
    case 'wide':
      return asTable(judged, {
        wide: output === 'wide',
        color: color && !process.env.NO_COLOR && process.stdout.isTTY === true,
        now: new Date(),
      });
    default:
      return output satisfies never;
  }
}

function exitStatus(judged: readonly JudgedItem[], unreadable: boolean, strict: boolean): number {
  const states = new Set(judged.map(({ status }) => status.state));
  if (unreadable || states.has('Invalid')) return EXIT_USAGE;
  if (states.has('Drifted') || (strict && (states.has('Pending') || states.has('Blocked'))))
    return EXIT_DRIFTED;
  return states.has('Unknown') ? EXIT_UNKNOWN : EXIT_OK;
}

function noItems(paths: readonly string[], flags: VerifyFlags): string {
  if (paths.length > 0) return `no RemediationItems in ${paths.join(', ')}`;
  return flags.manifests
    ? 'no RemediationItems given, and none among the manifests'
    : 'no RemediationItems in the cluster';
}

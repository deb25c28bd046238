// Judges the items of a world, for every command that needs verdicts: with the
// same functions as the operator.

import type { RemediationItem } from '../api/remediation-item.ts';
import type { ItemStatus } from '../api/status.ts';
import { byType, type Check } from '../checks/check.ts';
import { CHECKS } from '../checks/index.ts';
import { evaluate, invalidStatus } from '../engine/evaluate.ts';
import { recordFacts } from '../facts/recording.ts';
import type { Source } from '../facts/source.ts';
import type { JudgedItem } from '../report/items.ts';
import type { World } from './world.ts';

/** Judges every item; where something fails and more can be said of why, once more with that. */
export async function judgeAll(world: World, memory: ReadonlyMap<string, ItemStatus>): Promise<JudgedItem[]> {
  const judged = await judge(world, memory, CHECKS);
  if (!world.hindsight || !judged.some(({ status }) => hasFailed(status))) return judged;
  return judge(world, memory, CHECKS.map(await world.hindsight(world.source.tree)));
}

const hasFailed = ({ checks = [], prerequisites = [] }: ItemStatus) =>
  [...checks, ...prerequisites].some(({ verdict }) => verdict === 'Fail');

interface Round {
  readonly judged: JudgedItem[];
  /** How many facts are still under way. */
  readonly waiting: number;
}

/** An item whose facts are not all here is judged again when they are. */
async function judge(
  world: World,
  memory: ReadonlyMap<string, ItemStatus>,
  registry: readonly Check[],
): Promise<JudgedItem[]> {
  const checks = byType(registry);
  const deadline = Date.now() + world.patienceMs;
  for (;;) {
    const { judged, waiting } = settle(world, memory, checks, new Date());
    if (waiting === 0 || Date.now() >= deadline) return judged;
    await world.nextChange(Math.max(1, deadline - Date.now()));
  }
}

type Registry = ReturnType<typeof byType>;

/** A chain of dependsOn settles in as many rounds as it is long. */
function settle(world: World, memory: ReadonlyMap<string, ItemStatus>, checks: Registry, now: Date): Round {
  // dependsOn is judged by what the other items are found to be in this run.
  const states = new Map<string, string>();
  let round = judgeOnce(world, memory, checks, now, states);
  for (let before = ''; world.items.length > 1 && before !== fingerprint(states); ) {
    before = fingerprint(states);
    round = judgeOnce(world, memory, checks, now, states);
  }
  return round;
}

/** Judges each item by `states`, and notes there what it is. */
function judgeOnce(
  world: World,
  memory: ReadonlyMap<string, ItemStatus>,
  checks: Registry,
  now: Date,
  states: Map<string, string>,
): Round {
  let waiting = 0;
  const judged = world.items.map((parsed) => {
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
  return { judged, waiting };
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

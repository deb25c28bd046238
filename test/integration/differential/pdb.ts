// Many random namespaces side by side, each judged by the check and by the
// control plane, and whatever they disagree on shrunk to a minimum.

import fc from 'fast-check';
import { stringify } from 'yaml';
import { disagreements, judged, statusDisagreements } from './pdb-compare.ts';
import { drain, drainDisagreements } from './pdb-drain.ts';
import { definitions } from './pdb-objects.ts';
import { isForeign, type Scenario, scenarios } from './pdb-scenario.ts';
import { type Observation, play } from './pdb-stage.ts';
import type { Raw, Server } from './server.ts';

export interface Run {
  readonly seed: number;
  readonly count: number;
  /** How many are played at a time. */
  readonly abreast: number;
  /** How many smaller scenarios may be tried to shrink one that disagrees; 0 leaves it as it is. */
  readonly shrinks: number;
}

export interface Disagreement {
  readonly lines: readonly string[];
  readonly scenario: Scenario;
  readonly observation: Observation;
  readonly drained: boolean;
}

export interface Tally {
  readonly played: number;
  readonly budgets: number;
  readonly evictions: ReadonlyMap<number, number>;
  /** Workloads that were really drained. */
  readonly drains: number;
  readonly disagreements: readonly Disagreement[];
}

/** Controllers learn of new kinds when they read discovery again, every 30 s. */
const FOREIGN_AFTER_MS = 35_000;

/** Plays `count` scenarios from `seed` on. Namespaces are left behind. */
export async function search(server: Server, run: Run): Promise<Tally> {
  for (const definition of definitions) {
    const { code } = await server.send(
      'POST',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      definition,
    );
    if (code !== 201 && code !== 409)
      throw new Error(`CustomResourceDefinition ${definition.metadata.name}: ${code}`);
  }
  // Namespaces outlive a run.
  const prefix = `d${run.seed}-${Date.now().toString(36)}`;
  const foreignAt = Date.now() + FOREIGN_AFTER_MS;
  const all = fc
    .sample(scenarios, { seed: run.seed, numRuns: run.count })
    .map((scenario, index) => ({ scenario, index }));
  const queue = [
    ...all.filter(({ scenario }) => !isForeign(scenario)),
    ...all.filter(({ scenario }) => isForeign(scenario)),
  ];
  const evictions = new Map<number, number>();
  const found: { index: number; disagreement: Disagreement }[] = [];
  let budgets = 0;
  let drains = 0;
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { scenario, index } = next;
      if (isForeign(scenario)) await wait(foreignAt - Date.now());
      const disagreement = await playOnce(server, `${prefix}-${index}`, scenario);
      const { observation, lines } = disagreement;
      budgets += scenario.budgets.length;
      for (const { code } of observation.replies.values())
        evictions.set(code, (evictions.get(code) ?? 0) + 1);
      if (lines.length > 0) found.push({ index, disagreement });
      if (disagreement.drained) drains++;
    }
  };
  await Promise.all(Array.from({ length: run.abreast }, worker));
  const told: Disagreement[] = [];
  for (const { index, disagreement } of found) told.push(await smallest(server, run, index, disagreement));
  return { played: all.length, budgets, evictions, drains, disagreements: told };
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

/** Plays a scenario, and drains the first of its workloads that is at its best. `lines` is empty where all agree. */
async function playOnce(server: Server, namespace: string, scenario: Scenario): Promise<Disagreement> {
  const agrees = (dump: readonly Raw[]) => statusDisagreements(dump).length === 0;
  const observation = await play(server, namespace, scenario, agrees);
  const lines = disagreements(observation, scenario);
  const best = judged(observation, scenario).find(
    ({ atItsBest, running, verdict }) => atItsBest && running.length > 0 && verdict !== 'Unknown',
  );
  if (lines.length > 0 || !best) return { scenario, observation, lines, drained: false };
  const left = await drain(
    server,
    namespace,
    best.running.map(({ meta }) => meta.name),
  );
  return { scenario, observation, lines: drainDisagreements(best, scenario, left), drained: true };
}

/** Shrinks a scenario that disagrees, as long as it still does. */
async function smallest(
  server: Server,
  { seed, count, shrinks }: Run,
  index: number,
  first: Disagreement,
): Promise<Disagreement> {
  let best = first;
  let tried = 0;
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    if (tried > shrinks) return true;
    const namespace = `s${seed}-${index}-${Date.now().toString(36)}`;
    const played = tried++ === 0 ? first : await playOnce(server, namespace, scenario);
    if (played.lines.length === 0) return true;
    best = played;
    return false;
  });
  if (shrinks > 0) await fc.check(property, { seed, numRuns: count, path: String(index) });
  return best;
}

/** A disagreement for a person: what it is, the scenario, and the objects as a case of the check would have them. */
export function asText({ lines, scenario, observation }: Disagreement): string {
  const objects = observation.dump.map(({ metadata: { managedFields: _, ...metadata }, ...object }) => ({
    ...object,
    metadata,
  }));
  return `${lines.join('\n')}\n${JSON.stringify(scenario)}\n${stringify(objects)}`;
}

// Evicts, for good, every pod of one workload that its budget lets go, while
// all others under the budget stay healthy: what is left is what the budget
// guarantees. New pods stay Pending, because nobody schedules them.

import { setTimeout as sleep } from 'node:timers/promises';
import { scaledValue } from '../../../src/checks/podDisruptionBudget/arithmetic.ts';
import type { Judged } from './pdb-compare.ts';
import type { Scenario } from './pdb-scenario.ts';
import { evict } from './pdb-stage.ts';
import type { Server } from './server.ts';

/** Long enough for the disruption controller to have seen that a pod is gone. */
const CONTROLLER_MS = 300;

/** How many of these pods are left when the eviction API lets no more go. */
export async function drain(server: Server, namespace: string, pods: readonly string[]): Promise<number> {
  let left = [...pods];
  for (let waited = false; left.length > 0; ) {
    const refused: string[] = [];
    for (const name of left) {
      const { code } = await evict(server, namespace, name, false);
      if (code !== 201) refused.push(name);
    }
    const some = refused.length < left.length;
    left = refused;
    if (!some && waited) break;
    waited = !some;
    await sleep(CONTROLLER_MS);
  }
  return left.length;
}

/** Where a verdict on a workload that was at its best contradicts what a drain left of it. */
export function drainDisagreements(
  { name, verdict, findings, object, running }: Judged,
  { asked }: Scenario,
  left: number,
): string[] {
  const { replicas } = object.spec;
  const least = Math.max(1, scaledValue(asked ?? 1, replicas));
  const reasons = findings.map(({ reason }) => reason);
  const wrong: string[] = [];
  const claim = (holds: boolean, what: string) => {
    if (!holds) {
      wrong.push(
        `${name} is ${verdict} (${reasons.join(', ')}), but a drain left ${left} of ${running.length} pods: ${what}`,
      );
    }
  };
  if (verdict === 'Pass') {
    claim(left >= least, `${least} are guaranteed`);
    claim(left < replicas, 'it could not begin');
  }
  if (reasons.includes('BlocksDrains')) claim(left === replicas, 'none may go');
  if (reasons.includes('NoBudget')) claim(left === 0, 'nothing keeps them');
  if (
    verdict === 'Fail' &&
    reasons.some((reason) => reason === 'NotProtecting' || reason === 'SelectsOthers')
  ) {
    claim(left < least, `${least} are kept`);
  }
  return wrong;
}

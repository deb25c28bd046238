// `remediation verify`: judge once and print, from a live cluster or from files,
// with the same functions as the operator.

import { asList, asTable, type JudgedItem } from '../report/items.ts';
import { reviewReport } from '../report/review.ts';
import { EXIT_DRIFTED, EXIT_OK, EXIT_UNKNOWN, EXIT_USAGE } from './exit.ts';
import type { VerifyFlags } from './flags.ts';
import { judgeAll } from './judging.ts';
import { keepMemory, readMemory } from './memory.ts';
import { findPlaces } from './places.ts';
import { renderReport, titleOf } from './report.ts';
import { likesColor, say } from './terminal.ts';
import { noItems, openWorld, type World } from './world.ts';

export async function verify(paths: readonly string[], flags: VerifyFlags): Promise<void> {
  const world = await openWorld(paths, flags);
  try {
    for (const line of world.notes) say(`note: ${line}`);
    for (const problem of world.problems) say(`error: ${problem}`);
    if (world.items.length === 0 && world.problems.length === 0) say(noItems(world, paths, flags));
    const memory = await readMemory(flags.memory);
    const judged = await judgeAll(world, memory);
    for (const line of world.learned?.() ?? []) say(`note: ${line}`);
    // What cannot be read counts as missing here: no regression that should be remembered.
    if (world.problems.length === 0) await keepMemory(flags.memory, judged, memory);
    else if (flags.memory) say(`note: ${flags.memory} is left as it is until everything can be read`);
    process.stdout.write(await render(judged, flags, world));
    process.exitCode = exitStatus(judged, world.problems.length > 0, flags.strict);
  } finally {
    await world.close();
  }
}

async function render(
  judged: readonly JudgedItem[],
  { output, color, strict }: VerifyFlags,
  world: World,
): Promise<string> {
  switch (output) {
    case 'json':
    case 'yaml':
      return asList(judged, output);
    case 'table':
    case 'wide':
      return asTable(judged, {
        wide: output === 'wide',
        color: likesColor(color),
        now: new Date(),
      });
    case 'markdown':
    case 'html':
    case 'sarif':
    case 'junit': {
      const head = { title: titleOf(judged), tracking: [], related: [] };
      return renderReport(
        output,
        reviewReport(head, judged, new Date(), await findPlaces(world, judged)),
        judged,
        strict,
      );
    }
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

/**
 * Holds the podDisruptionBudget check against the disruption controller and the
 * eviction API on random namespaces: `npm run differential -- [--seed S] [--count N]`.
 * Exit status 1 where they disagree.
 */
import { parseArgs } from 'node:util';
import { startCluster } from '../../cluster/index.ts';
import { asText, search } from './pdb.ts';
import { openServer } from './server.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    count: { type: 'string', default: '300' },
    abreast: { type: 'string', default: '25' },
    shrinks: { type: 'string', default: '60' },
    kubeconfig: { type: 'string' },
  },
});

function whole(name: string, text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new Error(`--${name} is "${text}": it must be a whole number.`);
  return Number(text);
}

const seed = values.seed === undefined ? Date.now() % 1_000_000 : whole('seed', values.seed);
const run = {
  seed,
  count: whole('count', values.count),
  abreast: whole('abreast', values.abreast),
  shrinks: whole('shrinks', values.shrinks),
};
// Namespaces are left behind: a cluster of one's own goes with them.
const own = values.kubeconfig
  ? undefined
  : await startCluster({ name: `differential-${process.pid}`, crds: 'none' });
const server = await openServer(values.kubeconfig ?? own?.kubeconfigPath ?? '');
try {
  const started = performance.now();
  const tally = await search(server, run);
  for (const disagreement of tally.disagreements) process.stdout.write(`${asText(disagreement)}\n`);
  const answers = [...tally.evictions].sort(([a], [b]) => a - b).map(([code, times]) => `${times} × ${code}`);
  process.stderr.write(
    `${tally.played} namespaces from seed ${seed} with ${tally.budgets} budgets, ${tally.drains} workloads drained, in ${((performance.now() - started) / 1000).toFixed(0)} s; evictions ${answers.join(', ')}: ${tally.disagreements.length} disagree\n`,
  );
  process.exitCode = tally.disagreements.length > 0 ? 1 : 0;
} finally {
  await server.close();
  await own?.stop();
}

// `make demo`: a real API server tells the truth about three items of a review.
// It ends by itself with everything stopped; KEEP=1 leaves it up, `down` ends it.

import { EventEmitter } from 'node:events';
import {
  clusterDown,
  clusterUp,
  ensurePrograms,
  type LocalCluster,
  startCluster,
  streamProgress,
} from '../../test/cluster/index.ts';
import { startOperator, stopRecordedOperator } from './operator.ts';
import { heading, say } from './say.ts';
import { breakThings, judgeOffline, mendThings, setUp } from './story.ts';

const NAME = 'demo';
const keep = process.env.KEEP === '1';
const progress = streamProgress(process.stderr);

/** Ctrl-C ends the story, and what it started with it. */
const interrupted = new EventEmitter();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupted.emit('stop', new Error(`stopped by ${signal}`)));
}
const interruption = new Promise<never>((_, reject) => interrupted.once('stop', reject));

async function down(): Promise<void> {
  await stopRecordedOperator(NAME);
  await clusterDown(NAME);
}

async function tell(): Promise<void> {
  await down(); // what an earlier demo with KEEP=1 left
  let cluster: LocalCluster | undefined;
  let operator: Awaited<ReturnType<typeof startOperator>> | undefined;
  let done = false;
  try {
    await Promise.race([interruption, story()]);
    done = true;
  } finally {
    if (!(keep && done)) {
      await operator?.stop();
      await (keep ? down() : cluster?.stop());
      say('Everything that the demo started is stopped.');
    }
  }

  async function story(): Promise<void> {
    // The first time, the control plane is being built while the sample is judged offline.
    const programs = ensurePrograms(progress);
    programs.catch(() => {}); // told below
    await judgeOffline();
    heading('A real control plane: etcd, kube-apiserver, controllers, scheduler; kwok plays the nodes');
    await programs;
    cluster = await (keep ? clusterUp : startCluster)({ name: NAME, progress });
    await setUp(cluster);
    operator = await startOperator(cluster, NAME);
    await breakThings(cluster, operator);
    await mendThings(cluster);
    if (!keep) return;
    heading('It is left up, as you asked (KEEP=1)');
    say(`  export KUBECONFIG=${cluster.kubeconfigPath}`);
    say(`  alias kubectl=${cluster.kubectlPath}`);
    say('  kubectl get remediationitems -A -w');
    say(`  curl ${operator.metrics}/metrics`);
    say('  make demo-down        # ends it');
  }
}

try {
  if (process.argv[2] === 'down') await down();
  else await tell();
} catch (error) {
  process.stderr.write(`\ndemo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
// Standard input of helpers and idle sockets must not hold the terminal.
process.exit();

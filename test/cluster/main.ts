// npm run cluster -- up | down | status: the test control plane by hand.
import { Command, InvalidArgumentError } from 'commander';
import { clusterDown, clusterStatus, clusterUp } from './local.ts';
import { streamProgress } from './progress.ts';
import { clusterNames } from './state.ts';

interface NameOption {
  name: string;
}

interface UpOptions extends NameOption {
  nodes: number;
  podsPerNode: number;
  crds: 'all' | 'none';
}

function count(lowest: number, highest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= lowest && value <= highest) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${lowest} to ${highest}.`);
  };
}

function crdChoice(text: string): 'all' | 'none' {
  if (text === 'all' || text === 'none') return text;
  throw new InvalidArgumentError('It must be "all" or "none".');
}

/** The command line; what it prints on stdout goes through `print`. */
export function commandLine(print: (line: string) => void): Command {
  const program = new Command('cluster').description(
    'A real Kubernetes control plane on this machine, for tests.',
  );
  program
    .command('up')
    .description('Start a cluster unless it runs, and print the path of its kubeconfig.')
    .option('--name <name>', 'which of several', 'default')
    .option('--nodes <n>', 'how many nodes', count(1, 1000), 3)
    .option('--pods-per-node <n>', 'how many pods a node has room for', count(1, 100_000), 110)
    .option('--crds <which>', 'all: Cilium, Flux, prometheus-operator; none', crdChoice, 'all')
    .action(async ({ name, nodes, podsPerNode, crds }: UpOptions) => {
      const cluster = await clusterUp({ name, nodes, podsPerNode, crds, progress: streamProgress() });
      print(cluster.kubeconfigPath);
    });
  program
    .command('down')
    .description('End a cluster and remove everything of it.')
    .option('--name <name>', 'which of several', 'default')
    .action(async ({ name }: NameOption) => {
      const was = await clusterDown(name);
      print(was ? `Cluster "${name}" is down.` : `There is no cluster "${name}".`);
    });
  program
    .command('status')
    .description('Say which programs of a cluster run; exit code 1 where one does not.')
    .option('--name <name>', 'which of several; all when not given')
    .action(({ name }: Partial<NameOption>) => {
      const names = name === undefined ? clusterNames() : [name];
      if (names.length === 0) print('No cluster is up.');
      const allUp = names.map((each) => printStatus(each, print)).every(Boolean);
      if (names.length === 0 || !allUp) process.exitCode = 1;
    });
  return program;
}

function printStatus(name: string, print: (line: string) => void): boolean {
  const status = clusterStatus(name);
  if (!status) {
    print(`There is no cluster "${name}".`);
    return false;
  }
  print(`Cluster "${name}" is ${status.phase}: ${status.server}, kubeconfig ${status.kubeconfigPath}`);
  for (const program of status.programs) {
    const ports = program.ports.length > 0 ? `  127.0.0.1:${program.ports.join(', ')}` : '';
    print(`  ${program.name.padEnd(24)} ${program.up ? `up    pid ${program.pid}` : 'down'}${ports}`);
  }
  return status.phase === 'ready' && status.programs.every((program) => program.up);
}

if (import.meta.main) {
  // Ending through exit() takes a running build along; the watchdog sees to a cluster that was about to start.
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  try {
    await commandLine((line) => console.log(line)).parseAsync();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

// The command line: every command of `remediation`, and its options.

import { Command, InvalidArgumentError, Option } from 'commander';
import { CHECKS } from '../checks/index.ts';
import { parseRange } from '../facts/network/addresses.ts';
import { printable } from '../report/printable.ts';
import { LOG_LEVELS } from '../telemetry/log.ts';
import { version } from '../version.ts';
import { EXIT_USAGE, UsageError } from './exit.ts';
import { REPORT_FORMATS } from './flags.ts';
import { PEER_SYNTAX } from './reach/peers.ts';

const count = (text: string) => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('a whole number of at least 1');
  return number;
};
const several = (path: string, before: readonly string[] = []) => [...before, path];
const ranges = (text: string, before: readonly string[] = []) => {
  try {
    parseRange(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
  return [...before, text];
};
const list = (text: string, before: readonly string[] = []) => [
  ...before,
  ...text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
];

/** A command's code is read when the command is called: nobody waits for that of the others. */
const onCall =
  <Given extends unknown[]>(load: () => Promise<(...given: Given) => Promise<void> | void>) =>
  async (...given: Given): Promise<void> =>
    (await load())(...given);

const program = new Command('remediation')
  .description(
    'Proves whether the action items of a review are really remediated, and tells when they stop being so.',
  )
  .version(version)
  .showHelpAfterError('(add --help for the options)')
  .exitOverride()
  .configureOutput({
    writeOut: (text) => process.stdout.write(text),
    writeErr: (text) => process.stderr.write(text),
  });

const clusterOptions = (command: Command) =>
  command
    .option(
      '--kubeconfig <file>',
      'kubeconfig (default: $KUBECONFIG, ~/.kube/config, or the pod that it runs in)',
    )
    .option('--context <name>', 'context of the kubeconfig');

const evidenceOption = (command: Command) =>
  command.option(
    '--allow-evidence-from <cidr>',
    'fetch evidence from these addresses though they are loopback, link-local or otherwise special; may be repeated',
    ranges,
  );

/** Where the facts come from, for every command that judges once. */
const factsOptions = (
  command: Command,
  staticHelp = 'judge manifests by their templates alone, as if they were rolled out and healthy',
) =>
  clusterOptions(command)
    .option('--timeout <seconds>', 'how long the cluster may take to answer', count, 60)
    .option(
      '-f, --manifests <path>',
      'judge these files or folders instead of a cluster; may be repeated',
      several,
    )
    .option('--flux <dir>', 'judge what Flux would apply of a repository, from this cluster folder on')
    .option(
      '--source <[namespace/name=]dir>',
      'the folder that stands for a Flux source; without a name, where the repository begins; may be repeated',
      several,
    )
    .option('--static', staticHelp, false);

evidenceOption(clusterOptions(program.command('operator')))
  .description('run the controller in a cluster')
  .option(
    '--namespace <name>',
    "the operator's own namespace (default: $POD_NAMESPACE, the pod's, or remediation-system)",
  )
  .option(
    '--cluster-wide-namespaces <names>',
    "namespaces whose items may look at the whole cluster (default: the operator's own)",
    list,
  )
  .option(
    '--watch-label-selector <selector>',
    'only items with these labels: splits the work among several operators',
  )
  .option(
    '--metrics-bind-address <address>',
    'where /metrics, /healthz and /readyz are served; 0 turns it off',
    ':8080',
  )
  .option('--no-leader-elect', 'write without holding the Lease: for one replica only')
  .option('--lease-name <name>', 'name of the Lease; give each shard its own', 'remediation-operator')
  .option('--concurrency <n>', 'how many items are in work at a time', count, 16)
  .addOption(new Option('--log-level <level>', 'how much is logged').choices(LOG_LEVELS).default('info'))
  .action(onCall(async () => (await import('./operator.ts')).operator));

evidenceOption(factsOptions(program.command('verify')))
  .description('judge items once and print the verdicts')
  .argument('[items...]', 'files or folders of RemediationItems (default: those in the cluster)')
  .option('-n, --namespace <name>', 'only items of this namespace')
  .option(
    '-l, --selector <selector>',
    'only items with these labels: key=value, key!=value, key and !key, joined by commas',
  )
  .addOption(
    new Option('-o, --output <format>', 'how the verdicts are printed')
      .choices(['table', 'wide', 'json', 'yaml', 'markdown', 'html', 'sarif', 'junit'])
      .default('table'),
  )
  .option('--memory <file>', 'keep what was once true between runs in this file')
  .option('--strict', 'Pending is an error too', false)
  .option('--no-color', 'no colours (also: NO_COLOR)')
  .addHelpText(
    'after',
    '\nExit status: 0 nothing drifted, invalid or unknown; 1 something Drifted (with --strict also Pending or Blocked);\n2 usage, unreadable input or an Invalid item; 3 nothing drifted, but something is Unknown.',
  )
  .action(onCall(async () => (await import('./verify.ts')).verify));

program
  .command('import')
  .description(
    'make items from a review document; run again, it follows the document and keeps what people edited',
  )
  .argument('<review.md>', 'the review, in Markdown')
  .requiredOption(
    '-o, --output <dir>',
    'folder for the items; one that needs a check is written as .yaml.draft',
  )
  .option('-n, --namespace <name>', 'namespace of the items', 'remediation-system')
  .option('--review <name>', "value of the label remediation.dev/review (default: from the document's title)")
  .option('--document <path>', 'the document as items refer to it (default: as given)')
  .action(onCall(async () => (await import('./import.ts')).importReview));

factsOptions(
  program.command('reach'),
  'make the pods from the templates of workloads, as if they were rolled out',
)
  .description('who can reach whom under the network policies in force, and why')
  .option('-n, --namespace <name>', 'only flows with an end in this namespace')
  .option(
    '--ports <ports>',
    'ports to judge, such as 80/TCP,53/UDP (default: those that each destination declares)',
    list,
  )
  .option('--from <peer>', 'only flows from here; may be repeated', several)
  .option('--to <peer>', 'only flows to here; may be repeated', several)
  .option('--why <ends...>', 'SRC DST PORT: name the rule that allows or denies at each end')
  .addOption(
    new Option(
      '--fold <by>',
      'one end for each pod, workload or, in pictures, namespace (default: none for json; workload past 30 pods, in pictures past 12, and there namespace past 200 workloads)',
    ).choices(['none', 'workload', 'namespace']),
  )
  .addOption(
    new Option('-o, --output <format>', 'how it is printed')
      .choices(['table', 'json', 'dot', 'svg'])
      .default('table'),
  )
  .option('--no-color', 'no colours (also: NO_COLOR)')
  .addHelpText(
    'after',
    `\nA peer is ${PEER_SYNTAX}.\n\nExit status: 0 everything is known; 2 usage or unreadable input; 3 something cannot be known, and stderr says what.`,
  )
  .action(onCall(async () => (await import('./reach/index.ts')).reach));

evidenceOption(factsOptions(program.command('report')))
  .description(
    "the review as it stands: from the items' status in the cluster, or judged on the spot with --items",
  )
  .option('--items <path>', 'judge the items of these files or folders, drafts too; may be repeated', several)
  .option('-n, --namespace <name>', 'only items of this namespace')
  .option('-l, --selector <selector>', 'only items with these labels, such as remediation.dev/review=NAME')
  .addOption(
    new Option('-o, --format <format>', 'how it is written')
      .choices(REPORT_FORMATS)
      .default('markdown')
      .conflicts('update'),
  )
  .option(
    '--update <review.md>',
    'instead: write the states into the status cells and check boxes of this document, and nothing else',
  )
  .option('--title <title>', 'title of the review (default: as imported, or its label)')
  .option('--memory <file>', 'what `verify --memory` kept of former runs')
  .action(onCall(async () => (await import('./report.ts')).report));

evidenceOption(factsOptions(program.command('suggest')))
  .description('what would make the failing checks of an item pass, judged before it is shown')
  .argument('<item>', 'name of an item, or a file of items')
  .option('-n, --namespace <name>', 'namespace of the item')
  .addOption(
    new Option('-o, --output <format>', 'how the suggestions are printed')
      .choices(['yaml', 'json'])
      .default('yaml'),
  )
  .option('--dry-run', 'ask the API server whether it would take what is suggested; nothing is stored', false)
  .addHelpText(
    'after',
    '\nExit status: 0 what is printed makes every failing check pass, or none fails; 1 something fails or is Unknown\nfor which there is no suggestion, and stderr says why; 2 usage, unreadable input or an Invalid item.',
  )
  .action(onCall(async () => (await import('./suggest/index.ts')).suggest));

program
  .command('explain')
  .description("a check's parameters, and what it means")
  .argument('[check]', `one of ${CHECKS.map((check) => check.type).join(', ')}`)
  .action(onCall(async () => (await import('./explain.ts')).explain));

/** Runs one command line, the words behind the program's name; the exit status is the process's. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = failed(error);
  }
}

/** Usage errors exit 2, as the contract says; commander has already told of its own. */
function failed(error: unknown): number {
  const { code, exitCode } = error as { code?: string; exitCode?: number };
  if (code?.startsWith('commander.')) return exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof UsageError) {
    process.stderr.write(`remediation: ${error.message.split('\n').map(printable).join('\n')}\n`);
    return EXIT_USAGE;
  }
  process.stderr.write(
    `remediation: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return EXIT_USAGE;
}

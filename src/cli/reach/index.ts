// `remediation reach`: who can reach whom under the policies in force, as a
// table, JSON or a picture, and why.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { workloadOf } from '../../checks/networkPolicy/subjects.ts';
import { count, refer } from '../../checks/shared/messages.ts';
import { isFromCluster, type Manifest } from '../../facts/manifest-files.ts';
import { rollOut } from '../../facts/static.ts';
import { reachJson, reachTable } from '../../report/reach/index.ts';
import { EXIT_OK, EXIT_UNKNOWN, EXIT_USAGE, UsageError } from '../exit.ts';
import type { FactsFlags } from '../flags.ts';
import { openFlux } from '../flux.ts';
import { loadFacts, mustGoTogether, type Opened, openCluster, openManifests } from '../sources.ts';
import { likesColor, say } from '../terminal.ts';
import { COMMON_PORTS, type End, type Ends, findEnds } from './ends.ts';
import { explainFlows } from './explain.ts';
import { type ClusterFacts, gatherCluster } from './facts.ts';
import { type Doubts, matrixOf, type Scope } from './matrix.ts';
import { type PeerText, parsePeer, parsePort } from './peers.ts';
import { drawReach } from './picture.ts';

export interface ReachFlags extends FactsFlags {
  readonly namespace?: string;
  readonly ports?: readonly string[];
  readonly from?: readonly string[];
  readonly to?: readonly string[];
  readonly why?: readonly string[];
  readonly fold?: Fold;
  readonly output: 'table' | 'json' | 'dot' | 'svg';
  readonly color: boolean;
}

export type Fold = 'none' | 'workload' | 'namespace';

/** Where results and words about them go. */
export interface Output {
  print(chunks: Iterable<string>): Promise<void>;
  say(line: string): void;
  /** A person looks at the results, and likes colours. */
  readonly color: boolean;
}

export async function reach(flags: ReachFlags): Promise<void> {
  process.exitCode = await runReach(flags, { print, say, color: likesColor(flags.color) });
}

/** Answers, and gives the exit status. Throws a UsageError. */
export async function runReach(flags: ReachFlags, output: Output): Promise<number> {
  const { say } = output;
  const asked = parseFlags(flags);
  const opened = await open(flags);
  try {
    for (const line of opened.notes) say(`note: ${line}`);
    for (const problem of opened.problems) say(`error: ${problem}`);
    const facts = await gatherCluster(opened);
    if ('unknown' in facts) {
      for (const line of facts.unknown) say(`unknown: ${line}`);
      return EXIT_UNKNOWN;
    }
    for (const line of facts.notes) say(`note: ${line}`);
    const doubtful = asked.why
      ? await explain(facts, asked.why, flags, output)
      : await report(facts, asked, flags, output);
    if (opened.problems.length > 0) return EXIT_USAGE;
    return doubtful ? EXIT_UNKNOWN : EXIT_OK;
  } finally {
    await opened.close();
  }
}

async function open(flags: ReachFlags): Promise<Opened> {
  if (flags.flux !== undefined) return openFlux({ ...flags, flux: flags.flux });
  if (!flags.manifests) return openCluster(flags, 'remediation-reach');
  const files = await loadFacts(flags.manifests);
  const opened = openManifests(flags.static ? files.objects : withPods(files.objects), [files], flags);
  const templates = flags.static ? [] : files.objects.filter((object) => isTemplate(object));
  if (templates.length === 0 || !files.objects.some(({ kind }) => kind === 'Pod')) return opened;
  const note = `${count(templates.length, 'workload')} without pods ${templates.length === 1 ? 'is' : 'are'} left out; --static makes pods from the templates.`;
  return { ...opened, notes: [...opened.notes, note] };
}

/** Pods that somebody wrote, and no cluster has run, are taken as running: who can reach them is known all the same. */
function withPods(objects: readonly Manifest[]): readonly Manifest[] {
  return objects.map((object) => {
    if (object.kind !== 'Pod' || isFromCluster(object)) return object;
    const [made = object] = rollOut([object]);
    return object.status === undefined ? made : { ...made, status: object.status };
  });
}

const TEMPLATES: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet']);
const isTemplate = (object: Manifest) => TEMPLATES.has(object.kind) && !isFromCluster(object);

type Asked = ReturnType<typeof parseFlags>;

/** Everything that can be wrong with the call, before anything is read. */
function parseFlags(flags: ReachFlags) {
  mustGoTogether(flags);
  if (flags.fold === 'namespace' && !isPicture(flags)) {
    throw new UsageError(
      '--fold namespace is for pictures (-o svg, -o dot): between whole namespaces there is no single verdict; use --fold workload',
    );
  }
  const peers = (option: '--from' | '--to', texts: readonly string[] | undefined) =>
    texts?.map((text) => ({ text, option, peer: parsePeer(text, option) }));
  const ports = flags.ports?.map((text) => parsePort(text, '--ports'));
  if (ports?.length === 0) throw new UsageError('--ports names no port: write them as 80/TCP,53/UDP');
  return { ports, from: peers('--from', flags.from), to: peers('--to', flags.to), why: parseWhy(flags) };
}

function parseWhy({ why, output }: ReachFlags) {
  if (!why) return undefined;
  const [src, dst, port, ...more] = why;
  if (src === undefined || dst === undefined || port === undefined || more.length > 0) {
    throw new UsageError(
      '--why takes a source, a destination and a port: --why shop/web-0 shop/db-0 5432/TCP',
    );
  }
  if (output !== 'table' && output !== 'json')
    throw new UsageError(`--why has no picture: leave out -o ${output}`);
  const peer = (text: string) => ({ text, option: '--why' as const, peer: parsePeer(text, '--why') });
  return { src: peer(src), dst: peer(dst), query: parsePort(port, '--why') };
}

interface WrittenPeer {
  readonly text: string;
  readonly option: string;
  readonly peer: PeerText;
}

type Why = NonNullable<Asked['why']>;

async function explain(facts: ClusterFacts, why: Why, flags: ReachFlags, output: Output): Promise<boolean> {
  const pods = findEnds(facts.model, {
    fold: 'none',
    ports: [why.query],
    addresses: addressesIn([why.src, why.dst]),
    nodes: facts.nodes,
  });
  requirePods(pods);
  const src = matching(why.src, pods);
  const dst = matching(why.dst, pods);
  const { text, doubtful } = explainFlows(pods, src, dst, why.query, flags.output === 'json');
  await output.print([text]);
  return doubtful;
}

/** Prints the matrix; is anything in it unknown? */
async function report(
  facts: ClusterFacts,
  asked: Asked,
  flags: ReachFlags,
  output: Output,
): Promise<boolean> {
  const { say, print, color } = output;
  const fold = foldOf(facts, flags, say);
  const found = findEnds(facts.model, {
    fold: fold === 'none' ? 'none' : 'workload',
    ports: asked.ports,
    addresses: addressesIn([...(asked.from ?? []), ...(asked.to ?? [])]),
    nodes: facts.nodes,
  });
  requirePods(found);
  if (!asked.ports) {
    say(
      `note: judged on the ports that each destination declares, else on ${COMMON_PORTS.map((p) => `${p.port}/${p.protocol}`).join(' and ')}; --ports asks for others.`,
    );
  }
  const scope = scopeOf(found, asked, flags);
  const { pairs, doubts } = matrixOf(found, scope);
  switch (flags.output) {
    case 'json':
      await print(reachJson(pairs));
      break;
    case 'table':
      await print(
        reachTable(
          found.ends.map(({ shown }) => shown),
          pairs,
          { color },
        ),
      );
      break;
    case 'svg':
    case 'dot':
      await print([
        await drawReach(found, pairs, {
          format: flags.output,
          fold,
          ports: asked.ports,
          namespace: flags.namespace,
          from: asked.from !== undefined,
          to: asked.to !== undefined,
        }),
      ]);
      break;
    default:
      flags.output satisfies never;
  }
  tellOfDoubts(doubts, flags, say);
  return doubts.count > 0;
}

const isPicture = ({ output }: ReachFlags) => output === 'svg' || output === 'dot';

/** More pods than this are folded by workload. */
const MOST_PODS = { table: 30, svg: 12, dot: 12 } as const;
/** More workloads than this are folded by namespace in pictures: nobody finds an arrow among them. */
const MOST_WORKLOADS = 200;

function foldOf({ model }: ClusterFacts, flags: ReachFlags, say: Output['say']): Fold {
  const { fold, output, namespace } = flags;
  if (fold) return fold;
  const pods = model.endpoints.flatMap((endpoint) => endpoint.pods);
  if (output === 'json' || pods.length <= MOST_PODS[output]) return 'none';
  const drawn = pods.filter(({ meta }) => namespace === undefined || meta.namespace === namespace);
  const workloads = new Set(drawn.map((pod) => refer(workloadOf(pod)))).size;
  if (isPicture(flags) && workloads > MOST_WORKLOADS) {
    say(
      `note: ${count(workloads, 'workload')} are folded by namespace; -n shows one of them, --fold workload all.`,
    );
    return 'namespace';
  }
  say(`note: ${count(pods.length, 'pod')} are folded by workload; --fold none shows each of them.`);
  return 'workload';
}

function requirePods({ ends }: Ends): void {
  if (ends.some(({ pods }) => pods.length > 0)) return;
  throw new UsageError(
    'there is no running pod, so nobody can reach anybody: give manifests of pods, a dump (kubectl get pods -A -o yaml), or workloads with --static',
  );
}

const addressesIn = (peers: readonly WrittenPeer[]) => [
  ...new Set(peers.flatMap(({ peer }) => (peer.kind === 'address' ? [peer.address] : []))),
];

function scopeOf(found: Ends, { from, to }: Asked, { namespace }: ReachFlags): Scope {
  const side = (peers: readonly WrittenPeer[] | undefined) => {
    if (!peers) return (end: End) => end.entity !== undefined || end.pods.length > 0;
    const wanted = new Set(peers.flatMap((peer) => matching(peer, found)));
    return (end: End) => wanted.has(end);
  };
  if (namespace !== undefined && !found.ends.some(({ shown }) => shown.namespace === namespace)) {
    throw new UsageError(`-n ${namespace}: no running pod is in that namespace; ${namespacesOf(found)}`);
  }
  return {
    from: side(from),
    to: side(to),
    within: ({ shown }) => namespace === undefined || shown.namespace === namespace,
  };
}

/** The ends that a peer means. Throws a UsageError where it means none. */
function matching({ text, option, peer }: WrittenPeer, { ends }: Ends): readonly End[] {
  const found = ends.filter((end) => {
    switch (peer.kind) {
      case 'entity':
        return end.entity === peer.entity;
      case 'address':
        return end.pods.length === 0 && end.shown.name === peer.address;
      case 'pods':
        return (
          peer.namespace(end.shown.namespace) &&
          end.pods.some(({ meta }) =>
            peer.pod({ name: meta.name, labels: meta.labels, workload: end.workload }),
          )
        );
      default:
        return peer satisfies never;
    }
  });
  if (found.length > 0) return found;
  throw new UsageError(`${option} ${text} matches no running pod; ${namespacesOf({ ends })}`);
}

function namespacesOf({ ends }: Pick<Ends, 'ends'>): string {
  const names = [...new Set(ends.map(({ shown }) => shown.namespace).filter(Boolean))];
  return `there are pods in ${names.slice(0, 10).join(', ')}${names.length > 10 ? ` and ${names.length - 10} more namespaces` : ''}`;
}

async function print(chunks: Iterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(chunks), process.stdout, { end: false });
  } catch (error) {
    // The reader of a pipe has seen enough.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

function tellOfDoubts(doubts: Doubts, { output }: ReachFlags, say: Output['say']): void {
  if (doubts.count > 0) {
    const shown = output === 'json' ? 'left out' : output === 'table' ? 'shown as unknown' : 'drawn dashed';
    say(
      `unknown: ${count(doubts.count, 'flow')} cannot be known and ${doubts.count === 1 ? 'is' : 'are'} ${shown}:`,
    );
    for (const [cause, example] of doubts.causes) say(`  ${example}: it hangs on ${cause}`);
  }
  if (doubts.otherFamily > 0) {
    say(
      `note: world is judged by IPv4; ${count(doubts.otherFamily, 'flow')} ${doubts.otherFamily === 1 ? 'has' : 'have'} another verdict by IPv6: ${doubts.otherFamilyExample}`,
    );
  }
}

// What `reach` knows of the cluster: read as the networkPolicy check reads it,
// with everything that makes an answer doubtful told apart.

import type { Model } from '../../checks/networkPolicy/engine/index.ts';
import { gatherEvidence } from '../../checks/networkPolicy/evidence.ts';
import { disabled } from '../../checks/networkPolicy/policies.ts';
import { policySubject } from '../../checks/networkPolicy/subjects.ts';
import { count, refer } from '../../checks/shared/messages.ts';
import { isRunning } from '../../checks/shared/pods.ts';
import type { Pod } from '../../facts/kinds.ts';
import { type RecordedFacts, recordFacts } from '../../facts/recording.ts';
import type { WholeObject } from '../../facts/view.ts';
import { UsageError } from '../exit.ts';
import type { Opened } from '../sources.ts';
import { hasNodePolicies } from './ends.ts';

export interface ClusterFacts {
  readonly model: Model<Pod>;
  /** The labels of each node by its name; read only where policies over nodes are enforced. */
  readonly nodes: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Worth knowing, and no doubt about any answer. */
  readonly notes: readonly string[];
}

/** What is not known, each with what to do about it; nothing can be answered then. */
export interface Unknowns {
  readonly unknown: readonly string[];
}

/** Reads until everything is here. Throws a UsageError where manifests hold no pods. */
export async function gatherCluster(opened: Opened): Promise<ClusterFacts | Unknowns> {
  const deadline = Date.now() + opened.patienceMs;
  for (;;) {
    const facts = recordFacts(opened.source);
    const found = read(facts);
    if (facts.pending().length === 0 || Date.now() >= deadline) return found;
    await opened.nextChange(Math.max(1, deadline - Date.now()));
  }
}

function read(facts: RecordedFacts): ClusterFacts | Unknowns {
  const everything = {
    endpoints: [{ namespaceSelector: {} }],
    // Both, or the check leaves out what bears on egress alone.
    isolated: ['Ingress' as const, 'Egress' as const],
    whenMissing: 'Fail' as const,
  };
  const evidence = gatherEvidence(everything, { facts, namespace: '', now: new Date(0) });
  if (!('model' in evidence)) {
    const pods = evidence.find(
      ({ reason, message }) => reason === 'NeedsCluster' && message.includes(' Pod '),
    );
    if (pods) throw new UsageError(pods.message);
    return { unknown: evidence.map(({ message }) => message) };
  }
  const doubts = evidence.notes.filter(({ level }) => level === 'Unknown');
  if (doubts.length > 0) return { unknown: doubts.map(({ message }) => message) };
  const { model, notes, pods } = evidence;
  const away = pods.filter((pod) => !isRunning(pod)).length;
  const nodes = hasNodePolicies(model) ? facts.listWhole({ apiVersion: 'v1', kind: 'Node' }) : NO_NODES;
  if (nodes.state !== 'known') return { unknown: [nodes.message] };
  return {
    model,
    nodes: new Map(nodes.value.map(labelsOf)),
    notes: [
      ...notes.map(({ message }) => message),
      ...(away > 0
        ? [
            `${count(away, 'pod')} that ${away === 1 ? 'does' : 'do'} not run ${away === 1 ? 'is' : 'are'} left out.`,
          ]
        : []),
      ...aboutPolicies(model),
      ...aboutAddresses(model),
    ],
  };
}

function labelsOf({ metadata }: WholeObject): [string, Readonly<Record<string, string>>] {
  const { name, labels = {} } = metadata as { name: string; labels?: Record<string, string> };
  return [name, labels];
}

const NO_NODES = { state: 'known' as const, value: [], served: true };
const MOST_POLICIES = 20;

function aboutPolicies(model: Model<Pod>): readonly string[] {
  const off = disabled(model);
  const bad = model.policies.flatMap(({ policy, invalid, skipped }) => {
    const who = policy.kind === 'NetworkPolicy' ? 'The API server' : 'Cilium';
    if (invalid !== undefined) {
      return [`${who} refuses ${refer(policySubject(policy))}: ${invalid}. Nothing of it is enforced.`];
    }
    return skipped === undefined
      ? []
      : [`${refer(policySubject(policy))} is not imported as it stands: ${skipped}; only that one counts.`];
  });
  const hidden = bad.length - MOST_POLICIES;
  return [
    ...(off ? [off.message] : []),
    ...bad.slice(0, MOST_POLICIES),
    ...(hidden > 0 ? [`${count(hidden, 'more policy object')} of that sort.`] : []),
  ];
}

/** `world` stands for addresses that no rule names. */
function aboutAddresses(model: Model<Pod>): readonly string[] {
  const naming = model.policies
    .flatMap(({ rules }) => rules)
    .filter(({ peers }) =>
      peers?.some((peer) => peer.kind === 'fqdn' || (peer.kind === 'cidr' && peer.prefix.length > 0)),
    );
  if (naming.length === 0) return [];
  return [
    `${count(naming.length, 'rule')} ${naming.length === 1 ? 'names' : 'name'} addresses or DNS names outside the cluster; world stands for every other address. Ask for one by its number, such as --to 203.0.113.7.`,
  ];
}

// The stage of the suites of this folder: Flux beside the cluster, the operator
// as deploy/base lets it run, and items that judge the GitRepositories of one namespace.

import { expect } from 'vitest';
import type { ItemStatus, State, StatusFinding } from '../../../src/api/status.ts';
import type { KubeObject, Transport } from '../../../src/kubernetes/index.ts';
import type { Cluster } from '../../cluster/index.ts';
import type { FluxPrograms } from '../../flux/build.ts';
import { type ServedRepository, TOKEN_USER } from '../../flux/git-server.ts';
import { type Flux, type GitRepositoryInput, gitRepository, startFlux } from '../../flux/lab.ts';
import {
  apply,
  deleteItems,
  documents,
  eventually,
  getJson,
  install,
  SYSTEM,
  statusOf,
} from '../support/cluster.ts';
import { endOperators, type OperatorProcess, startOperatorOf } from '../support/operator.ts';
import { item, namespaceObject } from '../support/scene.ts';
import { type Follower, follow } from './follow.ts';
import { type Artifact, type GitRepository, secret, untilRevision } from './support.ts';
import { scans, WITH_SCAN, WORKFLOW } from './workflow.ts';

/** Takes `.github/` in, which Flux leaves out otherwise. */
export const KEEP_WORKFLOWS = '!/.github/\n';

export type Item = KubeObject & { readonly status?: ItemStatus };

export interface ItemOptions {
  /** Default: that the GitRepository of the item's name has the workflow that scans. */
  readonly checks?: readonly object[];
  /** Default: the operator's own, from which an item may look everywhere. */
  readonly namespace?: string;
  /** Default: the suite's, which is what the operator of the stage looks after. */
  readonly suite?: string;
}

export interface Stage {
  readonly transport: Transport;
  readonly flux: Flux;
  /** The label `suite` of the items that the operator of the stage looks after. */
  readonly suite: string;
  /** Where the GitRepositories are. */
  readonly namespace: string;
  /** Ends the operator and starts one that holds nothing yet. */
  restartOperator(): Promise<void>;
  /** One more, beside the stage's, for the items with this label. */
  startOperator(suite: string, flags: readonly string[]): Promise<OperatorProcess>;
  /** Makes a GitRepository of the namespace, or changes it. */
  offer(source: Omit<GitRepositoryInput, 'namespace'>): Promise<void>;
  patchSource(name: string, body: object): Promise<void>;
  source(name: string): Promise<GitRepository>;
  token(name: string, token: string): Promise<void>;
  /** Asks Flux to fetch at once, and waits for the artifact of this commit. */
  fetched(name: string, commit: string): Promise<Artifact>;
  /** An item that everybody says is done: whatever fails it falsely would be Drifted. */
  claim(name: string, options?: ItemOptions): Promise<void>;
  reaches(name: string, state: State, namespace?: string): Promise<ItemStatus>;
  /** A repository with the scan in it, its GitRepository, and an item that is Implemented. */
  implemented(name: string, more?: { token?: string; interval?: string }): Promise<ServedRepository>;
  followItem(name: string): Promise<Follower<Item>>;
  followSource(name: string): Promise<Follower<GitRepository>>;
  end(): Promise<void>;
}

/** The GitRepositories are in `shared`, which stays, or in a namespace of the suite's own. */
export async function setStage(
  cluster: Cluster,
  programs: FluxPrograms,
  topic: string,
  shared?: string,
): Promise<Stage> {
  const suite = `${topic}-${process.pid}`;
  const namespace = shared ?? `flux-${suite}`;
  const offered = new Set<string>();
  const sources = `/apis/source.toolkit.fluxcd.io/v1/namespaces/${namespace}/gitrepositories`;
  const items = `/apis/remediation.dev/v1alpha1/namespaces/${SYSTEM}/remediationitems`;
  const transport = await install(cluster);
  await apply(cluster, documents(namespaceObject(namespace)));
  const flux = await startFlux(cluster, programs);

  const startOperator = (label: string, flags: readonly string[]) => startOperatorOf(cluster, label, flags);
  const lookOnThisMachine = ['--allow-evidence-from', '127.0.0.0/8'];
  let operator = await startOperator(suite, lookOnThisMachine);

  const stage: Stage = {
    transport,
    flux,
    suite,
    namespace,
    restartOperator: async () => {
      await operator.stop();
      operator = await startOperator(suite, lookOnThisMachine);
    },
    startOperator,
    offer: async (source) => {
      offered.add(source.name);
      await apply(cluster, documents(gitRepository({ ...source, namespace })));
    },
    patchSource: async (name, body) => {
      const contentType = 'application/merge-patch+json';
      await transport.request({ method: 'PATCH', path: `${sources}/${name}`, contentType, body });
    },
    source: (name) => getJson<GitRepository>(cluster, 'gitrepository', name, '-n', namespace),
    token: (name, token) => apply(cluster, documents(secret(namespace, name, TOKEN_USER, token))),
    fetched: async (name, commit) => {
      await flux.fetchNow(namespace, name);
      return (await untilRevision(cluster, namespace, name, commit)).artifact;
    },
    claim: (name, options = {}) => {
      const {
        checks = [scans({ namespace, name })],
        suite: label = suite,
        namespace: home = SYSTEM,
      } = options;
      const spec = { number: 3, claim: { status: 'Implemented' } };
      return apply(cluster, documents(item({ name, namespace: home, suite: label, checks, spec })));
    },
    reaches: (name, state, home = SYSTEM) =>
      eventually(async () => {
        const status = await statusOf(transport, home, name);
        expect(status.state, `${name}: ${status.summary}`).toBe(state);
        return status;
      }),
    implemented: async (name, { token, interval } = {}) => {
      const repository = await flux.git.create(name, token);
      const commit = await repository.commit('Scan every pull request', {
        'README.md': '# Home\n',
        [WORKFLOW]: WITH_SCAN,
      });
      if (token) await stage.token(name, token);
      await stage.offer({
        name,
        url: repository.url,
        ignore: KEEP_WORKFLOWS,
        ...(token ? { secret: name } : {}),
        ...(interval ? { interval } : {}),
      });
      await untilRevision(cluster, namespace, name, commit);
      await stage.claim(name);
      await stage.reaches(name, 'Implemented');
      return repository;
    },
    followItem: (name) => follow<Item>(transport, items, name),
    followSource: (name) => follow<GitRepository>(transport, sources, name),
    end: async () => {
      await operator.stop();
      endOperators();
      await deleteItems(transport, `suite=${suite}`, SYSTEM);
      // A GitRepository goes only when source-controller has let go of it.
      await flux.controller.start();
      for (const name of offered)
        await cluster.kubectl(['delete', 'gitrepository', '--ignore-not-found', '-n', namespace, name]);
      if (!shared) await cluster.kubectl(['delete', 'namespace', namespace, '--wait=false']);
      await flux.stop();
      await transport.close();
    },
  };
  return stage;
}

/**
 * The item has been in these states and in no other. What a GET has shown may
 * reach the follower a moment later.
 */
export async function wentThrough(item: Follower<Item>, ...states: (State | undefined)[]): Promise<void> {
  await eventually(() => expect(statesOf(item)).toEqual(new Set(states)), 5_000);
  item.stop();
}

export const statesOf = ({ seen }: Follower<Item>): ReadonlySet<State | undefined> =>
  new Set(seen.map(({ object }) => object.status?.state));

export const findingsOf = ({ checks = [] }: ItemStatus): readonly StatusFinding[] =>
  checks.flatMap(({ findings = [] }) => findings);

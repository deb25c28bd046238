// A cluster with Flux in it: source-controller, a Git server that it fetches
// from, and the few things that a test does to them.
//
//   const flux = await startFlux(cluster);
//   const repository = await flux.git.create('home-ops');
//   await repository.commit('Start', { 'README.md': '# Home' });
//   await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(gitRepository({ namespace, name, url: repository.url })));
//   await flux.fetchNow(namespace, name);
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { Cluster } from '../cluster/index.ts';
import type { FluxPrograms } from './build.ts';
import { type GitServer, startGitServer } from './git-server.ts';
import { type ArtifactServer, type SourceController, startSourceController } from './source-controller.ts';
import type {} from './vitest-setup.ts';

export interface Flux {
  readonly controller: SourceController;
  readonly git: GitServer;
  /** Asks source-controller to fetch a source at once, as `flux reconcile source` does. */
  fetchNow(
    namespace: string,
    name: string,
    kind?: 'GitRepository' | 'OCIRepository' | 'Bucket',
  ): Promise<void>;
  stop(): Promise<void>;
}

/** The programs that setup has built; undefined where it could not. */
export const fluxPrograms = (): FluxPrograms | undefined => inject('fluxPrograms') ?? undefined;

/** Starts it all. The cluster must have no source-controller: two would fight over every source. */
export async function startFlux(
  cluster: Cluster,
  programs: FluxPrograms,
  artifacts: ArtifactServer = {},
): Promise<Flux> {
  await refuseSecond(cluster);
  const folder = join(cluster.folder, 'git');
  mkdirSync(folder, { recursive: true });
  const git = await startGitServer(folder);
  const controller = await startSourceController(programs.sourceController, cluster, artifacts).catch(
    async (error: unknown) => {
      await git.close();
      throw error;
    },
  );
  return {
    controller,
    git,
    async fetchNow(namespace, name, kind = 'GitRepository') {
      const asked = `reconcile.fluxcd.io/requestedAt=${new Date().toISOString()}`;
      await cluster.kubectl(['annotate', '--overwrite', '-n', namespace, `${kind}/${name}`, asked]);
    },
    async stop() {
      await controller.stop();
      await git.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function refuseSecond(cluster: Cluster): Promise<void> {
  const found = await cluster.kubectl([
    ...['get', 'deployments', '--all-namespaces', '--output=name'],
    ...['--selector=app=source-controller'],
  ]);
  if (found.trim() === '') return;
  throw new Error(
    `The cluster ${cluster.server} runs a source-controller of its own: name one without Flux in TEST_KUBECONFIG, or none.`,
  );
}

export interface GitRepositoryInput {
  readonly namespace: string;
  readonly name: string;
  readonly url: string;
  /** spec.ignore; undefined leaves Flux's own defaults, which leave out `.github/`. */
  readonly ignore?: string;
  /** A Secret with `username` and `password`. */
  readonly secret?: string;
  readonly suspend?: boolean;
  /** How often Flux looks by itself. Default 1h: what a test waits for must have been asked for. */
  readonly interval?: string;
}

export const gitRepository = (input: GitRepositoryInput) => ({
  apiVersion: 'source.toolkit.fluxcd.io/v1',
  kind: 'GitRepository',
  metadata: { namespace: input.namespace, name: input.name },
  spec: {
    url: input.url,
    interval: input.interval ?? '1h',
    timeout: '20s',
    ref: { branch: 'main' },
    ...(input.ignore === undefined ? {} : { ignore: input.ignore }),
    ...(input.secret === undefined ? {} : { secretRef: { name: input.secret } }),
    ...(input.suspend === undefined ? {} : { suspend: input.suspend }),
  },
});

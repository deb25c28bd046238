// A repository as Flux would apply it, from a cluster folder on: the objects, what
// is not known of them, and where each is from.

import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { findKustomize } from './build.ts';
import type { Doubt } from './doubts.ts';
import {
  isKustomization,
  type Kustomization,
  parseKustomization,
  rootKustomization,
  sourceOf,
} from './kustomization.ts';
import type { Applied } from './objects.ts';
import { effectiveOf } from './outcome.ts';
import { RepositoryError, workTreeOf } from './repository.ts';
import { type NamedFolders, openSources } from './sources.ts';
import { createUnknowns, type Unknowns } from './unknowns.ts';
import { createVisitor, type Walker, walk } from './walk.ts';

export { withDoubts } from './doubts.ts';
export { RepositoryError } from './repository.ts';

export interface FluxOptions {
  /** The folder that Flux is bootstrapped with. */
  readonly cluster: string;
  /** The top of the repository (default: of the Git work tree around `cluster`). */
  readonly repository?: string;
  /** The folders that stand for other sources. */
  readonly named?: NamedFolders;
}

export interface FluxWorld {
  readonly applied: readonly Applied[];
  readonly doubts: readonly Doubt[];
  readonly unknowns: Unknowns;
  readonly notes: readonly string[];
  /** The top of the repository, absolute. */
  readonly repository: string;
}

/** What flux bootstrap calls the source and the Kustomization of the cluster. */
const BOOTSTRAP = { kind: 'GitRepository', namespace: 'flux-system', name: 'flux-system' };

/** Reads and builds all of it. Throws a RepositoryError where there is nothing to follow. */
export async function readFlux({ cluster, repository, named = new Map() }: FluxOptions): Promise<FluxWorld> {
  const given = await realpath(cluster).catch(() => undefined);
  if (!given || !(await stat(given)).isDirectory()) throw new RepositoryError(`${cluster}: no such folder`);
  const top =
    repository === undefined ? await workTreeOf(given) : await realpath(repository).catch(() => undefined);
  if (!top)
    throw new RepositoryError(
      repository === undefined
        ? `${cluster} lies in no Git work tree: say where the repository begins with --source DIR`
        : `${repository}: no such folder`,
    );
  const below = path.relative(top, given).split(path.sep).join('/');
  if (below.startsWith('..')) throw new RepositoryError(`${cluster} does not lie in ${top}`);
  const kustomize = await findKustomize();
  if (!kustomize)
    throw new RepositoryError('--flux builds with kubectl kustomize: put kubectl, or kustomize, on the PATH');
  const sources = openSources(top, named);
  const unknowns = createUnknowns();
  try {
    const walker = { sources, kustomize, unknowns };
    const root = await findRoot(below, walker);
    const walked = await walk(root, walker);
    const effective = effectiveOf(walked, unknowns);
    const copies = await sources.all();
    return {
      ...effective,
      unknowns,
      notes: [...copies.flatMap(({ notes }) => notes), ...effective.notes],
      repository: top,
    };
  } finally {
    await sources.close();
    await kustomize.close();
  }
}

/**
 * The Kustomization of the cluster folder: the one in it that builds that very
 * folder, as gotk-sync.yaml has it, or the one that flux bootstrap would write.
 */
async function findRoot(below: string, walker: Walker): Promise<Kustomization> {
  walker.sources.setOwn(BOOTSTRAP);
  const bootstrap = rootKustomization(below, BOOTSTRAP);
  const outcome = await createVisitor(walker)(bootstrap, () => undefined);
  const objects = outcome.state === 'away' ? [] : (outcome.objects ?? []);
  const own = objects
    .filter(({ object }) => isKustomization(object))
    .map(({ object }) => parseKustomization(object))
    .filter((each): each is Kustomization => typeof each !== 'string');
  const self = own.find(({ spec }) => samePath(spec.path, below));
  if (!self) return bootstrap;
  walker.sources.setOwn(sourceOf(self));
  return self;
}

const samePath = (one: string, other: string) =>
  path.posix.join('/', one, '/') === path.posix.join('/', other, '/');

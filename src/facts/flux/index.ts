// A repository as Flux would apply it, from a cluster folder on: the objects, what
// is not known of them, and where each is from.

import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { wantedBy } from '../artifacts/flux-source.ts';
import type { IgnoreRules } from '../artifacts/ignore-rules.ts';
import { syncedSources } from '../flux-instance.ts';
import type { Manifest } from '../manifest-files.ts';
import { SOURCE_API } from '../source.ts';
import { SOURCE_KINDS } from '../view.ts';
import { remotesOf, sameOrigin, workTreeAround } from '../work-tree.ts';
import { findKustomize } from './build.ts';
import type { Doubt } from './doubts.ts';
import { findUnreached, type Unreached } from './files.ts';
import { withReleases } from './helm.ts';
import { findHelm } from './helm-template.ts';
import {
  isKustomization,
  type Kustomization,
  keyOf,
  parseKustomization,
  rootKustomization,
  type SourceReference,
  sourceOf,
} from './kustomization.ts';
import type { Applied } from './objects.ts';
import { effectiveOf } from './outcome.ts';
import { RepositoryError } from './repository.ts';
import { type NamedFolders, openSources, type Sources } from './sources.ts';
import { createVisitor, type Visitor, type Walk, walk } from './walk.ts';

export { withDoubts } from './doubts.ts';
export type { Unreached } from './files.ts';
export { RepositoryError } from './repository.ts';

export interface FluxOptions {
  /** The folder that Flux is bootstrapped with. */
  readonly cluster: string;
  /** The top of the repository (default: of the Git work tree around `cluster`). */
  readonly repository?: string;
  /** The folders that stand for other sources. */
  readonly named?: NamedFolders;
  /** Where kubectl or kustomize, and helm, are looked for, as in PATH (default: there). */
  readonly programs?: string;
}

export interface FluxWorld {
  readonly applied: readonly Applied[];
  readonly doubts: readonly Doubt[];
  readonly notes: readonly string[];
  /** The objects of the repository that nothing applies. */
  unreached(): Promise<readonly Unreached[]>;
}

/** What flux bootstrap calls the source and the Kustomization of the cluster. */
const BOOTSTRAP = { kind: 'GitRepository', namespace: 'flux-system', name: 'flux-system' };

/** Reads and builds all of it. Throws a RepositoryError where there is nothing to follow. */
export async function readFlux({
  cluster,
  repository,
  named = new Map(),
  programs,
}: FluxOptions): Promise<FluxWorld> {
  const given = await realpath(cluster).catch(() => undefined);
  if (!given || !(await stat(given)).isDirectory()) throw new RepositoryError(`${cluster}: no such folder`);
  const top =
    repository === undefined
      ? await workTreeAround(given)
      : await realpath(repository).catch(() => undefined);
  if (!top)
    throw new RepositoryError(
      repository === undefined
        ? `${cluster} lies in no Git work tree: say where the repository begins with --source DIR`
        : `${repository}: no such folder`,
    );
  const below = path.relative(top, given).split(path.sep).join('/');
  if (below.startsWith('..')) throw new RepositoryError(`${cluster} does not lie in ${top}`);
  const kustomize = await findKustomize(programs);
  if (!kustomize)
    throw new RepositoryError('--flux builds with kubectl kustomize: put kubectl, or kustomize, on the PATH');
  const helm = await findHelm(programs);
  const sources = openSources(top, named);
  try {
    const visit = createVisitor({ sources, kustomize });
    const root = await findRoot(below, top, sources, visit);
    let walked = await walk(root, visit);
    if (await sources.leavingOut(rulesIn(objectsOf(walked)))) walked = await walk(root, visit);
    refuseBroken(root, walked, cluster, top);
    const { notes, ...reached } = effectiveOf(walked);
    const installed = await withReleases(reached.applied, { sources, kustomize, helm });
    if (installed.applied.length === 0 && reached.doubts.length === 0)
      throw new RepositoryError(
        `${cluster} holds nothing that Flux would apply: name the folder that Flux starts with`,
      );
    const copies = await sources.all();
    const { folder: own, files } = await sources.repository();
    const used = new Set<string>();
    for (const { outcome } of walked.visits.values())
      for (const { root: from, file } of outcome.state === 'away' ? [] : (outcome.objects ?? []))
        if (from === own && file !== undefined) used.add(file);
    return {
      applied: installed.applied,
      doubts: [...reached.doubts, ...installed.doubts, ...beginnings(root, walked, installed.applied)],
      notes: [...new Set([...copies.flatMap((copy) => copy.notes), ...notes])],
      unreached: () => findUnreached(top, files, installed.applied, used),
    };
  } finally {
    await sources.close();
    await kustomize.close();
    await helm?.close();
  }
}

/**
 * The Kustomization of the cluster folder: the one in it that builds that very
 * folder, as gotk-sync.yaml has it, or the one that flux bootstrap would write.
 * Learns on the way which source objects are the repository itself.
 */
async function findRoot(
  below: string,
  top: string,
  sources: Sources,
  visit: Visitor,
): Promise<Kustomization> {
  sources.setOwn(BOOTSTRAP);
  const bootstrap = rootKustomization(below, BOOTSTRAP);
  const outcome = await visit(bootstrap, () => undefined);
  const objects = outcome.state === 'away' ? [] : (outcome.objects ?? []).map(({ object }) => object);
  const first = objects
    .filter(isKustomization)
    .map(parseKustomization)
    .filter((each) => typeof each !== 'string');
  const remotes = await remotesOf(top);
  const urls = new Map(
    objects
      .filter(({ kind }) => kind === 'GitRepository')
      .map((object) => [keyOf(refOf(object)), (object.spec as { url?: unknown } | undefined)?.url]),
  );
  const isRemote = (url: unknown) => typeof url === 'string' && remotes.some((each) => sameOrigin(each, url));
  for (const [key, url] of urls) {
    const [namespace = '', name = ''] = key.split('/');
    if (isRemote(url)) sources.setOwn({ kind: 'GitRepository', namespace, name });
  }
  const isElsewhere = (ref: Required<SourceReference>) =>
    keyOf(ref) !== keyOf(BOOTSTRAP) &&
    remotes.length > 0 &&
    urls.has(keyOf(ref)) &&
    !isRemote(urls.get(keyOf(ref)));
  const self = first.find((each) => samePath(each.spec.path, below) && !isElsewhere(sourceOf(each)));
  if (self) sources.setOwn(sourceOf(self));
  // A source that is made elsewhere, by the Flux Operator or by hand, and that everything here builds from.
  const [only, ...others] = new Map(
    first.map(sourceOf).map((ref) => [`${ref.kind} ${keyOf(ref)}`, ref]),
  ).values();
  const isDefined = (ref: SourceReference) =>
    objects.some(({ kind, metadata }) => kind === ref.kind && metadata.name === ref.name);
  const { files } = await sources.repository();
  const isHere = ({ spec }: Kustomization) => {
    const folder = path.posix.join(spec.path, '/').replace(/^(\.?\/)+/, '');
    return files.some((file) => file.startsWith(folder));
  };
  if (!self && only && others.length === 0 && !isDefined(only) && first.every(isHere)) sources.setOwn(only);
  // Most often the source stands in the cluster folder: everything is built once then.
  await sources.leavingOut(rulesIn(objects));
  return self ?? bootstrap;
}

/** What Flux begins with and builds from is there, though the Flux Operator or somebody by hand has made it. */
function beginnings(root: Kustomization, { visits }: Walk, applied: readonly Applied[]): readonly Doubt[] {
  const all = [
    { kind: 'Kustomization', namespace: root.namespace, name: root.name, is: 'what Flux begins with' },
    ...[...visits.values()].map(({ kustomization }) => ({
      ...sourceOf(kustomization),
      is: `what Kustomization ${keyOf(kustomization)} builds from`,
    })),
  ];
  const nameOf = ({ kind, ...ref }: Required<SourceReference>) => `${kind} ${keyOf(ref)}`;
  const there = new Set(applied.map(({ object }) => nameOf(refOf(object))));
  const missing = new Map(all.toReversed().map((each) => [nameOf(each), each]));
  return [...missing]
    .filter(([who]) => !there.has(who))
    .map(([who, { kind, namespace, name, is }]) => ({
      ...{ who, kind, name, namespaces: new Set([namespace]), clusterScoped: false, alone: true },
      says: `is ${is}, and is made elsewhere, by the Flux Operator or by hand`,
      mend: 'Judge the live cluster.',
    }));
}

/** Where the first step fails nothing at all can be followed: one error says so, not every fact. */
function refuseBroken(root: Kustomization, { visits }: Walk, cluster: string, top: string): void {
  const outcome = visits.get(keyOf(root))?.outcome;
  if (outcome?.state !== 'stuck' || outcome.objects !== undefined || root.spec.suspend) return;
  throw new RepositoryError(
    `Flux could not begin at ${cluster}: Kustomization ${keyOf(root)} ${outcome.why}. The repository is taken to begin at ${top}; where it begins below that, say so with --source DIR`,
  );
}

const objectsOf = ({ visits }: Walk) =>
  [...visits.values()].flatMap(({ outcome }) =>
    outcome.state === 'away' ? [] : (outcome.objects ?? []).map(({ object }) => object),
  );

/** What the objects of sources say of the files that they leave out; nothing where that is not known. */
function rulesIn(objects: readonly Manifest[]): readonly IgnoreRules[] {
  return [...syncedSources(objects), ...objects].flatMap((object) => {
    const kind = SOURCE_KINDS.find((each) => each === object.kind);
    if (!kind || !isOfGroup(object.apiVersion)) return [];
    return wantedBy({ ...refOf(object), kind }, object)?.rules ?? [];
  });
}

const isOfGroup = (apiVersion: string) => apiVersion.split('/')[0] === SOURCE_API.split('/')[0];

const refOf = ({ kind, metadata: { namespace = 'default', name } }: Manifest) => ({ kind, namespace, name });

const samePath = (one: string, other: string) =>
  path.posix.join('/', one, '/') === path.posix.join('/', other, '/');

// `--flux DIR`: the facts are what Flux would apply of the repository that DIR,
// a cluster folder, lies in.

import path from 'node:path';
import { RepositoryError, readFlux, withDoubts } from '../facts/flux/index.ts';
import type { Manifest } from '../facts/manifest-files.ts';
import { manifestSource } from '../facts/manifests.ts';
import { UsageError } from './exit.ts';
import type { FactsFlags } from './flags.ts';
import { withHindsight } from './hindsight.ts';
import { namedFolders } from './source-folders.ts';
import { neverChanges, type Opened } from './sources.ts';

export type FluxFlags = Pick<FactsFlags, 'source' | 'static'> & { readonly flux: string };

/** Throws a UsageError where there is nothing to follow. */
export async function openFlux(
  flags: FluxFlags,
): Promise<Opened & { readonly objects: readonly Manifest[] }> {
  const folders = await namedFolders(flags.source ?? []);
  // Without a name it is the repository itself.
  const repository = folders.find(({ source }) => source === undefined)?.folder;
  const world = await readFlux({
    cluster: flags.flux,
    named: new Map(folders.flatMap(({ source, folder }) => (source === undefined ? [] : [[source, folder]]))),
    ...(repository === undefined ? {} : { repository }),
  }).catch((error: unknown) => {
    if (error instanceof RepositoryError) throw new UsageError(`--flux: ${error.message}`);
    throw error;
  });
  const objects = world.applied.map(({ object }) => object);
  const sourceOf = (given: readonly Manifest[]) =>
    withDoubts(manifestSource(given, flags), given, world.doubts);
  return {
    objects,
    places: new Map(
      world.applied.flatMap(({ object, file, root }) =>
        file === undefined ? [] : [[object, { file: path.join(root, file) }]],
      ),
    ),
    source: sourceOf(objects),
    problems: [],
    notes: world.notes,
    patienceMs: 0,
    nextChange: neverChanges,
    hindsight: async (tree) => {
      const unreached = await world.unreached();
      return withHindsight(unreached, (more) => ({ ...sourceOf([...objects, ...more]), tree }));
    },
    close: async () => {},
  };
}

// `--flux DIR`: the facts are what Flux would apply of the repository that DIR,
// a cluster folder, lies in.

import path from 'node:path';
import { RepositoryError, readFlux, withDoubts } from '../facts/flux/index.ts';
import type { Manifest } from '../facts/manifest-files.ts';
import { manifestSource } from '../facts/manifests.ts';
import { UsageError } from './exit.ts';
import { withHindsight } from './hindsight.ts';
import type { Opened } from './sources.ts';

export interface FluxFlags {
  readonly flux: string;
  readonly source?: readonly string[];
  readonly static: boolean;
}

/** Throws a UsageError where there is nothing to follow. */
export async function openFlux(
  flags: FluxFlags,
): Promise<Opened & { readonly objects: readonly Manifest[] }> {
  const { repository, named } = parseSources(flags.source ?? []);
  const world = await readFlux({
    cluster: flags.flux,
    named,
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
    nextChange: async () => {},
    hindsight: async () => {
      const unreached = await world.unreached();
      return withHindsight(unreached, (more) => sourceOf([...objects, ...more]));
    },
    close: async () => {},
  };
}

/** `[NAMESPACE/NAME=]DIR`: without a name it is the repository itself. */
function parseSources(given: readonly string[]): {
  readonly repository?: string;
  readonly named: ReadonlyMap<string, string>;
} {
  const named = new Map<string, string>();
  let repository: string | undefined;
  for (const text of given) {
    const [, name, folder] = /^([^=/]+\/[^=/]+)=(.+)$/.exec(text) ?? [];
    if (name && folder) named.set(name, folder);
    else repository = text;
  }
  return { named, ...(repository === undefined ? {} : { repository }) };
}

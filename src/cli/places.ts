// Where the objects that findings are about stand: file and line of their
// manifests, as code scanning wants them.

import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { KIND } from '../api/group.ts';
import { loadManifests, type Manifest, type ManifestPlace } from '../facts/manifest-files.ts';
import { workTreeAround } from '../facts/work-tree.ts';
import type { JudgedItem } from '../report/items.ts';
import type { Place, PlaceOf } from '../report/review.ts';
import type { Opened } from './sources.ts';

/** Paths are from the root of the Git work tree around the file, else from the current folder; outside both they are absolute. */
export function findPlaces(opened: Pick<Opened, 'places'>, judged: readonly JudgedItem[]): Promise<PlaceOf> {
  return placesOf(opened, subjects(judged));
}

/** The same for objects named as Kind/namespace/name. */
export async function placesOf(
  { places }: Pick<Opened, 'places'>,
  names: ReadonlySet<string>,
): Promise<PlaceOf> {
  if (!places || places.size === 0) return () => undefined;
  const objects = index(places);
  const named = nameFiles();
  const lines = readLines();
  const found = new Map<string, Place>();
  for (const key of names) {
    const [object, place] = objects.get(key) ?? [];
    if (!object || !place) continue;
    const line = place.line ?? (await lines(place.file, object));
    found.set(key, { path: await named(place.file), ...(line === undefined ? {} : { line }) });
  }
  return ({ kind, namespace = '', name }) => found.get(`${kind}/${namespace}/${name}`);
}

/** What the findings are about, and the items themselves. */
function subjects(judged: readonly JudgedItem[]): ReadonlySet<string> {
  const all = judged.flatMap(({ raw, status }) => [
    { kind: KIND, namespace: raw.metadata.namespace ?? 'default', name: raw.metadata.name ?? '' },
    ...[...(status.prerequisites ?? []), ...(status.checks ?? [])].flatMap(({ findings = [] }) =>
      findings.flatMap(({ subject }) => subject ?? []),
    ),
  ]);
  return new Set(all.map(({ kind, namespace = '', name }) => `${kind}/${namespace}/${name}`));
}

/** By kind, namespace and name; without a namespace an object is cluster-scoped or in `default`. */
function index(places: ReadonlyMap<Manifest, ManifestPlace>): ReadonlyMap<string, [Manifest, ManifestPlace]> {
  const objects = new Map<string, [Manifest, ManifestPlace]>();
  for (const [object, place] of places) {
    const { name, namespace } = object.metadata;
    for (const where of namespace ? [namespace] : ['', 'default']) {
      const key = `${object.kind}/${where}/${name}`;
      if (!objects.has(key)) objects.set(key, [object, place]);
    }
  }
  return objects;
}

function nameFiles(): (file: string) => Promise<string> {
  const roots = new Map<string, string>();
  // A work tree within one that is known (a submodule) is a folder of it.
  const rootOf = async (folder: string): Promise<string> => {
    const around = [...roots.values()].find((root) => folder.startsWith(root + path.sep));
    const root = roots.get(folder) ?? around ?? (await workTreeAround(folder)) ?? (await realpath('.'));
    roots.set(folder, root);
    return root;
  };
  return async (file) => {
    const folder = await realpath(path.dirname(file)).catch(() => path.resolve(path.dirname(file)));
    const whole = path.join(folder, path.basename(file));
    const from = path.relative(await rootOf(folder), whole);
    return from === '..' || from.startsWith(`..${path.sep}`) || path.isAbsolute(from)
      ? whole
      : from.split(path.sep).join('/');
  };
}

/** The line of an object whose text went through a build: that of the object of its name in the file. */
function readLines(): (file: string, object: Manifest) => Promise<number | undefined> {
  const files = new Map<string, ReturnType<typeof loadManifests>>();
  return async (file, { kind, metadata }) => {
    if (!/\.ya?ml$/i.test(file)) return undefined;
    const reading = files.get(file) ?? loadManifests([file]);
    files.set(file, reading);
    const { places } = await reading;
    return [...places].find(([each]) => each.kind === kind && each.metadata.name === metadata.name)?.[1].line;
  };
}

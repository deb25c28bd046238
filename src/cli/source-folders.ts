// The folders that stand for Flux sources: those that --source names, and offline
// the Git work tree around the manifests. Read when the first check asks for one,
// as Flux would make an artifact of it where the object of the source is known.

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type Wanted, wantedBy } from '../facts/artifacts/flux-source.ts';
import { folderTree } from '../facts/artifacts/folder.ts';
import { syncedSources } from '../facts/flux-instance.ts';
import type { Manifest } from '../facts/manifest-files.ts';
import { failedBy, isEvidenceError } from '../facts/network/evidence-error.ts';
import { SOURCE_API, type Source, wholeRef } from '../facts/source.ts';
import type { Fact, SourceRef, SourceTree, WholeObject } from '../facts/view.ts';
import { remotesOf, sameOrigin, workTreeAround } from '../facts/work-tree.ts';
import { UsageError } from './exit.ts';
import type { Opened } from './sources.ts';

interface Named {
  /** NAMESPACE/NAME; undefined stands for every source that has no folder of its own. */
  readonly source: string | undefined;
  readonly folder: string;
}

export interface FolderOptions {
  /** As --source was given: [NAMESPACE/NAME=]DIR. */
  readonly source?: readonly string[];
  /** Files and folders around which the work tree is looked for; undefined where only --source counts. */
  readonly around?: readonly string[];
  /** The objects of the manifests: what they say of a source's origin is compared with the work tree's. */
  readonly objects?: readonly Manifest[];
  readonly timeout: number;
}

/** The same facts, with folders for sources. Throws a UsageError for a folder that is none. */
export async function withFolders<O extends Opened>(opened: O, options: FolderOptions): Promise<O> {
  const named = await namedFolders(options.source ?? []);
  const work = options.around ? await defaultFolder(options.around) : undefined;
  if (named.length === 0 && !work) return opened;
  const trees = new Map<string, Fact<SourceTree>>();
  const objects = options.objects && [...options.objects, ...syncedSources(options.objects)];
  const asTheyAre = new Set<string>();
  let arrived = Promise.withResolvers<void>();

  function treeOf(folder: string, wanted: Wanted | undefined): Fact<SourceTree> {
    const key = JSON.stringify([folder, wanted]);
    const known = trees.get(key);
    if (known) return known;
    const reading: Fact<SourceTree> = { state: 'pending', message: `the files in ${folder}` };
    trees.set(key, reading);
    void folderTree(folder, { wanted })
      .then(
        (value) => trees.set(key, { state: 'known', value }),
        (error: unknown) =>
          trees.set(
            key,
            isEvidenceError(error)
              ? failedBy(error)
              : { state: 'failed', reason: 'Unreadable', message: `${folder}: ${String(error)}` },
          ),
      )
      .then(() => {
        arrived.resolve();
        arrived = Promise.withResolvers<void>();
      });
    return reading;
  }

  const { source } = opened;
  return {
    ...opened,
    source: {
      ...source,
      tree: (ref) => {
        const given =
          named.find((each) => each.source === `${ref.namespace}/${ref.name}`) ??
          named.find((each) => each.source === undefined);
        const around = given || ref.kind !== 'GitRepository' ? undefined : work;
        const folder = given?.folder ?? around?.folder;
        if (folder === undefined) return source.tree(ref);
        const object = objectOf(ref, objects, source);
        if (object.state === 'pending') return object;
        const known = object.state === 'known' ? object.value : undefined;
        const other = around && elsewhere(ref, known, around);
        if (other) return other;
        const wanted = known && wantedBy(ref, known);
        if (!wanted)
          asTheyAre.add(
            `nothing here says what ${ref.kind} ${ref.namespace}/${ref.name} leaves out: all of ${folder} counts, .github/ too, which Flux leaves out by default`,
          );
        return treeOf(folder, wanted);
      },
    },
    learned: () => [...(opened.learned?.() ?? []), ...asTheyAre],
    patienceMs: Math.max(opened.patienceMs, options.timeout * 1000),
    nextChange: (withinMs) => Promise.race([arrived.promise, opened.nextChange(withinMs)]),
  };
}

/** Reads `[NAMESPACE/NAME=]DIR`s. Throws a UsageError for a folder that is none, and for two that stand for the same. */
export async function namedFolders(given: readonly string[]): Promise<readonly Named[]> {
  const named: Named[] = [];
  for (const text of given) {
    const [, source, folder = text] = /^([a-z0-9-]+\/[a-z0-9.-]+)=(.*)$/s.exec(text) ?? [];
    if (named.some((each) => each.source === source))
      throw new UsageError(`--source gives ${source ?? 'all sources'} two folders`);
    const found = await stat(folder).catch(() => undefined);
    if (!found?.isDirectory())
      throw new UsageError(`--source ${text}: ${found ? 'not a folder' : 'no such folder'}`);
    named.push({ source, folder: path.resolve(folder) });
  }
  return named;
}

interface DefaultFolder {
  readonly folder: string;
  readonly remotes: readonly string[];
}

async function defaultFolder(around: readonly string[]): Promise<DefaultFolder | undefined> {
  for (const given of [...around, '.']) {
    const found = await stat(given).catch(() => undefined);
    const folder = await workTreeAround(found?.isDirectory() ? given : path.dirname(given));
    if (folder !== undefined) return { folder, remotes: await remotesOf(folder) };
  }
  return undefined;
}

/** The object of a source: of the manifests in whatever version, or made of their FluxInstance; else as the cluster has it. */
function objectOf(
  { kind, namespace, name }: SourceRef,
  objects: readonly Manifest[] | undefined,
  source: Source,
): Fact<WholeObject> {
  if (!objects)
    return source.get(wholeRef({ apiVersion: SOURCE_API, kind }), namespace, name) as Fact<WholeObject>;
  const [group] = SOURCE_API.split('/');
  const value = objects.find(
    (each) =>
      each.kind === kind &&
      each.apiVersion.split('/')[0] === group &&
      each.metadata.name === name &&
      (each.metadata.namespace ?? 'default') === namespace,
  );
  return value ? { state: 'known', value } : { state: 'absent', served: true };
}

/** A source whose object names another origin than the work tree's is not the work tree. */
function elsewhere(
  { kind, namespace, name }: SourceRef,
  object: WholeObject | undefined,
  { folder, remotes }: DefaultFolder,
): Fact<SourceTree> | undefined {
  const url = (object?.spec as { url?: unknown } | null | undefined)?.url;
  if (typeof url !== 'string' || remotes.length === 0 || remotes.some((each) => sameOrigin(each, url)))
    return undefined;
  return {
    state: 'failed',
    reason: 'NeedsCluster',
    message: `${kind} ${namespace}/${name} is of ${url}, and the work tree ${folder} of ${remotes.join(', ')}; name its folder with --source ${namespace}/${name}=DIR`,
  };
}

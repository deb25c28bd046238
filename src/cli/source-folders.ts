// The folders that stand for Flux sources: those that --source names, and offline
// the Git work tree around the manifests. Read when the first check asks for one.

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { folderTree } from '../facts/artifacts/folder.ts';
import type { Manifest } from '../facts/manifest-files.ts';
import { failedBy, isEvidenceError } from '../facts/network/evidence-error.ts';
import { SOURCE_API } from '../facts/source.ts';
import type { Fact, SourceRef, SourceTree } from '../facts/view.ts';
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
  const wanted = options.around ? await defaultFolder(options.around) : undefined;
  if (named.length === 0 && !wanted) return opened;
  const trees = new Map<string, Fact<SourceTree>>();
  let arrived = Promise.withResolvers<void>();

  function treeOf(folder: string): Fact<SourceTree> {
    const known = trees.get(folder);
    if (known) return known;
    const reading: Fact<SourceTree> = { state: 'pending', message: `the files in ${folder}` };
    trees.set(folder, reading);
    void folderTree(folder)
      .then(
        (value) => trees.set(folder, { state: 'known', value }),
        (error: unknown) =>
          trees.set(
            folder,
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
        if (given) return treeOf(given.folder);
        if (!wanted || ref.kind !== 'GitRepository') return source.tree(ref);
        return elsewhere(ref, options.objects ?? [], wanted) ?? treeOf(wanted.folder);
      },
    },
    patienceMs: Math.max(opened.patienceMs, options.timeout * 1000),
    // Manifests alone have no patience, since nothing of them changes any more.
    nextChange: (withinMs) =>
      Promise.race([
        arrived.promise,
        opened.patienceMs > 0 ? opened.nextChange(withinMs) : sleep(withinMs, undefined, { ref: false }),
      ]),
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

/** A source whose manifest names another origin than the work tree's is not the work tree. */
function elsewhere(
  { kind, namespace, name }: SourceRef,
  objects: readonly Manifest[],
  { folder, remotes }: DefaultFolder,
): Fact<SourceTree> | undefined {
  const object = objects.find(
    (each) =>
      each.kind === kind &&
      each.apiVersion.split('/')[0] === SOURCE_API.split('/')[0] &&
      each.metadata.name === name &&
      (each.metadata.namespace ?? 'default') === namespace,
  );
  const url = (object?.spec as { url?: unknown } | undefined)?.url;
  if (typeof url !== 'string' || remotes.length === 0 || remotes.some((each) => sameOrigin(each, url)))
    return undefined;
  return {
    state: 'failed',
    reason: 'NeedsCluster',
    message: `${kind} ${namespace}/${name} is of ${url}, and the work tree ${folder} of ${remotes.join(', ')}; name its folder with --source ${namespace}/${name}=DIR`,
  };
}

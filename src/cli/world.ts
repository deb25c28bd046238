// What `verify` judges: the items, and the source of the facts, from a cluster
// or from files.

import { API_VERSION, KIND, PLURAL } from '../api/group.ts';
import { type ItemMetadata, itemParser, type Parsed } from '../api/remediation-item.ts';
import { blocksOf } from '../checks/check.ts';
import { CHECKS } from '../checks/index.ts';
import { type Doubt, withDoubts } from '../facts/flux/doubts.ts';
import { loadManifests, type Manifest } from '../facts/manifest-files.ts';
import { isNotFound, type KubeObject, messageOf, type Transport } from '../kubernetes/index.ts';
import { UsageError } from './exit.ts';
import type { JudgeFlags } from './flags.ts';
import { type FluxFlags, openFlux } from './flux.ts';
import { labelTest } from './label-selector.ts';
import { withFolders } from './source-folders.ts';
import { loadFacts, mustGoTogether, type Opened, openCluster, openManifests } from './sources.ts';

export interface World extends Opened {
  readonly items: readonly Parsed[];
  /** How many more there are that -n and -l leave out. */
  readonly unwanted: number;
  /** The object that an item was parsed from. */
  raw(metadata: ItemMetadata): KubeObject;
}

const parse = itemParser(blocksOf(CHECKS));
const isItem = (object: { apiVersion?: unknown; kind?: unknown }) =>
  object.kind === KIND && String(object.apiVersion).startsWith(`${API_VERSION.split('/')[0]}/`);

/** Where the facts are from is the caller's choice. Throws a UsageError where the flags do not go together. */
export function openWorld(paths: readonly string[], flags: JudgeFlags): Promise<World> {
  const { flux, manifests } = flags;
  mustGoTogether(flags);
  if (flux !== undefined) return fromFlux(paths, { ...flags, flux });
  return manifests ? fromManifests(paths, flags) : fromCluster(paths, flags);
}

/**
 * Items are those of the named paths, else those among the manifests; whatever
 * else stands in the named paths is a manifest like the others.
 */
async function fromManifests(paths: readonly string[], flags: JudgeFlags): Promise<World> {
  const named = await loadManifests(paths);
  const facts = await loadFacts(flags.manifests ?? []);
  const objects = [...facts.objects, ...named.objects].filter((object) => !isItem(object));
  const items = named.objects.some(isItem) ? named.objects : [...facts.objects, ...named.objects];
  const manifests = openManifests(objects, [named, facts], flags);
  const doubts = facts.problems.map(unread);
  const opened =
    doubts.length === 0 ? manifests : { ...manifests, source: withDoubts(manifests.source, objects, doubts) };
  return {
    ...(await withFolders(opened, { ...flags, around: flags.manifests ?? [], objects })),
    ...parsedItems(items.filter(isItem), flags),
  };
}

/** Whatever seems to be missing may stand in what cannot be read. */
const unread = (problem: string): Doubt => ({
  who: 'a file that cannot be read',
  says: `may hold it (${problem})`,
  mend: 'Mend the file.',
  clusterScoped: true,
  reason: 'Unreadable',
});

/** As from manifests, with what Flux would apply of a repository in their place. */
async function fromFlux(paths: readonly string[], flags: JudgeFlags & FluxFlags): Promise<World> {
  const flux = await openFlux(flags);
  const opened = await withFolders(flux, { ...flags, around: [flags.flux], objects: flux.objects });
  const named = await loadManifests(paths);
  const given = named.objects.some(isItem) ? named.objects : opened.objects;
  const others = named.objects.filter((object) => !isItem(object)).length;
  return {
    ...opened,
    ...parsedItems(given.filter(isItem), flags),
    places: new Map([...(opened.places ?? []), ...named.places]),
    problems: named.problems,
    notes: [
      ...opened.notes,
      ...named.ignored.map((line) => `passed over: ${line}`),
      ...(others > 0
        ? [`${others} objects beside the items are passed over: only what Flux applies counts`]
        : []),
    ],
  };
}

async function fromCluster(paths: readonly string[], flags: JudgeFlags): Promise<World> {
  const cluster = await openCluster(flags, 'remediation-verify');
  try {
    const opened = await withFolders(cluster, flags);
    const given = paths.length > 0 ? await loadManifests(paths) : undefined;
    const objects = given ? given.objects.filter(isItem) : await itemsIn(opened.transport, flags);
    return {
      ...opened,
      ...parsedItems(objects, flags),
      ...(given ? { places: given.places } : {}),
      problems: given?.problems ?? [],
      notes: (given?.ignored ?? []).map((line) => `passed over: ${line}`),
    };
  } catch (error) {
    await cluster.close();
    if (error instanceof UsageError) throw error;
    throw new UsageError(messageOf(error));
  }
}

async function itemsIn(transport: Transport, { namespace, selector }: JudgeFlags): Promise<KubeObject[]> {
  const where = namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  try {
    const { body } = await transport.request<{ items?: KubeObject[] }>({
      path: `/apis/${API_VERSION}${where}/${PLURAL}`,
      query: { ...(selector ? { labelSelector: selector } : {}) },
    });
    return (body.items ?? []).map((item) => ({ ...item, apiVersion: API_VERSION, kind: KIND }));
  } catch (error) {
    if (isNotFound(error))
      throw new UsageError(
        `${transport.server} serves no RemediationItems: install the CRD (kubectl apply -f crds/), or name files of items`,
      );
    throw error;
  }
}

function parsedItems(
  objects: readonly (KubeObject | Manifest)[],
  { namespace, selector }: JudgeFlags,
): Pick<World, 'items' | 'unwanted' | 'raw'> {
  const labelled = selector ? labelTest(selector, `--selector ${selector}`) : () => true;
  const wanted = (parsed: Parsed) => {
    const { metadata } = parsed.ok ? parsed.item : parsed;
    return (!namespace || metadata.namespace === namespace) && labelled(metadata.labels);
  };
  const raws = new Map<string, KubeObject>();
  const items = objects.map((object) => {
    const parsed = parse(object);
    const { metadata } = parsed.ok ? parsed.item : parsed;
    raws.set(`${metadata.namespace}/${metadata.name}`, object as KubeObject);
    return parsed;
  });
  const chosen = items.filter(wanted);
  return {
    items: chosen,
    unwanted: items.length - chosen.length,
    raw: ({ namespace: ns, name }) => raws.get(`${ns}/${name}`) ?? { metadata: { namespace: ns, name } },
  };
}

/** What to tell where there is nothing to judge. Throws a UsageError where files were named and hold no item. */
export function noItems(
  { unwanted }: Pick<World, 'unwanted'>,
  paths: readonly string[],
  { namespace, selector, manifests, flux }: JudgeFlags,
): string {
  const asked = [
    ...(namespace ? [`in namespace ${namespace}`] : []),
    ...(selector ? [`with labels ${selector}`] : []),
  ].join(' ');
  if (paths.length > 0) {
    if (unwanted === 0)
      throw new UsageError(
        `no RemediationItems in ${paths.join(', ')}: files that end in .yaml, .yml or .json are read, drafts are not`,
      );
    return `none of the RemediationItems in ${paths.join(', ')} is ${asked}`;
  }
  const among =
    flux !== undefined ? 'among what Flux would apply' : manifests ? 'among the manifests' : 'in the cluster';
  return `no RemediationItems ${[among, asked].filter(Boolean).join(' ')}`;
}

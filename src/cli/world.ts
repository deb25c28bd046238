// What `verify` judges: the items, and the source of the facts, from a cluster
// or from files.

import { API_VERSION, KIND, PLURAL } from '../api/group.ts';
import { type ItemMetadata, itemParser, type Parsed } from '../api/remediation-item.ts';
import { blocksOf } from '../checks/check.ts';
import { CHECKS } from '../checks/index.ts';
import { liveSource } from '../facts/live.ts';
import { loadManifests, type Manifest } from '../facts/manifest-files.ts';
import { manifestSource } from '../facts/manifests.ts';
import type { Source } from '../facts/source.ts';
import {
  createDiscovery,
  createTransport,
  isNotFound,
  type KubeObject,
  messageOf,
  serverVersion,
  systemClock,
} from '../kubernetes/index.ts';
import { connect } from './connect.ts';
import { UsageError } from './exit.ts';
import type { VerifyFlags } from './flags.ts';

export interface World {
  readonly items: readonly Parsed[];
  readonly source: Source;
  /** Input that cannot be read: exit status 2. */
  readonly problems: readonly string[];
  /** Worth knowing, and no error. */
  readonly notes: readonly string[];
  /** How long facts may take to arrive. */
  readonly patienceMs: number;
  /** The object that an item was parsed from. */
  raw(metadata: ItemMetadata): KubeObject;
  /** Resolves when some fact has changed, or after `withinMs`. */
  nextChange(withinMs: number): Promise<void>;
  close(): Promise<void>;
}

const parse = itemParser(blocksOf(CHECKS));
const isItem = (object: { apiVersion?: unknown; kind?: unknown }) =>
  object.kind === KIND && String(object.apiVersion).startsWith(`${API_VERSION.split('/')[0]}/`);

/**
 * Items are those of the named paths, else those among the manifests; whatever
 * else stands in the named paths is a manifest like the others.
 */
export async function fromManifests(paths: readonly string[], flags: VerifyFlags): Promise<World> {
  const named = await loadManifests(paths);
  const facts = await loadManifests(flags.manifests ?? []);
  const objects = [...facts.objects, ...named.objects].filter((object) => !isItem(object));
  const items = named.objects.some(isItem) ? named.objects : [...facts.objects, ...named.objects];
  return {
    ...parsedItems(items.filter(isItem), flags),
    source: manifestSource(objects, { static: flags.static }),
    problems: [...named.problems, ...facts.problems],
    notes: [...named.ignored, ...facts.ignored].map((line) => `passed over: ${line}`),
    patienceMs: 0,
    nextChange: async () => {},
    close: async () => {},
  };
}

export async function fromCluster(paths: readonly string[], flags: VerifyFlags): Promise<World> {
  const connection = await connect(flags);
  const transport = createTransport(connection, { userAgent: 'remediation-verify' });
  try {
    await serverVersion(transport);
    const given = paths.length > 0 ? await loadManifests(paths) : undefined;
    const objects = given ? given.objects.filter(isItem) : await itemsIn(transport, flags);
    const source = liveSource({ transport, discovery: createDiscovery(transport), clock: systemClock() });
    return {
      ...parsedItems(objects, flags),
      source,
      problems: given?.problems ?? [],
      notes: (given?.ignored ?? []).map((line) => `passed over: ${line}`),
      patienceMs: flags.timeout * 1000,
      nextChange: (withinMs) =>
        new Promise((resolve) => {
          const end = () => {
            stop();
            clearTimeout(timer);
            resolve();
          };
          const stop = source.onChange(end);
          const timer = setTimeout(end, withinMs);
        }),
      close: async () => {
        await source.stop();
        await transport.close();
      },
    };
  } catch (error) {
    await transport.close();
    if (error instanceof UsageError) throw error;
    throw new UsageError(messageOf(error));
  }
}

async function itemsIn(
  transport: ReturnType<typeof createTransport>,
  { namespace, selector }: VerifyFlags,
): Promise<KubeObject[]> {
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
  { namespace, selector }: VerifyFlags,
): Pick<World, 'items' | 'raw'> {
  const wanted = (parsed: Parsed) => {
    const { metadata } = parsed.ok ? parsed.item : parsed;
    return (
      (!namespace || metadata.namespace === namespace) && (!selector || matches(metadata.labels, selector))
    );
  };
  const raws = new Map<string, KubeObject>();
  const items = objects.map((object) => {
    const parsed = parse(object);
    const { metadata } = parsed.ok ? parsed.item : parsed;
    raws.set(`${metadata.namespace}/${metadata.name}`, object as KubeObject);
    return parsed;
  });
  return {
    items: items.filter(wanted),
    raw: ({ namespace: ns, name }) => raws.get(`${ns}/${name}`) ?? { metadata: { namespace: ns, name } },
  };
}

/** kubectl's equality-based selectors: key, !key, key=value, key==value, key!=value, joined by commas. */
function matches(labels: Readonly<Record<string, string>>, selector: string): boolean {
  return selector.split(',').every((term) => {
    const [, key = '', operator = '', value = ''] = /^\s*([^=!\s]+)\s*(==|=|!=)\s*(\S*)\s*$/.exec(term) ?? [];
    if (key) return operator === '!=' ? labels[key] !== value : labels[key] === value;
    const name = term.trim();
    if (/^!?[\w./-]+$/.test(name)) return name.startsWith('!') ? !(name.slice(1) in labels) : name in labels;
    throw new UsageError(`--selector ${selector}: "${term}" is not key=value, key!=value, key or !key`);
  });
}

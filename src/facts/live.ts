// The live cluster as a source of facts. A feed per kind is started by the first
// read of that kind and ended when nobody reads it any more; each is a reflector
// into a store of projections.

import {
  type ApiResource,
  type Clock,
  type Discovery,
  type KubeObject,
  splitApiVersion,
  type Transport,
} from '../kubernetes/index.ts';
import type { Fetched, Holdings } from './artifacts/gatherer.ts';
import { throughApiServer } from './artifacts/service-proxy.ts';
import { createTrees } from './artifacts/trees.ts';
import { createDefinitions } from './definitions.ts';
import { MANAGERS, writersOf } from './equal.ts';
import { createFeed, type Feed, type FeedChange } from './feed.ts';
import type { Manager, Meta } from './kinds.ts';
import { createGuardedFetch } from './network/guarded-fetch.ts';
import { KINDS, READ_SINGLY } from './projections.ts';
import { managers } from './raw.ts';
import type { Read } from './recording.ts';
import { createSharing } from './sharing.ts';
import { type KindRef, SOURCE_API, type Source, wholeRef } from './source.ts';
import { type Failed, SOURCE_KINDS, type SourceRef, type WholeObject } from './view.ts';

/** A change of a fact, for whoever has read it. */
export interface FactChange {
  /** The object that changed; without a name, everything of the kind may have. */
  readonly read: Read;
  readonly action?: 'Created' | 'Changed' | 'Deleted';
  /** The kind as people call it. */
  readonly kind: string;
  /** Who wrote it, newest first. */
  readonly managers: readonly Manager[];
  /** performance.now() when it arrived. */
  readonly at: number;
}

export interface LiveOptions {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly clock: Clock;
  /** For watch metrics: the kind, and what its reflector does. */
  readonly observe?: (kind: string) => (event: WatchEventName) => void;
  /** For metrics and the log: how each fetch of an artifact ended. */
  readonly onFetched?: (fetched: Fetched) => void;
  /** Ranges of special addresses (CIDR) that evidence may be fetched from all the same. */
  readonly allowEvidenceFrom?: readonly string[];
  /** Read with the permissions of a person at the command line, not with the operator's. */
  readonly asUser?: boolean;
  /** This process is not in the cluster: Services of it are asked through the API server. */
  readonly outside?: boolean;
}
type WatchEventName =
  | 'list'
  | 'watchList'
  | 'watch'
  | 'event'
  | 'bookmark'
  | 'expired'
  | 'silent'
  | 'failure';

export interface LiveSource extends Source {
  /** Tells of every change of what was read. Returns the function that ends it. */
  onChange(listener: (change: FactChange) => void): () => void;
  /** Nobody reads the kind (or this object of a kind that is read singly) any more. */
  release(read: Read): void;
  /** What is held of artifacts at this moment. */
  artifacts(): Holdings;
  stop(): Promise<void>;
}

/** Where a kind of the API server's own is found without asking discovery. */
function builtIn(kind: KindRef): ApiResource | undefined {
  if (!kind.projected || kind.apiVersion.split('/')[0]?.match(/cilium\.io$|remediation\.dev$/))
    return undefined;
  const { plural, namespaced } = KINDS[kind.projected];
  const [group, version] = kind.apiVersion.includes('/') ? kind.apiVersion.split('/') : ['', kind.apiVersion];
  return {
    group: group ?? '',
    version: version ?? '',
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    plural,
    namespaced,
    verbs: [],
  };
}

/** A whole object as CEL sees it: without bookkeeping. */
function whole(raw: KubeObject): object {
  const { managedFields, resourceVersion: _, ...metadata } = raw.metadata;
  return Object.assign({ ...raw, metadata }, { [MANAGERS]: managers(managedFields) });
}

/** Throws where a range of `allowEvidenceFrom` is none. */
export function liveSource(options: LiveOptions): LiveSource {
  const { transport, discovery, clock, observe } = options;
  const definitions = createDefinitions({ transport, discovery, clock });
  const feeds = new Map<string, Feed>();
  const sharing = createSharing();
  const listeners = new Set<(change: FactChange) => void>();
  const network = createGuardedFetch({ allow: options.allowEvidenceFrom ?? [] });
  const trees = createTrees({
    open: options.outside ? throughApiServer(transport, network.open) : network.open,
    clock,
    onFetched: options.onFetched,
    onChange: ({ kind, namespace, name }) =>
      tell({
        read: { kind: sourceKind(kind).key, namespace, name },
        kind,
        managers: [],
        at: performance.now(),
      }),
  });

  const tell = (change: FactChange) => {
    for (const listener of [...listeners]) listener(change);
  };

  function feedOf(kind: KindRef, namespace: string | undefined, name: string | undefined): Feed {
    const single = name !== undefined && kind.projected !== undefined && READ_SINGLY.has(kind.projected);
    const key = single ? `${kind.key}|${namespace ?? ''}/${name}` : kind.key;
    const known = feeds.get(key);
    if (known) return known;
    const project = kind.projected ? KINDS[kind.projected].project : undefined;
    const feed = createFeed({
      transport,
      clock,
      definitions,
      kind,
      resource: builtIn(kind),
      project: project ? (raw) => project(raw as Record<string, unknown>, sharing) : whole,
      identify: project
        ? (fact) => (fact as { meta: Meta }).meta
        : (fact) => (fact as KubeObject).metadata as unknown as Meta,
      ...(single ? { single: { namespace, name: name as string } } : {}),
      ...(observe ? { observe: observe(kind.kind) } : {}),
      asOperator: !options.asUser,
      onChange: (change) => tell(asFactChange(kind, change, single ? { namespace, name } : undefined)),
    });
    feeds.set(key, feed);
    return feed;
  }

  return {
    isClusterScoped: (kind) => {
      if (kind.projected) return !KINDS[kind.projected].namespaced;
      const found = discovery.lookup(kind.apiVersion, kind.kind);
      return found?.state === 'served' && !found.resource.namespaced;
    },
    get: (kind, namespace, name) => {
      const object = feedOf(kind, namespace, name).get(namespace, name);
      return (object.state === 'absent' && !object.served && elsewhere(discovery, kind)) || object;
    },
    list: (kind, namespace) => {
      const objects = feedOf(kind, namespace, undefined).list(namespace);
      return (objects.state === 'known' && !objects.served && elsewhere(discovery, kind)) || objects;
    },
    tree: (ref) => {
      const object = feedOf(sourceKind(ref.kind), ref.namespace, ref.name).get(ref.namespace, ref.name);
      // What it offered is not fetched any more, nor held.
      if (object.state === 'absent') trees.release(ref);
      if (object.state === 'absent' && !object.served) return otherVersion(discovery, ref.kind) ?? object;
      return object.state === 'known' ? trees.read(ref, object.value as WholeObject) : object;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    release: ({ kind, namespace, name }) => {
      const source = SOURCE_KINDS.find((each) => sourceKind(each).key === kind);
      if (source && namespace !== undefined && name !== undefined)
        trees.release({ kind: source, namespace, name });
      for (const key of [kind, `${kind}|${namespace ?? ''}/${name ?? ''}`]) {
        const feed = feeds.get(key);
        if (!feed || (key === kind && name !== undefined)) continue;
        feeds.delete(key);
        void feed.stop();
      }
    },
    artifacts: trees.holdings,
    stop: async () => {
      await Promise.all([
        definitions.stop(),
        trees.stop(),
        ...[...feeds.values()].map((feed) => feed.stop()),
      ]);
      await network.close();
      feeds.clear();
    },
  };
}

/** A kind that an item names is served in another version: its objects are there, and not read. */
function elsewhere(discovery: Discovery, { apiVersion, kind, projected }: KindRef): Failed | undefined {
  if (projected) return undefined;
  const { group } = splitApiVersion(apiVersion);
  const other = discovery.resources().find((each) => each.group === group && each.kind === kind);
  return (
    other && {
      state: 'failed',
      reason: 'NotServed',
      message: `the cluster serves ${kind} as ${other.apiVersion}, and not as ${apiVersion}: correct apiVersion`,
    }
  );
}

/** An older Flux serves some kinds in older versions: they are there, and not read. */
function otherVersion(discovery: Discovery, kind: SourceRef['kind']): Failed | undefined {
  const [group] = SOURCE_API.split('/');
  const other = discovery.resources().find((each) => each.group === group && each.kind === kind);
  return (
    other && {
      state: 'failed',
      reason: 'NotServed',
      message: `the cluster serves ${kind} as ${other.apiVersion}, and ${SOURCE_API} is read; upgrade Flux (2.6 serves all sources so)`,
    }
  );
}

const sourceKind = (kind: SourceRef['kind']): KindRef => wholeRef({ apiVersion: SOURCE_API, kind });

function asFactChange(
  kind: KindRef,
  change: FeedChange,
  single: { namespace: string | undefined; name: string | undefined } | undefined,
): FactChange {
  const { object } = change;
  return {
    kind: kind.kind,
    at: performance.now(),
    managers: object ? writersOf(object.fact, object.before) : [],
    ...(object ? { action: object.action } : {}),
    read: {
      kind: kind.key,
      namespace: object ? object.namespace || undefined : single?.namespace,
      name: object ? object.name : single?.name,
    },
  };
}

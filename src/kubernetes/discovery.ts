/**
 * What an API server serves: from apiVersion and kind to the path of the
 * resource. One group that is away does not take the others with it.
 */

import { isApiError, messageOf } from './errors.ts';
import type { Transport } from './transport.ts';
import type { KubeObject } from './types.ts';

export type ApiResource = {
  /** Empty for the core group. */
  group: string;
  version: string;
  /** `group/version`, or `version` for the core group. */
  apiVersion: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  verbs: string[];
};

/**
 * `served`: here it is. `notServed`: the server was asked and does not know it (no such CRD).
 * `failed`: the server could not be asked, or the group is stale; nothing is known.
 */
export type Resolution =
  | { state: 'served'; resource: ApiResource }
  | { state: 'notServed' }
  | { state: 'failed'; error: Error };

export type Discovery = {
  /** Answers from what is known; asks the server first when nothing is known yet or the group failed. Never rejects. */
  resolve(apiVersion: string, kind: string): Promise<Resolution>;
  /** Answers from what is known at once; undefined before the first refresh has ended. */
  lookup(apiVersion: string, kind: string): Resolution | undefined;
  /** Asks the server again; refreshes asked for meanwhile share the answer. Rejects when the server cannot be asked. */
  refresh(): Promise<void>;
  /** All resources known, in the server's order. */
  resources(): ApiResource[];
  /** Called after a refresh that changed what is served. Returns the function that ends it. */
  onChange(listener: () => void): () => void;
};

type Snapshot = {
  resources: Map<string, ApiResource>;
  /** Group versions that could not be asked, and why. */
  failed: Map<string, Error>;
};

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

export function createDiscovery(transport: Transport): Discovery {
  let known: Snapshot | undefined;
  let lastError: Error | undefined;
  let refreshing: Promise<void> | undefined;
  const listeners = new Set<() => void>();

  async function refreshNow(): Promise<void> {
    try {
      const next = await discover(transport, known);
      const changed = known === undefined || fingerprint(known) !== fingerprint(next);
      known = next;
      lastError = undefined;
      if (changed) for (const listener of [...listeners]) listener();
    } catch (error) {
      lastError = error instanceof Error ? error : new Error(messageOf(error));
      throw lastError;
    }
  }

  function refresh(): Promise<void> {
    refreshing ??= refreshNow().finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  }

  function lookup(apiVersion: string, kind: string): Resolution | undefined {
    if (!known) return lastError && { state: 'failed', error: lastError };
    const resource = known.resources.get(`${apiVersion}/${kind}`);
    if (resource) return { state: 'served', resource };
    const error = known.failed.get(apiVersion);
    return error ? { state: 'failed', error } : { state: 'notServed' };
  }

  return {
    refresh,
    lookup,
    resolve: async (apiVersion, kind) => {
      const before = lookup(apiVersion, kind);
      if (before && before.state !== 'failed') return before;
      // The error is kept in lastError, which lookup answers with.
      await refresh().catch(() => undefined);
      return lookup(apiVersion, kind) ?? { state: 'failed', error: new Error('discovery has not answered') };
    },
    resources: () => [...(known?.resources.values() ?? [])],
    onChange: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}

/** Path of a resource, of one object of it, or of a subresource; the parts are percent-encoded here. */
export function resourcePath(
  resource: Pick<ApiResource, 'group' | 'version' | 'plural' | 'namespaced'>,
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  const root =
    resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${root}${scope}/${resource.plural}${object}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** Group and version of an apiVersion. */
export function splitApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  if (slash < 0) return { group: '', version: apiVersion };
  return { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

const joinApiVersion = (group: string, version: string): string =>
  group === '' ? version : `${group}/${version}`;

function fingerprint(snapshot: Snapshot): string {
  const served = [...snapshot.resources.values()].map(
    (each) => `${each.apiVersion}/${each.kind}=${each.plural}`,
  );
  return `${served.sort().join('\n')}\n!${[...snapshot.failed.keys()].sort().join('\n!')}`;
}

async function discover(transport: Transport, before: Snapshot | undefined): Promise<Snapshot> {
  const snapshot: Snapshot = { resources: new Map(), failed: new Map() };
  await Promise.all(['/api', '/apis'].map((path) => discoverRoot(transport, path, snapshot, before)));
  return snapshot;
}

type AggregatedList = KubeObject & { items?: AggregatedGroup[] };
type AggregatedGroup = { metadata?: { name?: string }; versions?: AggregatedVersion[] };
type AggregatedVersion = { version: string; freshness?: string; resources?: AggregatedResource[] };
type AggregatedResource = {
  resource: string;
  responseKind?: { group?: string; version?: string; kind?: string };
  scope?: string;
  verbs?: string[];
};

async function discoverRoot(
  transport: Transport,
  path: string,
  snapshot: Snapshot,
  before: Snapshot | undefined,
): Promise<void> {
  const { body } = await transport.request<KubeObject>({ path, headers: { accept: AGGREGATED } });
  if (body?.kind === 'APIGroupDiscoveryList') {
    for (const group of (body as AggregatedList).items ?? []) readAggregatedGroup(group, snapshot, before);
    return;
  }
  await discoverPlainly(transport, path, body, snapshot, before);
}

function readAggregatedGroup(group: AggregatedGroup, snapshot: Snapshot, before: Snapshot | undefined): void {
  const name = group.metadata?.name ?? '';
  for (const version of group.versions ?? []) {
    const apiVersion = joinApiVersion(name, version.version);
    if (version.freshness === 'Stale') {
      const what = `the API group ${apiVersion} is stale: the server behind it does not answer`;
      failGroupVersion(apiVersion, new Error(what), snapshot, before);
    }
    for (const each of version.resources ?? []) {
      // Resources of another group's kind (scale, for one) are subresources only; without a kind nothing can be read.
      if (!each.responseKind?.kind) continue;
      addResource(snapshot, {
        group: name,
        version: version.version,
        apiVersion,
        kind: each.responseKind.kind,
        plural: each.resource,
        namespaced: each.scope === 'Namespaced',
        verbs: each.verbs ?? [],
      });
    }
  }
}

type PlainResource = { name: string; kind: string; namespaced?: boolean; verbs?: string[] };

/** The form from before Kubernetes 1.26: one document per group version. */
async function discoverPlainly(
  transport: Transport,
  path: string,
  body: KubeObject,
  snapshot: Snapshot,
  before: Snapshot | undefined,
): Promise<void> {
  const versions =
    path === '/api'
      ? ((body.versions as string[] | undefined) ?? [])
      : ((body.groups as { versions?: { groupVersion: string }[] }[] | undefined) ?? []).flatMap((group) =>
          (group.versions ?? []).map((version) => version.groupVersion),
        );
  await Promise.all(
    versions.map(async (apiVersion) => {
      try {
        const answer = await transport.request<{ resources?: PlainResource[] }>({
          path: `${path}/${apiVersion}`,
        });
        for (const each of answer.body.resources ?? []) {
          if (each.name.includes('/')) continue;
          addResource(snapshot, {
            ...splitApiVersion(apiVersion),
            apiVersion,
            kind: each.kind,
            plural: each.name,
            namespaced: each.namespaced === true,
            verbs: each.verbs ?? [],
          });
        }
      } catch (error) {
        // A group that went away between the two questions is not served.
        if (isApiError(error) && error.code === 404) return;
        failGroupVersion(
          apiVersion,
          new Error(`the API group ${apiVersion} fails: ${messageOf(error)}`),
          snapshot,
          before,
        );
      }
    }),
  );
}

/** A group version that cannot be asked keeps what it was known to serve; what it was not known to serve has failed. */
function failGroupVersion(
  apiVersion: string,
  error: Error,
  snapshot: Snapshot,
  before: Snapshot | undefined,
): void {
  snapshot.failed.set(apiVersion, error);
  for (const resource of before?.resources.values() ?? []) {
    if (resource.apiVersion === apiVersion) addResource(snapshot, resource);
  }
}

/** The first of two resources of one kind counts, as in kubectl's RESTMapper. */
function addResource(snapshot: Snapshot, resource: ApiResource): void {
  const key = `${resource.apiVersion}/${resource.kind}`;
  const other = snapshot.resources.get(key);
  if (other?.verbs.includes('list')) return;
  snapshot.resources.set(key, resource);
}

// Which custom kinds the API server serves, followed: CustomResourceDefinitions
// are watched, and discovery is asked again when one of them changes.

import {
  type ApiResource,
  type Clock,
  createStore,
  type Discovery,
  type KubeObject,
  type Reflector,
  type Resolution,
  startReflector,
  type TimerHandle,
  type Transport,
} from '../kubernetes/index.ts';
import type { KindRef } from './source.ts';

export interface Definitions {
  /** Tells whether the kind is served, soon and whenever that changes. Returns the function that ends it. */
  follow(kind: KindRef, listener: (resolution: Resolution) => void): () => void;
  /** Is the kind's definition being deleted, or gone while discovery still knows it? */
  isGoing(kind: KindRef): boolean;
  /** Something says that what is served has changed. */
  recheck(): void;
  stop(): Promise<void>;
}

const DEFINITION: ApiResource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
  verbs: [],
};

/** How soon discovery is asked again after it failed, or where definitions may not be watched. */
const RETRY_MS = 15_000;
/** A definition that became Established is served a moment later. */
const SETTLE_MS = 300;

interface Definition {
  readonly metadata: { readonly name: string };
  readonly group: string;
  readonly kind: string;
  readonly versions: string;
  readonly established: boolean;
  readonly deleting: boolean;
}

export function createDefinitions({
  transport,
  discovery,
  clock,
}: {
  transport: Transport;
  discovery: Discovery;
  clock: Clock;
}): Definitions {
  const followers = new Set<{ kind: KindRef; listener: (resolution: Resolution) => void }>();
  const store = createStore<Definition>();
  let reflector: Reflector | undefined;
  let timer: TimerHandle | undefined;
  let stopped = false;

  store.onChange(() => {
    if (store.status().state !== 'pending') again(SETTLE_MS);
  });

  function start(): void {
    reflector ??= startReflector<Definition>({
      transport,
      resource: DEFINITION,
      project,
      sink: store,
      clock,
    });
  }

  function again(milliseconds: number): void {
    if (stopped) return;
    timer?.cancel();
    timer = clock.after(milliseconds, () => {
      void refresh();
    });
  }

  async function refresh(): Promise<void> {
    await discovery.refresh().catch(() => {}); // lookup() tells of the failure
    if (stopped) return;
    let unsure = false;
    for (const { kind, listener } of [...followers]) {
      const resolution = discovery.lookup(kind.apiVersion, kind.kind);
      if (!resolution || resolution.state === 'failed') unsure = true;
      if (resolution) listener(resolution);
    }
    const blind = store.status().state === 'failed' && [...followers].length > 0;
    const settling = store.list().some((definition) => !definition.established || definition.deleting);
    if (unsure || blind) again(RETRY_MS);
    else if (settling) again(1000);
  }

  return {
    follow: (kind, listener) => {
      const follower = { kind, listener };
      followers.add(follower);
      start();
      // Never within the read that asks: an answer would come before the feed exists.
      void discovery.resolve(kind.apiVersion, kind.kind).then((resolution) => {
        if (!stopped && followers.has(follower)) listener(resolution);
        if (resolution.state === 'failed') again(RETRY_MS);
      });
      return () => {
        followers.delete(follower);
      };
    },
    isGoing: (kind) => {
      if (store.status().state !== 'synced') return false;
      const [group = ''] = kind.apiVersion.split('/');
      const definition = store.list().find((each) => each.group === group && each.kind === kind.kind);
      return definition?.deleting ?? false;
    },
    recheck: () => again(0),
    stop: async () => {
      stopped = true;
      timer?.cancel();
      await reflector?.stop();
    },
  };
}

function project(raw: KubeObject): Definition {
  const spec = raw.spec as {
    group: string;
    names: { kind: string };
    versions: { name: string; served: boolean }[];
  };
  const status = (raw.status ?? {}) as { conditions?: { type: string; status: string }[] };
  return {
    metadata: { name: raw.metadata.name ?? '' },
    group: spec.group,
    kind: spec.names.kind,
    versions: spec.versions
      .filter(({ served }) => served)
      .map(({ name }) => name)
      .join(','),
    established: (status.conditions ?? []).some(
      ({ type, status: is }) => type === 'Established' && is === 'True',
    ),
    deleting: raw.metadata.deletionTimestamp !== undefined,
  };
}

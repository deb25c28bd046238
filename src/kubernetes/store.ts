/**
 * What a reflector knows, kept by namespace and name. Lists are cached arrays
 * whose identity changes only with their content, and listeners hear of real
 * differences only.
 */
import { deepEqual } from './equal.ts';
import type { ReflectorFailure } from './failure.ts';
import type { Sink } from './reflector.ts';
import type { ObjectKey, ObjectMeta } from './types.ts';

export type Change<T> =
  | { type: 'added'; old?: undefined; new: T }
  | { type: 'updated'; old: T; new: T }
  | { type: 'deleted'; old: T; new?: undefined };

/**
 * `pending`: nothing has arrived yet. `synced`: complete, and followed.
 * `failed`: cannot be followed at present; `hadSynced` says whether what the store holds was once complete.
 */
export type StoreStatus =
  | { state: 'pending' }
  | { state: 'synced' }
  | { state: 'failed'; failure: ReflectorFailure; hadSynced: boolean };

export type StoreOptions<T> = {
  /** Default: metadata.namespace and metadata.name. */
  keyOf?: (object: T) => ObjectKey;
  /** Default deepEqual, which does not compare symbol-keyed properties. */
  equal?: (a: T, b: T) => boolean;
};

export type Store<T> = Sink<T> & {
  get(namespace: string, name: string): T | undefined;
  /** All, or those of one namespace, sorted by namespace and name. Not to be changed by the caller. */
  list(namespace?: string): readonly T[];
  readonly size: number;
  status(): StoreStatus;
  /** Called after the store has changed, once per object. Returns the function that ends it. */
  onChange(listener: (change: Change<T>) => void): () => void;
  /** Called when `status()` changes. Returns the function that ends it. */
  onStatus(listener: (status: StoreStatus) => void): () => void;
};

type Shelf<T> = { objects: Map<string, T>; names: string[] | undefined; list: readonly T[] | undefined };

const EMPTY: readonly never[] = Object.freeze([]);

export function createStore<T>(options: StoreOptions<T> = {}): Store<T> {
  const { keyOf = keyOfMetadata, equal = deepEqual } = options;
  const shelves = new Map<string, Shelf<T>>();
  const changeListeners = new Set<(change: Change<T>) => void>();
  const statusListeners = new Set<(status: StoreStatus) => void>();
  let namespaces: string[] | undefined;
  let all: readonly T[] | undefined;
  let size = 0;
  let hadSynced = false;
  let status: StoreStatus = { state: 'pending' };

  function put(object: T): Change<T> | undefined {
    const { namespace, name } = keyOf(object);
    let shelf = shelves.get(namespace);
    if (!shelf) {
      shelf = { objects: new Map(), names: undefined, list: undefined };
      shelves.set(namespace, shelf);
      namespaces = undefined;
    }
    const old = shelf.objects.get(name);
    if (old !== undefined && equal(old, object)) return undefined;
    shelf.objects.set(name, object);
    shelf.list = undefined;
    all = undefined;
    if (old !== undefined) return { type: 'updated', old, new: object };
    shelf.names = undefined;
    size++;
    return { type: 'added', new: object };
  }

  function drop(namespace: string, name: string): Change<T> | undefined {
    const shelf = shelves.get(namespace);
    const old = shelf?.objects.get(name);
    if (!shelf || old === undefined) return undefined;
    shelf.objects.delete(name);
    shelf.names = undefined;
    shelf.list = undefined;
    all = undefined;
    size--;
    if (shelf.objects.size === 0) {
      shelves.delete(namespace);
      namespaces = undefined;
    }
    return { type: 'deleted', old };
  }

  function listOf(shelf: Shelf<T>): readonly T[] {
    shelf.names ??= [...shelf.objects.keys()].sort();
    shelf.list ??= shelf.names.map((name) => shelf.objects.get(name) as T);
    return shelf.list;
  }

  function listAll(): readonly T[] {
    namespaces ??= [...shelves.keys()].sort();
    all ??= namespaces.flatMap((namespace) => listOf(shelves.get(namespace) as Shelf<T>));
    return all;
  }

  function tell(changes: (Change<T> | undefined)[]): void {
    for (const change of changes) {
      if (change) for (const listener of [...changeListeners]) listener(change);
    }
  }

  function setStatus(next: StoreStatus): void {
    if (deepStatusEqual(status, next)) return;
    status = next;
    for (const listener of [...statusListeners]) listener(next);
  }

  return {
    replace: (objects) => {
      const kept = new Map<string, Set<string>>();
      const changes: (Change<T> | undefined)[] = [];
      for (const object of objects) {
        const { namespace, name } = keyOf(object);
        const names = kept.get(namespace) ?? new Set();
        kept.set(namespace, names.add(name));
        changes.push(put(object));
      }
      for (const [namespace, shelf] of [...shelves]) {
        for (const name of [...shelf.objects.keys()]) {
          if (!kept.get(namespace)?.has(name)) changes.push(drop(namespace, name));
        }
      }
      tell(changes);
    },
    upsert: (object) => tell([put(object)]),
    remove: (object) => {
      const { namespace, name } = keyOf(object);
      tell([drop(namespace, name)]);
    },
    synced: () => {
      hadSynced = true;
      setStatus({ state: 'synced' });
    },
    failed: (failure) => setStatus({ state: 'failed', failure, hadSynced }),
    get: (namespace, name) => shelves.get(namespace)?.objects.get(name),
    list: (namespace) => {
      if (namespace === undefined) return listAll();
      const shelf = shelves.get(namespace);
      return shelf ? listOf(shelf) : EMPTY;
    },
    get size() {
      return size;
    },
    status: () => status,
    onChange: (listener) => {
      changeListeners.add(listener);
      return () => {
        changeListeners.delete(listener);
      };
    },
    onStatus: (listener) => {
      statusListeners.add(listener);
      return () => {
        statusListeners.delete(listener);
      };
    },
  };
}

/** A failure that only repeats itself with another wording of the same reason is no news. */
function deepStatusEqual(a: StoreStatus, b: StoreStatus): boolean {
  if (a.state !== 'failed' || b.state !== 'failed') return a.state === b.state;
  return (
    a.failure.reason === b.failure.reason &&
    a.failure.message === b.failure.message &&
    a.hadSynced === b.hadSynced
  );
}

function keyOfMetadata(object: unknown): ObjectKey {
  const metadata = (object as { metadata?: ObjectMeta }).metadata;
  if (metadata?.name === undefined) {
    throw new Error(
      'an object without metadata.name cannot be stored: give createStore a keyOf for this projection',
    );
  }
  return { namespace: metadata.namespace ?? '', name: metadata.name };
}

// The items themselves, followed: raw objects as the API server has them, less
// their managedFields.

import { API_VERSION, GROUP, KIND, PLURAL, VERSION } from '../api/group.ts';
import type { Manager } from '../facts/kinds.ts';
import { managers } from '../facts/raw.ts';
import {
  type ApiResource,
  type Clock,
  createStore,
  type KubeObject,
  type Reflector,
  type ReflectorOptions,
  type Store,
  startReflector,
  type Transport,
} from '../kubernetes/index.ts';

export const ITEMS: ApiResource = {
  group: GROUP,
  version: VERSION,
  apiVersion: API_VERSION,
  kind: KIND,
  plural: PLURAL,
  namespaced: true,
  verbs: [],
};

export interface ItemObject extends KubeObject {
  /** Who wrote it, newest first. */
  readonly managers: readonly Manager[];
}

/** Drops what is not needed and keeps who wrote it. */
export function asItem(raw: KubeObject): ItemObject {
  const { managedFields, ...metadata } = raw.metadata;
  return { ...raw, apiVersion: API_VERSION, kind: KIND, metadata, managers: managers(managedFields) };
}

export const itemKey = ({ metadata }: KubeObject) => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;

export interface Items {
  readonly store: Store<ItemObject>;
  readonly reflector: Reflector;
  get(key: string): ItemObject | undefined;
}

export interface ItemsOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly labelSelector?: string;
  readonly namespace?: string;
  readonly observe?: ReflectorOptions<ItemObject>['observe'];
}

/** Follows the items that this process answers for. */
export function followItems({ transport, clock, labelSelector, namespace, observe }: ItemsOptions): Items {
  const store = createStore<ItemObject>();
  const reflector = startReflector<ItemObject>({
    transport,
    resource: ITEMS,
    project: asItem,
    sink: store,
    clock,
    ...(labelSelector ? { labelSelector } : {}),
    ...(namespace ? { namespace } : {}),
    ...(observe ? { observe } : {}),
  });
  return {
    store,
    reflector,
    get: (key) => {
      const [namespace = '', name = ''] = key.split('/');
      return store.get(namespace, name);
    },
  };
}

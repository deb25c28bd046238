// One kind (or one object) of the live cluster, followed: a reflector into a
// store, and the judgement whether what the store holds may be believed.

import {
  type ApiResource,
  type Clock,
  createStore,
  type KubeObject,
  messageOf,
  type Reflector,
  type ReflectorFailure,
  type Sink,
  startReflector,
  type TimerHandle,
  type Transport,
} from '../kubernetes/index.ts';
import type { Definitions } from './definitions.ts';
import { sameFact } from './equal.ts';
import type { Meta } from './kinds.ts';
import type { KindRef } from './source.ts';
import type { Fact, Failed, ListFact, Pending } from './view.ts';

/**
 * How long the API server may be away before its last word is no longer
 * believed, and how long a kind that vanished is given to come back: a restart,
 * a CRD that is reinstalled. The same minute as for workloads that settle.
 */
const GRACE_MS = 60_000;

/**
 * How long the deletion of a custom resource is held back, to see whether its
 * CustomResourceDefinition is going too (the API server then deletes all objects).
 */
const DELETION_HOLD_MS = 40;

export interface FeedChange {
  /** Left out when the state of the whole feed changed. */
  readonly object?: {
    readonly namespace: string;
    readonly name: string;
    readonly action: 'Created' | 'Changed' | 'Deleted';
    readonly fact: unknown;
    /** The object as it was; undefined for one that is new. */
    readonly before: unknown;
  };
}

export interface FeedOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly definitions: Definitions;
  readonly kind: KindRef;
  /** Given for kinds of the API server's own; the others are looked up. */
  readonly resource: ApiResource | undefined;
  readonly project: (raw: KubeObject) => unknown;
  readonly identify: (fact: unknown) => Pick<Meta, 'name' | 'namespace'>;
  readonly single?: { readonly namespace: string | undefined; readonly name: string };
  readonly observe?: Parameters<typeof startReflector>[0]['observe'];
  /** Whose permissions these are: the operator's own, or those of whoever runs the command line. */
  readonly asOperator: boolean;
  readonly onChange: (change: FeedChange) => void;
}

export interface Feed {
  get(namespace: string | undefined, name: string): Fact<unknown>;
  list(namespace: string | undefined): ListFact<unknown>;
  stop(): Promise<void>;
}

export function createFeed(options: FeedOptions): Feed {
  const { transport, clock, definitions, kind, identify, onChange } = options;
  const store = createStore<unknown>({
    keyOf: (fact) => ({ namespace: identify(fact).namespace ?? '', name: identify(fact).name }),
    equal: sameFact,
  });
  const timers = new Set<TimerHandle>();
  let reflector: Reflector | undefined;
  let resource = options.resource;
  let stopped = false;
  /** Wall time until which a kind that was reinstalled is given to fill again. */
  let refillUntil = 0;
  let vanishedAt: number | undefined;
  let served: 'unknown' | 'yes' | 'no' = options.resource ? 'yes' : 'unknown';
  let lookupError: string | undefined;

  const changed = () => onChange({});
  const wakeAfter = (milliseconds: number) => {
    const timer = clock.after(milliseconds, () => {
      timers.delete(timer);
      if (!stopped) changed();
    });
    timers.add(timer);
  };

  store.onChange((change) => {
    const fact = change.new ?? change.old;
    const { namespace, name } = identify(fact);
    const action = change.type === 'added' ? 'Created' : change.type === 'updated' ? 'Changed' : 'Deleted';
    if (store.status().state !== 'pending')
      onChange({ object: { namespace: namespace ?? '', name, action, fact, before: change.old } });
  });
  store.onStatus((status) => {
    if (status.state === 'failed' && status.hadSynced) wakeAfter(GRACE_MS + 100);
    if (status.state === 'failed' && status.failure.reason === 'NotFound' && !options.resource)
      definitions.recheck();
    changed();
  });

  /**
   * Deletions of custom resources wait a moment for the news that their
   * definition is going; an object that is made again meanwhile just changed.
   */
  const removals = new Map<string, TimerHandle>();
  const keyOf = (fact: unknown) => `${identify(fact).namespace ?? ''}/${identify(fact).name}`;
  function keep(fact: unknown): void {
    removals.get(keyOf(fact))?.cancel();
    removals.delete(keyOf(fact));
  }
  const patient: Sink<unknown> = {
    ...store,
    replace: (facts, resourceVersion) => {
      for (const timer of removals.values()) timer.cancel();
      removals.clear();
      store.replace(facts, resourceVersion);
    },
    upsert: (fact) => {
      keep(fact);
      store.upsert(fact);
    },
    remove: (fact) => {
      keep(fact);
      const timer = clock.after(DELETION_HOLD_MS, () => {
        removals.delete(keyOf(fact));
        if (!stopped && reflector && !definitions.isGoing(kind)) store.remove(fact);
      });
      removals.set(keyOf(fact), timer);
    },
  };

  function follow(found: ApiResource): void {
    resource = found;
    reflector = startReflector<unknown>({
      transport,
      resource: found,
      project: options.project,
      sink: options.resource ? store : patient,
      clock,
      ...(options.single ? { fieldSelector: `metadata.name=${options.single.name}` } : {}),
      ...(options.single?.namespace ? { namespace: options.single.namespace } : {}),
      ...(options.observe ? { observe: options.observe } : {}),
    });
  }

  function unfollow(): void {
    const old = reflector;
    reflector = undefined;
    void old?.stop();
  }

  /** Custom kinds come and go with their definitions. */
  const unsubscribe = options.resource
    ? () => {}
    : definitions.follow(kind, (resolution) => {
        if (stopped) return;
        const before = served;
        lookupError = undefined;
        switch (resolution.state) {
          case 'served':
            if (before === 'yes' && reflector) return;
            served = 'yes';
            if (vanishedAt !== undefined) {
              refillUntil = clock.now() + GRACE_MS;
              wakeAfter(GRACE_MS + 100);
            }
            follow(resolution.resource);
            break;
          case 'notServed':
            if (before === 'no') return;
            served = 'no';
            unfollow();
            if (before === 'yes') {
              vanishedAt = clock.now();
              wakeAfter(GRACE_MS + 100);
            }
            break;
          case 'failed':
            if (before !== 'unknown') return; // what is followed goes on being followed
            lookupError = resolution.error.message;
            break;
          default:
            resolution satisfies never;
        }
        changed();
      });

  if (options.resource) follow(options.resource);

  /** What stands in the way of believing the store; undefined when nothing does. */
  function doubt(): Pending | Failed | 'notServed' | undefined {
    const now = clock.now();
    if (served === 'unknown') {
      return lookupError
        ? {
            state: 'failed',
            reason: 'Unreachable',
            message: `whether ${kind.apiVersion} ${kind.kind} is served: ${lookupError}`,
          }
        : waiting();
    }
    if (served === 'no') {
      if (vanishedAt !== undefined && now < vanishedAt + GRACE_MS)
        return vanished('is not served any more; if its CRD is being reinstalled, this clears by itself');
      return 'notServed';
    }
    if (now < refillUntil)
      return vanished('was reinstalled a moment ago; its objects are given a minute to come back');
    if (!options.resource && definitions.isGoing(kind))
      return vanished('is being deleted with its CustomResourceDefinition');
    const status = store.status();
    if (status.state === 'pending') return waiting();
    if (status.state === 'synced') return undefined;
    return failure(status.failure, status.hadSynced, now);
  }

  function failure(
    failed: ReflectorFailure,
    hadSynced: boolean,
    now: number,
  ): Pending | Failed | 'notServed' | undefined {
    if (failed.reason === 'Forbidden') {
      const who = options.asOperator ? 'the operator may not' : 'you may not';
      return {
        state: 'failed',
        reason: 'Forbidden',
        message: `${who} read ${kind.kind}: ${messageOf(failed.error)}. ${howToGrant(resource, options.asOperator)}`,
      };
    }
    if (failed.reason === 'Unauthorized') {
      return {
        state: 'failed',
        reason: 'Forbidden',
        message: `the API server does not accept the credentials: ${failed.message}`,
      };
    }
    if (failed.reason === 'NotFound' && !hadSynced) return 'notServed';
    if (hadSynced && now < failed.since + GRACE_MS) return undefined; // its last word still counts
    return {
      state: 'failed',
      reason: failed.reason === 'BadObject' ? 'Unreadable' : 'Unreachable',
      message: failed.message,
    };
  }

  const waiting = (): Pending => ({ state: 'pending', message: `the first list of ${kind.kind}` });
  const vanished = (what: string): Failed => ({
    state: 'failed',
    reason: 'NotServed',
    message: `${kind.apiVersion} ${kind.kind} ${what}`,
  });

  return {
    get: (namespace, name) => {
      const why = doubt();
      if (why === 'notServed') return { state: 'absent', served: false };
      if (why) return why;
      const value = store.get(namespace ?? '', name);
      return value === undefined ? { state: 'absent', served: true } : { state: 'known', value };
    },
    list: (namespace) => {
      const why = doubt();
      if (why === 'notServed') return { state: 'known', value: NOTHING, served: false };
      if (why) return why;
      return { state: 'known', value: store.list(namespace), served: true };
    },
    stop: async () => {
      stopped = true;
      unsubscribe();
      for (const timer of timers) timer.cancel();
      timers.clear();
      for (const timer of removals.values()) timer.cancel();
      await reflector?.stop();
    },
  };
}

const NOTHING: readonly never[] = Object.freeze([]);

function howToGrant(resource: ApiResource | undefined, asOperator: boolean): string {
  if (!resource) return '';
  const how = asOperator
    ? 'with a ClusterRole labelled rbac.remediation.dev/aggregate-to-operator: "true"'
    : 'to this user, or name another --context';
  return `Grant get, list and watch on ${resource.plural}${resource.group ? `.${resource.group}` : ''} ${how}`;
}

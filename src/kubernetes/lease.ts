/**
 * Leader election over a coordination.k8s.io Lease, with client-go's semantics:
 * whose record did not change for a lease duration, by the local clock, has lost it.
 */
import { type Clock, sleep, systemClock } from './clock.ts';
import { deepEqual } from './equal.ts';
import { isConflict, isNotFound } from './errors.ts';
import type { Transport } from './transport.ts';
import type { KubeObject } from './types.ts';

export type LeaseSpec = {
  holderIdentity?: string | null;
  leaseDurationSeconds?: number | null;
  acquireTime?: string | null;
  renewTime?: string | null;
  leaseTransitions?: number | null;
  [field: string]: unknown;
};

export type LeaseOptions = {
  transport: Transport;
  namespace: string;
  name: string;
  /** Must differ between any two candidates; usually the pod's name and a random part. */
  identity: string;
  /** How long others wait for a silent holder. Default 15 s, as in client-go. */
  leaseDurationMs?: number;
  /** How long the holder tries to renew before it gives up; below the lease duration. Default 10 s. */
  renewDeadlineMs?: number;
  /** Between two tries. Default 2 s. */
  retryPeriodMs?: number;
  /** Called when this candidate has become the holder. */
  onStarted: () => void;
  /** Called when it no longer is, or can no longer be sure to be: nothing may be written after this. */
  onStopped: () => void;
  /** Told of the identity that holds the lease, each time that it changes. */
  onHolder?: (identity: string) => void;
  onError?: (error: unknown) => void;
  clock?: Clock;
  random?: () => number;
};

export type LeaseElector = {
  isLeader(): boolean;
  /** The last holder seen; empty when nobody holds it. */
  holder(): string;
  /** Stops taking part, gives the lease back if it is held, and resolves when that is done. */
  stop(): Promise<void>;
};

/** client-go's JitterFactor: tries are spread over up to 1.2 times the retry period on top. */
const JITTER = 1.2;

/** Zero seconds is refused by the API server; one lets the next candidate in at its next try. */
const RELEASED: LeaseSpec = { holderIdentity: '', leaseDurationSeconds: 1 };
const GIVE_BACK_MS = 5_000;

type Observed = { spec: LeaseSpec; resourceVersion: string; object: KubeObject; at: number };

export function startLeaseElection(options: LeaseOptions): LeaseElector {
  const { transport, namespace, name, identity, clock = systemClock(), random = Math.random } = options;
  const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = options;
  if (!(leaseDurationMs > renewDeadlineMs && renewDeadlineMs > retryPeriodMs * JITTER)) {
    throw new Error(
      `lease ${namespace}/${name}: lease duration (${leaseDurationMs} ms) must exceed renew deadline ` +
        `(${renewDeadlineMs} ms), which must exceed ${JITTER} times the retry period (${retryPeriodMs} ms)`,
    );
  }
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
  const path = `${collection}/${encodeURIComponent(name)}`;
  const stopping = new AbortController();
  const { signal } = stopping;
  let observed: Observed | undefined;
  let leading = false;
  /** Start of the last try that held the lease, on the local clock. */
  let renewedAt = 0;
  /** Candidates that never wrote have nothing to give back. */
  let tookPart = false;
  let reported: string | undefined;

  function observe(object: KubeObject): void {
    const spec = (object.spec ?? {}) as LeaseSpec;
    const resourceVersion = object.metadata.resourceVersion ?? '';
    // Only a record that changed moves the local clock: the time stamps in it are by somebody else's clock.
    const at = observed && deepEqual(observed.spec, spec) ? observed.at : clock.monotonic();
    observed = { spec, resourceVersion, object, at };
    const holder = spec.holderIdentity ?? '';
    if (holder !== reported) options.onHolder?.(holder);
    reported = holder;
  }

  const micro = (): string => new Date(clock.now()).toISOString().replace('Z', '000Z');

  function recordFor(previous: LeaseSpec | undefined): LeaseSpec {
    const held = previous?.holderIdentity === identity;
    const transitions = previous?.leaseTransitions ?? 0;
    return {
      ...previous,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: held ? previous.acquireTime : micro(),
      renewTime: micro(),
      leaseTransitions: previous === undefined || held ? transitions : transitions + 1,
    };
  }

  /** One try to acquire or renew, at most `timeoutMs` long; true when this candidate holds the lease. */
  async function tryOnce(timeoutMs: number, within: AbortSignal): Promise<boolean> {
    const fast = leading && observed;
    if (!fast) {
      const found = await read(timeoutMs, within);
      if (!found) return create(timeoutMs, within);
      observe(found);
    }
    if (!observed) return false;
    const holder = observed.spec.holderIdentity ?? '';
    if (holder !== '' && holder !== identity && !expired(observed)) return false;
    tookPart = true;
    try {
      return await write(observed, recordFor(observed.spec), timeoutMs, within);
    } catch (error) {
      // Somebody wrote it in between (or it was deleted): the next try reads it first.
      if (fast && (isConflict(error) || isNotFound(error))) observed = undefined;
      throw error;
    }
  }

  /** By the duration that the holder itself promised, when it did. */
  function expired(record: Observed): boolean {
    const promised = (record.spec.leaseDurationSeconds ?? 0) * 1000;
    return clock.monotonic() - record.at >= (promised > 0 ? promised : leaseDurationMs);
  }

  async function read(timeoutMs: number, within?: AbortSignal): Promise<KubeObject | undefined> {
    try {
      return (await transport.request<KubeObject>({ path, timeoutMs, signal: within })).body;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function create(timeoutMs: number, within: AbortSignal): Promise<boolean> {
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name },
      spec: recordFor(undefined),
    };
    tookPart = true;
    const answer = await transport.request<KubeObject>({
      method: 'POST',
      path: collection,
      body,
      timeoutMs,
      signal: within,
    });
    observe(answer.body);
    return true;
  }

  /** With the resourceVersion that was read: of two that write, one gets a conflict. */
  async function write(
    record: Observed,
    spec: LeaseSpec,
    timeoutMs: number,
    within?: AbortSignal,
  ): Promise<boolean> {
    const metadata = {
      ...record.object.metadata,
      resourceVersion: record.resourceVersion,
      managedFields: undefined,
    };
    const body = { ...record.object, metadata, spec };
    const answer = await transport.request<KubeObject>({
      method: 'PUT',
      path,
      body,
      timeoutMs,
      signal: within,
    });
    observe(answer.body);
    return spec.holderIdentity === identity;
  }

  async function attempt(timeoutMs: number): Promise<boolean> {
    try {
      return await tryOnce(timeoutMs, signal);
    } catch (error) {
      if (!signal.aborted && !isConflict(error)) options.onError?.(error);
      return false;
    }
  }

  /** Tries until this candidate holds the lease; answers when that try began, or undefined when stopped. */
  async function acquire(): Promise<number | undefined> {
    while (!signal.aborted) {
      const startedAt = clock.monotonic();
      if (await attempt(renewDeadlineMs)) return startedAt;
      await sleep(clock, retryPeriodMs * (1 + JITTER * random()), signal);
    }
    return undefined;
  }

  /**
   * Renews until stopped, or until no renewal succeeded for the renew deadline. Counted from the start of a try: the
   * server may have written long before its answer arrived, and others count from there.
   */
  async function holdOn(): Promise<void> {
    while (!signal.aborted) {
      await sleep(clock, Math.min(retryPeriodMs, remaining()), signal);
      const left = remaining();
      if (signal.aborted || left <= 0) return;
      const startedAt = clock.monotonic();
      if (await attempt(left)) renewedAt = startedAt;
      else if (remaining() <= 0 || heldByOther()) return;
    }
  }

  const remaining = (): number => renewDeadlineMs - (clock.monotonic() - renewedAt);

  function heldByOther(): boolean {
    const holder = observed?.spec.holderIdentity ?? '';
    return observed !== undefined && holder !== '' && holder !== identity;
  }

  /** Read first: a try that `stop` cut short may have been written all the same. */
  async function giveBack(): Promise<void> {
    try {
      const found = await read(GIVE_BACK_MS);
      if (!found) return;
      observe(found);
      if (!observed || observed.spec.holderIdentity !== identity) return;
      const now = micro();
      await write(
        observed,
        { ...observed.spec, ...RELEASED, acquireTime: now, renewTime: now },
        GIVE_BACK_MS,
      );
    } catch (error) {
      // Not given back it runs out by itself; a conflict means that somebody has it already.
      if (!isConflict(error)) options.onError?.(error);
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const since = await acquire();
      if (since === undefined || signal.aborted) break;
      renewedAt = since;
      leading = true;
      options.onStarted();
      await holdOn();
      leading = false;
      options.onStopped();
    }
    if (tookPart) await giveBack();
  }

  const running = run();
  return {
    // Also false where the timers ran late: a process that was stopped for a minute must not believe itself.
    isLeader: () => leading && remaining() > 0,
    holder: () => observed?.spec.holderIdentity ?? '',
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

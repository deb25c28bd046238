// The items as a client sees them: a watch, and the moment at which each change
// arrived over it.
import { type KubeObject, startReflector, type Transport } from '../../src/kubernetes/index.ts';
import { PLURALS } from './fixtures.ts';

export interface Seen {
  readonly key: string;
  readonly generation: number;
  readonly observedGeneration: number;
  readonly state: string;
  readonly summary: string;
}

export interface Verdicts {
  readonly size: number;
  get(key: string): Seen | undefined;
  /** Resolves with performance.now() of the event that made it true; at once with `now` when it is. */
  until(what: string, holds: () => boolean, timeoutMs?: number): Promise<number>;
  /** How many items are judged at their generation. */
  judged(): number;
  /** Items by state. */
  states(): Record<string, number>;
  stop(): Promise<void>;
}

const isJudged = ({ state, generation, observedGeneration }: Seen) =>
  state !== '' && generation === observedGeneration;

/** Starts the watch; resolves when it has caught up. */
export async function followVerdicts(transport: Transport): Promise<Verdicts> {
  const [apiVersion, plural] = PLURALS.RemediationItem;
  const [group = '', version = ''] = apiVersion.split('/');
  const items = new Map<string, Seen>();
  const waiting = new Set<() => void>();
  let judged = 0;

  function note(seen: Seen | undefined, key: string): void {
    const before = items.get(key);
    judged += Number(seen !== undefined && isJudged(seen)) - Number(before !== undefined && isJudged(before));
    if (seen) items.set(key, seen);
    else items.delete(key);
  }
  const look = () => {
    for (const check of waiting) check();
  };

  let caughtUp: (() => void) | undefined;
  const synced = new Promise<void>((resolve) => {
    caughtUp = resolve;
  });
  const reflector = startReflector<Seen>({
    transport,
    resource: { group, version, apiVersion, kind: 'RemediationItem', plural, namespaced: true },
    project: asSeen,
    sink: {
      replace: (all) => {
        for (const key of [...items.keys()]) note(undefined, key);
        for (const seen of all) note(seen, seen.key);
        look();
      },
      upsert: (seen) => {
        note(seen, seen.key);
        look();
      },
      remove: ({ key }) => {
        note(undefined, key);
        look();
      },
      synced: () => caughtUp?.(),
      failed: ({ message }) => process.stderr.write(`bench: the watch of the items: ${message}\n`),
    },
  });
  await synced;

  return {
    get size() {
      return items.size;
    },
    get: (key) => items.get(key),
    judged: () => judged,
    states: () => {
      const states: Record<string, number> = {};
      for (const { state } of items.values()) states[state || 'none'] = (states[state || 'none'] ?? 0) + 1;
      return states;
    },
    until: (what, holds, timeoutMs = 120_000) =>
      new Promise((resolve, reject) => {
        const done = () => {
          waiting.delete(check);
          clearTimeout(timer);
        };
        const check = () => {
          if (!holds()) return;
          done();
          resolve(performance.now());
        };
        const timer = setTimeout(() => {
          done();
          reject(new Error(`not within ${timeoutMs / 1000} s: ${what}`));
        }, timeoutMs);
        waiting.add(check);
        check();
      }),
    stop: () => reflector.stop(),
  };
}

function asSeen({ metadata, status }: KubeObject): Seen {
  const { state = '', summary = '', observedGeneration = -1 } = (status ?? {}) as Partial<Seen>;
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    generation: metadata.generation ?? 0,
    observedGeneration,
    state,
    summary,
  };
}

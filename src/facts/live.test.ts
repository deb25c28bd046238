// The live cluster as facts, against a scripted API server: what may be believed,
// for how long, and what is said when it may not.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDiscovery, createTransport, systemClock, type Transport } from '../kubernetes/index.ts';
import {
  added,
  blackHole,
  bookmark,
  deleted,
  END,
  type FakeServer,
  json,
  modified,
  type Responder,
  startFakeServer,
  status,
  stream,
} from '../kubernetes/testing/fake-server.ts';
import { type FactChange, type LiveSource, liveSource } from './live.ts';
import { kindRef, wholeRef } from './source.ts';

const BUDGETS = kindRef('PodDisruptionBudget');
const BUDGETS_PATH = '/apis/policy/v1/poddisruptionbudgets';
const POLICIES = kindRef('CiliumNetworkPolicy');
const POLICIES_PATH = '/apis/cilium.io/v2/ciliumnetworkpolicies';
const DEFINITIONS_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const MINUTE = 60_000;

const budget = (name: string, resourceVersion: string, minAvailable = 1, manager = 'helm') => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: {
    namespace: 'shop',
    name,
    uid: name,
    resourceVersion,
    managedFields: [{ manager, operation: 'Update', time: '2026-01-01T00:00:00Z' }],
  },
  spec: { minAvailable },
});
const policy = (name: string, resourceVersion: string) => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { namespace: 'shop', name, uid: name, resourceVersion },
  spec: {},
});
const definition = (resourceVersion: string, more: object = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'ciliumnetworkpolicies.cilium.io', resourceVersion, ...more },
  spec: {
    group: 'cilium.io',
    names: { kind: 'CiliumNetworkPolicy' },
    versions: [{ name: 'v2', served: true }],
  },
  status: { conditions: [{ type: 'Established', status: 'True' }] },
});
const discoveryOf = (...groups: object[]) =>
  json({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', items: groups });
const CILIUM = {
  metadata: { name: 'cilium.io' },
  versions: [
    {
      version: 'v2',
      freshness: 'Current',
      resources: [
        {
          resource: 'ciliumnetworkpolicies',
          responseKind: { group: 'cilium.io', version: 'v2', kind: 'CiliumNetworkPolicy' },
          scope: 'Namespaced',
          verbs: ['get', 'list', 'watch'],
        },
      ],
    },
  ],
};

/** Something that a test lets happen when it wants to. */
function gate<T = unknown>(): { readonly opened: Promise<T>; open(value: T): void } {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { opened: promise, open: resolve };
}
const eventually = (claim: () => void) => vi.waitFor(claim, { timeout: 10_000, interval: 5 });

let server: FakeServer;
let transport: Transport;
let source: LiveSource;
let changes: FactChange[];
/** How far the wall clock is ahead. */
let ahead: number;

beforeEach(async () => {
  server = await startFakeServer();
  transport = createTransport(server.connection);
  ahead = 0;
  changes = [];
  const real = systemClock();
  source = liveSource({
    transport,
    discovery: createDiscovery(transport),
    // Long waits take a fiftieth of their time; the wall clock is the test's.
    clock: {
      now: () => Date.now() + ahead,
      monotonic: () => real.monotonic() + ahead,
      after: (ms, action) => real.after(ms < 100 ? ms : ms / 50, action),
    },
  });
  source.onChange((change) => changes.push(change));
  server.on('/api', {}, discoveryOf());
  server.on('/apis', {}, discoveryOf());
  server.on(DEFINITIONS_PATH, { watch: 'true' }, stream(bookmark('1', true)));
});
afterEach(async () => {
  await source.stop();
  await transport.close();
  await server.close();
});

const watchLists = (path: string, ...responders: Responder[]) =>
  server.on(path, { watch: 'true', sendInitialEvents: 'true' }, ...responders);
const watches = (path: string, ...responders: Responder[]) =>
  server.on(path, { watch: 'true', sendInitialEvents: '' }, ...responders);
const budgetState = () => source.get(BUDGETS, 'shop', 'web');
const policyList = () => source.list(POLICIES, 'shop');

describe('a kind of the API server’s own', () => {
  it('is pending until the first list is whole, and then tells its readers', async () => {
    const rest = gate();
    watchLists(BUDGETS_PATH, stream(added(budget('web', '1')), rest.opened, bookmark('2', true)));
    expect(budgetState()).toEqual({ state: 'pending', message: 'the first list of PodDisruptionBudget' });
    await eventually(() => expect(server.requests.length).toBeGreaterThan(0));
    expect(source.list(BUDGETS, undefined).state).toBe('pending');
    rest.open(undefined);
    await eventually(() =>
      expect(budgetState()).toMatchObject({ state: 'known', value: { spec: { minAvailable: 1 } } }),
    );
    expect(changes[0]?.read).toEqual({ kind: BUDGETS.key, namespace: undefined, name: undefined });
    expect(source.get(BUDGETS, 'shop', 'api')).toEqual({ state: 'absent', served: true });
    expect(source.list(BUDGETS, 'bank')).toEqual({ state: 'known', value: [], served: true });
  });

  it('tells which object was made, changed or deleted, and who wrote it', async () => {
    const [first, second, third] = [gate(), gate(), gate()];
    watchLists(
      BUDGETS_PATH,
      stream(
        bookmark('1', true),
        first.opened,
        added(budget('web', '2')),
        second.opened,
        modified(budget('web', '3', 2, 'kubectl-edit')),
        third.opened,
        deleted(budget('web', '4', 2, 'kubectl-edit')),
      ),
    );
    budgetState();
    await eventually(() => expect(budgetState().state).toBe('absent'));
    for (const next of [first, second, third]) {
      const before = changes.length;
      next.open(undefined);
      await eventually(() => expect(changes.length).toBeGreaterThan(before));
    }
    const seen = changes.filter(({ action }) => action);
    expect(seen.map(({ action, managers }) => [action, managers[0]?.manager])).toEqual([
      ['Created', 'helm'],
      ['Changed', 'kubectl-edit'],
      ['Deleted', 'kubectl-edit'],
    ]);
    for (const { read, kind } of seen) {
      expect(read).toEqual({ kind: BUDGETS.key, namespace: 'shop', name: 'web' });
      expect(kind).toBe('PodDisruptionBudget');
    }
  });

  it('tells nobody of a change that no check reads', async () => {
    const next = gate();
    watchLists(
      BUDGETS_PATH,
      stream(
        added(budget('web', '1')),
        bookmark('1', true),
        next.opened,
        modified(budget('web', '2', 1, 'somebody')),
        modified(budget('web', '3', 2, 'kubectl-edit')),
      ),
    );
    budgetState();
    await eventually(() => expect(budgetState().state).toBe('known'));
    next.open(undefined);
    await eventually(() => expect(budgetState()).toMatchObject({ value: { spec: { minAvailable: 2 } } }));
    expect(changes.filter(({ action }) => action === 'Changed')).toHaveLength(1);
  });

  it('that may not be read is Forbidden, with how to grant it, until it is granted', async () => {
    const granted = gate();
    watchLists(
      BUDGETS_PATH,
      status(403, 'Forbidden', 'poddisruptionbudgets.policy is forbidden'),
      async (request, response) => {
        await granted.opened;
        await stream(added(budget('web', '1')), bookmark('1', true))(request, response);
      },
    );
    budgetState();
    await eventually(() => expect(budgetState()).toMatchObject({ state: 'failed', reason: 'Forbidden' }));
    const fact = budgetState();
    const message = 'message' in fact ? fact.message : '';
    expect(message).toContain('the operator may not read PodDisruptionBudget');
    expect(message).toContain('Grant get, list and watch on poddisruptionbudgets.policy');
    expect(message).toContain('rbac.remediation.dev/aggregate-to-operator: "true"');
    granted.open(undefined);
    await eventually(() => expect(budgetState().state).toBe('known'));
  });

  it('keeps its last word for a minute while the API server is away, and is Unreachable after that', async () => {
    const back = gate();
    const down = gate();
    watchLists(
      BUDGETS_PATH,
      stream(added(budget('web', '1')), bookmark('1', true), down.opened, END),
      async (request, response) => {
        await back.opened;
        await stream(added(budget('web', '5', 2)), bookmark('5', true))(request, response);
      },
    );
    const away = status(503, 'ServiceUnavailable', 'the API server is restarting');
    watches(BUDGETS_PATH, async (request, response) => {
      const isBack = await Promise.race([back.opened.then(() => true), Promise.resolve(false)]);
      await (isBack ? stream(modified(budget('web', '5', 2))) : away)(request, response);
    });
    budgetState();
    await eventually(() => expect(budgetState().state).toBe('known'));
    down.open(undefined);
    await eventually(() => expect(server.requests.length).toBeGreaterThan(3));
    expect(budgetState()).toMatchObject({ state: 'known', value: { spec: { minAvailable: 1 } } });
    ahead += MINUTE - 5_000;
    expect(budgetState().state).toBe('known');
    ahead += 10_000;
    await eventually(() => expect(budgetState()).toMatchObject({ state: 'failed', reason: 'Unreachable' }));
    expect(source.list(BUDGETS, 'shop').state).toBe('failed');
    back.open(undefined);
    await eventually(() =>
      expect(budgetState()).toMatchObject({ state: 'known', value: { spec: { minAvailable: 2 } } }),
    );
  });

  it('wakes its readers when its last word is no longer believed', async () => {
    const down = gate();
    const away = status(500, 'InternalError', 'etcd is away');
    watchLists(BUDGETS_PATH, stream(bookmark('1', true), down.opened, END), away);
    watches(BUDGETS_PATH, away);
    budgetState();
    await eventually(() => expect(budgetState().state).toBe('absent'));
    const woken: string[] = [];
    source.onChange(() => woken.push(budgetState().state));
    down.open(undefined);
    await eventually(() => expect(server.requests.length).toBeGreaterThan(3));
    ahead += MINUTE + 1_000;
    await eventually(() => expect(woken).toContain('failed'));
  });

  it('that nobody reads any more is no longer followed, and is followed again when somebody does', async () => {
    watchLists(BUDGETS_PATH, stream(added(budget('web', '1')), bookmark('1', true)));
    budgetState();
    await eventually(() => expect(budgetState().state).toBe('known'));
    source.release({ kind: BUDGETS.key, namespace: undefined, name: undefined });
    expect(budgetState().state).toBe('pending');
    await eventually(() => expect(budgetState().state).toBe('known'));
    expect(server.requests.filter(({ path }) => path === BUDGETS_PATH)).toHaveLength(2);
  });
});

describe('a ConfigMap', () => {
  it('is followed alone: the others are nobody’s business', async () => {
    const path = '/api/v1/namespaces/kube-system/configmaps';
    watchLists(path, stream(bookmark('1', true)));
    const read = () => source.get(kindRef('ConfigMap'), 'kube-system', 'cilium-config');
    expect(read().state).toBe('pending');
    await eventually(() => expect(read()).toEqual({ state: 'absent', served: true }));
    const asked = server.requests.filter((request) => request.path.includes('configmaps'));
    expect(asked.map(({ query }) => query.fieldSelector)).toEqual(
      asked.map(() => 'metadata.name=cilium-config'),
    );
  });
});

describe('a custom kind', () => {
  it('that is not served holds no objects, and is known not to be served', async () => {
    expect(policyList().state).toBe('pending');
    await eventually(() => expect(policyList()).toEqual({ state: 'known', value: [], served: false }));
    expect(source.get(POLICIES, 'shop', 'web')).toEqual({ state: 'absent', served: false });
  });

  it('cannot be known while the API server does not say what it serves', async () => {
    server.on('/apis', {}, status(500, 'InternalError', 'etcd is away'));
    policyList();
    await eventually(() => expect(policyList()).toMatchObject({ state: 'failed', reason: 'Unreachable' }));
  });

  it('is found when its definition is installed later', async () => {
    const installed = gate();
    server.on(
      DEFINITIONS_PATH,
      { watch: 'true' },
      stream(bookmark('1', true), installed.opened, added(definition('2'))),
    );
    watchLists(POLICIES_PATH, stream(added(policy('web', '3')), bookmark('3', true)));
    policyList();
    await eventually(() => expect(policyList()).toMatchObject({ served: false }));
    server.on('/apis', {}, discoveryOf(CILIUM));
    installed.open(undefined);
    await eventually(() =>
      expect(policyList()).toMatchObject({
        state: 'known',
        served: true,
        value: [{ meta: { name: 'web' } }],
      }),
    );
  });

  it('that is reinstalled is Unknown for a minute, never empty: no object of it is missed', async () => {
    const [removed, back] = [gate(), gate()];
    server.on('/apis', {}, discoveryOf(CILIUM));
    server.on(
      DEFINITIONS_PATH,
      { watch: 'true' },
      stream(
        added(definition('1')),
        bookmark('1', true),
        removed.opened,
        modified(definition('2', { deletionTimestamp: '2026-01-01T00:00:00Z' })),
        deleted(definition('3')),
        back.opened,
        added(definition('4')),
      ),
    );
    watchLists(
      POLICIES_PATH,
      stream(
        added(policy('web', '1')),
        bookmark('1', true),
        removed.opened,
        deleted(policy('web', '2')),
        END,
      ),
      stream(bookmark('5', true)),
    );
    watches(POLICIES_PATH, blackHole);
    policyList();
    await eventually(() =>
      expect(policyList()).toMatchObject({ state: 'known', value: [{ meta: { name: 'web' } }] }),
    );

    const answers = new Set<string>(['1 objects']);
    const look = () => {
      const fact = policyList();
      answers.add(
        fact.state === 'known'
          ? `${fact.value.length} objects`
          : fact.state === 'failed'
            ? fact.reason
            : fact.state,
      );
      return fact;
    };
    source.onChange(look);
    server.on('/apis', {}, discoveryOf());
    removed.open(undefined);
    await eventually(() => expect(look()).toMatchObject({ state: 'failed', reason: 'NotServed' }));
    server.on('/apis', {}, discoveryOf(CILIUM));
    back.open(undefined);
    await eventually(() =>
      expect(look()).toMatchObject({ message: expect.stringContaining('was reinstalled a moment ago') }),
    );
    expect([...answers]).toEqual(['1 objects', 'NotServed']);
    ahead += MINUTE + 1_000;
    await eventually(() => expect(look()).toEqual({ state: 'known', value: [], served: true }));
  });

  it('that is gone for more than a minute holds no objects any more', async () => {
    const removed = gate();
    server.on('/apis', {}, discoveryOf(CILIUM));
    server.on(
      DEFINITIONS_PATH,
      { watch: 'true' },
      stream(added(definition('1')), bookmark('1', true), removed.opened, deleted(definition('3'))),
    );
    watchLists(POLICIES_PATH, stream(added(policy('web', '1')), bookmark('1', true)));
    policyList();
    await eventually(() => expect(policyList().state).toBe('known'));
    server.on('/apis', {}, discoveryOf());
    removed.open(undefined);
    await eventually(() => expect(policyList()).toMatchObject({ state: 'failed', reason: 'NotServed' }));
    ahead += MINUTE + 1_000;
    await eventually(() => expect(policyList()).toEqual({ state: 'known', value: [], served: false }));
  });

  it('loses one object at once, when only that is deleted', async () => {
    const removed = gate();
    server.on('/apis', {}, discoveryOf(CILIUM));
    server.on(DEFINITIONS_PATH, { watch: 'true' }, stream(added(definition('1')), bookmark('1', true)));
    watchLists(
      POLICIES_PATH,
      stream(added(policy('web', '1')), bookmark('1', true), removed.opened, deleted(policy('web', '2'))),
    );
    policyList();
    await eventually(() => expect(policyList()).toMatchObject({ value: [{ meta: { name: 'web' } }] }));
    removed.open(undefined);
    await eventually(() => expect(policyList()).toMatchObject({ state: 'known', value: [] }));
    expect(changes.at(-1)).toMatchObject({ action: 'Deleted', read: { namespace: 'shop', name: 'web' } });
  });

  it('is read whole where a check wants it whole, without bookkeeping', async () => {
    server.on('/apis', {}, discoveryOf(CILIUM));
    watchLists(POLICIES_PATH, stream(added(policy('web', '1')), bookmark('1', true)));
    const read = () =>
      source.get(wholeRef({ apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy' }), 'shop', 'web');
    read();
    await eventually(() => expect(read().state).toBe('known'));
    const fact = read();
    expect(JSON.parse(JSON.stringify(fact.state === 'known' && fact.value))).toEqual({
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: { namespace: 'shop', name: 'web', uid: 'web' },
      spec: {},
    });
  });
});

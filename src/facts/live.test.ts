// The live cluster as facts, against a scripted API server: what may be believed,
// for how long, and what is said when it may not.

import { describe, expect, it } from 'vitest';
import { createDiscovery, createTransport, systemClock } from '../kubernetes/index.ts';
import {
  added,
  bookmark,
  deleted,
  END,
  modified,
  status,
  stream,
} from '../kubernetes/testing/fake-server.ts';
import { liveSource } from './live.ts';
import { kindRef } from './source.ts';
import { eventually, gate, liveFixture, MINUTE } from './testing/live-fixture.ts';

const BUDGETS = kindRef('PodDisruptionBudget');
const BUDGETS_PATH = '/apis/policy/v1/poddisruptionbudgets';

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

const f = liveFixture();
const budgetState = () => f.source.get(BUDGETS, 'shop', 'web');

describe('a kind of the API server’s own', () => {
  it('is pending until the first list is whole, and then tells its readers', async () => {
    const rest = gate();
    f.watchLists(BUDGETS_PATH, stream(added(budget('web', '1')), rest.opened, bookmark('2', true)));
    expect(budgetState()).toEqual({ state: 'pending', message: 'the first list of PodDisruptionBudget' });
    await eventually(() => expect(f.server.requests.length).toBeGreaterThan(0));
    expect(f.source.list(BUDGETS, undefined).state).toBe('pending');
    rest.open(undefined);
    await eventually(() =>
      expect(budgetState()).toMatchObject({ state: 'known', value: { spec: { minAvailable: 1 } } }),
    );
    expect(f.changes[0]?.read).toEqual({ kind: BUDGETS.key, namespace: undefined, name: undefined });
    expect(f.source.get(BUDGETS, 'shop', 'api')).toEqual({ state: 'absent', served: true });
    expect(f.source.list(BUDGETS, 'bank')).toEqual({ state: 'known', value: [], served: true });
  });

  it('tells which object was made, changed or deleted, and who wrote it', async () => {
    const [first, second, third] = [gate(), gate(), gate()];
    f.watchLists(
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
      const before = f.changes.length;
      next.open(undefined);
      await eventually(() => expect(f.changes.length).toBeGreaterThan(before));
    }
    const seen = f.changes.filter(({ action }) => action);
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
    f.watchLists(
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
    expect(f.changes.filter(({ action }) => action === 'Changed')).toHaveLength(1);
  });

  it('that may not be read is Forbidden, with how to grant it, until it is granted', async () => {
    const granted = gate();
    f.watchLists(
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

  it('tells a person at the command line whose permission is missing: theirs, not that of the operator', async () => {
    f.watchLists(
      BUDGETS_PATH,
      status(403, 'Forbidden', 'poddisruptionbudgets.policy is forbidden: User "ann"'),
    );
    const transport = createTransport(f.server.connection);
    const source = liveSource({
      transport,
      discovery: createDiscovery(transport),
      clock: systemClock(),
      asUser: true,
    });
    const state = () => source.get(BUDGETS, 'shop', 'web');
    state();
    await eventually(() =>
      expect(state()).toEqual({
        state: 'failed',
        reason: 'Forbidden',
        message:
          'you may not read PodDisruptionBudget: poddisruptionbudgets.policy is forbidden: User "ann". Grant get, list and watch on poddisruptionbudgets.policy to this user, or name another --context',
      }),
    );
    await source.stop();
    await transport.close();
  });

  it('keeps its last word for a minute while the API server is away, and is Unreachable after that', async () => {
    const back = gate();
    const down = gate();
    f.watchLists(
      BUDGETS_PATH,
      stream(added(budget('web', '1')), bookmark('1', true), down.opened, END),
      async (request, response) => {
        await back.opened;
        await stream(added(budget('web', '5', 2)), bookmark('5', true))(request, response);
      },
    );
    const away = status(503, 'ServiceUnavailable', 'the API server is restarting');
    f.watches(BUDGETS_PATH, async (request, response) => {
      const isBack = await Promise.race([back.opened.then(() => true), Promise.resolve(false)]);
      await (isBack ? stream(modified(budget('web', '5', 2))) : away)(request, response);
    });
    budgetState();
    await eventually(() => expect(budgetState().state).toBe('known'));
    down.open(undefined);
    await eventually(() => expect(f.server.requests.length).toBeGreaterThan(3));
    expect(budgetState()).toMatchObject({ state: 'known', value: { spec: { minAvailable: 1 } } });
    f.ahead += MINUTE - 5_000;
    expect(budgetState().state).toBe('known');
    f.ahead += 10_000;
    await eventually(() => expect(budgetState()).toMatchObject({ state: 'failed', reason: 'Unreachable' }));
    expect(f.source.list(BUDGETS, 'shop').state).toBe('failed');
    back.open(undefined);
    await eventually(() =>
      expect(budgetState()).toMatchObject({ state: 'known', value: { spec: { minAvailable: 2 } } }),
    );
  });

  it('wakes its readers when its last word is no longer believed', async () => {
    const down = gate();
    const away = status(500, 'InternalError', 'etcd is away');
    f.watchLists(BUDGETS_PATH, stream(bookmark('1', true), down.opened, END), away);
    f.watches(BUDGETS_PATH, away);
    budgetState();
    await eventually(() => expect(budgetState().state).toBe('absent'));
    const woken: string[] = [];
    f.source.onChange(() => woken.push(budgetState().state));
    down.open(undefined);
    await eventually(() => expect(f.server.requests.length).toBeGreaterThan(3));
    f.ahead += MINUTE + 1_000;
    await eventually(() => expect(woken).toContain('failed'));
  });

  it('that nobody reads any more is no longer followed, and is followed again when somebody does', async () => {
    f.watchLists(BUDGETS_PATH, stream(added(budget('web', '1')), bookmark('1', true)));
    budgetState();
    await eventually(() => expect(budgetState().state).toBe('known'));
    f.source.release({ kind: BUDGETS.key, namespace: undefined, name: undefined });
    expect(budgetState().state).toBe('pending');
    await eventually(() => expect(budgetState().state).toBe('known'));
    expect(f.server.requests.filter(({ path }) => path === BUDGETS_PATH)).toHaveLength(2);
  });
});

describe('a ConfigMap', () => {
  it('is followed alone: the others are nobody’s business', async () => {
    const path = '/api/v1/namespaces/kube-system/configmaps';
    f.watchLists(path, stream(bookmark('1', true)));
    const read = () => f.source.get(kindRef('ConfigMap'), 'kube-system', 'cilium-config');
    expect(read().state).toBe('pending');
    await eventually(() => expect(read()).toEqual({ state: 'absent', served: true }));
    const asked = f.server.requests.filter((request) => request.path.includes('configmaps'));
    expect(asked.map(({ query }) => query.fieldSelector)).toEqual(
      asked.map(() => 'metadata.name=cilium-config'),
    );
  });
});

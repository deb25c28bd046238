// Custom kinds as facts: they come and go with their definitions, and one that
// is reinstalled never looks empty.

import { describe, expect, it } from 'vitest';
import {
  added,
  blackHole,
  bookmark,
  deleted,
  END,
  modified,
  status,
  stream,
} from '../kubernetes/testing/fake-server.ts';
import { kindRef, wholeRef } from './source.ts';
import {
  DEFINITIONS_PATH,
  discoveryOf,
  eventually,
  gate,
  groupOf,
  liveFixture,
  MINUTE,
} from './testing/live-fixture.ts';

const POLICIES = kindRef('CiliumNetworkPolicy');
const POLICIES_PATH = '/apis/cilium.io/v2/ciliumnetworkpolicies';

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
const CILIUM = groupOf('cilium.io', 'v2', 'CiliumNetworkPolicy', 'ciliumnetworkpolicies');

const f = liveFixture();
const policyList = () => f.source.list(POLICIES, 'shop');

describe('a custom kind', () => {
  it('that is not served holds no objects, and is known not to be served', async () => {
    expect(policyList().state).toBe('pending');
    await eventually(() => expect(policyList()).toEqual({ state: 'known', value: [], served: false }));
    expect(f.source.get(POLICIES, 'shop', 'web')).toEqual({ state: 'absent', served: false });
  });

  it('that is served in another version than an item names is not absent', async () => {
    f.server.on('/apis', {}, discoveryOf(CILIUM));
    const old = wholeRef({ apiVersion: 'cilium.io/v2alpha1', kind: 'CiliumNetworkPolicy' });
    const reads = [() => f.source.list(old, 'shop'), () => f.source.get(old, 'shop', 'web')];
    for (const read of reads) {
      read();
      await eventually(() =>
        expect(read()).toMatchObject({
          state: 'failed',
          reason: 'NotServed',
          message: expect.stringContaining('as cilium.io/v2, and not as cilium.io/v2alpha1'),
        }),
      );
    }
  });

  it('cannot be known while the API server does not say what it serves', async () => {
    f.server.on('/apis', {}, status(500, 'InternalError', 'etcd is away'));
    policyList();
    await eventually(() => expect(policyList()).toMatchObject({ state: 'failed', reason: 'Unreachable' }));
  });

  it('is found when its definition is installed later', async () => {
    const installed = gate();
    f.server.on(
      DEFINITIONS_PATH,
      { watch: 'true' },
      stream(bookmark('1', true), installed.opened, added(definition('2'))),
    );
    f.watchLists(POLICIES_PATH, stream(added(policy('web', '3')), bookmark('3', true)));
    policyList();
    await eventually(() => expect(policyList()).toMatchObject({ served: false }));
    f.server.on('/apis', {}, discoveryOf(CILIUM));
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
    f.server.on('/apis', {}, discoveryOf(CILIUM));
    f.server.on(
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
    f.watchLists(
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
    f.watches(POLICIES_PATH, blackHole);
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
    f.source.onChange(look);
    f.server.on('/apis', {}, discoveryOf());
    removed.open(undefined);
    await eventually(() => expect(look()).toMatchObject({ state: 'failed', reason: 'NotServed' }));
    f.server.on('/apis', {}, discoveryOf(CILIUM));
    back.open(undefined);
    await eventually(() =>
      expect(look()).toMatchObject({ message: expect.stringContaining('was reinstalled a moment ago') }),
    );
    expect([...answers]).toEqual(['1 objects', 'NotServed']);
    f.ahead += MINUTE + 1_000;
    await eventually(() => expect(look()).toEqual({ state: 'known', value: [], served: true }));
  });

  it('that is gone for more than a minute holds no objects any more', async () => {
    const removed = gate();
    f.server.on('/apis', {}, discoveryOf(CILIUM));
    f.server.on(
      DEFINITIONS_PATH,
      { watch: 'true' },
      stream(added(definition('1')), bookmark('1', true), removed.opened, deleted(definition('3'))),
    );
    f.watchLists(POLICIES_PATH, stream(added(policy('web', '1')), bookmark('1', true)));
    policyList();
    await eventually(() => expect(policyList().state).toBe('known'));
    f.server.on('/apis', {}, discoveryOf());
    removed.open(undefined);
    await eventually(() => expect(policyList()).toMatchObject({ state: 'failed', reason: 'NotServed' }));
    f.ahead += MINUTE + 1_000;
    await eventually(() => expect(policyList()).toEqual({ state: 'known', value: [], served: false }));
  });

  it('loses one object at once, when only that is deleted', async () => {
    const removed = gate();
    f.server.on('/apis', {}, discoveryOf(CILIUM));
    f.server.on(DEFINITIONS_PATH, { watch: 'true' }, stream(added(definition('1')), bookmark('1', true)));
    f.watchLists(
      POLICIES_PATH,
      stream(added(policy('web', '1')), bookmark('1', true), removed.opened, deleted(policy('web', '2'))),
    );
    policyList();
    await eventually(() => expect(policyList()).toMatchObject({ value: [{ meta: { name: 'web' } }] }));
    removed.open(undefined);
    await eventually(() => expect(policyList()).toMatchObject({ state: 'known', value: [] }));
    expect(f.changes.at(-1)).toMatchObject({ action: 'Deleted', read: { namespace: 'shop', name: 'web' } });
  });

  it('is read whole where a check wants it whole, without bookkeeping', async () => {
    f.server.on('/apis', {}, discoveryOf(CILIUM));
    f.watchLists(POLICIES_PATH, stream(added(policy('web', '1')), bookmark('1', true)));
    const read = () =>
      f.source.get(wholeRef({ apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy' }), 'shop', 'web');
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

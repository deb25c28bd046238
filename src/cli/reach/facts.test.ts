// What is not here, or may not be read, is never taken for nothing.
import { describe, expect, it } from 'vitest';
import { manifestSource } from '../../facts/manifests.ts';
import type { Source } from '../../facts/source.ts';
import type { Unknowable } from '../../facts/view.ts';
import type { Opened } from '../sources.ts';
import { gatherCluster } from './facts.ts';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: '1' },
  spec: { containers: [] },
  status: { phase: 'Running' },
};

/** A cluster in which a kind gives this answer until something changes. */
function opened(kind: string, answer: Unknowable, patienceMs: number): Opened & { changed(): number } {
  const whole = manifestSource([pod]);
  let changes = 0;
  const source: Source = {
    ...whole,
    list: (ref, namespace) => (ref.kind === kind && changes === 0 ? answer : whole.list(ref, namespace)),
  };
  return {
    source,
    problems: [],
    notes: [],
    patienceMs,
    nextChange: async () => void changes++,
    close: async () => {},
    changed: () => changes,
  };
}

describe('the facts of reach', () => {
  it('are unknown where policies may not be read, with the permission that is missing', async () => {
    const forbidden = {
      state: 'failed',
      reason: 'Forbidden',
      message: 'list ciliumnetworkpolicies is missing',
    } as const;
    expect(await gatherCluster(opened('CiliumNetworkPolicy', forbidden, 1000))).toEqual({
      unknown: ['list ciliumnetworkpolicies is missing'],
    });
  });

  it('are waited for', async () => {
    const cluster = opened(
      'NetworkPolicy',
      { state: 'pending', message: 'waiting for NetworkPolicies' },
      60_000,
    );
    const facts = await gatherCluster(cluster);
    expect(cluster.changed()).toBe(1);
    expect('model' in facts && facts.model.endpoints).toHaveLength(1);
  });

  it('are unknown when they do not arrive in time', async () => {
    const pending = { state: 'pending', message: 'waiting for NetworkPolicies' } as const;
    expect(await gatherCluster(opened('NetworkPolicy', pending, 0))).toEqual({
      unknown: ['waiting for NetworkPolicies'],
    });
  });
});

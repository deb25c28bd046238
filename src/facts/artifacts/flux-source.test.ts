// What the object of a source says: which artifact, and what is to be known about it.

import { describe, expect, test } from 'vitest';
import type { SourceRef } from '../view.ts';
import { type Offered, offeredBy, wantedBy } from './flux-source.ts';

const REF: SourceRef = { kind: 'GitRepository', namespace: 'flux-system', name: 'flux-system' };
const ARTIFACT = {
  url: 'http://source-controller.flux-system.svc.cluster.local./a.tar.gz',
  digest: `sha256:${'a'.repeat(64)}`,
  revision: 'main@sha1:4ae1',
  lastUpdateTime: '2026-01-02T00:00:00Z',
  size: 1000,
};
const READY = [{ type: 'Ready', status: 'True', reason: 'Succeeded', message: 'stored artifact' }];
const FAILED = [
  { type: 'Ready', status: 'False', reason: 'GitOperationFailed', message: 'authentication required' },
];

const read = (spec: object, status: object, generation = 1) =>
  offeredBy(REF, { metadata: { generation }, spec, status: { observedGeneration: 1, ...status } });

function offered(spec: object, status: object, generation?: number): Offered {
  const fact = read(spec, { artifact: ARTIFACT, conditions: READY, ...status }, generation);
  if (fact.state !== 'known') throw new Error(JSON.stringify(fact));
  return fact.value;
}

test('the artifact, and nothing to say about it', () => {
  expect(offered({}, {})).toMatchObject({
    artifact: { url: ARTIFACT.url, digest: ARTIFACT.digest },
    revision: 'main@sha1:4ae1',
    stale: [],
  });
});

describe('the artifact is what the cluster deploys from, so it is judged, with a note', () => {
  const deployed = 'its artifact of 2026-01-02T00:00:00Z is what the cluster deploys from';
  test('that the source is suspended', () => {
    const [note] = offered({ suspend: true }, {}).stale;
    expect(note).toContain(`GitRepository flux-system/flux-system is suspended: ${deployed}`);
    expect(note).toContain('flux resume source git flux-system -n flux-system');
  });
  test('that the source fails', () => {
    expect(offered({}, { conditions: FAILED }).stale).toEqual([
      expect.stringContaining(`GitOperationFailed: authentication required: ${deployed}`),
    ]);
  });
  test.each([
    [
      'read udp 10.244.1.5:PORT->10.96.0.10:53: i/o timeout',
      'read udp 10.244.1.5->10.96.0.10:53: i/o timeout',
    ],
    [
      'read tcp [fd00::5]:PORT->[fd00::a]:443: connection reset',
      'read tcp [fd00::5]->[fd00::a]:443: connection reset',
    ],
  ])('that fails in the same words at every try: %s', (message, told) => {
    const failing = (port: string) => [
      { type: 'Ready', status: 'False', reason: 'Failed', message: message.replace('PORT', port) },
    ];
    const [first, second] = ['41877', '9'].map((port) => offered({}, { conditions: failing(port) }).stale);
    expect(first).toEqual([expect.stringContaining(`Failed: ${told}: its artifact`)]);
    expect(second).toEqual(first);
  });
  test('that its newest spec has not been acted on', () => {
    expect(offered({}, {}, 2).stale).toEqual([expect.stringContaining('has not acted on the newest spec')]);
  });
});

describe('no artifact', () => {
  test('is waited for while the source is new', () => {
    expect(read({}, {})).toEqual({
      state: 'pending',
      message: 'the first artifact of GitRepository flux-system/flux-system',
    });
    const unknown = [{ type: 'Ready', status: 'Unknown', reason: 'Progressing', message: 'cloning' }];
    expect(read({}, { conditions: unknown })).toMatchObject({
      state: 'pending',
      message: expect.stringContaining('cloning'),
    });
  });
  test('because the source fails says why, in the words of Flux', () => {
    expect(read({}, { conditions: FAILED })).toMatchObject({
      state: 'failed',
      reason: 'Unreachable',
      message:
        'GitRepository flux-system/flux-system has no artifact: GitOperationFailed: authentication required',
    });
  });
  test('because the source is suspended says how to resume it', () => {
    expect(read({ suspend: true }, {})).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('flux resume source git'),
    });
  });
});

describe('an artifact that cannot be verified is not fetched', () => {
  test.each([
    [{ digest: undefined }, 'no digest'],
    [{ digest: '' }, 'no digest'],
    [{ digest: `sha1:${'a'.repeat(40)}` }, 'sha1'],
    [{ digest: `blake3:${'a'.repeat(64)}` }, '--artifact-digest-algo=sha256'],
    [{ digest: `sha256:${'a'.repeat(63)}` }, 'is no sha256'],
    [{ digest: `sha256:${'A'.repeat(64)}` }, 'is no sha256'],
    [{ digest: 'toString:' }, 'toString'],
    [{ url: undefined }, 'no url'],
    [{ size: 100 * 1024 * 1024 }, '100 MiB, more than the 64 MiB that are fetched'],
  ])('%j', (more, why) => {
    expect(read({}, { artifact: { ...ARTIFACT, ...more }, conditions: READY })).toMatchObject({
      state: 'failed',
      reason: 'Unreadable',
      message: expect.stringContaining(why),
    });
  });

  test.each([`sha384:${'a'.repeat(96)}`, `sha512:${'a'.repeat(128)}`])('but %s is verified', (digest) => {
    expect(offered({}, { artifact: { ...ARTIFACT, digest } }).artifact.digest).toBe(digest);
  });
});

test('the rules are those that the artifact was made with, not those that are wanted now', () => {
  const { rules } = offered(
    { ignore: '!/.github/' },
    {
      observedIgnore: '/docs',
      observedSparseCheckout: ['kubernetes'],
      observedInclude: [
        { repository: { name: 'library' }, toPath: 'base/app' },
        { repository: { name: 'b' } },
      ],
    },
  );
  expect(rules).toMatchObject({
    observed: '/docs',
    wanted: '!/.github/',
    sparse: ['kubernetes'],
    includes: [
      { from: 'library', at: 'base/app' },
      { from: 'b', at: 'b' },
    ],
  });
});

test('a source that the Flux Operator makes is told by its labels', () => {
  const labels = { 'fluxcd.controlplane.io/name': 'flux', 'fluxcd.controlplane.io/namespace': 'flux-system' };
  const status = { artifact: ARTIFACT, conditions: READY };
  expect(offeredBy(REF, { metadata: { labels }, spec: {}, status })).toMatchObject({
    value: { rules: { madeOf: 'flux-system/flux' } },
  });
  expect(wantedBy(REF, { metadata: { labels } })?.rules.madeOf).toBe('flux-system/flux');
  expect(wantedBy(REF, {})?.rules.madeOf).toBeUndefined();
});

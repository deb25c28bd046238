import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { sweep, takeDown } from './lifecycle.ts';
import { identify } from './processes.ts';
import { type ClusterState, readableStates, readState, writeState } from './state.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-test-'));
  vi.stubEnv('REMEDIATION_CACHE', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const state = (name: string, owner: ClusterState['owner']): ClusterState => ({
  id: `id-of-${name}`,
  name,
  phase: 'ready',
  owner,
  programs: '/programs',
  ports: { etcd: 1, etcdPeer: 2, apiServer: 3 },
  options: { nodes: 3, podsPerNode: 110, crds: 'all', faults: {}, apiServerFlags: [] },
  processes: {},
});

function writeForeign(name: string): void {
  mkdirSync(join(folder, 'clusters', name), { recursive: true });
  writeFileSync(join(folder, 'clusters', name, 'state.json'), '{"version": 99}');
}

it('is read as it was written', () => {
  const written = state('a', null);
  writeState(written);
  expect(readState('a')).toEqual(written);
  expect(readState('b')).toBeUndefined();
});

it('of another version is named when it is asked for, and passed over otherwise', async () => {
  writeForeign('foreign');
  writeState(state('a', null));
  expect(() => readState('foreign')).toThrow(/foreign.*is not the state of a cluster of this version/);
  expect(readableStates().map(({ name }) => name)).toEqual(['a']);
  expect(await sweep()).toEqual([]);
});

it('is swept when the owner is gone, and only then', async () => {
  writeState(state('stays-by-itself', null));
  writeState(state('has-its-owner', identify(process.pid)!));
  writeState(state('lost-its-owner', { pid: process.pid, startedAt: 'another time' }));
  expect(await sweep()).toEqual(['lost-its-owner']);
  expect(readableStates().map(({ name }) => name)).toEqual(['has-its-owner', 'stays-by-itself']);
});

it('of a later cluster of the same name is left alone by who knows only the earlier', async () => {
  writeState(state('a', null));
  expect(await takeDown('a', 'id-of-an-earlier-one')).toBe(false);
  expect(readState('a')).toBeDefined();
  expect(await takeDown('a', 'id-of-a')).toBe(true);
  expect(readState('a')).toBeUndefined();
});

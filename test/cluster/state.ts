// What is written down about a cluster, in state.json of its folder: enough for
// any later process to reach it, to say how it is and to end it completely.
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { withLock } from './lock.ts';
import { cacheFolder, clusterFolder, clustersFolder } from './paths.ts';

const identity = z.object({ pid: z.number().int(), startedAt: z.string() });

/** The programs of a cluster in the order in which they start. */
export const processNames = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
] as const;
export type ProcessName = (typeof processNames)[number];

const optionsSchema = z.object({
  nodes: z.number().int(),
  podsPerNode: z.number().int(),
  crds: z.enum(['all', 'none']),
  faults: z.object({
    /** `--etcd-compaction-interval`, a Go duration such as `10s`: watches from an old version get 410. */
    etcdCompactionInterval: z.string().optional(),
    /** `--min-request-timeout` in seconds: watches end after one to two times as long. */
    minRequestTimeout: z.number().int().optional(),
    /** `--goaway-chance`, 0 to 0.02: HTTP/2 connections are asked to go away. */
    goawayChance: z.number().optional(),
  }),
  /** Further flags of the API server, as `--flag=value`. */
  apiServerFlags: z.array(z.string()),
});

/** What a cluster is made of; see the README for the defaults. */
export type ClusterOptions = z.infer<typeof optionsSchema>;

const stateSchema = z.object({
  /** Tells two clusters of one name, one after the other, apart. */
  id: z.string(),
  name: z.string(),
  phase: z.enum(['starting', 'ready']),
  /** The process that the cluster must not outlive; null for one that stays until `down`. */
  owner: identity.nullable(),
  programs: z.string(),
  ports: z.object({ etcd: z.number(), etcdPeer: z.number(), apiServer: z.number() }),
  options: optionsSchema,
  processes: z.partialRecord(z.enum(processNames), identity),
});

export type ClusterState = z.infer<typeof stateSchema>;

const stateFile = (name: string) => join(clusterFolder(name), 'state.json');

/** The state of a cluster; undefined where there is none of this name. */
export function readState(name: string): ClusterState | undefined {
  const file = stateFile(name);
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  const parsed = stateSchema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new Error(
    `${file} is not the state of a cluster of this version: ${z.prettifyError(parsed.error)}. ` +
      'Take the cluster down with the checkout that started it.',
  );
}

/** All clusters here whose state can be read: those of another version are somebody else's, and no reason to fail. */
export function readableStates(): ClusterState[] {
  return clusterNames().flatMap((name) => {
    const text = readIfThere(stateFile(name));
    const parsed = text === undefined ? undefined : stateSchema.safeParse(JSON.parse(text));
    return parsed?.success ? [parsed.data] : [];
  });
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the state in one step: a reader sees the old one or the new one, never half of it. */
export function writeState(state: ClusterState): void {
  mkdirSync(clusterFolder(state.name), { recursive: true, mode: 0o700 });
  const half = `${stateFile(state.name)}.${randomUUID()}`;
  writeFileSync(half, JSON.stringify(state, null, 2), { mode: 0o600 });
  renameSync(half, stateFile(state.name));
}

/** Names of all clusters that have a folder here. */
export function clusterNames(): string[] {
  const folder = clustersFolder();
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'state.json')))
    .map((entry) => entry.name)
    .sort();
}

/** Every change of a state, and every start of a process, happens under this one lock; it is held for moments only. */
export function withStateLock<T>(work: () => Promise<T>): Promise<T> {
  return withLock(join(cacheFolder(), 'clusters.lock'), () => undefined, work);
}

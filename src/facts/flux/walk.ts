// Follows the Flux Kustomizations from a cluster folder, as the controllers do:
// what each builds, which others it brings, and which of them Flux would never
// apply.

import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Manifest } from '../manifest-files.ts';
import type { Built, Kustomize, Place } from './build.ts';
import { BuildError } from './generate.ts';
import {
  isKustomization,
  isLeftAlone,
  type Kustomization,
  type KustomizationSpec,
  keyOf,
  parseKustomization,
  sourceOf,
} from './kustomization.ts';
import { type Applied, createReader } from './objects.ts';
import { createReadiness, NetworkError, type Readiness, type Remote } from './remote.ts';
import type { Artifact } from './repository.ts';
import type { Sources } from './sources.ts';
import { findHidden } from './unknowns.ts';
import { type FindObject, variablesOf } from './variables.ts';

/**
 * applied: these are its objects.
 * stuck: Flux does not apply it as it stands here; what it once applied stays.
 * away: what it applies cannot be seen from here.
 */
export type Outcome =
  | { readonly state: 'applied'; readonly objects: readonly Applied[]; readonly remote: readonly Remote[] }
  | { readonly state: 'stuck'; readonly why: string; readonly objects?: readonly Applied[] }
  | { readonly state: 'away'; readonly why: string; readonly mend: string };

export interface Visit {
  readonly kustomization: Kustomization;
  /** namespace/name of the one that brought it; undefined for the first. */
  readonly parent: string | undefined;
  readonly outcome: Outcome;
}

export interface Walk {
  /** By namespace/name, in the order in which they were reached. */
  readonly visits: ReadonlyMap<string, Visit>;
  readonly notes: readonly string[];
}

const MAX_KUSTOMIZATIONS = 5_000;
/** A ConfigMap of variables may itself hold variables; deeper chains are not written. */
const MAX_ROUNDS = 8;

export interface Walker {
  readonly sources: Sources;
  readonly kustomize: Kustomize;
}

/** Walks until the variables that Kustomizations read of each other's objects are settled. */
export async function walk(root: Kustomization, visit: Visitor): Promise<Walk> {
  const once = createPass(visit);
  let before = '';
  let found: Walk | undefined;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const objects = indexOf(found);
    const fingerprint = JSON.stringify([...objects]);
    if (found && fingerprint === before) break;
    before = fingerprint;
    found = await once(root, (kind, namespace, name) => objects.get(`${kind} ${namespace}/${name}`));
  }
  return found as Walk;
}

/** The ConfigMaps and Secrets that are applied. */
function indexOf(walked: Walk | undefined): Map<string, Manifest> {
  const found = new Map<string, Manifest>();
  for (const { outcome } of walked?.visits.values() ?? []) {
    if (outcome.state !== 'applied') continue;
    for (const { object } of outcome.objects) {
      if (object.apiVersion !== 'v1' || (object.kind !== 'ConfigMap' && object.kind !== 'Secret')) continue;
      found.set(`${object.kind} ${object.metadata.namespace}/${object.metadata.name}`, object);
    }
  }
  return found;
}

interface Found {
  readonly kustomization: Kustomization;
  readonly parent: string | undefined;
}

/** Is it met for the first time? Two that bring the same one are told. */
function isFresh(
  { kustomization, parent }: Found,
  met: Map<string, string | undefined>,
  notes: Set<string>,
): boolean {
  const key = keyOf(kustomization);
  const first = met.get(key);
  if (!met.has(key)) {
    met.set(key, parent);
    return true;
  }
  if (first !== parent && key !== parent && parent !== undefined)
    notes.add(`Kustomization ${key} is brought twice, by ${first ?? 'the cluster folder'} and by ${parent}`);
  return false;
}

function createPass(visit: Visitor) {
  return async (root: Kustomization, find: FindObject): Promise<Walk> => {
    const visits = new Map<string, Visit>();
    const notes = new Set<string>();
    const met = new Map<string, string | undefined>();
    let wave: readonly Found[] = [{ kustomization: root, parent: undefined }];
    while (wave.length > 0) {
      const fresh = wave.filter((found) => isFresh(found, met, notes));
      const left = MAX_KUSTOMIZATIONS - visits.size;
      if (fresh.length > left)
        notes.add(`more than ${MAX_KUSTOMIZATIONS} Kustomizations: the others are not followed`);
      const outcomes = await Promise.all(
        fresh.slice(0, left).map(async (found) => ({
          ...found,
          outcome: await visit(found.kustomization, find),
        })),
      );
      const next: Found[] = [];
      for (const { kustomization, parent, outcome } of outcomes) {
        const key = keyOf(kustomization);
        const children = childrenOf(outcome);
        const refused = children.find((child) => typeof child === 'string');
        visits.set(key, {
          kustomization,
          parent,
          outcome: refused === undefined ? outcome : { state: 'stuck', why: refused },
        });
        for (const child of children)
          if (typeof child !== 'string') next.push({ kustomization: child, parent: key });
      }
      wave = next;
    }
    return { visits, notes: [...notes] };
  };
}

/** The Kustomizations that it brings for this cluster; a string where the API server would refuse one. */
function childrenOf(outcome: Outcome): (Kustomization | string)[] {
  if (outcome.state === 'away') return [];
  return (outcome.objects ?? [])
    .filter(({ object }) => isKustomization(object) && !isLeftAlone(object))
    .map(({ object }) => {
      const child = parseKustomization(object);
      return typeof child === 'string'
        ? `the API server would refuse Kustomization ${object.metadata.namespace}/${object.metadata.name}: ${child}`
        : child;
    });
}

interface Build {
  readonly built: readonly Built[];
  readonly remote: readonly Remote[];
  readonly place: Place;
}

/** Answers what becomes of one Kustomization. */
export type Visitor = (kustomization: Kustomization, find: FindObject) => Promise<Outcome>;

/** One for a whole run: it remembers what was built, and what it took out of the copies before. */
export function createVisitor({ sources, kustomize }: Walker): Visitor {
  const builds = new Map<string, Promise<Build>>();
  const read = createReader();
  const readinesses = new Map<string, Readiness>();
  /** One for each copy: what it took out of one is still in the others. */
  const readinessOf = (root: string) => {
    const readiness = readinesses.get(root) ?? createReadiness();
    readinesses.set(root, readiness);
    return readiness;
  };

  async function build({ copies, folder }: Artifact, below: string, spec: KustomizationSpec): Promise<Build> {
    return copies.use(async (root) => {
      const place = { root, folder: path.join(root, below), source: folder };
      const remote = await readinessOf(root).ready(place, spec.components);
      return { built: await kustomize.build(place, spec), remote, place };
    });
  }

  return async (kustomization: Kustomization, find: FindObject): Promise<Outcome> => {
    const { spec } = kustomization;
    // It applies to another cluster: nothing of it is ours, and it is ready as far as can be seen.
    if (spec.kubeConfig) return { state: 'applied', objects: [], remote: [] };
    const { postBuild: _values, ...building } = spec;
    const hidden = findHidden(building);
    if (hidden)
      return { state: 'away', why: `cannot be followed: ${hidden}`, mend: 'Judge the live cluster.' };
    const source = sourceOf(kustomization);
    const artifact = await sources.artifact(source);
    if (!artifact) {
      const named = `${source.namespace}/${source.name}`;
      return {
        state: 'away',
        why: `builds from ${source.kind} ${named}, and nothing says which folder stands for it`,
        mend: `Say it with --source ${named}=DIR, or judge the live cluster.`,
      };
    }
    // As securejoin does it: a path never leads out of the source.
    const below = path.posix.join('/', spec.path);
    const key = JSON.stringify([artifact.root, below, building]);
    try {
      if (!(await stat(path.join(artifact.root, below)).catch(() => undefined))?.isDirectory())
        throw new BuildError(
          `spec.path ${spec.path} is no folder of ${source.kind} ${source.namespace}/${source.name}`,
        );
      const running = builds.get(key) ?? build(artifact, below, spec);
      builds.set(key, running);
      const { built, remote, place } = await running;
      const objects = read(built, kustomization, variablesOf(kustomization, find), place);
      const nowhere = objects.find(({ object }) => lacksNamespace(object))?.object;
      if (nowhere)
        throw new BuildError(
          `${nowhere.kind} ${nowhere.metadata.name} has no namespace, and Flux applies none without`,
        );
      return spec.suspend
        ? { state: 'stuck', why: 'is suspended', objects }
        : { state: 'applied', objects, remote };
    } catch (error) {
      if (error instanceof NetworkError)
        return {
          state: 'away',
          why: `cannot be built without the network, for ${error.message}`,
          mend: 'Keep what it names in the repository, or judge the live cluster.',
        };
      if (!(error instanceof BuildError)) throw error;
      if (spec.suspend) return { state: 'stuck', why: 'is suspended' };
      return { state: 'stuck', why: `cannot be built, and Flux would fail alike: ${error.message}` };
    }
  };
}

/** Kinds that are always in a namespace: applied without one, the API server knows no such resource. */
const NAMESPACED = new Set([
  'ConfigMap',
  'CronJob',
  'DaemonSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'HelmRelease',
  'Ingress',
  'Job',
  'Kustomization',
  'NetworkPolicy',
  'CiliumNetworkPolicy',
  'PersistentVolumeClaim',
  'Pod',
  'PodDisruptionBudget',
  'ReplicaSet',
  'Role',
  'RoleBinding',
  'Secret',
  'Service',
  'ServiceAccount',
  'StatefulSet',
]);

const lacksNamespace = ({ kind, metadata }: Manifest) =>
  NAMESPACED.has(kind) && (metadata.namespace === undefined || metadata.namespace === '');

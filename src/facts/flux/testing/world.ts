// What Flux would apply of a repository, as tests ask for it: read with the real
// kustomize, and told as a check would be told.

import { afterEach } from 'vitest';
import { manifestSource } from '../../manifests.ts';
import { kindRef, wholeRef } from '../../source.ts';
import { type FluxOptions, type FluxWorld, readFlux, withDoubts } from '../index.ts';
import { type Files, makeRepository, type TestRepository } from './repository.ts';

/** The cluster folder, where a test does not say another. */
export const CLUSTER = 'clusters/one';

/** Repositories that are removed after each test of the file that calls this. */
export function testRepositories() {
  const made: TestRepository[] = [];
  afterEach(async () => {
    for (const each of made.splice(0)) await each.remove();
  });
  const repositoryOf = async (files: Files): Promise<TestRepository> => {
    const repository = await makeRepository(files);
    made.push(repository);
    return repository;
  };
  return {
    repositoryOf,
    read: async (files: Files, options: Partial<FluxOptions> = {}): Promise<FluxWorld> => {
      const repository = await repositoryOf(files);
      return readFlux({
        ...options,
        cluster: repository.at(options.cluster ?? CLUSTER),
      });
    },
  };
}

/** Kind namespace/name of what is applied, but for Kustomizations and their source. */
export const names = (world: FluxWorld) =>
  world.applied
    .filter(({ object }) => object.kind !== 'Kustomization' && object.kind !== 'GitRepository')
    .map(({ object: { kind, metadata } }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`)
    .sort();

export const objectOf = (world: FluxWorld, kind: string, name: string) =>
  world.applied.find(({ object }) => object.kind === kind && object.metadata.name === name)?.object;

/** What the world answers, by the templates alone. */
export function sourceOf(world: FluxWorld) {
  const objects = world.applied.map(({ object }) => object);
  return withDoubts(manifestSource(objects, { static: true }), objects, world.doubts);
}

/** What a check would be told of one object, or of a list, by the templates alone. */
export function facts(world: FluxWorld) {
  const source = sourceOf(world);
  return {
    get: (kind: 'Deployment' | 'PodDisruptionBudget' | 'ConfigMap', namespace: string, name: string) =>
      source.get(kindRef(kind), namespace, name),
    list: (kind: 'Deployment' | 'PodDisruptionBudget' | 'Pod', namespace?: string) =>
      source.list(kindRef(kind), namespace),
    whole: (apiVersion: string, kind: string, namespace?: string) =>
      source.list(wholeRef({ apiVersion, kind }), namespace),
  };
}

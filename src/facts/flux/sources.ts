// The folders that stand for Flux sources: the repository itself, and those that
// the caller names for others. Each is copied once, when it is first needed.

import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { SourceReference } from './kustomization.ts';
import { type Artifact, copyArtifact } from './repository.ts';

/** namespace/name → folder, as --source gives them. */
export type NamedFolders = ReadonlyMap<string, string>;

export interface Sources {
  /** The files of a source; undefined where nothing says which folder stands for it. */
  artifact(ref: Required<SourceReference>): Promise<Artifact | undefined>;
  /** Says that a source object is the repository itself. */
  isRepository(ref: Required<SourceReference>): boolean;
  /** spec.ignore of the object that stands for the repository, known only after a first look. */
  ignoring(rules: string): Promise<void>;
  setOwn(ref: Required<SourceReference>): void;
  repository(): Promise<Artifact>;
  /** Every copy that was made. */
  all(): Promise<readonly Artifact[]>;
  close(): Promise<void>;
}

export function openSources(folder: string, named: NamedFolders): Sources {
  const copies = new Map<string, Promise<Artifact>>();
  const own = new Set<string>();
  const copy = (of: string, ignore?: string) => {
    const key = path.resolve(of);
    const known = copies.get(key);
    if (known) return known;
    const made = copyArtifact(key, ignore);
    copies.set(key, made);
    return made;
  };
  const isRepository = ({ namespace, name }: Required<SourceReference>) => own.has(`${namespace}/${name}`);
  const discard = async (copied: Promise<Artifact>) => {
    const artifact = await copied.catch(() => undefined);
    await artifact?.copies.close();
    if (artifact) await rm(artifact.root, { recursive: true, force: true });
  };
  return {
    artifact: async (ref) => {
      const given = named.get(`${ref.namespace}/${ref.name}`);
      if (given !== undefined) return copy(given);
      return isRepository(ref) ? copy(folder) : undefined;
    },
    isRepository,
    setOwn: ({ namespace, name }) => own.add(`${namespace}/${name}`),
    ignoring: async (rules) => {
      const former = copies.get(path.resolve(folder));
      copies.delete(path.resolve(folder));
      if (former) await discard(former);
      await copy(folder, rules);
    },
    repository: () => copy(folder),
    all: () => Promise.all(copies.values()),
    close: async () => {
      for (const each of copies.values()) await discard(each);
    },
  };
}

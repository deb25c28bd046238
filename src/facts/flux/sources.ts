// The folders that stand for Flux sources: the repository itself, and those that
// the caller names for others. Each is copied once for the rules that leave files
// out of it, when it is first needed.

import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { IgnoreRules } from '../artifacts/ignore-rules.ts';
import type { SourceReference } from './kustomization.ts';
import { type Artifact, copyArtifact } from './repository.ts';

/** namespace/name → folder, as --source gives them. */
export type NamedFolders = ReadonlyMap<string, string>;

export interface Sources {
  /** The files of a source; undefined where nothing says which folder stands for it. */
  artifact(ref: Required<SourceReference>): Promise<Artifact | undefined>;
  /** What the objects of the sources say, known only after a look. Answers whether any copy is another one by it than before. */
  leavingOut(rules: readonly IgnoreRules[]): Promise<boolean>;
  /** Says that a source object is the repository itself. */
  setOwn(ref: Required<SourceReference>): void;
  repository(): Promise<Artifact>;
  /** Every copy that was made. */
  all(): Promise<readonly Artifact[]>;
  close(): Promise<void>;
}

/** Those of a GitRepository that says nothing. */
const UNSAID: IgnoreRules = {
  source: { kind: 'GitRepository', namespace: '', name: '' },
  name: '',
  observed: undefined,
  wanted: undefined,
  copied: false,
  sparse: [],
  prefix: '',
  includes: [],
};

/** Equal for rules that leave out the same of every folder. */
const effectOf = ({ source, observed = '', copied, sparse, prefix }: IgnoreRules) =>
  JSON.stringify([source.kind === 'Bucket', observed, copied, sparse, prefix]);

const keyOf = ({ kind, namespace, name }: Required<SourceReference>) => `${kind} ${namespace}/${name}`;

export function openSources(folder: string, named: NamedFolders): Sources {
  const copies = new Map<string, Promise<Artifact>>();
  const own = new Set<string>();
  const rules = new Map<string, IgnoreRules>();
  const copy = (of: string, by: IgnoreRules = UNSAID) => {
    const key = `${path.resolve(of)} ${effectOf(by)}`;
    const known = copies.get(key);
    if (known) return known;
    const made = copyArtifact(path.resolve(of), by);
    copies.set(key, made);
    return made;
  };
  const isRepository = ({ namespace, name }: Required<SourceReference>) => own.has(`${namespace}/${name}`);
  const folderOf = (ref: Required<SourceReference>) =>
    named.get(`${ref.namespace}/${ref.name}`) ?? (isRepository(ref) ? folder : undefined);
  const discard = async () => {
    for (const copied of copies.values()) {
      const artifact = await copied.catch(() => undefined);
      await artifact?.copies.close();
      if (artifact) await rm(artifact.root, { recursive: true, force: true });
    }
    copies.clear();
  };
  /** What an object says that stands for the repository holds for it by its other names too. */
  const ofRepository = () => [...rules.values()].find(({ source }) => isRepository(source));
  const rulesOf = (ref: Required<SourceReference>) =>
    rules.get(keyOf(ref)) ?? (folderOf(ref) === folder ? ofRepository() : undefined) ?? UNSAID;
  return {
    artifact: async (ref) => {
      const from = folderOf(ref);
      return from === undefined ? undefined : copy(from, rulesOf(ref));
    },
    setOwn: ({ namespace, name }) => own.add(`${namespace}/${name}`),
    leavingOut: async (found) => {
      const bearing = found.filter(({ source }) => folderOf(source) !== undefined);
      const isChange = bearing.some((each) => effectOf(each) !== effectOf(rulesOf(each.source)));
      for (const each of bearing) rules.set(keyOf(each.source), each);
      if (isChange) await discard();
      return isChange;
    },
    repository: () => copy(folder, ofRepository()),
    all: () => Promise.all(copies.values()),
    close: discard,
  };
}

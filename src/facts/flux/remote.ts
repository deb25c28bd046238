// What a build needs from outside the repository. Remote resources are taken out
// of the copy, so that the rest can be built, and told; whatever leads out of the
// repository is refused, as Flux refuses it.

import { lstat, readFile } from 'node:fs/promises';
import path from 'node:path';
import { hide } from '../../api/hidden.ts';
import { checkAliases, checkInline } from './aliases.ts';
import type { Place } from './build.ts';
import { replaceFile } from './copies.ts';
import { BuildError, type Config, configOf } from './generate.ts';

/** A resource that only the network can show. */
export interface Remote {
  /** The kustomization that names it, from the root of the source. */
  readonly file: string;
  readonly entry: string;
}

/** The build rests on something that only the network can show, so that no part of it is known. */
export class NetworkError extends Error {}

/** Fields that name files or folders, one string for each. */
const PATHS = [
  'resources',
  'bases',
  'components',
  'crds',
  'configurations',
  'generators',
  'transformers',
  'validators',
  'patchesStrategicMerge',
] as const;
/** Those that name what to build, and so may be folders with a kustomization of their own. */
const FOLDERS: ReadonlySet<string> = new Set(['resources', 'bases', 'components']);
/** Those without which the rest is built just the same. */
const ALONE: ReadonlySet<string> = new Set(['resources', 'bases']);

export interface Readiness {
  /** Makes the copy ready to build `place` without the network. Throws a BuildError or a NetworkError. */
  ready(place: Place, components: readonly string[]): Promise<readonly Remote[]>;
}

/** Remembers what it took out of which kustomization. */
export function createReadiness(): Readiness {
  const taken = new Map<string, readonly Remote[]>();

  async function visit(folder: string, place: Place, seen: Map<string, readonly Remote[]>): Promise<void> {
    if (seen.has(folder)) return;
    seen.set(folder, []);
    const { file, config } = await configOf(folder);
    checkInline(config, nameOf(file ?? folder, place));
    const found: Remote[] = [];
    let changed = false;
    for (const field of PATHS) {
      const entries = listOf(config, field);
      const kept: unknown[] = [];
      for (const entry of entries) {
        if (typeof entry !== 'string' || entry.includes('\n')) kept.push(entry);
        else if (await isHere(entry, folder, place)) {
          kept.push(entry);
          const at = path.resolve(folder, entry);
          if (!(await lstat(at)).isDirectory()) checkAliases(await readFile(at, 'utf8'), entry);
          else if (FOLDERS.has(field)) await visit(at, place, seen);
        } else if (!isRemote(entry)) kept.push(entry);
        else if (ALONE.has(field)) found.push({ file: nameOf(file ?? folder, place), entry });
        else throw needsNetwork(entry, file ?? folder, place);
      }
      if (kept.length < entries.length) {
        config[field] = kept;
        changed = true;
      }
    }
    if (hideRemoteData(config)) changed = true;
    const read = documentsNamedIn(config);
    for (const entry of [...read, ...dataNamedIn(config)]) {
      const here = await isHere(entry, folder, place);
      if (!here && isRemote(entry)) throw needsNetwork(entry, file ?? folder, place);
      const at = path.resolve(folder, entry);
      if (here && read.includes(entry) && (await lstat(at)).isFile())
        checkAliases(await readFile(at, 'utf8'), entry);
    }
    if (changed && file) {
      // An empty kustomization is an error; one that says where objects are from is not.
      await replaceFile(file, JSON.stringify({ ...config, buildMetadata: ['originAnnotations'] }));
      taken.set(folder, [...(taken.get(folder) ?? []), ...found]);
    }
    seen.set(folder, taken.get(folder) ?? []);
  }

  return {
    ready: async (place, components) => {
      const seen = new Map<string, readonly Remote[]>();
      await visit(place.folder, place, seen);
      for (const component of components) {
        const at = path.resolve(place.folder, component);
        if ((await isHere(component, place.folder, place)) && (await lstat(at)).isDirectory())
          await visit(at, place, seen);
      }
      return [...seen.values()].flat();
    },
  };
}

const listOf = (config: Config, field: string): readonly unknown[] =>
  Array.isArray(config[field]) ? (config[field] as unknown[]) : [];

/** Patches and replacements are YAML that kustomize reads. */
function documentsNamedIn(config: Config): string[] {
  const found: unknown[] = [];
  for (const field of ['patches', 'patchesJson6902', 'replacements'])
    for (const entry of listOf(config, field)) found.push((entry as Config | null)?.path);
  found.push((config.openapi as Config | undefined)?.path);
  return found.filter((entry): entry is string => typeof entry === 'string');
}

/** Files that generators take as they are. */
function dataNamedIn(config: Config): string[] {
  const found: unknown[] = [];
  for (const field of ['configMapGenerator', 'secretGenerator'])
    for (const entry of listOf(config, field)) {
      const { files, envs, env } = (entry ?? {}) as { files?: unknown; envs?: unknown; env?: unknown };
      for (const file of Array.isArray(files) ? files : [])
        found.push(String(file).slice(String(file).indexOf('=') + 1));
      found.push(...(Array.isArray(envs) ? envs : []), env);
    }
  return found.filter((entry): entry is string => typeof entry === 'string');
}

/**
 * Files that only the network can show become values that are not known, in
 * ConfigMaps whose names do not hang on what they hold. Answers whether there are any.
 */
function hideRemoteData(config: Config): boolean {
  const { disableNameSuffixHash: everywhere } = (config.generatorOptions ?? {}) as GeneratorOptions;
  let found = false;
  const entries = listOf(config, 'configMapGenerator').map((entry) => {
    const { files, literals, options } = (entry ?? {}) as {
      files?: unknown;
      literals?: unknown;
      options?: GeneratorOptions;
    };
    if (!Array.isArray(files) || (options?.disableNameSuffixHash ?? everywhere) !== true) return entry;
    const remote = files.filter((each) => /^([^=]*=)?https?:\/\//.test(String(each)));
    if (remote.length === 0) return entry;
    found = true;
    const hidden = remote.map((each) => {
      const [, key, url = ''] = /^(?:([^=:]*)=)?(.*)$/s.exec(String(each)) ?? [];
      return `${key || path.posix.basename(url)}=${hide(`only the network can show ${url}`)}`;
    });
    return {
      ...(entry as object),
      files: files.filter((each) => !remote.includes(each)),
      literals: [...(Array.isArray(literals) ? literals : []), ...hidden],
    };
  });
  if (found) config.configMapGenerator = entries;
  return found;
}

interface GeneratorOptions {
  readonly disableNameSuffixHash?: unknown;
}

/** Throws where it leads out of the source: kustomize would read files of this machine. */
async function isHere(entry: string, folder: string, { root }: Place): Promise<boolean> {
  if (isRemote(entry) && !entry.startsWith('.')) {
    // A local folder may have a name like a host's.
    const at = path.resolve(folder, entry);
    return at.startsWith(root + path.sep) && (await lstat(at).catch(() => undefined)) !== undefined;
  }
  const at = path.resolve(folder, entry);
  if (at !== root && !at.startsWith(root + path.sep))
    throw new BuildError(`${entry} leads out of the source, which Flux refuses`);
  return (await lstat(at).catch(() => undefined)) !== undefined;
}

const isRemote = (entry: string) =>
  /^([a-z][a-z0-9+.-]*:\/\/|git::|gh:|git@)/i.test(entry) ||
  /^[\w-]+(\.[\w-]+)+[:/]/.test(entry) ||
  /[?&](ref|version)=/.test(entry);

const needsNetwork = (entry: string, file: string, place: Place) =>
  new NetworkError(`${entry} in ${nameOf(file, place)}`);

const nameOf = (file: string, { root }: Place) => path.relative(root, file).split(path.sep).join('/') || '.';

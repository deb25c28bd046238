// The kustomization.yaml that kustomize-controller builds a folder with: the one
// that is there, or one made of the manifests below it, with what the Flux
// Kustomization adds. Follows fluxcd/pkg/kustomize, kustomize_generator.go.

import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import type { KustomizationSpec } from './kustomization.ts';

/** A kustomization.yaml as kustomize reads it. */
export type Config = Record<string, unknown>;

export interface Generated {
  readonly file: string;
  readonly config: Config;
}

/** What keeps Flux from building the folder, for a person. */
export class BuildError extends Error {}

/** The names by which kustomize knows its file, in its order. */
const CONFIG_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

const ORIGIN = 'originAnnotations';
const LIST_FIELDS = ['patches', 'components', 'images', 'resources', 'buildMetadata'] as const;

/** The kustomization file of a folder; undefined where there is none. */
async function configFileOf(folder: string): Promise<string | undefined> {
  for (const name of CONFIG_NAMES) {
    const file = path.join(folder, name);
    if ((await stat(file).catch(() => undefined))?.isFile()) return file;
  }
  return undefined;
}

/** Reads a kustomization file. Throws a BuildError. */
async function readConfig(file: string): Promise<Config> {
  let content: unknown;
  try {
    content = parse(await readFile(file, 'utf8'), { maxAliasCount: 100 });
  } catch (error) {
    throw new BuildError(`${path.basename(file)} is not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  if (content === null || content === undefined) return {};
  if (typeof content !== 'object' || Array.isArray(content))
    throw new BuildError(`${path.basename(file)} is not a kustomization`);
  return content as Config;
}

/** The kustomization of a folder: the one that is there, or one made of what lies below. Throws a BuildError. */
export async function configOf(folder: string): Promise<{ readonly file?: string; readonly config: Config }> {
  const file = await configFileOf(folder);
  return file ? { file, config: await readConfig(file) } : { config: await fromManifests(folder) };
}

/** What kustomize is to build in `folder` for a Flux Kustomization. Throws a BuildError. */
export async function generate(folder: string, spec: KustomizationSpec): Promise<Generated> {
  const { file, config } = await configOf(folder);
  for (const field of LIST_FIELDS)
    if (config[field] !== undefined && config[field] !== null && !Array.isArray(config[field]))
      throw new BuildError(`${field} of the kustomization is not a list`);
  const list = (field: (typeof LIST_FIELDS)[number]) => (config[field] ?? []) as unknown[];
  const components = [...list('components'), ...(await componentsOf(folder, spec))];
  const metadata = spec.buildMetadata.length > 0 ? spec.buildMetadata : list('buildMetadata');
  return {
    file: file ?? path.join(folder, CONFIG_NAMES[0]),
    config: {
      ...config,
      ...(spec.targetNamespace === undefined ? {} : { namespace: spec.targetNamespace }),
      ...(spec.namePrefix === undefined ? {} : { namePrefix: spec.namePrefix }),
      ...(spec.nameSuffix === undefined ? {} : { nameSuffix: spec.nameSuffix }),
      ...(spec.patches.length > 0 ? { patches: [...list('patches'), ...spec.patches] } : {}),
      ...(components.length > 0 ? { components } : {}),
      ...(spec.images.length > 0 ? { images: mergeImages(list('images'), spec.images) } : {}),
      // Every object says which file it is from; taken off again after the build.
      buildMetadata: [...new Set([...metadata, ORIGIN])],
    },
  };
}

async function componentsOf(folder: string, spec: KustomizationSpec): Promise<string[]> {
  const found: string[] = [];
  for (const component of spec.components) {
    if (/^(\/|[a-z]+:\/\/|git@|git::|gh:|github\.com[:/])/i.test(component))
      throw new BuildError(`component ${component} must be a local, relative path`);
    const there = await stat(path.join(folder, component)).catch(() => undefined);
    if (there || !spec.ignoreMissingComponents) found.push(component);
  }
  return found;
}

/** A tag and a digest are one choice: the newer of them wins over both. */
function mergeImages(own: readonly unknown[], given: KustomizationSpec['images']): unknown[] {
  const images = own.map((image) => ({ ...(image as Config) }));
  for (const { name, newName, newTag, digest } of given) {
    let image = images.find((each) => each.name === name);
    if (!image) {
      image = { name };
      images.push(image);
    }
    if (newName) image.newName = newName;
    if (newTag || digest) {
      delete image.newTag;
      delete image.digest;
      if (newTag) image.newTag = newTag;
      if (digest) image.digest = digest;
    }
  }
  return images;
}

/** Every manifest below the folder; a folder with a kustomization of its own is one resource. */
async function fromManifests(folder: string): Promise<Config> {
  const resources: string[] = [];
  const scan = async (below: string) => {
    const entries = await readdir(path.join(folder, below), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const at = below === '' ? entry.name : `${below}/${entry.name}`;
      if (!entry.isDirectory()) {
        if (/\.ya?ml$/.test(entry.name)) resources.push(`./${at}`);
      } else if (await configFileOf(path.join(folder, at))) resources.push(`./${at}`);
      else await scan(at);
    }
  };
  await scan('');
  // kustomize refuses an empty kustomization; this one says nothing and is not empty.
  return resources.length > 0 ? { resources } : { namespace: '_placeholder' };
}

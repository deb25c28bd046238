// The objects of the repository that stand in files which no build takes.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { type Manifest, parseManifests } from '../manifest-files.ts';
import { parseKustomization } from './kustomization.ts';
import type { Applied } from './objects.ts';

/** An object in the repository that Flux does not apply. */
export interface Unreached {
  readonly object: Manifest;
  readonly file: string;
  /** The kustomization.yaml beside it, which does not list it. */
  readonly beside: string | undefined;
}

const CONFIG = /(^|\/)(kustomization\.ya?ml|Kustomization)$/;
const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_UNREACHED = 20_000;

/**
 * The objects in files of the repository that no build takes. An object that is
 * applied all the same, from elsewhere, is not among them.
 */
export async function findUnreached(
  repository: string,
  files: readonly string[],
  applied: readonly Applied[],
  used: ReadonlySet<string>,
): Promise<Unreached[]> {
  const configs = new Set(files.filter((file) => CONFIG.test(file)));
  const patches = await patchesOf(repository, [...configs]);
  const charts = files
    .filter((file) => path.posix.basename(file) === 'Chart.yaml')
    .map((file) => path.posix.dirname(file));
  const inChart = (file: string) => charts.some((chart) => chart === '.' || file.startsWith(`${chart}/`));
  const known = new Set(applied.map(({ object }) => identity(object)));
  const found: Unreached[] = [];
  for (const file of files) {
    if (!/\.(ya?ml|json)$/.test(file) || configs.has(file) || used.has(file)) continue;
    if (patches.has(file) || inChart(file) || found.length > MAX_UNREACHED) continue;
    const text = await readFile(path.join(repository, file), 'utf8').catch(() => '');
    if (text.length > MAX_FILE_BYTES || !text.includes('kind')) continue;
    for (const object of parseManifests(text, file).objects)
      found.push({ object, file, beside: configBeside(file, configs) });
  }
  const placed = await inNamespaces(found, repository, configs, applied);
  return placed.filter(({ object }) => !known.has(identity(object)));
}

const identity = ({ apiVersion, kind, metadata: { namespace = '', name } }: Manifest) =>
  `${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''}/${kind}/${namespace}/${name}`;

function configBeside(file: string, configs: ReadonlySet<string>): string | undefined {
  const folder = path.posix.dirname(file);
  return ['kustomization.yaml', 'kustomization.yml', 'Kustomization']
    .map((name) => path.posix.join(folder, name))
    .find((name) => configs.has(name));
}

/** A patch has an object's form and is none. */
async function patchesOf(repository: string, configs: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const file of configs) {
    const config = await configOf(repository, file);
    const named = [
      ...listOf(config.patchesStrategicMerge),
      ...[...listOf(config.patches), ...listOf(config.patchesJson6902)].map(
        (patch) => (patch as { path?: unknown } | null)?.path,
      ),
      ...listOf(config.transformers),
      ...listOf(config.configurations),
    ];
    for (const entry of named)
      if (typeof entry === 'string') found.add(path.posix.join(path.posix.dirname(file), entry));
  }
  return found;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

async function configOf(repository: string, file: string): Promise<Record<string, unknown>> {
  try {
    const config: unknown = parse(await readFile(path.join(repository, file), 'utf8'), {
      maxAliasCount: 100,
    });
    return typeof config === 'object' && config !== null ? (config as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/**
 * The namespace that an object without one would get: of what lies beside it and
 * is applied, of the kustomization.yaml beside it, or of the Kustomization that
 * would build its folder, were it reached.
 */
async function inNamespaces(
  found: readonly Unreached[],
  repository: string,
  configs: ReadonlySet<string>,
  applied: readonly Applied[],
): Promise<Unreached[]> {
  const beside = new Map<string, Set<string | undefined>>();
  for (const { file, object } of applied) {
    if (file === undefined) continue;
    const folder = path.posix.dirname(file);
    const namespaces = beside.get(folder) ?? new Set();
    beside.set(folder, namespaces.add(object.metadata.namespace));
  }
  const configured = new Map<string, string>();
  for (const file of configs) {
    const { namespace } = await configOf(repository, file);
    if (typeof namespace === 'string') configured.set(path.posix.dirname(file), namespace);
  }
  const targets = found.flatMap(({ object }) => {
    const parsed = object.kind === 'Kustomization' ? parseKustomization(object) : '';
    if (typeof parsed === 'string' || parsed.spec.targetNamespace === undefined) return [];
    return [{ folder: path.posix.join('/', parsed.spec.path), namespace: parsed.spec.targetNamespace }];
  });
  const namespaceFor = (file: string): string | undefined => {
    const folder = path.posix.dirname(file);
    const [only, ...others] = beside.get(folder) ?? [];
    if (only !== undefined && others.length === 0) return only;
    const target = targets.find((each) => `/${folder}/`.startsWith(`${each.folder}/`));
    return configured.get(folder) ?? target?.namespace ?? nearest(configured, folder);
  };
  return found.map((each) => {
    if (each.object.metadata.namespace !== undefined) return each;
    const namespace = namespaceFor(each.file);
    if (namespace === undefined) return each;
    return { ...each, object: { ...each.object, metadata: { ...each.object.metadata, namespace } } };
  });
}

/** Of the nearest folder above that has a kustomization.yaml with a namespace. */
function nearest(configured: ReadonlyMap<string, string>, folder: string): string | undefined {
  for (let at = folder; at !== '.'; at = path.posix.dirname(at)) {
    const found = configured.get(at);
    if (found !== undefined) return found;
  }
  return configured.get('.');
}

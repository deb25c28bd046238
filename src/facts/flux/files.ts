// The objects of the repository that stand in files which no build takes, and
// why none does.

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
  /** A sentence: where the way to it breaks off; undefined where nothing leads to it at all. */
  readonly why: string | undefined;
}

/** The kustomization files by their folder. */
type Configs = ReadonlyMap<string, { readonly file: string; readonly config: Record<string, unknown> }>;

/** A Flux Kustomization that is not reached itself. */
interface Orphan {
  readonly file: string;
  readonly name: string;
  readonly folder: string;
  readonly targetNamespace: string | undefined;
}

const CONFIG = /(^|\/)(kustomization\.ya?ml|Kustomization)$/;
const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_UNREACHED = 20_000;

/**
 * The objects in files of the repository that no build takes (`used` are those
 * that some does). An object that is applied all the same, from elsewhere, is not
 * among them; nor are patches, values, and the templates of charts.
 */
export async function findUnreached(
  repository: string,
  files: readonly string[],
  applied: readonly Applied[],
  used: ReadonlySet<string>,
): Promise<Unreached[]> {
  const configs = await readConfigs(repository, files);
  const patches = filesNamedIn(configs, ({ patches: some, patchesJson6902, ...config }) => [
    ...listOf(config.patchesStrategicMerge),
    ...[...listOf(some), ...listOf(patchesJson6902)].map(
      (patch) => (patch as { path?: unknown } | null)?.path,
    ),
    ...listOf(config.transformers),
    ...listOf(config.configurations),
  ]);
  const charts = files.filter((file) => path.posix.basename(file) === 'Chart.yaml').map(folderOf);
  const inChart = (file: string) => charts.some((chart) => chart === '.' || file.startsWith(`${chart}/`));
  const found: { object: Manifest; file: string }[] = [];
  for (const file of files) {
    if (!/\.(ya?ml|json)$/.test(file) || CONFIG.test(file) || used.has(file)) continue;
    if (patches.has(file) || inChart(file) || found.length > MAX_UNREACHED) continue;
    const text = await readFile(path.join(repository, file), 'utf8').catch(() => '');
    if (text.length > MAX_FILE_BYTES || !text.includes('kind')) continue;
    for (const object of parseManifests(text, file).objects) found.push({ object, file });
  }
  const orphans = found.flatMap(orphanOf);
  const namespaceOf = namespaces(configs, orphans, applied);
  const whyNot = reasons(configs, orphans);
  const known = new Set(applied.map(({ object }) => identity(object)));
  return found
    .map(({ object, file }) => ({ object: placed(object, namespaceOf(file)), file, why: whyNot(file) }))
    .filter(({ object }) => !known.has(identity(object)));
}

const folderOf = (file: string) => path.posix.dirname(file);

const identity = ({ apiVersion, kind, metadata: { namespace = '', name } }: Manifest) =>
  `${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''}/${kind}/${namespace}/${name}`;

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

async function readConfigs(repository: string, files: readonly string[]): Promise<Configs> {
  const configs = new Map<string, { file: string; config: Record<string, unknown> }>();
  for (const file of files.filter((each) => CONFIG.test(each))) {
    const text = await readFile(path.join(repository, file), 'utf8').catch(() => '');
    try {
      const config: unknown = parse(text, { maxAliasCount: 100 });
      if (typeof config === 'object' && config !== null)
        configs.set(folderOf(file), { file, config: config as Record<string, unknown> });
    } catch {
      // A kustomization that is no YAML leads nowhere.
    }
  }
  return configs;
}

function filesNamedIn(
  configs: Configs,
  entriesOf: (config: Record<string, unknown>) => readonly unknown[],
): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [folder, { config }] of configs)
    for (const entry of entriesOf(config))
      if (typeof entry === 'string') found.add(path.posix.join(folder, entry));
  return found;
}

function orphanOf({ object, file }: { object: Manifest; file: string }): Orphan[] {
  const parsed = object.kind === 'Kustomization' ? parseKustomization(object) : '';
  if (typeof parsed === 'string') return [];
  const { path: folder, targetNamespace } = parsed.spec;
  return [{ file, name: object.metadata.name, folder: path.posix.join('/', folder), targetNamespace }];
}

const builds = ({ folder }: Orphan, file: string) => `/${file}`.startsWith(path.posix.join(folder, '/'));

/**
 * The namespace that an object without one would get: of what lies beside it and
 * is applied, of the kustomization beside it, of the Kustomization that would build
 * its folder, were it reached, or of a kustomization above it.
 */
function namespaces(
  configs: Configs,
  orphans: readonly Orphan[],
  applied: readonly Applied[],
): (file: string) => string | undefined {
  const beside = new Map<string, Set<string | undefined>>();
  for (const { file, object } of applied) {
    if (file === undefined) continue;
    const there = beside.get(folderOf(file)) ?? new Set();
    beside.set(folderOf(file), there.add(object.metadata.namespace));
  }
  const configured = (folder: string) => {
    const namespace = configs.get(folder)?.config.namespace;
    return typeof namespace === 'string' ? namespace : undefined;
  };
  return (file) => {
    const [only, ...others] = beside.get(folderOf(file)) ?? [];
    if (only !== undefined && others.length === 0) return only;
    const own = configured(folderOf(file)) ?? orphans.find((each) => builds(each, file))?.targetNamespace;
    if (own !== undefined) return own;
    for (let at = folderOf(file); at !== '.'; at = folderOf(at)) {
      const above = configured(folderOf(at));
      if (above !== undefined) return above;
    }
    return undefined;
  };
}

const placed = (object: Manifest, namespace: string | undefined): Manifest =>
  object.metadata.namespace !== undefined || namespace === undefined
    ? object
    : { ...object, metadata: { ...object.metadata, namespace } };

/** The kustomization beside it does not list it, or the Kustomization that would build it is not reached either. */
function reasons(configs: Configs, orphans: readonly Orphan[]): (file: string) => string | undefined {
  const listed = filesNamedIn(configs, ({ resources, components, bases }) =>
    [resources, components, bases].flatMap(listOf),
  );
  return (file) => {
    const beside = configs.get(folderOf(file));
    if (beside && !listed.has(file)) return `${beside.file} does not list it.`;
    const orphan = orphans.find((each) => each.file !== file && builds(each, file));
    return (
      orphan && `Kustomization ${orphan.name} in ${orphan.file}, which would build it, is not reached either.`
    );
  };
}

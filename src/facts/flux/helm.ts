// HelmReleases: rendered where helm and the chart are at hand. What one that is
// not rendered would create is taken neither for there nor for absent.

import { lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { type Manifest, parseManifests } from '../manifest-files.ts';
import { manifestSource } from '../manifests.ts';
import { type Source, wholeRef } from '../source.ts';
import { checkAliases } from './aliases.ts';
import type { Kustomize } from './build.ts';
import type { Doubt } from './doubts.ts';
import { BuildError } from './generate.ts';
import { type Helm, HelmError } from './helm-template.ts';
import type { SourceReference } from './kustomization.ts';
import type { Applied } from './objects.ts';
import { isHelmRelease, parseRelease, type Release, releaseScope } from './release.ts';
import type { Sources } from './sources.ts';
import { findHidden } from './unknowns.ts';

export interface Tools {
  readonly sources: Sources;
  readonly kustomize: Kustomize;
  /** undefined where there is none. */
  readonly helm: Helm | undefined;
}

/** Why a release is not rendered, and what would mend it. */
class NotRendered extends Error {
  readonly mend: string;
  constructor(says: string, mend: string) {
    super(says);
    this.mend = mend;
  }
}

const LIVE = 'Judge the live cluster.';

/** Adds what the releases among these objects install, and the doubts about those that cannot be rendered. */
export async function withReleases(
  applied: readonly Applied[],
  tools: Tools,
): Promise<{ readonly applied: readonly Applied[]; readonly doubts: readonly Doubt[] }> {
  const rendered: Rendered[] = [];
  const doubts: Doubt[] = [];
  for (const each of applied.filter(({ object }) => isHelmRelease(object))) {
    const release = parseRelease(each.object);
    if (typeof release !== 'string' && release.spec.kubeConfig) continue;
    try {
      if (typeof release === 'string')
        throw new NotRendered(`would be refused by the API server: ${release}`, 'Mend it.');
      const objects = await render(release, each, applied, tools);
      rendered.push(...objects.filter(({ object }) => hookOf(object) === undefined));
      doubts.push(...objects.flatMap(({ object }) => aboutHook(release, object)));
    } catch (error) {
      if (!(error instanceof NotRendered)) throw error;
      doubts.push(aboutRelease(each.object, error));
    }
  }
  const { isClusterScoped } = manifestSource([...applied, ...rendered].map(({ object }) => object));
  return {
    applied: [...applied, ...rendered.map((each) => inNamespace(each, isClusterScoped))],
    doubts,
  };
}

/** An object that a chart made, and the namespace of its release. */
interface Rendered extends Applied {
  readonly target: string;
}

function aboutRelease(object: Manifest, { message, mend }: NotRendered): Doubt {
  const { name, namespace = 'default' } = object.metadata;
  return {
    who: `HelmRelease ${namespace}/${name}`,
    says: message,
    mend,
    ...releaseScope(object),
    notOfFlux: true,
  };
}

async function render(
  release: Release,
  from: Applied,
  applied: readonly Applied[],
  tools: Tools,
): Promise<Rendered[]> {
  const { spec, releaseName, target } = release;
  if (spec.suspend)
    throw new NotRendered(
      'is suspended, so that what it once installed is not known',
      `Resume it, or judge the live cluster.`,
    );
  for (const { name, namespace = release.namespace } of spec.dependsOn)
    if (!applied.some(({ object }) => isHelmRelease(object) && isNamed(object, namespace, name)))
      throw new NotRendered(
        `depends on HelmRelease ${namespace}/${name}, which nothing here brings, and is not installed`,
        `Bring it, or take it out of dependsOn.`,
      );
  const chart = await chartOf(release, applied, tools.sources);
  if (!tools.helm)
    throw new NotRendered(
      'would create objects here, and there is no helm to render them with',
      'Put helm on the PATH.',
    );
  const hidden = findHidden([spec.values, chart, releaseName, target]);
  if (hidden)
    throw new NotRendered(`would create objects here by values that are not known: ${hidden}`, LIVE);
  const values = await valuesOf(release, chart, applied);
  try {
    const crds = spec.install.crds !== 'Skip';
    const text = await tools.helm.template({
      ...{ chart, releaseName, namespace: target, values, crds },
      apiVersions: servedBy(applied),
    });
    const objects = await postRendered(text, release, tools.kustomize);
    return objects.map((object) => ({ ...from, target, object: labelled(object, release) }));
  } catch (error) {
    if (error instanceof HelmError || error instanceof BuildError)
      throw new NotRendered(`would create objects here that cannot be rendered: ${error.message}`, LIVE);
    throw error;
  }
}

const isNamed = ({ metadata }: Manifest, namespace: string, name: string) =>
  metadata.name === name && (metadata.namespace ?? 'default') === namespace;

/** The folder of its chart. Throws NotRendered where nothing says which it is. */
async function chartOf(
  { spec, namespace }: Release,
  applied: readonly Applied[],
  sources: Sources,
): Promise<string> {
  const template =
    spec.chartRef?.kind === 'HelmChart' ? helmChartOf(spec.chartRef, namespace, applied) : spec.chart?.spec;
  const ref = template?.sourceRef ?? spec.chartRef;
  if (!ref) throw new NotRendered('names no chart', 'Set spec.chart or spec.chartRef.');
  const source = { kind: ref.kind, namespace: ref.namespace ?? namespace, name: ref.name };
  const key = `${source.namespace}/${source.name}`;
  const what = `${template ? `${template.chart} of ` : ''}${source.kind} ${key}`;
  const artifact = await sources.artifact(source);
  if (!artifact)
    throw new NotRendered(
      `would create objects here that cannot be rendered without its chart, ${what}`,
      `Give the folder of the chart with --source ${key}=DIR, or judge the live cluster.`,
    );
  const folders = template
    ? [path.join(artifact.root, path.posix.join('/', template.chart)), artifact.root]
    : [artifact.root, ...(await foldersIn(artifact.root))];
  for (const folder of folders) {
    const text = await readFile(path.join(folder, 'Chart.yaml'), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    checkVersion(text, template, source.kind, what);
    return folder;
  }
  throw new NotRendered(
    `would create objects here that cannot be rendered without its chart: ${artifact.folder} has no Chart.yaml of ${what}`,
    `Put the chart there (helm pull --untar), or judge the live cluster.`,
  );
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => path.join(folder, entry.name));
}

interface ChartTemplate {
  readonly chart: string;
  readonly version?: string | undefined;
  readonly sourceRef: SourceReference;
}

function helmChartOf(
  ref: SourceReference,
  namespace: string,
  applied: readonly Applied[],
): ChartTemplate | undefined {
  const found = applied.find(
    ({ object }) => object.kind === 'HelmChart' && isNamed(object, ref.namespace ?? namespace, ref.name),
  );
  return found?.object.spec as ChartTemplate | undefined;
}

/** The chart at hand must be the one that is asked for, where that is one version alone; Git has no versions of charts. */
function checkVersion(text: string, template: ChartTemplate | undefined, kind: string, what: string): void {
  const wanted = template?.version;
  if (kind !== 'HelmRepository' || wanted === undefined || !/^v?\d+\.\d+\.\d+/.test(wanted)) return;
  const { version } = (parse(text) ?? {}) as { version?: unknown };
  if (String(version).replace(/^v/, '') !== wanted.replace(/^v/, ''))
    throw new NotRendered(
      `wants version ${wanted} of its chart, and the one at hand, ${what}, is ${String(version)}`,
      `Pull version ${wanted}.`,
    );
}

/** The values in the order in which the later wins. */
async function valuesOf(
  { spec, namespace }: Release,
  chart: string,
  applied: readonly Applied[],
): Promise<string[]> {
  const values: string[] = [];
  const { valuesFiles = [], ignoreMissingValuesFiles = false } = spec.chart?.spec ?? {};
  for (const file of valuesFiles) {
    const at = path.join(chart, path.posix.join('/', file));
    const text = (await lstat(at).catch(() => undefined))?.isFile() ? await readFile(at, 'utf8') : undefined;
    if (text !== undefined) values.push(text);
    else if (!ignoreMissingValuesFiles)
      throw new NotRendered(
        `names values in ${file}, which its chart does not hold`,
        'Mend spec.chart.spec.valuesFiles.',
      );
  }
  for (const { kind, name, valuesKey, targetPath } of spec.valuesFrom) {
    const where = `${kind} ${namespace}/${name}`;
    const object = applied.find(
      (each) => each.object.kind === kind && isNamed(each.object, namespace, name),
    )?.object;
    if (!object) throw new NotRendered(`takes values from ${where}, which Git does not hold`, LIVE);
    const { data, stringData } = object as {
      data?: Record<string, string>;
      stringData?: Record<string, string>;
    };
    const plain = stringData?.[valuesKey] ?? (kind === 'ConfigMap' ? data?.[valuesKey] : undefined);
    const text = plain ?? (data?.[valuesKey] && Buffer.from(data[valuesKey], 'base64').toString());
    const hidden = findHidden([text, data?.[valuesKey]]);
    if (hidden) throw new NotRendered(`takes values that are not known: ${hidden}`, LIVE);
    if (targetPath !== undefined)
      throw new NotRendered(
        `puts ${where} at ${targetPath} of its values, which only Helm in the cluster does`,
        LIVE,
      );
    if (text === undefined)
      throw new NotRendered(`takes values from ${valuesKey} of ${where}, which has none`, LIVE);
    values.push(text);
  }
  return [...values, stringify(spec.values)];
}

/** Charts ask for kinds that are not Kubernetes' own before they use them. */
function servedBy(applied: readonly Applied[]): string[] {
  const found = applied.flatMap(({ object }) => {
    if (object.kind !== 'CustomResourceDefinition') return [];
    const {
      group,
      names,
      versions = [],
    } = object.spec as {
      group: string;
      names: { kind: string };
      versions?: { name: string; served: boolean }[];
    };
    return versions
      .filter(({ served }) => served)
      .flatMap(({ name }) => [`${group}/${name}`, `${group}/${name}/${names.kind}`]);
  });
  return [...new Set(found)];
}

/** kustomize's part of post-rendering, over what the chart made. */
async function postRendered(text: string, { spec }: Release, kustomize: Kustomize): Promise<Manifest[]> {
  let made = text;
  for (const { kustomize: patches } of spec.postRenderers) {
    if (!patches) continue;
    const folder = await mkdtemp(path.join(tmpdir(), 'remediation-release-'));
    try {
      checkAliases(made, 'what the chart made');
      await writeFile(path.join(folder, 'all.yaml'), made);
      made = await kustomize.over(folder, { resources: ['all.yaml'], ...patches });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  const { objects, problems } = parseManifests(made, 'what the chart made');
  if (problems[0] !== undefined) throw new HelmError(problems[0]);
  return [...objects];
}

const labelled = (object: Manifest, { namespace, name }: Release): Manifest => ({
  ...object,
  metadata: {
    ...object.metadata,
    labels: {
      ...object.metadata.labels,
      'app.kubernetes.io/managed-by': 'Helm',
      'helm.toolkit.fluxcd.io/name': name,
      'helm.toolkit.fluxcd.io/namespace': namespace,
    },
  },
});

const hookOf = ({ metadata }: Manifest): string | undefined =>
  (metadata.annotations as Record<string, string> | undefined)?.['helm.sh/hook'];

/** A hook comes and goes with the release; whether it is there, only a cluster shows. */
function aboutHook({ namespace, name, target }: Release, object: Manifest): Doubt[] {
  if (hookOf(object) === undefined) return [];
  const { kind, metadata } = object;
  return [
    {
      who: `HelmRelease ${namespace}/${name}`,
      says: `has ${kind} ${metadata.name} as a hook, which comes and goes`,
      mend: LIVE,
      namespaces: new Set([metadata.namespace ?? target]),
      clusterScoped: metadata.namespace === undefined,
      kind,
      name: metadata.name,
    },
  ];
}

/** Helm puts what names no namespace into the release's own, where the kind has one. */
function inNamespace({ target, ...applied }: Rendered, isClusterScoped: Source['isClusterScoped']): Applied {
  const { object } = applied;
  const { apiVersion, kind, metadata } = object;
  if (metadata.namespace !== undefined || isClusterScoped(wholeRef({ apiVersion, kind }))) return applied;
  return { ...applied, object: { ...object, metadata: { ...metadata, namespace: target } } };
}

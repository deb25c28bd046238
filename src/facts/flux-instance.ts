// The source that the Flux Operator makes of a FluxInstance: its object stands in
// no repository, and what it leaves out is known from the FluxInstance all the
// same, or from the values of the chart that brings one.
// Source: https://fluxcd.control-plane.io/operator/flux-sync/, and
// github.com/controlplaneio-fluxcd/flux-operator/internal/builder (templates.go).

import { parse } from 'yaml';
import { z } from 'zod';
import { whyHidden } from '../api/hidden.ts';
import type { Manifest } from './manifest-files.ts';
import { SOURCE_API } from './source.ts';
import { SOURCE_KINDS } from './view.ts';

const GROUP = 'fluxcd.controlplane.io';
const CHART = 'flux-instance';

/** namespace/name of the FluxInstance that an object is made of, by the labels that the Flux Operator gives it. */
export function instanceBehind({ labels }: { readonly labels?: unknown }): string | undefined {
  if (!isMap(labels)) return undefined;
  const [namespace, name] = [labels[`${GROUP}/namespace`], labels[`${GROUP}/name`]];
  return typeof namespace === 'string' && typeof name === 'string' ? `${namespace}/${name}` : undefined;
}

const instanceSchema = z.object({
  sync: z.object({ kind: z.enum(SOURCE_KINDS), url: z.string().min(1), name: z.string().nullish() }),
  kustomize: z
    .object({
      patches: z
        .array(
          z.object({
            patch: z.string(),
            target: z.object({ kind: z.string().nullish(), name: z.string().nullish() }).nullish(),
          }),
        )
        .nullish(),
    })
    .nullish(),
});

const releaseSchema = z.object({
  chart: z.object({ spec: z.object({ chart: z.string() }) }).nullish(),
  chartRef: z.object({ kind: z.string(), name: z.string(), namespace: z.string().nullish() }).nullish(),
  targetNamespace: z.string().nullish(),
  values: z.unknown().optional(),
  valuesFrom: z
    .array(
      z.object({
        kind: z.string(),
        name: z.string(),
        valuesKey: z.string().nullish(),
        targetPath: z.string().nullish(),
      }),
    )
    .nullish(),
});

type Release = z.infer<typeof releaseSchema>;

/** What is given up where a value is not known, or an edit is of a kind that is not followed. */
class NotKnown extends Error {}

/** The objects of such sources; of one that is not known for certain, none. */
export function syncedSources(objects: readonly Manifest[]): readonly Manifest[] {
  return objects.flatMap((object) => {
    try {
      const instance = instanceOf(object, objects);
      return (instance && sourceOf(instance)) ?? [];
    } catch (error) {
      // A RangeError is of values that are nested too deep.
      if (error instanceof NotKnown || error instanceof RangeError) return [];
      throw error;
    }
  });
}

interface Instance {
  readonly namespace: string;
  readonly name: string;
  readonly spec: unknown;
}

function instanceOf(object: Manifest, objects: readonly Manifest[]): Instance | undefined {
  const [group = ''] = object.apiVersion.split('/');
  const { name, namespace = 'default' } = object.metadata;
  if (object.kind === 'FluxInstance' && group === GROUP) return { namespace, name, spec: object.spec };
  if (object.kind !== 'HelmRelease' || group !== 'helm.toolkit.fluxcd.io') return undefined;
  const { data: release } = releaseSchema.safeParse(object.spec);
  if (!release || !isOfChart(release, namespace, objects)) return undefined;
  const { fullnameOverride, instance } = valuesOf(release, namespace, objects);
  return {
    namespace: release.targetNamespace ?? namespace,
    name: typeof fullnameOverride === 'string' && fullnameOverride ? fullnameOverride : 'flux',
    spec: instance,
  };
}

function isOfChart({ chart, chartRef }: Release, namespace: string, objects: readonly Manifest[]): boolean {
  if (chart) return chart.spec.chart === CHART;
  const source = objects.find(
    (each) =>
      each.kind === chartRef?.kind &&
      each.metadata.name === chartRef.name &&
      (each.metadata.namespace ?? 'default') === (chartRef.namespace ?? namespace),
  );
  const url = isMap(source?.spec) ? source.spec.url : undefined;
  return typeof url === 'string' && url.endsWith(`/${CHART}`);
}

/** The values that bear on the source. */
function valuesOf(
  { values, valuesFrom }: Release,
  namespace: string,
  objects: readonly Manifest[],
): Record<string, unknown> {
  let merged: Record<string, unknown> = {};
  for (const { kind, name, valuesKey, targetPath } of valuesFrom ?? []) {
    const from = objects.find(
      (each) =>
        each.kind === kind &&
        each.metadata.name === name &&
        (each.metadata.namespace ?? 'default') === namespace,
    );
    const text = isMap(from?.data) ? from.data[valuesKey ?? 'values.yaml'] : undefined;
    if (kind !== 'ConfigMap' || typeof text !== 'string' || targetPath) throw new NotKnown();
    merged = over(merged, bearing(parsed(text)));
  }
  return over(merged, bearing(values));
}

function bearing(values: unknown): Record<string, unknown> {
  if (!isMap(values)) return {};
  const { fullnameOverride, instance } = values;
  const { sync, kustomize } = isMap(instance) ? instance : {};
  // What is not set is not null, which would take away what was set before.
  return JSON.parse(JSON.stringify({ fullnameOverride, instance: { sync, kustomize } })) as Record<
    string,
    unknown
  >;
}

/** As the operator makes it, with the patches of the instance. */
function sourceOf({ namespace, name: instance, spec }: Instance): Manifest | undefined {
  const { data } = instanceSchema.safeParse(spec);
  if (!data) return undefined;
  const { sync, kustomize } = data;
  const name = sync.name || namespace;
  if ([name, namespace, sync.url].some((each) => whyHidden(each) !== undefined)) return undefined;
  let made: unknown = sync.kind === 'Bucket' ? { endpoint: sync.url } : { url: sync.url };
  for (const { patch, target } of kustomize?.patches ?? []) {
    if (whyHidden(patch) !== undefined) throw new NotKnown();
    const edit = parsed(patch);
    const kind = target?.kind ?? (isMap(edit) && !target ? edit.kind : undefined);
    const named =
      target?.name ?? (isMap(edit) && !target && isMap(edit.metadata) ? edit.metadata.name : undefined);
    if (isMeant(kind, sync.kind) && isMeant(named, name)) made = edited(made, edit);
  }
  return {
    apiVersion: SOURCE_API,
    kind: sync.kind,
    metadata: {
      name,
      namespace,
      labels: { [`${GROUP}/name`]: instance, [`${GROUP}/namespace`]: namespace },
    },
    spec: made as Manifest['spec'],
  };
}

/** Targets of kustomize are regular expressions; one without a kind or a name means all. */
function isMeant(pattern: unknown, value: string): boolean {
  if (typeof pattern !== 'string' || pattern === '' || pattern === value) return true;
  // Alternatives of plain names are all that is written; anything else may be meant.
  const [, within = pattern] = /^\^?\(?(.*?)\)?\$?$/s.exec(pattern) ?? [];
  return !/^[\w.|-]+$/.test(within) || within.split('|').includes(value);
}

/** The spec with a patch of its object: operations of JSON Patch on whole fields, or a merge. */
function edited(spec: unknown, edit: unknown): unknown {
  if (isMap(edit)) return over(spec, isMap(edit.spec) ? edit.spec : {});
  if (!Array.isArray(edit)) throw new NotKnown();
  return edit.reduce<unknown>((before, each: unknown) => {
    const { op, path, value } = (isMap(each) ? each : {}) as {
      op?: unknown;
      path?: unknown;
      value?: unknown;
    };
    const [, field, deeper] = /^\/spec(?:\/([^/]*)(\/.*)?)?$/.exec(String(path)) ?? [];
    // What is not in the spec leaves out no files, nor does the revision that is fetched.
    if (!String(path).startsWith('/spec')) return before;
    if (field === 'ref') return before;
    if (!field || deeper !== undefined) throw new NotKnown();
    if (op === 'add' || op === 'replace') return { ...(before as object), [field]: value };
    if (op === 'remove') return over(before, { [field]: null });
    throw new NotKnown();
  }, spec);
}

/** JSON Merge Patch, which is how Helm merges values too. */
function over(below: unknown, above: Record<string, unknown>): Record<string, unknown> {
  const merged: Record<string, unknown> = isMap(below) ? { ...below } : {};
  for (const [key, value] of Object.entries(above)) {
    if (key.startsWith('$')) throw new NotKnown(); // directives of a strategic merge
    if (value === null) delete merged[key];
    else merged[key] = isMap(value) ? over(merged[key], value) : value;
  }
  return merged;
}

function parsed(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 100 });
  } catch {
    throw new NotKnown();
  }
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

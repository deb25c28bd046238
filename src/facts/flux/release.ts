// A HelmRelease, as far as it says what is installed.
// Source: https://fluxcd.io/flux/components/helm/helmreleases/

import { z } from 'zod';
import type { Manifest } from '../manifest-files.ts';
import { findHidden } from './unknowns.ts';

const reference = z.object({ kind: z.string(), name: z.string(), namespace: z.string().optional() });

const specSchema = z.object({
  chart: z
    .object({
      spec: z.object({
        chart: z.string(),
        version: z.string().optional(),
        sourceRef: reference,
        valuesFiles: z.array(z.string()).default([]),
        ignoreMissingValuesFiles: z.boolean().default(false),
      }),
    })
    .optional(),
  chartRef: reference.optional(),
  releaseName: z.string().optional(),
  targetNamespace: z.string().optional(),
  suspend: z.boolean().default(false),
  kubeConfig: z.unknown().optional(),
  dependsOn: z.array(z.object({ name: z.string(), namespace: z.string().optional() })).default([]),
  install: z
    .object({ crds: z.string().default('Create'), createNamespace: z.boolean().default(false) })
    .default({ crds: 'Create', createNamespace: false }),
  values: z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((values) => values ?? {}),
  valuesFrom: z
    .array(
      z.object({
        kind: z.enum(['ConfigMap', 'Secret']),
        name: z.string(),
        valuesKey: z.string().default('values.yaml'),
        targetPath: z.string().optional(),
        optional: z.boolean().default(false),
      }),
    )
    .default([]),
  postRenderers: z
    .array(
      z.object({
        kustomize: z
          .object({ patches: z.array(z.unknown()).default([]), images: z.array(z.unknown()).default([]) })
          .optional(),
      }),
    )
    .default([]),
});

export interface Release {
  readonly namespace: string;
  readonly name: string;
  /** What Helm calls it. */
  readonly releaseName: string;
  /** Where its objects go. */
  readonly target: string;
  readonly spec: z.infer<typeof specSchema>;
}

export const isHelmRelease = ({ apiVersion, kind }: Manifest) =>
  kind === 'HelmRelease' && apiVersion.startsWith('helm.toolkit.fluxcd.io/');

/** Where its objects go: to one namespace, if it is known which, and to none. */
export function releaseScope({ metadata: { namespace = 'default' }, spec }: Manifest): {
  readonly namespaces?: ReadonlySet<string>;
  readonly clusterScoped: true;
} {
  const target = (spec as { targetNamespace?: string } | undefined)?.targetNamespace ?? namespace;
  return { ...(findHidden(target) ? {} : { namespaces: new Set([target]) }), clusterScoped: true };
}

/** Reads the object; what the API server would refuse is a string that says what. */
export function parseRelease(object: Manifest): Release | string {
  const { name, namespace = 'default' } = object.metadata;
  const parsed = specSchema.safeParse(object.spec);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `spec.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`;
  }
  const { targetNamespace, releaseName } = parsed.data;
  return {
    namespace,
    name,
    releaseName: releaseName ?? (targetNamespace === undefined ? name : `${targetNamespace}-${name}`),
    target: targetNamespace ?? namespace,
    spec: parsed.data,
  };
}

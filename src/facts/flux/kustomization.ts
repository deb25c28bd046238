// A Flux Kustomization, as far as it says what is applied.

import { z } from 'zod';
import type { Manifest } from '../manifest-files.ts';

export const KUSTOMIZE_GROUP = 'kustomize.toolkit.fluxcd.io';

const text = z.record(z.string(), z.string());
const reference = z.object({ kind: z.string(), name: z.string(), namespace: z.string().optional() });

const specSchema = z.object({
  sourceRef: reference,
  path: z.string().default(''),
  targetNamespace: z.string().optional(),
  namePrefix: z.string().optional(),
  nameSuffix: z.string().optional(),
  commonMetadata: z.object({ labels: text.default({}), annotations: text.default({}) }).optional(),
  patches: z
    .array(z.object({ patch: z.string(), target: z.record(z.string(), z.unknown()).optional() }))
    .default([]),
  images: z
    .array(
      z.object({
        name: z.string(),
        newName: z.string().optional(),
        newTag: z.string().optional(),
        digest: z.string().optional(),
      }),
    )
    .default([]),
  components: z.array(z.string()).default([]),
  ignoreMissingComponents: z.boolean().default(false),
  buildMetadata: z.array(z.string()).default([]),
  postBuild: z
    .object({
      substitute: text.default({}),
      substituteFrom: z
        .array(
          z.object({
            kind: z.enum(['ConfigMap', 'Secret']),
            name: z.string(),
            optional: z.boolean().default(false),
          }),
        )
        .default([]),
      substituteStrategy: z.enum(['WithVariables', 'Always']).default('WithVariables'),
    })
    .optional(),
  dependsOn: z.array(z.object({ name: z.string(), namespace: z.string().optional() })).default([]),
  suspend: z.boolean().default(false),
  kubeConfig: z.unknown().optional(),
});

export type KustomizationSpec = z.infer<typeof specSchema>;
export type SourceReference = z.infer<typeof reference>;

export interface Kustomization {
  readonly namespace: string;
  readonly name: string;
  readonly spec: KustomizationSpec;
}

export const isKustomization = ({ apiVersion, kind }: Manifest) =>
  kind === 'Kustomization' && apiVersion.startsWith(`${KUSTOMIZE_GROUP}/`);

const RECONCILE = `${KUSTOMIZE_GROUP}/reconcile`;
const APPLY = `${KUSTOMIZE_GROUP}/ssa`;

/** Is Flux told, by annotation or label, not to apply the object, or only where there is none yet? */
export function isLeftAlone({ metadata }: Manifest): boolean {
  const maps = [metadata.annotations, metadata.labels] as (Record<string, string> | undefined)[];
  return maps.some(
    (map) => map?.[RECONCILE] === 'disabled' || map?.[APPLY] === 'Ignore' || map?.[APPLY] === 'IfNotPresent',
  );
}

/** Reads the object; what the API server would refuse is a string that says what. */
export function parseKustomization(object: Manifest): Kustomization | string {
  const { name, namespace = 'default' } = object.metadata;
  const parsed = specSchema.safeParse(object.spec);
  if (parsed.success) return { namespace, name, spec: parsed.data };
  const [issue] = parsed.error.issues;
  return `spec.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`;
}

/** The Kustomization that stands for a cluster folder where no object of the repository does. */
export function rootKustomization(path: string, sourceRef: SourceReference): Kustomization {
  return { namespace: 'flux-system', name: 'flux-system', spec: specSchema.parse({ path, sourceRef }) };
}

/** namespace/name, as messages and dependsOn have it. */
export const keyOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
  `${namespace}/${name}`;

/** The source that it builds from, as kind namespace/name. */
export function sourceOf({ namespace, spec: { sourceRef } }: Kustomization): Required<SourceReference> {
  return { kind: sourceRef.kind, namespace: sourceRef.namespace ?? namespace, name: sourceRef.name };
}

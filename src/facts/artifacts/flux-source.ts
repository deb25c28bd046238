// What the object of a Flux source says of its artifact: where it is, whether it
// is what the source would give today, and why there is none.

import { z } from 'zod';
import { whyHidden } from '../../api/hidden.ts';
import { instanceBehind } from '../flux-instance.ts';
import type { Fact, Failed, SourceRef, WholeObject } from '../view.ts';
import { type Artifact, digestProblem } from './fetch.ts';
import type { IgnoreRules } from './ignore-rules.ts';
import { size, TREE_LIMITS } from './limits.ts';

/** A source that offers an artifact. */
export interface Offered {
  readonly artifact: Artifact;
  readonly revision: string;
  /** Why the artifact is not what the source would give today. */
  readonly stale: readonly string[];
  readonly rules: IgnoreRules;
}

/** What its object says of a source whose files come from elsewhere. */
export interface Wanted {
  /** Why the artifact in the cluster may be older than the files. */
  readonly stale: readonly string[];
  /** What the next artifact is made with. */
  readonly rules: IgnoreRules;
  /** Submodules are checked out too. */
  readonly recurses: boolean;
}

/** A value that no build could fill in says nothing. */
const text = z.string().refine((value) => whyHidden(value) === undefined);

/** Of its spec what says which files are left out; a field that is null is as if it were not there. */
const wantedSchema = z.object({
  suspend: z.boolean().nullish(),
  ignore: text.nullish(),
  layerSelector: z.object({ operation: text.nullish() }).nullish(),
  sparseCheckout: z.array(text).nullish(),
  include: z.array(z.object({ repository: z.object({ name: text }), toPath: text.nullish() })).nullish(),
  prefix: text.nullish(),
  recurseSubmodules: z.boolean().nullish(),
});

interface FluxSource {
  readonly metadata?: { readonly generation?: number; readonly labels?: unknown };
  readonly spec?: {
    readonly suspend?: boolean;
    readonly ignore?: string;
    readonly layerSelector?: { readonly operation?: string };
    readonly prefix?: string;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly lastHandledReconcileAt?: string;
    readonly conditions?: readonly Condition[];
    readonly artifact?: Readonly<Record<string, unknown>>;
    readonly observedIgnore?: string;
    readonly observedSparseCheckout?: readonly string[];
    readonly observedInclude?: readonly {
      readonly repository?: { readonly name?: string };
      readonly toPath?: string;
    }[];
  };
}

interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
}

/** Of a GitRepository, OCIRepository or Bucket of source.toolkit.fluxcd.io/v1, whole. */
export function offeredBy(ref: SourceRef, object: WholeObject): Fact<Offered> {
  const { spec = {}, status = {}, metadata = {} } = object as FluxSource;
  const name = nameOf(ref);
  const { artifact } = status;
  if (!artifact) return noArtifact(name, spec.suspend ?? false, readyOf(status.conditions), ref);
  const { url, digest, revision, size: bytes } = artifact;
  if (typeof url !== 'string') return unreadable(`status.artifact of ${name} has no url`);
  const problem = digestProblem(digest);
  if (problem) return unreadable(`the artifact of ${name} cannot be verified: ${problem}`);
  if (typeof bytes === 'number' && bytes > TREE_LIMITS.archiveBytes)
    return unreadable(
      `the artifact of ${name} has ${size(bytes)}, more than the ${size(TREE_LIMITS.archiveBytes)} that are fetched; leave out what is not needed with spec.ignore`,
    );
  return {
    state: 'known',
    value: {
      artifact: { url, digest: digest as string },
      revision: typeof revision === 'string' ? revision : String(digest),
      stale: staleness(name, ref, { spec, status, metadata }),
      rules: {
        source: ref,
        name,
        madeOf: instanceBehind(metadata),
        observed: status.observedIgnore,
        wanted: spec.ignore,
        copied: spec.layerSelector?.operation === 'copy',
        sparse: status.observedSparseCheckout ?? [],
        prefix: prefixOf(ref, spec),
        includes: (status.observedInclude ?? []).map(({ repository, toPath }) => ({
          from: repository?.name ?? '',
          at: toPath || (repository?.name ?? ''),
        })),
      },
    },
  };
}

/**
 * Changes when source-controller has made the artifact again, be it the same, or has
 * done what somebody asked of it (`flux reconcile source …`).
 */
export function askedOf(object: WholeObject): string {
  const { status = {} } = object as FluxSource;
  return `${status.artifact?.lastUpdateTime ?? ''} ${status.lastHandledReconcileAt ?? ''}`;
}

/**
 * Of the same objects as manifests have them, whatever a status in them says of
 * an earlier artifact. Undefined where an API server would refuse the object, and
 * where what it says is not known.
 */
export function wantedBy(ref: SourceRef, object: WholeObject): Wanted | undefined {
  const parsed = wantedSchema.safeParse(object.spec ?? {});
  if (!parsed.success) return undefined;
  const { suspend, ignore, layerSelector, sparseCheckout, include, recurseSubmodules, prefix } = parsed.data;
  const name = nameOf(ref);
  return {
    stale: staleness(name, ref, { spec: { suspend: suspend ?? false }, status: {}, metadata: {} }),
    rules: {
      source: ref,
      name,
      madeOf: instanceBehind((object.metadata ?? {}) as FluxSource['metadata'] & object),
      observed: ignore ?? undefined,
      wanted: ignore ?? undefined,
      copied: layerSelector?.operation === 'copy',
      sparse: sparseCheckout ?? [],
      prefix: prefixOf(ref, { prefix: prefix ?? '' }),
      includes: (include ?? []).map(({ repository, toPath }) => ({
        from: repository.name,
        at: toPath || repository.name,
      })),
    },
    recurses: recurseSubmodules ?? false,
  };
}

const nameOf = ({ kind, namespace, name }: SourceRef) => `${kind} ${namespace}/${name}`;

const prefixOf = ({ kind }: SourceRef, { prefix }: { readonly prefix?: string }) =>
  kind === 'Bucket' ? (prefix ?? '') : '';

function noArtifact(
  name: string,
  suspended: boolean,
  ready: Condition | undefined,
  ref: SourceRef,
): Fact<never> {
  if (suspended)
    return unreachable(`${name} has no artifact, and is suspended; resume it (${flux('resume', ref)})`);
  if (ready?.status === 'False') return unreachable(`${name} has no artifact: ${told(ready)}`);
  return { state: 'pending', message: `the first artifact of ${name}${ready ? ` (${told(ready)})` : ''}` };
}

function staleness(
  name: string,
  ref: SourceRef,
  { spec, status, metadata }: Required<Pick<FluxSource, 'spec' | 'status' | 'metadata'>>,
): string[] {
  const { lastUpdateTime } = status.artifact ?? {};
  const since = typeof lastUpdateTime === 'string' ? ` of ${lastUpdateTime}` : '';
  const deployed = `its artifact${since} is what the cluster deploys from, and may be behind its origin`;
  const ready = readyOf(status.conditions);
  const notes: string[] = [];
  if (spec?.suspend) notes.push(`${name} is suspended: ${deployed} (${flux('resume', ref)})`);
  if (ready?.status === 'False')
    notes.push(`${name} does not follow its origin, ${told(ready)}: ${deployed}`);
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    notes.push(`source-controller has not acted on the newest spec of ${name} yet: ${deployed}`);
  return notes;
}

const readyOf = (conditions: readonly Condition[] = []) => conditions.find(({ type }) => type === 'Ready');

/** Go names the port that a failed question came from, another one each time: told, it would be a new status at every try. */
const OWN_PORT = /:\d{1,5}(?=->)/g;

const told = ({ reason = '', message = '' }: Condition) =>
  [reason, message.replace(OWN_PORT, '')].filter(Boolean).join(': ').slice(0, 500);

const COMMANDS = { GitRepository: 'git', OCIRepository: 'oci', Bucket: 'bucket' } as const;
const flux = (verb: string, { kind, namespace, name }: SourceRef) =>
  `flux ${verb} source ${COMMANDS[kind]} ${name} -n ${namespace}`;

const unreadable = (message: string): Failed => ({ state: 'failed', reason: 'Unreadable', message });
const unreachable = (message: string): Failed => ({ state: 'failed', reason: 'Unreachable', message });

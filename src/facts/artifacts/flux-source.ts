// What the object of a Flux source says of its artifact: where it is, whether it
// is what the source would give today, and why there is none.

import type { Fact, Failed, SourceRef, WholeObject } from '../view.ts';
import { type Artifact, digestProblem } from './fetch.ts';
import type { IgnoreRules } from './left-out.ts';
import { size, TREE_LIMITS } from './limits.ts';

/** A source that offers an artifact. */
export interface Offered {
  readonly artifact: Artifact;
  readonly revision: string;
  /** Why the artifact is not what the source would give today. */
  readonly notes: readonly string[];
  readonly rules: IgnoreRules;
}

interface FluxSource {
  readonly metadata?: { readonly generation?: number };
  readonly spec?: {
    readonly suspend?: boolean;
    readonly ignore?: string;
    readonly layerSelector?: { readonly operation?: string };
  };
  readonly status?: {
    readonly observedGeneration?: number;
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
  const name = `${ref.kind} ${ref.namespace}/${ref.name}`;
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
      notes: staleness(name, ref, { spec, status, metadata }),
      rules: {
        source: ref,
        name,
        observed: status.observedIgnore,
        wanted: spec.ignore,
        copied: spec.layerSelector?.operation === 'copy',
        sparse: status.observedSparseCheckout ?? [],
        includes: (status.observedInclude ?? []).map(({ repository, toPath }) => ({
          from: repository?.name ?? '',
          at: toPath ?? repository?.name ?? '',
        })),
      },
    },
  };
}

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
const told = ({ reason = '', message = '' }: Condition) =>
  [reason, message].filter(Boolean).join(': ').slice(0, 500);

const COMMANDS = { GitRepository: 'git', OCIRepository: 'oci', Bucket: 'bucket' } as const;
const flux = (verb: string, { kind, namespace, name }: SourceRef) =>
  `flux ${verb} source ${COMMANDS[kind]} ${name} -n ${namespace}`;

const unreadable = (message: string): Failed => ({ state: 'failed', reason: 'Unreadable', message });
const unreachable = (message: string): Failed => ({ state: 'failed', reason: 'Unreachable', message });

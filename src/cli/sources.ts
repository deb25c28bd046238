// Where a command's facts come from: the cluster that it was pointed at, or
// manifests. Closed by whoever opened it.

import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Check } from '../checks/check.ts';
import { liveSource } from '../facts/live.ts';
import { type Loaded, loadManifests, type Manifest, type ManifestPlace } from '../facts/manifest-files.ts';
import { manifestSource } from '../facts/manifests.ts';
import type { Source } from '../facts/source.ts';
import {
  createDiscovery,
  createTransport,
  serverVersion,
  systemClock,
  type Transport,
} from '../kubernetes/index.ts';
import { connect, whyRefused } from './connect.ts';
import { UsageError } from './exit.ts';
import type { FactsFlags, JudgeFlags } from './flags.ts';
import { tellingOfWaiting } from './terminal.ts';

export interface Opened {
  readonly source: Source;
  /** Input that cannot be read: exit status 2. */
  readonly problems: readonly string[];
  /** Worth knowing, and no error. */
  readonly notes: readonly string[];
  /** The same of what was come upon only while facts were read. */
  learned?(): readonly string[];
  /** Where the objects stand that are from files. */
  readonly places?: ReadonlyMap<Manifest, ManifestPlace>;
  /** How long facts may take to arrive. */
  readonly patienceMs: number;
  /** Resolves when some fact has changed, or after `withinMs`. */
  nextChange(withinMs: number): Promise<void>;
  /** Asked for once something fails: what makes a check say more of why. Files of sources are as `tree` has them. */
  hindsight?(tree: Source['tree']): Promise<(check: Check) => Check>;
  close(): Promise<void>;
}

/** Throws a UsageError where they name two places, or none that --static could be about. */
export function mustGoTogether(flags: Pick<FactsFlags, 'manifests' | 'flux' | 'static'>): void {
  const { manifests, flux } = flags;
  if (flux !== undefined && manifests)
    throw new UsageError('--flux and --manifests are two places to take the facts from: give one of them');
  if (flags.static && flux === undefined && !manifests)
    throw new UsageError('--static judges manifests: give them with --manifests DIR or --flux DIR');
}

/** What --manifests names. Throws a UsageError where nothing is there: judged by that, everything would be missing. */
export async function loadFacts(paths: readonly string[]): Promise<Loaded> {
  for (const path of paths)
    await stat(path).catch(() => {
      throw new UsageError(`--manifests ${path}: no such file or folder`);
    });
  const loaded = await loadManifests(paths);
  if (loaded.objects.length === 0 && loaded.problems.length === 0)
    throw new UsageError(
      `--manifests ${paths.join(', ')}: no Kubernetes objects in it, so nothing can be judged by it`,
    );
  return loaded;
}

/** Objects as the source of facts, with what there is to say about the files that they were read from. */
export function openManifests(
  objects: readonly Manifest[],
  files: readonly Omit<Loaded, 'objects'>[],
  options: { readonly static: boolean },
): Opened {
  return {
    source: manifestSource(objects, options),
    places: new Map(files.flatMap(({ places }) => [...places])),
    problems: files.flatMap(({ problems }) => problems),
    notes: files.flatMap(({ ignored }) => ignored.map((line) => `passed over: ${line}`)),
    patienceMs: 0,
    nextChange: neverChanges,
    close: async () => {},
  };
}

/** The nextChange of files. Whoever has patience waits for something else, which keeps the process alive. */
export const neverChanges = (withinMs: number): Promise<void> => sleep(withinMs, undefined, { ref: false });

/** Throws a UsageError that names what is missing where the cluster does not answer. */
export async function openCluster(
  flags: Pick<JudgeFlags, 'kubeconfig' | 'context' | 'timeout' | 'allowEvidenceFrom'>,
  userAgent: string,
): Promise<Opened & { readonly transport: Transport }> {
  const connection = await connect(flags);
  const transport = createTransport(connection, { userAgent });
  const patiently = tellingOfWaiting();
  try {
    await patiently(serverVersion(transport));
  } catch (error) {
    await transport.close();
    throw new UsageError(whyRefused(error, connection));
  }
  const source = liveSource({
    transport,
    discovery: createDiscovery(transport),
    clock: systemClock(),
    allowEvidenceFrom: flags.allowEvidenceFrom ?? [],
    asUser: true,
    outside: process.env.KUBERNETES_SERVICE_HOST === undefined,
  });
  return {
    transport,
    source,
    problems: [],
    notes: [],
    patienceMs: flags.timeout * 1000,
    nextChange: (withinMs) =>
      patiently(
        new Promise((resolve) => {
          const end = () => {
            stop();
            clearTimeout(timer);
            resolve();
          };
          const stop = source.onChange(end);
          // What is waited for keeps the process alive; the end of the patience need not.
          const timer = setTimeout(end, withinMs).unref();
        }),
      ),
    close: async () => {
      await source.stop();
      await transport.close();
    },
  };
}

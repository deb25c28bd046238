// The rules by which Flux leaves files out of an artifact, and which of them
// counts before which. Whoever asks of a file that is there, and whoever asks of
// one that may be missing, goes by these.
// Source: github.com/fluxcd/pkg/artifact/storage (SourceIgnoreFilter), the
// reconcilers of source-controller 1.8 to 1.10, and of the Flux command line for
// what it pushes: https://fluxcd.io/flux/cmd/flux_push_artifact/

import type { SourceRef } from '../view.ts';
import { type IgnorePattern, parsePatterns } from './ignore-pattern.ts';

export interface IgnoreRules {
  readonly source: SourceRef;
  /** GitRepository flux-system/flux-system. */
  readonly name: string;
  /** namespace/name of the FluxInstance that the Flux Operator makes the source of. */
  readonly madeOf?: string | undefined;
  /** The spec.ignore that the artifact was made with. */
  readonly observed: string | undefined;
  /** spec.ignore: the rules that the next one is made with. */
  readonly wanted: string | undefined;
  /** The artifact is a layer of an OCI artifact, copied as it is. */
  readonly copied: boolean;
  /** The only folders that were checked out; empty for all. */
  readonly sparse: readonly string[];
  /** What the keys of a bucket begin with that are fetched; empty for all. */
  readonly prefix: string;
  /** Folders that other sources fill. */
  readonly includes: readonly { readonly from: string; readonly at: string }[];
}

/** A .sourceignore; without its text where it cannot be read. */
export interface IgnoreFile {
  readonly path: string;
  readonly text?: string | undefined;
}

const VCS = ['.git/', '.gitignore', '.gitmodules', '.gitattributes'];
const BINARIES = ['*.jpg', '*.jpeg', '*.gif', '*.png', '*.wmv', '*.flv', '*.tar.gz', '*.zip'];

/** Holds only while neither spec.ignore nor any .sourceignore has a pattern. */
const DEFAULTS = [
  ...BINARIES,
  '.github/',
  '.circleci/',
  '.travis.yml',
  '.gitlab-ci.yml',
  'appveyor.yml',
  '.drone.yml',
  'cloudbuild.yaml',
  'codeship-services.yml',
  'codeship-steps.yml',
  '**/.goreleaser.yml',
  '**/.sops.yaml',
  '**/.flux.yaml',
];

export const IGNORE_FILE = '.sourceignore';
export const SPEC = 'spec.ignore';
export const BY_DEFAULT = 'its default list';

const builtIn = (lines: readonly string[]) =>
  parsePatterns(lines.join('\n'), { from: BY_DEFAULT, builtIn: true });

/** What `flux push artifact` does not push unless it is told otherwise. */
export const pushPatterns = (): readonly IgnorePattern[] => builtIn([...VCS, ...BINARIES]);

export const isIgnoreFile = (path: string): boolean =>
  path === IGNORE_FILE || path.endsWith(`/${IGNORE_FILE}`);

/** Those in force, in the order of growing precedence: the last one that means a file decides. */
export function patternsOf(
  { source, observed, copied }: IgnoreRules,
  files: readonly IgnoreFile[],
): readonly IgnorePattern[] {
  if (copied) return [];
  const isBucket = source.kind === 'Bucket';
  const written = files
    .filter(({ path }) => !isBucket || path === IGNORE_FILE)
    .toSorted((a, b) => depth(a) - depth(b))
    // One that cannot be read may leave out everything.
    .flatMap(({ path, text = '*' }) =>
      parsePatterns(text, { from: path, folder: path.split('/').slice(0, -1) }),
    );
  const own = [...written, ...parsePatterns(observed ?? '', { from: SPEC })];
  // The documentation promises the lists for buckets too; the reconciler uses none.
  if (isBucket) return own;
  return [...builtIn(VCS), ...(own.length > 0 ? own : builtIn(DEFAULTS))];
}

const depth = ({ path }: IgnoreFile) => path.split('/').length;

/** Do the patterns leave out this file, or folder, that is there? */
export function isIgnored(patterns: readonly IgnorePattern[], path: string, isFolder: boolean): boolean {
  const parts = path.split('/');
  const decides = patterns.findLast((each) => each.matches(parts, isFolder));
  return decides !== undefined && !decides.includes;
}

/** The folders of a sparse checkout; undefined where everything is checked out. */
export function checkedOut({ sparse }: IgnoreRules): readonly string[] | undefined {
  const folders = sparse.map(withoutEdges);
  return folders.length === 0 || folders.some((each) => each === '' || each === '.') ? undefined : folders;
}

/** Does Flux fetch it at all? `path` may be of a folder: of what lies in it then. */
export function isFetched(rules: IgnoreRules, path: string): boolean {
  if (!`${path}/`.startsWith(rules.prefix)) return false;
  return checkedOut(rules)?.some((folder) => `${path}/`.startsWith(`${folder}/`)) ?? true;
}

/** Does it lie where another source fills in its own? */
export const isIncluded = ({ includes }: IgnoreRules, path: string): boolean =>
  includes.some(({ at }) => {
    const folder = withoutEdges(at);
    return folder === '' || folder === '.' || `${path}/`.startsWith(`${folder}/`);
  });

/** Does such a place lie in this folder? */
export const holdsIncluded = ({ includes }: IgnoreRules, folder: string): boolean =>
  includes.some(({ at }) => `${withoutEdges(at)}/`.startsWith(`${folder}/`));

const withoutEdges = (folder: string) => folder.replace(/^\.?\/+|\/+$/g, '');

// What Flux may have left out of an artifact though its origin has it: by its own
// default list, by spec.ignore and .sourceignore, by a sparse checkout, as a
// submodule. In doubt it is said: what may be left out is neither there nor missing.
// Source: https://fluxcd.io/flux/components/source/gitrepositories/#excluding-files,
// and github.com/fluxcd/pkg/artifact/storage for what it does in truth.

import type { TreeFiles } from './files.ts';
import { alternatives, literalParts } from './globs.ts';
import { folderPattern, type IgnorePattern, pathPattern } from './ignore-pattern.ts';
import {
  BY_DEFAULT,
  checkedOut,
  IGNORE_FILE,
  type IgnoreRules,
  isFetched,
  isIgnoreFile,
  patternsOf,
  pushPatterns,
  SPEC,
} from './ignore-rules.ts';

/**
 * Makes SourceTree.leftOut for an artifact. `patterns` are those that its files
 * show, unless more is known of them.
 */
export function leftOutOf(
  rules: IgnoreRules,
  tree: TreeFiles,
  patterns: readonly IgnorePattern[] = patternsOf(
    rules,
    [...tree.files.values()].filter(({ path }) => isIgnoreFile(path)),
  ),
): (glob: string) => string | undefined {
  if (rules.copied) return (glob) => passedOver(tree, glob);
  const why = (glob: string): string | undefined => {
    for (const parts of alternatives(glob)) {
      const found =
        notFetched(rules, parts) ?? ignored(rules, tree, patterns, parts) ?? included(rules, parts);
      if (found) return found;
    }
    return passedOver(tree, glob);
  };
  const told = new Map<string, string | undefined>();
  return (glob) => {
    if (!told.has(glob)) told.set(glob, why(glob));
    return told.get(glob);
  };
}

/** Of a folder that is pushed as an OCI artifact: what may not have been pushed with it. */
export function notPushed({ name }: IgnoreRules, glob: string): string | undefined {
  const meant = alternatives(glob);
  const found = pushPatterns().find((pattern) => meant.some((parts) => pattern.mightMean(parts)));
  return (
    found &&
    `flux push artifact leaves such files out (${found.text}) unless it is told otherwise with --ignore-paths, so that ${name} may not have them. Judge the live cluster to know`
  );
}

function ignored(
  rules: IgnoreRules,
  tree: TreeFiles,
  patterns: readonly IgnorePattern[],
  glob: readonly string[],
): string | undefined {
  const certain = literalParts(glob);
  const isPath = certain.length === glob.length;
  let might: IgnorePattern | undefined;
  for (const pattern of patterns.toReversed()) {
    const means = (certain.length > 0 && pattern.matches(certain, !isPath)) || isSameGlob(pattern, glob);
    if (means && pattern.includes) return might ? byPattern(rules, might, glob) : emptied(rules, tree, glob);
    if (means) return byPattern(rules, pattern, glob);
    // Of a path it is certain; of a glob, what it might mean counts.
    if (!isPath && !pattern.includes && pattern.mightMean(glob)) might ??= pattern;
  }
  if (might) return byPattern(rules, might, glob);
  return unseen(rules, tree, glob) ?? emptied(rules, tree, glob);
}

const isSameGlob = ({ text }: IgnorePattern, glob: readonly string[]) =>
  text.replace(/^!/, '').replace(/^\//, '') === glob.join('/') && (glob.length > 1 || text.includes('/'));

function byPattern(rules: IgnoreRules, pattern: IgnorePattern, glob: readonly string[]): string {
  const by =
    pattern.from === BY_DEFAULT
      ? `by default (${pattern.text})`
      : `by ${pattern.from === SPEC ? `spec.ignore of ${rules.name}` : pattern.from} (${pattern.text})`;
  return `Flux leaves such files out of the artifact ${by}. ${howToKeep(rules, glob)}`;
}

/** A .sourceignore that leaves itself out does not show in the artifact; one of a bucket never does. */
function unseen(rules: IgnoreRules, { files }: TreeFiles, glob: readonly string[]): string | undefined {
  const paths = [...files.keys()];
  if (rules.source.kind === 'Bucket')
    return `a .sourceignore in the bucket may leave such files out of the artifact, and never shows in it. ${howToKeep(rules, glob)}`;
  if (files.has(IGNORE_FILE) || paths.some((path) => !path.includes('/'))) return undefined;
  return `the artifact has no file in its root, so a .sourceignore that leaves out the root, itself included, may leave out such files. ${howToKeep(rules, glob)}`;
}

/** With more than these, the glob is not compared with each. */
const MAX_COMPARED = 1000;

/** Links and the like are there, and not read. */
export function passedOver({ passedOver: all }: TreeFiles, glob: string): string | undefined {
  if (all.size > MAX_COMPARED)
    return `${all.size} links and the like are passed over, which may be such files`;
  const meant = alternatives(glob);
  for (const [path, what] of all) {
    const pattern = pathPattern(path);
    if (meant.some((parts) => pattern.mightMean(parts))) return `${what} are passed over: ${path}`;
  }
  return undefined;
}

/** Git keeps no empty folders: what was in one was left out, or is a submodule. */
function emptied(
  { source, name }: IgnoreRules,
  { emptyFolders }: TreeFiles,
  glob: readonly string[],
): string | undefined {
  if (source.kind !== 'GitRepository') return undefined;
  const folder = emptyFolders.find((each) => folderPattern(each).mightMean(glob));
  if (folder === undefined) return undefined;
  return `the folder ${folder} is empty in the artifact, and Git keeps no empty folders: it is a submodule, or holds nothing but links and files that are left out. If it is a submodule, set spec.recurseSubmodules of ${name}`;
}

function notFetched(rules: IgnoreRules, glob: readonly string[]): string | undefined {
  const { name, prefix } = rules;
  const certain = literalParts(glob).join('/');
  if (isFetched(rules, certain)) return undefined;
  const folders = checkedOut(rules);
  if (!folders) return `${name} fetches only what begins with ${prefix} (spec.prefix)`;
  return `${name} checks out ${folders.join(', ')} only (spec.sparseCheckout). Add the folder of ${glob.join('/')} there`;
}

function included({ includes, name, source }: IgnoreRules, glob: readonly string[]): string | undefined {
  const other = includes.find(({ at }) => folderPattern(at).mightMean(glob));
  if (!other) return undefined;
  return `what lies in ${other.at} of ${name} comes from GitRepository ${source.namespace}/${other.from} (spec.include), which leaves out files by rules of its own. Ask that source instead`;
}

/** The line that takes the files back in, and where it goes. */
function howToKeep({ source, name, madeOf, observed, wanted }: IgnoreRules, glob: readonly string[]): string {
  const certain = literalParts(glob);
  const whole = certain.length === 0 || certain.length === glob.length;
  const keep = whole ? `!/${glob.join('/')}` : `!/${certain.join('/')}/`;
  if ((wanted ?? '') !== (observed ?? ''))
    return `spec.ignore of ${name} was changed, and source-controller has not acted on it yet`;
  const by = madeOf
    ? `, by a patch in spec.kustomize.patches of FluxInstance ${madeOf}: the Flux Operator undoes any other edit`
    : '';
  if (wanted)
    return `To have them judged, add the line ${JSON.stringify(keep)} at the end of spec.ignore of ${name}${by}`;
  const without = source.kind === 'Bucket' ? '' : ' (the default list then holds no more)';
  return `To have them judged, set spec.ignore of ${name} to ${JSON.stringify(keep)}${without}${by}`;
}

// Which files a Flux source leaves out of its artifact: those of version control,
// then what every .sourceignore and spec.ignore say, or Flux's defaults where
// they say nothing; the last rule that matches decides.
// Source: github.com/fluxcd/pkg/artifact/storage, SourceIgnoreFilter.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parsePatterns } from '../artifacts/ignore-pattern.ts';
import { DEFAULTS, VCS } from '../artifacts/left-out.ts';

const FILE = '.sourceignore';
const BUILT_IN = { from: 'its default list', builtIn: true };

/** Answers whether a file, given from the root of `folder`, is left out. */
export async function ignoreRules(
  folder: string,
  files: readonly string[],
  specIgnore: string | undefined,
): Promise<(file: string) => boolean> {
  const own = [];
  for (const file of files.filter((each) => path.posix.basename(each) === FILE).sort(byDepth)) {
    const text = await readFile(path.join(folder, file), 'utf8').catch(() => '');
    own.push(...parsePatterns(text, { from: file, folder: file.split('/').slice(0, -1) }));
  }
  own.push(...parsePatterns(specIgnore ?? '', { from: 'spec.ignore' }));
  const common = own.length > 0 ? own : parsePatterns(DEFAULTS, BUILT_IN);
  const priority = [...parsePatterns(VCS, BUILT_IN), ...common].reverse();
  return (file) => {
    const parts = file.split('/');
    const pattern = priority.find((each) => each.matches(parts, false));
    return pattern !== undefined && !pattern.includes;
  };
}

const byDepth = (a: string, b: string) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1);

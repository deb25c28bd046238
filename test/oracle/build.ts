/** Builds the oracle, the Go program of this folder, once, and keeps it in the cache beside the control plane's. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildOnce } from '../cluster/build-once.ts';
import { goIn } from '../cluster/programs.ts';
import type { Progress } from '../cluster/progress.ts';

const moduleFolder = import.meta.dirname;

/** Answers the path of the oracle, built if it is not there yet. */
export async function buildOracle(progress: Progress): Promise<string> {
  return buildOnce(
    {
      name: 'oracle',
      what: "the oracle from Cilium's policy engine",
      key: await cacheKey(),
      coldSeconds: 270,
      build: (path) => goIn(moduleFolder, ['build', '-ldflags', '-s -w', '-o', path, '.']),
    },
    progress,
  );
}

/** Same sources, same pinned modules, same Go: same program. */
async function cacheKey(): Promise<string> {
  const hash = createHash('sha256');
  const sources = readdirSync(moduleFolder).filter((file) => /^go\.(mod|sum)$|\.(go|s)$/.test(file));
  for (const file of sources.filter((name) => !name.endsWith('_test.go')).sort()) {
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(moduleFolder, file)))
      .update('\0');
  }
  hash.update(await goIn(moduleFolder, ['env', 'GOVERSION', 'GOOS', 'GOARCH']));
  return hash.digest('hex').slice(0, 12);
}

// Builds Helm from the Go module that programs/go.mod pins, once, and keeps it in
// the cache beside the programs of the control plane.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildOnce } from '../cluster/build-once.ts';
import { goIn } from '../cluster/programs.ts';
import type { Progress } from '../cluster/progress.ts';

const moduleFolder = join(import.meta.dirname, 'programs');

/** Answers the path of the program, built if it is not there yet. */
export async function buildHelm(progress: Progress): Promise<string> {
  return buildOnce(
    {
      name: 'helm',
      what: 'Helm',
      key: await cacheKey(),
      coldSeconds: 240,
      build: (path) =>
        goIn(moduleFolder, ['build', '-ldflags', '-s -w', '-o', path, 'helm.sh/helm/v3/cmd/helm']),
    },
    progress,
  );
}

/** Same pinned modules, same Go: same program. */
async function cacheKey(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(moduleFolder, file)));
  hash.update(await goIn(moduleFolder, ['env', 'GOVERSION', 'GOOS', 'GOARCH']));
  return hash.digest('hex').slice(0, 12);
}

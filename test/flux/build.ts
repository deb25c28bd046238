// Builds Flux's source-controller from the Go module that programs/go.mod pins,
// once, and keeps it in the cache beside the programs of the control plane.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../cluster/lock.ts';
import { cacheFolder } from '../cluster/paths.ts';
import { goIn } from '../cluster/programs.ts';
import { duration, type Progress } from '../cluster/progress.ts';

const moduleFolder = join(import.meta.dirname, 'programs');
const main = 'github.com/fluxcd/source-controller';

/** A first build on two cores that have nothing else to do, without what Go must download. */
const coldSeconds = 300;

/** Answers the path of the program, built if it is not there yet. Two builders at once do the work once. */
export async function buildSourceController(progress: Progress): Promise<string> {
  const folder = join(cacheFolder(), 'programs', await cacheKey());
  const program = join(folder, 'source-controller');
  if (existsSync(program)) return program;

  mkdirSync(folder, { recursive: true });
  const onWait = () => progress.log("Another process is building Flux's source-controller; waiting for it.");
  await withLock(`${folder}.lock`, onWait, async () => {
    if (existsSync(program)) return;
    const started = Date.now();
    const end = progress.show(
      () =>
        `Building Flux's source-controller, ${duration((Date.now() - started) / 1000)} so far ` +
        `(the first build takes about ${duration(coldSeconds)} on two cores, after what Go must download)`,
    );
    try {
      const half = `${program}.half`;
      rmSync(half, { force: true });
      await goIn(moduleFolder, ['build', '-ldflags', '-s -w', '-o', half, main]);
      renameSync(half, program);
    } finally {
      end();
    }
  });
  return program;
}

/** Same pinned modules, same Go: same program. */
async function cacheKey(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(moduleFolder, file)));
  hash.update(await goIn(moduleFolder, ['env', 'GOVERSION', 'GOOS', 'GOARCH']));
  return hash.digest('hex').slice(0, 12);
}

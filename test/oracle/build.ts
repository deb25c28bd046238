/** Builds the oracle, the Go program of this folder, once, and keeps it in the cache beside the control plane's. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../cluster/lock.ts';
import { cacheFolder } from '../cluster/paths.ts';
import { goIn } from '../cluster/programs.ts';
import { duration, type Progress } from '../cluster/progress.ts';

const moduleFolder = import.meta.dirname;

/** Cilium's packages, compiled for the first time on two cores. */
const coldSeconds = 270;

/** Answers the path of the oracle, built if it is not there yet. Two builders at once do the work once. */
export async function buildOracle(progress: Progress): Promise<string> {
  const folder = join(cacheFolder(), 'programs', await cacheKey());
  const program = join(folder, 'oracle');
  if (existsSync(program)) return program;

  mkdirSync(folder, { recursive: true });
  const onWait = () => progress.log('Another process is building the oracle; waiting for it.');
  await withLock(`${folder}.lock`, onWait, async () => {
    if (existsSync(program)) return;
    const started = Date.now();
    const end = progress.show(
      () =>
        `Building the oracle from Cilium's policy engine, ${duration((Date.now() - started) / 1000)} so far ` +
        `(the first build takes about ${duration(coldSeconds)} on two cores)`,
    );
    try {
      const half = `${program}.half`;
      rmSync(half, { force: true });
      await goIn(moduleFolder, ['build', '-ldflags', '-s -w', '-o', half, '.']);
      renameSync(half, program);
    } finally {
      end();
    }
  });
  return program;
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

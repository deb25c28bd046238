// Programs that are made once and kept in the cache beside those of the control
// plane, under a key of what made them.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.ts';
import { cacheFolder } from './paths.ts';
import { goIn } from './programs.ts';
import { duration, type Progress } from './progress.ts';

export interface Building {
  /** The file of the program. */
  readonly name: string;
  /** For a person: "the oracle". */
  readonly what: string;
  /** Of everything that made it. */
  readonly key: string;
  /** A first build on two cores, without what must be downloaded; only for the estimate. */
  readonly coldSeconds: number;
  /** Makes the program at this path. */
  build(path: string): Promise<unknown>;
}

/** Answers the path of the program, made if it is not there yet. Two builders at once do the work once. */
export async function buildOnce(building: Building, progress: Progress): Promise<string> {
  const { name, what, key, coldSeconds, build } = building;
  const folder = join(cacheFolder(), 'programs', key);
  const program = join(folder, name);
  if (existsSync(program)) return program;

  mkdirSync(folder, { recursive: true });
  const onWait = () => progress.log(`Another process is building ${what}; waiting for it.`);
  await withLock(`${folder}.lock`, onWait, async () => {
    if (existsSync(program)) return;
    const started = Date.now();
    const end = progress.show(
      () =>
        `Building ${what}, ${duration((Date.now() - started) / 1000)} so far ` +
        `(the first build takes about ${duration(coldSeconds)} on two cores, after what must be downloaded)`,
    );
    try {
      const half = `${program}.half`;
      rmSync(half, { force: true });
      await build(half);
      renameSync(half, program);
    } finally {
      end();
    }
  });
  return program;
}

export interface Pinned extends Omit<Building, 'key' | 'build'> {
  /** A Go module of our own whose go.mod pins it as a tool. */
  readonly folder: string;
  readonly package: string;
}

/** Builds a program as its module pins it. Same pinned modules, same Go: same program. */
export async function buildPinned(pinned: Pinned, progress: Progress): Promise<string> {
  const { folder } = pinned;
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(folder, file)));
  hash.update(await goIn(folder, ['env', 'GOVERSION', 'GOOS', 'GOARCH']));
  const key = hash.digest('hex').slice(0, 12);
  const build = (path: string) => goIn(folder, ['build', '-ldflags', '-s -w', '-o', path, pinned.package]);
  return buildOnce({ ...pinned, key, build }, progress);
}

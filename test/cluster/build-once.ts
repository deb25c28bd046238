// Programs that are made once and kept in the cache beside those of the control
// plane, under a key of what made them.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.ts';
import { cacheFolder } from './paths.ts';
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

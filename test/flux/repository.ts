// A Git repository with a work tree from which the tests commit, and the bare
// one that the server shows.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { git } from './git.ts';

/** Path to content; null takes the file away. */
export type Changes = Readonly<Record<string, string | null>>;

export interface Repository {
  /** The work tree. */
  readonly folder: string;
  /** Commits these changes to main and pushes; answers the hash of the commit. */
  commit(message: string, changes: Changes): Promise<string>;
  /** Commits the opposite of the newest commit and pushes; answers the hash of the new one. */
  revert(): Promise<string>;
}

/** Makes the bare repository `bare` and a work tree of it in `folder`; neither may be there yet. */
export async function createRepository(bare: string, folder: string): Promise<Repository> {
  mkdirSync(bare, { recursive: true });
  mkdirSync(folder, { recursive: true });
  await git(bare, 'init', '--quiet', '--bare', '--initial-branch=main');
  await git(folder, 'init', '--quiet', '--initial-branch=main');
  await git(folder, 'remote', 'add', 'origin', bare);

  async function push(): Promise<string> {
    await git(folder, 'push', '--quiet', 'origin', 'main');
    return git(folder, 'rev-parse', 'HEAD');
  }

  return {
    folder,
    async commit(message, changes) {
      for (const [name, content] of Object.entries(changes)) {
        const file = join(folder, name);
        if (content === null) {
          rmSync(file);
          continue;
        }
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, content);
      }
      await git(folder, 'add', '--all');
      await git(folder, 'commit', '--quiet', '--allow-empty', `--message=${message}`);
      return push();
    },
    async revert() {
      await git(folder, 'revert', '--no-edit', 'HEAD');
      return push();
    },
  };
}

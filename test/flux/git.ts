// Git as the tests use it: nothing of the user's own configuration, and always
// the same author.
import { run } from '../cluster/run.ts';

/** Runs git in a folder; answers its stdout without the line end. */
export async function git(folder: string, ...args: readonly string[]): Promise<string> {
  return (await run('git', args, { cwd: folder, env: gitEnvironment() })).trim();
}

export function gitEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Platform Team',
    GIT_AUTHOR_EMAIL: 'platform@example.org',
    GIT_COMMITTER_NAME: 'Platform Team',
    GIT_COMMITTER_EMAIL: 'platform@example.org',
  };
}

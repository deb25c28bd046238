// Programs of the machine that facts are made with, and the little that they are
// told of it.

import { access, constants } from 'node:fs/promises';
import path from 'node:path';

/** The program of this name; undefined where the search path has none. */
export async function programOf(name: string, searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(path.delimiter).filter(Boolean)) {
    const file = path.join(folder, name);
    const isProgram = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isProgram) return file;
  }
  return undefined;
}

/** Nothing listens on the port of discard. */
const NOWHERE = 'http://127.0.0.1:9';

/** Without PATH it finds no git, without a proxy no host: nothing is fetched behind anyone's back. */
export const isolated = (home: string): Record<string, string> => ({
  PATH: home,
  HOME: home,
  TMPDIR: home,
  KUBECONFIG: path.join(home, 'none'),
  HTTP_PROXY: NOWHERE,
  HTTPS_PROXY: NOWHERE,
});

/** One line; errors of these programs name one place after the other, and the cause last. */
export function clip(said: string): string {
  const words = said.replace(/\s+/g, ' ').trim();
  return words.length > 500 ? `${words.slice(0, 200)} … ${words.slice(-280)}` : words;
}

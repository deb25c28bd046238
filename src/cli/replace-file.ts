// Files that are written whole or not at all.

import { rename, writeFile } from 'node:fs/promises';

/** Whoever reads the file meanwhile sees what it was. Without `mode` it is a new file's. */
export async function replaceFile(file: string, text: string, mode?: number): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, text, { mode });
  await rename(draft, file);
}

// `verify --memory FILE`: the lifecycle between runs, as the List of items that
// the last run would have written.

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type ItemStatus, statusSchema } from '../api/status.ts';
import { asList, type JudgedItem } from '../report/items.ts';
import { UsageError } from './exit.ts';
import { replaceFile } from './replace-file.ts';

const memory = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ namespace: z.string().default('default'), name: z.string() }),
      status: statusSchema.optional(),
    }),
  ),
});

/** What each item remembers; a file that does not exist yet remembers nothing. */
export async function readMemory(file: string | undefined): Promise<ReadonlyMap<string, ItemStatus>> {
  if (!file) return new Map();
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw new UsageError(`--memory ${file}: ${(error as Error).message}`);
  }
  try {
    const { items } = memory.parse(JSON.parse(text));
    return new Map(
      items.map(({ metadata, status }) => [`${metadata.namespace}/${metadata.name}`, status ?? {}]),
    );
  } catch (error) {
    throw new UsageError(
      `--memory ${file} is not a file that verify wrote: ${(error as Error).message.split('\n')[0]}`,
    );
  }
}

export async function keepMemory(file: string | undefined, judged: readonly JudgedItem[]): Promise<void> {
  if (!file) return;
  try {
    await replaceFile(file, asList(judged, 'json'));
  } catch (error) {
    throw new UsageError(`--memory ${file} cannot be written: ${(error as Error).message}`);
  }
}

// `verify --memory FILE`: the lifecycle between runs, as the List of items that
// the last run would have written.

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { API_VERSION, KIND } from '../api/group.ts';
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

/** What was judged now, and `before` of all other items: a run may be of some of them only. */
export async function keepMemory(
  file: string | undefined,
  judged: readonly JudgedItem[],
  before: ReadonlyMap<string, ItemStatus>,
): Promise<void> {
  if (!file) return;
  const now = new Set(
    judged.map(({ raw: { metadata } }) => `${metadata.namespace ?? 'default'}/${metadata.name}`),
  );
  const others = [...before]
    .filter(([key]) => !now.has(key))
    .map(([key, status]): JudgedItem => {
      const [namespace, name] = key.split('/');
      return { raw: { apiVersion: API_VERSION, kind: KIND, metadata: { namespace, name } }, status };
    });
  try {
    await replaceFile(file, asList([...judged, ...others], 'json'));
  } catch (error) {
    throw new UsageError(`--memory ${file} cannot be written: ${(error as Error).message}`);
  }
}

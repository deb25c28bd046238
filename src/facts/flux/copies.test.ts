// Copies to build in: as many at a time as there are, none seen by another.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { copiesOf, replaceFile } from './copies.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'copies-'));
  await mkdir(path.join(root, 'apps'));
  await writeFile(path.join(root, 'apps/kustomization.yaml'), 'as it was');
});
afterEach(() => rm(root, { recursive: true }));

it('leaves what it was copied from, and the other copies, as they were', async () => {
  const copies = copiesOf(root, ['apps/kustomization.yaml']);
  const seen: string[] = [];
  let most = 0;
  let now = 0;
  await Promise.all(
    Array.from({ length: 12 }, (_, index) =>
      copies.use(async (copy) => {
        most = Math.max(most, ++now);
        const file = path.join(copy, 'apps/kustomization.yaml');
        const before = await readFile(file);
        seen.push(before.toString());
        await replaceFile(file, `written by ${index}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(await readFile(file, 'utf8')).toBe(`written by ${index}`);
        await replaceFile(file, before);
        now -= 1;
      }),
    ),
  );
  expect(new Set(seen)).toEqual(new Set(['as it was']));
  expect(seen).toHaveLength(12);
  expect(most).toBeLessThanOrEqual(4);
  expect(await readFile(path.join(root, 'apps/kustomization.yaml'), 'utf8')).toBe('as it was');
  await copies.close();
});

it('gives a copy back when the work in it fails', async () => {
  const copies = copiesOf(root, ['apps/kustomization.yaml']);
  for (let turn = 0; turn < 10; turn += 1)
    await expect(copies.use(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await copies.use(async () => 'still here')).toBe('still here');
  await copies.close();
});

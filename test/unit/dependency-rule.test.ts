// The rule that says who may import whom must be able to fail: a forbidden
// import, put into a copy of the tree, is refused.

import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = path.join(import.meta.dirname, '../..');
let copy: string;

async function cruise(): Promise<{ code: number; output: string }> {
  const bin = path.join(root, 'node_modules/.bin/depcruise');
  try {
    const { stdout } = await run(bin, ['src', '--config', '.dependency-cruiser.mjs'], { cwd: copy });
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { code, output: stdout };
  }
}

describe('the dependency rule', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    copy = await mkdtemp(path.join(tmpdir(), 'remediation-rule-'));
    // test/cluster: some tests ask its kubectl.
    for (const file of ['src', 'test/cluster', '.dependency-cruiser.mjs', 'tsconfig.json', 'package.json']) {
      await cp(path.join(root, file), path.join(copy, file), { recursive: true });
    }
    await symlink(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  });
  afterAll(() => rm(copy, { recursive: true, force: true }));

  it('holds for the tree as it is, and has really read it', async () => {
    const { code, output } = await cruise();
    expect(output).toMatch(/\((\d{2,}) modules, \d{2,} dependencies cruised\)/);
    expect(code).toBe(0);
  });

  it.each([
    [
      'a check that speaks to an API server',
      'src/checks/bad.ts',
      "import '../kubernetes/index.ts';",
      'kubernetes-only-for',
    ],
    [
      'a check that makes facts of its own',
      'src/checks/bad.ts',
      "import { manifestSource } from '../facts/manifests.ts'; manifestSource([]);",
      'checks-know-only-the-types',
    ],
    [
      'a check that does I/O',
      'src/checks/bad.ts',
      "import { readFileSync } from 'node:fs'; readFileSync('x');",
      'checks-are-pure',
    ],
    [
      'an API that knows the engine',
      'src/api/bad.ts',
      "import '../engine/evaluate.ts';",
      'api-imports-nothing',
    ],
    [
      'a library that knows its user',
      'src/kubernetes/bad.ts',
      "import '../api/group.ts';",
      'kubernetes-could-be-lifted-out',
    ],
    [
      'an engine that knows the loop',
      'src/engine/bad.ts',
      "import '../controller/readers.ts';",
      'controller-only-for',
    ],
  ])('refuses %s', async (_, file, text, rule) => {
    await writeFile(path.join(copy, file), `${text}\n`);
    try {
      const { code, output } = await cruise();
      expect(output).toContain(rule);
      expect(code).toBeGreaterThan(0);
    } finally {
      await rm(path.join(copy, file));
    }
  });
});

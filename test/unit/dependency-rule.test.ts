// The rule that says who may import whom must be able to fail: a forbidden
// import, put into a copy of the tree, is refused.

import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.join(import.meta.dirname, '../..');
/** Each breaks one rule, from a file of its own. */
const FORBIDDEN = {
  'a check that speaks to an API server': {
    file: 'src/checks/bad-server.ts',
    text: "import '../kubernetes/index.ts';",
    rule: 'kubernetes-only-for-facts-controller-main',
  },
  'a check that makes facts of its own': {
    file: 'src/checks/bad-facts.ts',
    text: "import { manifestSource } from '../facts/manifests.ts'; manifestSource([]);",
    rule: 'checks-know-only-the-types-of-facts',
  },
  'a check that does I/O': {
    file: 'src/checks/bad-files.ts',
    text: "import { readFileSync } from 'node:fs'; readFileSync('x');",
    rule: 'checks-are-pure',
  },
  'an API that knows the engine': {
    file: 'src/api/bad.ts',
    text: "import '../engine/evaluate.ts';",
    rule: 'api-imports-nothing-of-the-project',
  },
  'a library that knows its user': {
    file: 'src/kubernetes/bad.ts',
    text: "import '../api/group.ts';",
    rule: 'kubernetes-could-be-lifted-out',
  },
  'an engine that knows the loop': {
    file: 'src/engine/bad.ts',
    text: "import '../controller/readers.ts';",
    rule: 'controller-only-for-main',
  },
};

interface Cruise {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
    readonly totalCruised: number;
  };
}

describe('the dependency rule', () => {
  let copy: string;
  let found: Cruise['summary'];

  beforeAll(async () => {
    copy = await mkdtemp(path.join(tmpdir(), 'remediation-rule-'));
    // test/cluster: some tests ask its kubectl.
    for (const file of ['src', 'test/cluster', '.dependency-cruiser.mjs', 'tsconfig.json', 'package.json']) {
      await cp(path.join(root, file), path.join(copy, file), { recursive: true });
    }
    await symlink(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
    for (const { file, text } of Object.values(FORBIDDEN))
      await writeFile(path.join(copy, file), `${text}\n`);
    const bin = path.join(root, 'node_modules/.bin/depcruise');
    const args = ['src', '--config', '.dependency-cruiser.mjs', '--output-type', 'json'];
    const { stdout } = await promisify(execFile)(bin, args, { cwd: copy, maxBuffer: 2 ** 26 });
    found = (JSON.parse(stdout) as Cruise).summary;
  }, 180_000);
  afterAll(() => rm(copy, { recursive: true, force: true }));

  it('is held to the whole tree', () => {
    expect(found.totalCruised).toBeGreaterThan(200);
  });

  it.each(Object.entries(FORBIDDEN))('refuses %s', (_, { file, rule }) => {
    const broken = found.violations.filter(({ from }) => from === file).map((each) => each.rule.name);
    expect(broken).toContain(rule);
  });

  it('is broken by nothing else', () => {
    const bad = Object.values(FORBIDDEN).map(({ file }) => file);
    expect(found.violations.filter(({ from }) => !bad.includes(from))).toEqual([]);
  });
});

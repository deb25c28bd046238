// docs/security.md says where each hostile input is tried: these tests must be there.

import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.join(import.meta.dirname, '../..');
const text = readFileSync(path.join(root, 'docs/security.md'), 'utf8');
const files = globSync('{src,test}/**/*.test.ts', { cwd: root });
const named = [...new Set(text.match(/(?<=`)[\w./*-]+\.test\.ts(?=`)/g))];

describe('docs/security.md', () => {
  it('names tests', () => {
    expect(named.length).toBeGreaterThan(20);
  });

  it.each(named)('%s is there', (name) => {
    expect(files.filter((file) => path.matchesGlob(file, name) || path.basename(file) === name)).not.toEqual(
      [],
    );
  });
});

// Every check is held to its cases, and every reason it gives to its reference.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CHECKS } from '../index.ts';
import { differences, readCases, runCase } from './cases.ts';

for (const check of CHECKS) {
  const folder = fileURLToPath(new URL(`../${check.type}`, import.meta.url));
  describe(check.type, () => {
    const cases = readCases(folder);

    it.each(cases.map((given) => [`${given.file}: ${given.name}`, given] as const))('%s', (_, given) => {
      const judgement = runCase(check, given);
      expect(differences(given, judgement)).toEqual([]);
      for (const { reason } of judgement.findings) expect(Object.keys(check.reasons)).toContain(reason);
    });

    it('has an example that its schema accepts', () => {
      const example = parse(check.example)[check.type];
      expect(check.schema.safeParse(example).error).toBeUndefined();
      expect(check.problems?.(check.schema.parse(example)) ?? []).toEqual([]);
    });

    it('says what it means in a README', () => {
      expect(existsSync(`${folder}/README.md`)).toBe(true);
      expect(readFileSync(`${folder}/README.md`, 'utf8')).toContain(check.type);
    });

    it('shows every reason of its own in some case', () => {
      const shown = new Set(cases.flatMap((given) => given.expect.findings.map(({ reason }) => reason)));
      const own = Object.keys(check.reasons).filter((reason) => !FROM_FACTS.has(reason));
      expect(own.filter((reason) => !shown.has(reason))).toEqual([]);
    });
  });
}

/** Reasons that come from the source of facts, which has its own tests. */
const FROM_FACTS = new Set([
  'Pending',
  'Forbidden',
  'Unreachable',
  'NotServed',
  'NeedsCluster',
  'Unreadable',
]);

// What Cilium's policy engine says of every shape in its documentation, without Cilium; `npm run oracle` asks it again.

import { describe, expect, it } from 'vitest';
import { disagreements } from '../oracle/compare.ts';
import { keptAnswers, shapeClaim, shapes, unknownIn } from '../oracle/documentation.ts';

describe("the network check agrees with Cilium on every shape in Cilium's documentation", () => {
  const answers = keptAnswers();
  const asked = shapes();

  it.each(asked.map((shape) => [shape.name, shape] as const))('%s', (name, shape) => {
    const kept = answers[name];
    if (!kept) throw new Error('Cilium has not been asked: npm run oracle -- --documentation');
    expect(unknownIn(shape.scenario)).toEqual(kept.unknown);
    const certain = (line: string) => !kept.unresolved.some((subject) => line.startsWith(`${subject} `));
    expect(disagreements(shapeClaim(shape, kept)).filter(certain)).toEqual([]);
  });

  it('and keeps no answer to what is not asked', () => {
    const names = asked.map(({ name }) => name);
    expect(Object.keys(answers).filter((name) => !names.includes(name))).toEqual([]);
  });
});

import { defineConfig } from 'vitest/config';

// The tests by which a mutant of an engine should die: deterministic ones, and only those that touch the engines. Tests
// of thousands of random runs are left out, since they would be run once per mutant.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: [
      'src/checks/testing/*.test.ts',
      'src/checks/{networkPolicy,podDisruptionBudget,probes}/**/*.test.ts',
      'test/unit/oracle-cases.test.ts',
    ],
    exclude: ['**/remembering.test.ts', '**/never-throws.test.ts'],
    // The engines keep nothing between tests, so loading them once per mutant is enough.
    isolate: false,
  },
});

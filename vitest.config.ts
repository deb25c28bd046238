import { defineConfig } from 'vitest/config';

// Four projects: `unit` needs Node, git and kubectl, which it builds where there is none; `cluster` needs the test control
// plane (test/cluster); `browser` needs Chromium; `e2e` needs further real programs.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Many of them wait for a command line of their own; by itself vitest would leave a processor idle.
          maxWorkers: '100%',
          // What a file loads, the next has: no module holds state that a test could leave behind.
          isolate: false,
          // For what hangs: a command line takes seconds to answer on a machine that is busy.
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
          include: ['src/**/*.test.ts', 'test/unit/**/*.test.ts', 'test/cluster/**/*.test.ts'],
          globalSetup: ['test/unit/vitest-setup.ts'],
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/integration/**/*.test.ts'],
          exclude: ['test/integration/flux/**'],
          globalSetup: ['test/cluster/vitest-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 900_000,
          // Most of a suite's time is waiting for clocks of the control plane; more at a time would wait for the processor.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/integration/flux/**/*.test.ts'],
          globalSetup: ['test/cluster/vitest-setup.ts', 'test/flux/vitest-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 900_000,
          // One after the other: each has a source-controller of its own in the cluster that they share.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/browser/vitest-setup.ts'],
          hookTimeout: 120_000,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

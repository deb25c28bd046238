// Mutation testing of the three engines that judge: `npm run mutation -- --mutate 'src/checks/probes/*.ts'`.
// docs/mutation.md has the scores.
export default {
  testRunner: 'one-process',
  plugins: ['./test/mutation/runner.ts'],
  // What judges; the remedies beside it (remedy*.ts) have no say in a verdict.
  mutate: [
    'src/checks/{networkPolicy,podDisruptionBudget,probes}/**/*.ts',
    '!src/**/*.test.ts',
    '!src/checks/*/remed*.ts',
  ],
  coverageAnalysis: 'perTest',
  concurrency: 1,
  // Loops without end are found by counting; a test that is late only says that the machine is busy.
  timeoutMS: 60_000,
  // The tests read fixtures and source only.
  ignorePatterns: ['/*', '!/src', '!/test/mutation', '!/test/unit', '!/test/oracle', '!/package.json', '!/tsconfig.json'],
  ignoreStatic: true,
  thresholds: { high: 95, low: 85, break: 85 },
  reporters: ['clear-text', 'json', 'html', 'progress-append-only'],
  clearTextReporter: { allowColor: false, reportTests: false },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  htmlReporter: { fileName: 'reports/mutation/mutation.html' },
  checkers: [],
  allowEmpty: false,
};

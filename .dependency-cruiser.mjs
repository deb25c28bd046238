// Who may import whom: the rooms of the house (docs/development.md). A room that
// is not named under `from` may be imported by nobody but itself.

// Tests, and what only tests use, may look into any room.
const TESTS = ['\\.test\\.ts$', '/testing/'];
const room = (name) => `^src/${name}/`;
const only = (name, importers) => ({
  name: `${name}-only-for-${importers.join('-') || 'nobody'}`,
  severity: 'error',
  from: { path: '^src/', pathNot: [...TESTS, room(name), ...importers.map((each) => (each === 'main' ? '^src/(cli/|main\\.ts$)' : room(each)))] },
  to: { path: room(name) },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'api-imports-nothing-of-the-project',
      severity: 'error',
      from: { path: room('api'), pathNot: TESTS },
      to: { path: '^src/', pathNot: room('api') },
    },
    {
      name: 'kubernetes-could-be-lifted-out',
      severity: 'error',
      from: { path: room('kubernetes'), pathNot: TESTS },
      to: { path: '^src/', pathNot: room('kubernetes') },
    },
    only('kubernetes', ['facts', 'controller', 'main']),
    only('facts', ['checks', 'engine', 'controller', 'main']),
    {
      name: 'checks-know-only-the-types-of-facts',
      comment: 'A check is a pure function over a view that it is given; it never makes one.',
      severity: 'error',
      from: { path: room('checks'), pathNot: TESTS },
      to: { path: room('facts'), dependencyTypesNot: ['type-only'] },
    },
    only('checks', ['engine', 'main']),
    only('engine', ['controller', 'main']),
    {
      name: 'engine-is-pure',
      severity: 'error',
      from: { path: room('engine'), pathNot: TESTS },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'checks-are-pure',
      severity: 'error',
      from: { path: room('checks'), pathNot: TESTS },
      to: { dependencyTypes: ['core'] },
    },
    only('controller', ['main']),
    only('report', ['main', 'controller']),
    only('review', ['main', 'controller']),
    {
      name: 'review-knows-only-the-api',
      severity: 'error',
      from: { path: room('review'), pathNot: TESTS },
      to: { path: '^src/', pathNot: [room('review'), room('api')] },
    },
    only('telemetry', ['main', 'controller']),
    only('cli', ['main']),
    {
      name: 'tests-stay-outside',
      severity: 'error',
      from: { path: '^src/', pathNot: TESTS },
      to: { path: ['^test/', ...TESTS] },
    },
    {
      name: 'resolvable',
      comment: 'mdast is types alone: @types/mdast, with nothing to run behind it.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^mdast$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'], exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};

// Random pods with random probes in random places, right and wrong ones, put to
// the API server as a dry run: what it refuses must be what the probes check
// calls invalid, and what it fills in must change nothing that the check says.

import fc from 'fast-check';
import { type Reading, readContainers } from '../../../src/checks/probes/containers.ts';
import { schema } from '../../../src/checks/probes/schema.ts';
import { podSpec } from '../../../src/facts/project-workloads.ts';
import { type Draws, disagreementsOf, type Tally } from './disagreements.ts';
import { pathOf, type Raw, type Server } from './server.ts';

/** Numbers as people set them, and some that cannot be. */
const small = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 30 }) },
  { weight: 1, arbitrary: fc.constant(-1) },
);

const portNumber = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(80, 8080, 1, 65_535) },
  { weight: 1, arbitrary: fc.constantFrom(0, 65_536, -1) },
);
const port = fc.oneof(
  { weight: 4, arbitrary: portNumber },
  { weight: 4, arbitrary: fc.constantFrom('http', 'admin', 'nowhere', 'a-1') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '8080',
      '',
      'Http',
      'a--b',
      '-a',
      'a-',
      'sixteen-letters-',
      'fifteen-letters',
      '1-2',
    ),
  },
);

const partly = <T>(arbitrary: fc.Arbitrary<T>, freq = 2) => fc.option(arbitrary, { nil: undefined, freq });

const handlers = {
  httpGet: fc.record({
    path: partly(fc.constantFrom('/', '/health', '')),
    port: fc.oneof({ weight: 20, arbitrary: port }, { weight: 1, arbitrary: fc.constant(undefined) }),
    scheme: fc.constantFrom(undefined, undefined, 'HTTP', 'HTTPS', '', 'http'),
  }),
  tcpSocket: fc.record({ port }),
  grpc: fc.record({ port: portNumber, service: partly(fc.constantFrom('', 'health')) }),
  exec: fc.record({ command: fc.constantFrom(['true'], ['test', '-f', '/ready'], ['true'], [], undefined) }),
};

const handler = fc.oneof(
  ...Object.entries(handlers).map(([name, arbitrary]) => ({
    weight: name === 'httpGet' ? 6 : 2,
    arbitrary: (arbitrary as fc.Arbitrary<object>).map((value): object => ({ [name]: value })),
  })),
  { weight: 1, arbitrary: fc.constant<object>({}) },
  {
    weight: 1,
    arbitrary: fc.constant<object>({ exec: { command: ['true'] }, tcpSocket: { port: 80 } }),
  },
);

const probe = fc
  .tuple(
    handler,
    fc.record({
      initialDelaySeconds: partly(small),
      timeoutSeconds: partly(small),
      periodSeconds: partly(small),
      failureThreshold: partly(small),
      successThreshold: fc.constantFrom(undefined, undefined, undefined, undefined, 0, 1, 1, 1, 2, -1),
      terminationGracePeriodSeconds: fc.constantFrom(...Array(24).fill(undefined), 30, 1, 0, -1),
    }),
  )
  .map(([how, times]): object => ({ ...how, ...times }));

const ports = fc.constantFrom<object[] | undefined>(
  undefined,
  [{ name: 'http', containerPort: 8080 }],
  [
    { name: 'http', containerPort: 80 },
    { name: 'admin', containerPort: 8080 },
  ],
  [{ name: 'a-1', containerPort: 1, protocol: 'UDP' }],
);

/** Now and then the same probe twice, since that is worth a remark. */
const probesOf = (freq: number) =>
  fc
    .record({
      readinessProbe: partly(probe, freq),
      livenessProbe: partly(probe, freq),
      startupProbe: partly(probe, 1),
      twice: fc.boolean(),
    })
    .map(({ twice, ...given }) => (twice ? { ...given, livenessProbe: given.readinessProbe } : given));

const container = (name: string, restartPolicies: readonly (string | undefined)[], freq: number) =>
  fc
    .tuple(fc.constantFrom(...restartPolicies), ports, probesOf(freq))
    .map(([restartPolicy, declared, probes]) => ({
      name,
      image: 'registry.example/main:1',
      ...(restartPolicy ? { restartPolicy } : {}),
      ...(declared ? { ports: declared } : {}),
      ...probes,
    }));

const bare = ({
  readinessProbe: _,
  livenessProbe: __,
  startupProbe: ___,
  ...rest
}: Record<string, unknown>) => rest;

const limits = fc.record(
  {
    path: fc.constantFrom('/', '/health'),
    port: fc.constantFrom<number | string>(80, 8080, 'http', 'nowhere'),
    maxTimeoutSeconds: fc.integer({ min: 0, max: 3 }),
    minInitialDelaySeconds: fc.integer({ min: 0, max: 3 }),
    minPeriodSeconds: fc.integer({ min: 8, max: 12 }),
  },
  { requiredKeys: [] },
);

const probed = fc.record({
  spec: fc.record({
    containers: fc.oneof(
      container('main', [undefined], 2).map((one) => [one]),
      fc.tuple(container('main', [undefined], 2), container('aside', [undefined], 1)),
    ),
    initContainers: fc.oneof(
      fc.constant([]),
      container('first', ['Always'], 2).map((one) => [one]),
      container('first', [undefined, undefined, 'Always', 'Never'], 1).chain((one) =>
        // Without a probe for the most part, or nearly all of these would be refused.
        fc.constantFrom(...Array(5).fill([bare(one)]), [one]),
      ),
    ),
  }),
  params: fc.record({
    workloads: fc.constant([{ kind: 'Pod', name: 'p' }]),
    require: fc.constantFrom(['Readiness', 'Liveness'], ['Readiness', 'Liveness', 'Startup'], ['Startup']),
    readiness: partly(limits),
    liveness: partly(limits),
  }),
});

/** Puts `count` pods to the API server, in a namespace that exists. */
export async function probePods(server: Server, namespace: string, draws: Draws): Promise<Tally> {
  let accepted = 0;
  let refused = 0;
  const property = fc.asyncProperty(probed, async ({ spec, params }) => {
    const { code, body } = await server.send('POST', `${pathOf('v1', 'Pod', namespace)}?dryRun=All`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec,
    });
    if (code === 201) accepted++;
    else refused++;
    const wrong = difference(schema.parse(params), spec, code, body);
    if (wrong) throw new Error(wrong);
  });
  const disagreements = await disagreementsOf(property, draws);
  return { accepted, refused, disagreements };
}

function difference(
  params: ReturnType<typeof schema.parse>,
  spec: object,
  code: number,
  body: unknown,
): string | undefined {
  const before = readContainers(params, podSpec(spec));
  const invalid = before.violations.filter(({ reason }) => reason === 'InvalidProbe');
  if (code === 422 || code === 400) {
    return invalid.length > 0
      ? undefined
      : `refused, and nothing is called invalid: ${(body as { message?: string }).message}`;
  }
  if (code !== 201) return `answered ${code}: ${JSON.stringify(body).slice(0, 300)}`;
  if (invalid[0]) return `accepted, and called invalid: ${invalid[0].what}`;
  const after = readContainers(params, podSpec((body as Raw).spec));
  const same = words(before) === words(after);
  return same ? undefined : `reads ${words(before)} before the defaults, ${words(after)} after`;
}

const words = ({ violations, remarks, judged }: Reading) => JSON.stringify([violations, remarks, judged]);

// Random budgets, right and wrong ones, put to the API server as a dry run: what
// it refuses must be what the podDisruptionBudget check calls refused.

import fc from 'fast-check';
import { refusal } from '../../../src/checks/podDisruptionBudget/legality.ts';
import { KINDS } from '../../../src/facts/projections.ts';
import { type Draws, disagreementsOf, type Tally } from './disagreements.ts';
import { pathOf, type Server } from './server.ts';

const amount = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<number | string>(0, 1, 5, '0%', '50%', '100%') },
  {
    weight: 2,
    arbitrary: fc.constantFrom<number | string>(
      -1,
      '101%',
      '50',
      '-1%',
      '%',
      '1.5%',
      'half',
      '1000%',
      '050%',
      '',
    ),
  },
);

const keys = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('app', 'app.kubernetes.io/name', 'A_b.c-d', 'x'.repeat(63)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '-a',
      'a-',
      'a/b/c',
      'UP.io/a',
      '/a',
      'a/',
      'x'.repeat(64),
      'a b',
      `${'x'.repeat(254)}/a`,
    ),
  },
);
const values = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('a', '', 'A_b.c', 'x'.repeat(63)) },
  { weight: 1, arbitrary: fc.constantFrom('-a', 'a ', 'x'.repeat(64), 'a/b', 'ä') },
);
const expression = fc.record(
  {
    key: keys,
    operator: fc.constantFrom('In', 'In', 'NotIn', 'Exists', 'Exists', 'DoesNotExist', 'Like', ''),
    values: fc.array(values, { maxLength: 2 }),
  },
  { requiredKeys: ['key', 'operator'] },
);
const selector = fc.record(
  {
    matchLabels: fc.array(fc.tuple(keys, values), { maxLength: 2 }).map((pairs) => Object.fromEntries(pairs)),
    matchExpressions: fc.array(expression, { maxLength: 1 }),
  },
  { requiredKeys: [] },
);

/** Each with a chance of its own, so that about half of all budgets are right. */
const specs = fc
  .record({
    minAvailable: fc.option(amount, { nil: undefined, freq: 1 }),
    maxUnavailable: fc.option(amount, { nil: undefined, freq: 1 }),
    both: fc.integer({ min: 0, max: 5 }),
    selector: fc.option(selector, { nil: undefined, freq: 1 }),
    unhealthyPodEvictionPolicy: fc.constantFrom(
      undefined,
      undefined,
      'IfHealthyBudget',
      'AlwaysAllow',
      'AlwaysAllow',
      'Never',
    ),
  })
  .map(({ both, maxUnavailable, ...given }) => {
    const alone = given.minAvailable === undefined || both === 0;
    return JSON.parse(JSON.stringify({ ...given, ...(alone ? { maxUnavailable } : {}) })) as object;
  });

/** Puts `count` budgets to the API server, in a namespace that exists; answers where it disagrees. */
export async function proposeBudgets(server: Server, namespace: string, draws: Draws): Promise<Tally> {
  let accepted = 0;
  let refused = 0;
  const property = fc.asyncProperty(specs, async (spec) => {
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'b', namespace },
      spec,
    };
    const path = `${pathOf(budget.apiVersion, budget.kind, namespace)}?dryRun=All`;
    const { code, body } = await server.send('POST', path, budget);
    if (code === 201) accepted++;
    else refused++;
    const ours = refusal(KINDS.PodDisruptionBudget.project(budget));
    if ((code === 422) === (ours !== undefined) && (code === 201 || code === 422)) return;
    throw new Error(
      `${code} ${(body as { message?: string }).message ?? ''}; the check: ${ours?.what ?? 'nothing'}`,
    );
  });
  const disagreements = await disagreementsOf(property, draws);
  return { accepted, refused, disagreements };
}

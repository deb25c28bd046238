// The parameters of the resource check.

import { z } from 'zod';
import { goDuration, label, matching, namePattern, withRules, words } from '../../api/primitives.ts';
import { cel, labelSelector } from '../../api/selectors.ts';

const count = withRules(
  z.strictObject({
    min: z
      .int()
      .min(0)
      .max(100_000)
      .default(1)
      .meta({ description: 'At least so many must exist. Default 1.' }),
    max: z
      .int()
      .min(0)
      .max(100_000)
      .optional()
      .meta({ description: 'At most so many may exist. Default: no limit.' }),
  }),
  {
    cel: '!has(self.max) || self.min <= self.max',
    message: 'count.min (1 unless given) must be at most count.max; for none at all give both as 0',
    holds: ({ min, max }) => max === undefined || min <= max,
  },
).meta({ description: 'How many objects there must be, of those that where lets count.' });

const expectation = z.strictObject({
  cel: cel('Must be true for each object; self is the object. Integers are int, so write 1 and not 1.0.'),
  message: words(512, 'What to say when it is not, instead of the expression.').optional(),
});

const condition = z
  .strictObject({
    type: words(316, 'The type of the condition, such as Ready.'),
    status: z
      .enum(['True', 'False', 'Unknown'])
      .default('True')
      .meta({ description: 'The status that it must have. Default True.' }),
  })
  .meta({
    description:
      'A condition in status.conditions that each object must have. A status of an older generation is Unknown.',
  });

const freshness = z
  .strictObject({
    path: matching(
      512,
      "^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+|\\['[^'\\]]{1,253}'\\])*$",
      "must be a path such as status.lastSyncTime or metadata.annotations['example.org/at']",
      {
        description:
          "Where the time stands: status.lastSyncTime, status.history.0.at, metadata.annotations['example.org/at'].",
      },
    ),
    maxAge: goDuration('How old the time may be.'),
    of: z.enum(['each', 'newest']).default('each').meta({
      description:
        'Whose time it is: that of each object (default), or the newest of all that count, where every run makes an object of its own.',
    }),
  })
  .meta({ description: 'A time in the objects that must not be older than this.' });

export const schema = withRules(
  z.strictObject({
    apiVersion: matching(
      253,
      '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[a-z0-9]+$',
      'must be an apiVersion such as apps/v1',
      { description: 'Group and version of the objects, such as helm.toolkit.fluxcd.io/v2.' },
    ),
    kind: matching(63, '^[A-Z][A-Za-z0-9]*$', 'must be a kind such as HelmRelease', {
      description: 'Their kind, such as HelmRelease.',
    }),
    namespace: label(
      "The namespace to look in. Default: the item's own. Without meaning for cluster-scoped kinds.",
    ).optional(),
    namespaceSelector: labelSelector(
      'Look in every namespace with these labels; {} is every namespace.',
    ).optional(),
    name: namePattern('The name of the object; * stands for any characters. Default: any.').optional(),
    labelSelector: labelSelector('Labels of the objects.').optional(),
    where: cel('Which of them count: only those for which this is true.').optional(),
    count: count.default({ min: 1 }),
    expect: z.array(expectation).max(16).default([]).meta({
      description: 'What must hold for each object that counts.',
      'x-kubernetes-list-type': 'atomic',
    }),
    condition: condition.optional(),
    freshness: freshness.optional(),
  }),
  {
    cel: '!(has(self.namespace) && has(self.namespaceSelector))',
    message: 'give namespace or namespaceSelector, not both',
    holds: ({ namespace, namespaceSelector }) => namespace === undefined || namespaceSelector === undefined,
  },
).meta({
  description: 'Proves that objects of any kind exist, as many as wanted, and that each is as it should be.',
});

export type Params = z.output<typeof schema>;

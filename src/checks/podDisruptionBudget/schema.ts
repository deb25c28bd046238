// The parameters of the podDisruptionBudget check.

import { z } from 'zod';
import { intOrPercent } from '../../api/primitives.ts';
import { whenMissing, workloads } from '../../api/selectors.ts';

export const schema = z
  .strictObject({
    workloads,
    whenMissing,
    minAvailable: intOrPercent(
      'At least this much must be guaranteed to stay available: a number of pods, or a percentage of the replicas. Default: something, be it one pod.',
    ).optional(),
    allowBlocking: z.boolean().default(false).meta({
      description:
        'true: a budget that forbids every eviction, and so holds up node drains, is what is wanted.',
    }),
  })
  .meta({
    description:
      'Proves that exactly one PodDisruptionBudget covers every pod of the workloads, protects something, and still lets a node drain proceed.',
  });

export type Params = z.output<typeof schema>;

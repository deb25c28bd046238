// The parameters of the probes check.

import { z } from 'zod';
import { distinct, intOrString, matching } from '../../api/primitives.ts';
import { whenMissing, workloads } from '../../api/selectors.ts';

export const PROBES = ['Readiness', 'Liveness', 'Startup'] as const;
export type ProbeName = (typeof PROBES)[number];

const containerPattern = matching(
  63,
  '^[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?$',
  'must be a container name; * is the only wildcard',
);

const containers = (description: string) =>
  z.array(containerPattern).max(32).meta({ description, 'x-kubernetes-list-type': 'atomic' });

const seconds = (description: string) => z.int().min(0).max(86_400).meta({ description });

const port = intOrString(
  { min: 1, max: 65_535 },
  { max: 15, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' },
  'must be a port number from 1 to 65535, or the name of a container port',
  'The port that must be asked: a number, or the name of a container port. A name in the probe is resolved in its container.',
);

const expectations = (name: string) =>
  z
    .strictObject({
      path: z
        .string()
        .min(1)
        .max(1024)
        .optional()
        .meta({ description: 'The HTTP path that must be asked. Default: any, and any kind of probe.' }),
      port: port.optional(),
      maxTimeoutSeconds: seconds(
        'timeoutSeconds may be at most this much (the API server makes 1 of one that is left out).',
      ).optional(),
      minInitialDelaySeconds: seconds(
        'initialDelaySeconds must be at least this much (0 where it is left out).',
      ).optional(),
      minPeriodSeconds: seconds(
        'periodSeconds must be at least this much (the API server makes 10 of one that is left out).',
      ).optional(),
    })
    .meta({
      description: `What the ${name} probe must look like, where it is there. All fields are optional.`,
    });

export type Expectations = z.output<ReturnType<typeof expectations>>;

export const schema = z
  .strictObject({
    workloads,
    whenMissing,
    containers: containers(
      'Which containers must have the probes; * stands for any characters. Default: all regular containers and sidecars. A pattern that matches no container is a finding.',
    )
      .min(1)
      .default(['*']),
    exceptContainers: containers('Containers that need none, such as config-reloader.').default([]),
    require: z
      .array(z.enum(PROBES).meta({ description: 'Readiness, Liveness or Startup.' }))
      .min(1)
      .max(3)
      .superRefine(distinct())
      .default(['Readiness', 'Liveness'])
      .meta({
        description: 'Which probes each container must have. Default: Readiness and Liveness.',
        'x-kubernetes-list-type': 'set',
      }),
    readiness: expectations('readiness').optional(),
    liveness: expectations('liveness').optional(),
    startup: expectations('startup').optional(),
  })
  .meta({
    description:
      'Proves that the containers that run have the health probes asked for, in the revision that is running.',
  });

export type Params = z.output<typeof schema>;

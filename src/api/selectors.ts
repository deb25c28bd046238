// How a check points at things: label selectors, workloads, network peers and ports.

import { z } from 'zod';
import { label, matching, namePattern, withRules, words } from './primitives.ts';

const labelKey = z.string().min(1).max(317);
const labelValue = z.string().max(63);

/** metav1.LabelSelector, with its own bounds. */
export const labelSelector = (description: string) =>
  z
    .strictObject({
      matchLabels: z
        .record(labelKey, labelValue)
        .refine((labels) => Object.keys(labels).length <= 32, 'must have at most 32 labels')
        .optional()
        .meta({ description: 'Labels that must all be present with these values.', maxProperties: 32 }),
      matchExpressions: z
        .array(
          withRules(
            z.strictObject({
              key: labelKey.meta({ description: 'The label key that the expression is about.' }),
              operator: z
                .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
                .meta({ description: 'How the values relate to the label.' }),
              values: z
                .array(labelValue)
                .max(32)
                .optional()
                .meta({ description: 'Values for In and NotIn.' }),
            }),
            {
              cel: "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
              message: 'In and NotIn need values; Exists and DoesNotExist take none',
              holds: ({ operator, values }) =>
                (operator === 'In' || operator === 'NotIn') === (values !== undefined && values.length > 0),
            },
          ),
        )
        .max(16)
        .optional()
        .meta({ description: 'Expressions that must all hold.', 'x-kubernetes-list-type': 'atomic' }),
    })
    .meta({ description });

export type LabelSelector = z.output<ReturnType<typeof labelSelector>>;

/** The kinds of workload that a check can name. */
const WORKLOAD_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Pod'] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

const workload = withRules(
  z.strictObject({
    kind: z.enum(WORKLOAD_KINDS).optional().meta({
      description: 'Deployment, StatefulSet, DaemonSet, or Pod for bare pods. Default: all but Pod.',
    }),
    namespace: label("The namespace to look in. Default: the item's own namespace.").optional(),
    namespaceSelector: labelSelector(
      'Look in every namespace with these labels; {} is every namespace.',
    ).optional(),
    name: namePattern('The name of the workload; * stands for any characters.').optional(),
    labelSelector: labelSelector('Labels of the workload object itself, not of its pods.').optional(),
  }),
  {
    cel: '!(has(self.namespace) && has(self.namespaceSelector))',
    message: 'give namespace or namespaceSelector, not both',
    holds: (w) => !(w.namespace !== undefined && w.namespaceSelector !== undefined),
  },
).meta({ description: 'Which workloads are meant. What is left out matches everything.' });

export type Workload = z.output<typeof workload>;

export const workloads = z.array(workload).min(1).max(32).meta({
  description:
    'The workloads to judge. Every entry must match something: one that matches nothing is a finding SubjectMissing.',
  'x-kubernetes-list-type': 'atomic',
});

export const whenMissing = z
  .enum(['Fail', 'NotApplicable'])
  .default('Fail')
  .meta({ description: 'What an entry that matches nothing means: Fail (default), or NotApplicable.' });

const ENTITIES = ['world', 'host', 'remote-node', 'kube-apiserver', 'cluster'] as const;
export type Entity = (typeof ENTITIES)[number];

export const peer = withRules(
  z.strictObject({
    namespace: label('The namespace of the peer.').optional(),
    namespaceSelector: labelSelector('Every namespace with these labels; {} is every namespace.').optional(),
    podSelector: labelSelector('Pods with these labels; without it every pod of the namespace.').optional(),
    entity: z
      .enum(ENTITIES)
      .optional()
      .meta({ description: 'Something that is not a pod: world is what lies outside the cluster.' }),
    cidr: z.string().max(43).optional().meta({
      description: 'Addresses outside the cluster, such as 192.0.2.0/24. Never matches pods or nodes.',
    }),
  }),
  {
    cel: '(has(self.entity) ? 1 : 0) + (has(self.cidr) ? 1 : 0) + (has(self.namespace) || has(self.namespaceSelector) || has(self.podSelector) ? 1 : 0) == 1',
    message: 'a peer is either pods (namespace, namespaceSelector, podSelector), or one entity, or one cidr',
    holds: (p) =>
      Number(p.entity !== undefined) +
        Number(p.cidr !== undefined) +
        Number(
          p.namespace !== undefined || p.namespaceSelector !== undefined || p.podSelector !== undefined,
        ) ===
      1,
  },
  {
    cel: '!(has(self.namespace) && has(self.namespaceSelector))',
    message: 'give namespace or namespaceSelector, not both',
    holds: (p) => !(p.namespace !== undefined && p.namespaceSelector !== undefined),
  },
);

export type Peer = z.output<typeof peer>;

/** A port as 9090/TCP; 9090 alone is TCP. */
export const port = matching(10, '^[1-9][0-9]{0,4}(/(TCP|UDP|SCTP))?$', 'must be a port such as 9090/TCP', {
  description: 'A port number and protocol such as 9090/TCP; without a protocol it is TCP.',
});

/** A CEL expression; `self` is the object. */
export const cel = (description: string) => words(1024, description);

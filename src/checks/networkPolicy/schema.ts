// The parameters of the networkPolicy check.

import { z } from 'zod';
import { label, withRules } from '../../api/primitives.ts';
import { labelSelector, peer, port, whenMissing } from '../../api/selectors.ts';

const endpoint = withRules(
  z.strictObject({
    namespace: label("The namespace of the pods. Default: the item's own namespace.").optional(),
    namespaceSelector: labelSelector('Every namespace with these labels; {} is every namespace.').optional(),
    podSelector: labelSelector('Pods with these labels; without it every pod of the namespace.').optional(),
  }),
  {
    cel: '!(has(self.namespace) && has(self.namespaceSelector))',
    message: 'give namespace or namespaceSelector, not both',
    holds: (e) => !(e.namespace !== undefined && e.namespaceSelector !== undefined),
  },
).meta({ description: 'Pods to judge.' });

const flow = (description: string) =>
  withRules(
    z.strictObject({
      from: peer.meta({ description: 'Who connects. Default: the pods of endpoints.' }).optional(),
      to: peer.meta({ description: 'Who is connected to. Default: the pods of endpoints.' }).optional(),
      ports: z.array(port).max(40).optional().meta({
        description: 'Ports such as 9090/TCP. Default: every TCP port for allow, every port at all for deny.',
        'x-kubernetes-list-type': 'atomic',
      }),
    }),
    {
      cel: 'has(self.from) || has(self.to)',
      message: 'give from, to or both',
      holds: (f) => f.from !== undefined || f.to !== undefined,
    },
  ).meta({ description });

export const schema = z
  .strictObject({
    endpoints: z.array(endpoint).min(1).max(32).meta({
      description: 'The pods to judge. Every entry must match something: see whenMissing.',
      'x-kubernetes-list-type': 'atomic',
    }),
    whenMissing,
    isolated: z
      .array(z.enum(['Ingress', 'Egress']))
      .max(2)
      .default(['Ingress'])
      .meta({
        description:
          'The directions in which a stranger (a pod with other labels in another namespace, and the world) must be denied on every port. Default [Ingress]; [] asks for no isolation.',
        'x-kubernetes-list-type': 'atomic',
      }),
    except: z.array(peer).max(32).optional().meta({
      description: 'Peers outside the namespace that may come in (or be reached) all the same.',
      'x-kubernetes-list-type': 'atomic',
    }),
    allow: z
      .array(flow('A flow that must keep working.'))
      .max(32)
      .optional()
      .meta({ description: 'Flows that must keep working.', 'x-kubernetes-list-type': 'atomic' }),
    deny: z
      .array(flow('A flow that must not be possible.'))
      .max(32)
      .optional()
      .meta({ description: 'Flows that must not be possible.', 'x-kubernetes-list-type': 'atomic' }),
  })
  .meta({
    description:
      'Proves, by the meaning of all CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy and NetworkPolicy objects together, that pods are isolated from strangers and that flows are allowed or denied.',
  });

export type Params = z.output<typeof schema>;
export type Flow = NonNullable<Params['allow']>[number];

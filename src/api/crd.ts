// The CustomResourceDefinition, made from the zod schemas: JSON Schema by zod,
// then one pass that makes it structural and bounded as the API server demands.

import { z } from 'zod';
import { CATEGORY, GROUP, KIND, LIST_KIND, PLURAL, SHORT_NAME, SINGULAR, VERSION } from './group.ts';
import { type CheckBlocks, specSchema } from './item.ts';
import { statusSchema } from './status.ts';

/** A node of an OpenAPI v3 schema. */
export interface SchemaNode {
  [key: string]: unknown;
}

const column = (name: string, type: string, jsonPath: string, description: string, wide = false) => ({
  name,
  type,
  jsonPath,
  description,
  ...(wide ? { priority: 1 } : {}),
});

/** kubectl get remediationitems: api.md, "Printer columns". */
const COLUMNS = [
  column('NUMBER', 'integer', '.spec.number', 'The number of the item in the review.'),
  column('TITLE', 'string', '.spec.title', 'The action item.'),
  column('PRIORITY', 'string', '.spec.priority', 'Critical, High, Medium or Low.'),
  column('STATE', 'string', '.status.state', 'The verdict of the operator.'),
  column('PASSING', 'string', '.status.progress', 'Deciding checks that pass, of all that decide.'),
  column('SINCE', 'date', '.status.since', 'When the state began.'),
  column('CLAIM', 'string', '.spec.claim.status', 'What people said.', true),
  column('MILESTONE', 'string', '.spec.milestone', 'The milestone of the roadmap.', true),
  column('SUMMARY', 'string', '.status.summary', 'The state in a sentence.', true),
];

/** The schema of the whole object, for the given check types. */
function openApiSchema(blocks: CheckBlocks): SchemaNode {
  const status = structural(statusSchema);
  return {
    type: 'object',
    description:
      'RemediationItem is one action item of a review: what proves that it is done, and whether it still is.',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: 'remediation.dev/v1alpha1.' },
      kind: { type: 'string', description: 'RemediationItem.' },
      metadata: { type: 'object' },
      spec: structural(specSchema(blocks)),
      status: { ...status, default: { observedGeneration: -1 } },
    },
  };
}

/** The CustomResourceDefinition as a plain object. */
export function customResourceDefinition(blocks: CheckBlocks): SchemaNode {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${PLURAL}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: KIND,
        listKind: LIST_KIND,
        plural: PLURAL,
        singular: SINGULAR,
        shortNames: [SHORT_NAME],
        categories: [CATEGORY],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: COLUMNS,
          subresources: { status: {} },
          schema: { openAPIV3Schema: openApiSchema(blocks) },
        },
      ],
    },
  };
}

/** JSON Schema of a zod schema, as structural OpenAPI v3. */
export function structural(schema: z.ZodType): SchemaNode {
  const json = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    unrepresentable: 'any',
  });
  return mend(json as SchemaNode);
}

/** What zod says and a CRD may not: dropped or said the Kubernetes way. */
function mend(node: SchemaNode): SchemaNode {
  const mended: SchemaNode = {};
  for (const [key, value] of Object.entries(node)) {
    switch (key) {
      case '$schema':
      case 'id':
      case 'pattern': // said as a CEL rule with a message that helps, but where none is possible (primitives.ts)
        if (node['x-kubernetes-int-or-string'] === true) mended[key] = value;
        break;
      case 'additionalProperties':
        if (value !== false) mended[key] = mend(value as SchemaNode);
        break;
      case 'properties':
        mended[key] = Object.fromEntries(
          Object.entries(value as Record<string, SchemaNode>).map(([name, child]) => [name, mend(child)]),
        );
        break;
      case 'items':
        mended[key] = mend(value as SchemaNode);
        break;
      default:
        mended[key] = value;
    }
  }
  delete mended.propertyNames;
  if (mended['x-kubernetes-int-or-string'] === true) {
    delete mended.anyOf;
    delete mended.oneOf;
    delete mended.type;
  }
  if (mended.type === 'integer') {
    if (mended.maximum === Number.MAX_SAFE_INTEGER) delete mended.maximum;
    if (mended.minimum === Number.MIN_SAFE_INTEGER) delete mended.minimum;
    mended.format ??= typeof mended.maximum === 'number' && mended.maximum < 2 ** 31 ? 'int32' : 'int64';
  }
  return mended;
}

// The CRD that is made from the schemas: structural, bounded, described.

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { blocksOf } from '../checks/check.ts';
import { CHECKS } from '../checks/index.ts';
import { customResourceDefinition, type SchemaNode, structural } from './crd.ts';
import { specSchema } from './item.ts';
import { statusSchema } from './status.ts';

const blocks = blocksOf(CHECKS);
const definition = customResourceDefinition(blocks) as {
  spec: {
    names: Record<string, unknown>;
    scope: string;
    versions: [
      {
        subresources: unknown;
        schema: { openAPIV3Schema: SchemaNode };
        additionalPrinterColumns: { name: string; priority?: number }[];
      },
    ];
  };
};
const [version] = definition.spec.versions;

interface Place {
  readonly path: string;
  readonly node: SchemaNode;
  /** The entry of a list, or the value of a map: described by what holds it. */
  readonly inner: boolean;
}

/** Every node of a schema. */
function* places(node: SchemaNode, path: string, inner = false): Generator<Place> {
  yield { path, node, inner };
  for (const [name, child] of Object.entries((node.properties ?? {}) as Record<string, SchemaNode>))
    yield* places(child, `${path}.${name}`);
  if (node.items) yield* places(node.items as SchemaNode, `${path}[]`, true);
  if (node.additionalProperties) yield* places(node.additionalProperties as SchemaNode, `${path}{}`, true);
}

const all = [...places(version.schema.openAPIV3Schema, 'ri')].filter(({ path }) => path !== 'ri.metadata');
const pathsWhere = (wrong: (place: Place) => boolean) => all.filter(wrong).map(({ path }) => path);

describe('the CustomResourceDefinition', () => {
  it('describes every field, so that kubectl explain teaches', () => {
    expect(
      pathsWhere(
        ({ node, inner }) => !inner && !(typeof node.description === 'string' && node.description.length > 3),
      ),
    ).toEqual([]);
  });

  it('bounds every string', () => {
    expect(
      pathsWhere(
        ({ node }) => node.type === 'string' && !node.enum && typeof node.maxLength !== 'number',
      ).filter(
        (path) => path !== 'ri.apiVersion' && path !== 'ri.kind', // the API server's own
      ),
    ).toEqual([]);
  });

  it('bounds every list and every map', () => {
    expect(pathsWhere(({ node }) => node.type === 'array' && typeof node.maxItems !== 'number')).toEqual([]);
    expect(
      pathsWhere(
        ({ node }) => node.additionalProperties !== undefined && typeof node.maxProperties !== 'number',
      ),
    ).toEqual([]);
  });

  it('bounds every number from below', () => {
    expect(pathsWhere(({ node }) => node.type === 'integer' && typeof node.minimum !== 'number')).toEqual([]);
  });

  it('is structural: every node has a type, and nothing that the API server refuses', () => {
    expect(
      pathsWhere(({ node }) => node.type === undefined && node['x-kubernetes-int-or-string'] !== true),
    ).toEqual([]);
    const forbidden = [
      '$ref',
      '$schema',
      'oneOf',
      'anyOf',
      'propertyNames',
      'const',
      'exclusiveMinimum',
      'id',
    ];
    expect(pathsWhere(({ node }) => forbidden.some((key) => key in node))).toEqual([]);
    expect(pathsWhere(({ node }) => node.additionalProperties === false)).toEqual([]);
  });

  it('says in a sentence what each rule wants', () => {
    const rules = all.flatMap(({ path, node }) =>
      ((node['x-kubernetes-validations'] ?? []) as { rule: string; message?: string }[]).map((rule) => ({
        path,
        ...rule,
      })),
    );
    expect(rules.length).toBeGreaterThan(20);
    expect(rules.filter(({ message }) => (message ?? '').length < 10)).toEqual([]);
  });

  it('holds a new item to generation -1, so that it is not taken for judged', () => {
    const { properties } = version.schema.openAPIV3Schema as { properties: Record<string, SchemaNode> };
    expect(properties.status?.default).toEqual({ observedGeneration: -1 });
    expect(version.subresources).toEqual({ status: {} });
  });

  it('has the names and columns of the contract', () => {
    expect(definition.spec.names).toMatchObject({
      kind: 'RemediationItem',
      plural: 'remediationitems',
      shortNames: ['ri'],
      categories: ['remediation'],
    });
    expect(definition.spec.scope).toBe('Namespaced');
    const columns = version.additionalPrinterColumns;
    expect(columns.filter(({ priority }) => !priority).map(({ name }) => name)).toEqual([
      'NUMBER',
      'TITLE',
      'PRIORITY',
      'STATE',
      'PASSING',
      'SINCE',
    ]);
    expect(columns.filter(({ priority }) => priority === 1).map(({ name }) => name)).toEqual([
      'CLAIM',
      'MILESTONE',
      'SUMMARY',
    ]);
  });

  it('has a block for every check of the registry, and for no other', () => {
    const entry = all.find(({ path }) => path === 'ri.spec.checks[]')?.node.properties ?? {};
    expect(Object.keys(entry).sort()).toEqual(
      ['name', 'description', 'advisory', ...CHECKS.map(({ type }) => type)].sort(),
    );
  });
});

describe('what the offline parser holds an item to', () => {
  it('is held by the API server too: every pattern has its CEL rule, or stands in the CRD', () => {
    const raw = (schema: z.ZodType) =>
      z.toJSONSchema(schema, {
        target: 'openapi-3.0',
        io: 'input',
        reused: 'inline',
        unrepresentable: 'any',
      });
    const unheld = [...places(raw(specSchema(blocks)) as SchemaNode, 'spec')]
      .filter(({ node }) => node.pattern !== undefined && node.format !== 'date-time')
      .filter(({ node }) => node['x-kubernetes-int-or-string'] !== true)
      .filter(({ node }) => node['x-kubernetes-validations'] === undefined)
      .map(({ path }) => path);
    expect(unheld).toEqual([]);
  });

  it('leaves no zod word in the schema of the status', () => {
    expect(JSON.stringify(structural(statusSchema))).not.toMatch(
      /\$schema|additionalProperties|propertyNames/,
    );
  });
});

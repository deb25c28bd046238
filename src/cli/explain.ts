// `remediation explain CHECK`: what a check means and what it takes, from the
// same source as the reference and `kubectl explain`.

import { type SchemaNode, structural } from '../api/crd.ts';
import type { Check } from '../checks/check.ts';
import { CHECKS } from '../checks/index.ts';
import { UsageError } from './exit.ts';

export function explain(type: string | undefined): void {
  if (type === undefined) {
    process.stdout.write(`${CHECKS.map((check) => `${check.type}\n  ${check.summary}`).join('\n')}\n`);
    return;
  }
  const check = CHECKS.find((each) => each.type.toLowerCase() === type.toLowerCase());
  if (!check)
    throw new UsageError(
      `there is no check "${type}"; there are: ${CHECKS.map((each) => each.type).join(', ')}`,
    );
  process.stdout.write(described(check));
}

function described(check: Check): string {
  const reasons = Object.entries(check.reasons).map(
    ([reason, { level, meaning, mend }]) => `  ${reason} (${level})\n    ${meaning}\n    ${mend}`,
  );
  return [
    `CHECK: ${check.type}`,
    '',
    check.summary,
    '',
    check.remedies
      ? 'SUGGESTIONS: `remediation suggest ITEM` proposes what would make it pass, judged before it is shown.'
      : 'SUGGESTIONS: none; each finding says what to do.',
    '',
    'EXAMPLE:',
    indent(check.example.trim()),
    '',
    'FIELDS:',
    ...fields(structural(check.schema), 1),
    '',
    'REASONS:',
    ...reasons,
    '',
  ].join('\n');
}

const indent = (text: string) => text.replace(/^/gm, '  ');

function fields(schema: SchemaNode, depth: number): string[] {
  const required = new Set((schema.required ?? []) as string[]);
  return Object.entries((schema.properties ?? {}) as Record<string, SchemaNode>).flatMap(([name, node]) => {
    const inner = node.type === 'array' ? ((node.items ?? {}) as SchemaNode) : node;
    const kind = node['x-kubernetes-int-or-string']
      ? 'integer or string'
      : node.type === 'array'
        ? `[]${String(inner.type ?? 'any')}`
        : String(node.type ?? 'any');
    const choice = Array.isArray(inner.enum) ? ` ${inner.enum.join('|')}` : '';
    const pad = '  '.repeat(depth);
    return [
      `${pad}${name} <${kind}>${choice}${required.has(name) ? ' -required-' : ''}`,
      `${pad}  ${String(node.description ?? '')}`,
      ...fields(inner, depth + 1),
    ];
  });
}

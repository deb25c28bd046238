// Documents stay what they are whatever the names and messages in them hold.

import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { RemediationItem } from '../../api/remediation-item.ts';
import type { Edit } from '../../facts/edits.ts';
import type { Plan } from './plan.ts';
import { asYaml } from './render.ts';

const HOSTILE = "web\n---\napiVersion: v1\nkind: Secret\u001b[2J\u202e' $(reboot)";

function planOf(edit: Edit): Plan {
  const mends = [{ level: 'Fail', reason: 'NoBudget', message: `no budget for ${HOSTILE}` } as const];
  return {
    edits: [edit],
    pending: [],
    checks: [
      {
        name: 'budget',
        type: 'podDisruptionBudget',
        advisory: false,
        before: 'Fail',
        after: 'Pass',
        seen: HOSTILE,
        suggestions: [{ edits: [edit], mends, decide: [HOSTILE] }],
        without: [],
      },
    ],
  };
}
const item = { metadata: { namespace: 'team', name: 'item' } } as RemediationItem;
const printed = (edit: Edit) =>
  asYaml([{ item, plan: planOf(edit) }], {
    originOf: () => [HOSTILE],
    hintOf: () => HOSTILE,
    exists: () => true,
  });
const target = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: HOSTILE };

describe('a document', () => {
  it.for<[string, Edit]>([
    [
      'create',
      { action: 'Create', object: { apiVersion: 'v1', kind: 'Budget', metadata: { name: HOSTILE } } },
    ],
    ['patch', { action: 'Patch', type: 'strategic', target, patch: { spec: { replicas: 2 } } }],
    ['delete', { action: 'Delete', target }],
  ])('is one document, with its names as they are, to %s', ([, edit]) => {
    const text = printed(edit);
    const documents = parseAllDocuments(text);
    expect(documents).toHaveLength(1);
    expect(documents[0]?.toJS()).toMatchObject({ metadata: { name: HOSTILE } });
    expect(text.split('\n').filter((line) => line.startsWith('kind:'))).toHaveLength(1);
  });

  it('has a comment that moves no cursor and turns no text', () => {
    const comments = printed({ action: 'Delete', target })
      .split('\n')
      .filter((line) => line.startsWith('#'))
      .join('\n');
    for (const mark of ['\u001b', '\u202e']) expect(comments).not.toContain(mark);
  });

  it('names a command that a shell takes for nothing else', () => {
    const text = printed({ action: 'Delete', target }).replace(/\n# {3}/g, ' ');
    expect(text).toContain(
      "kubectl delete deployment 'web --- apiVersion: v1 kind: Secret [2J '\\'' $(reboot)' -n shop",
    );
  });
});

// The remedies of a check for manifests that fail, as `suggest` asks for them.

import { parseAllDocuments } from 'yaml';
import type { Edit } from '../../facts/edits.ts';
import type { Manifest } from '../../facts/manifest-files.ts';
import { manifestSource } from '../../facts/manifests.ts';
import { recordFacts } from '../../facts/recording.ts';
import type { Check, Remedy } from '../check.ts';

/** For the manifests of a YAML text, rolled out; the item is in namespace `shop`. */
export function remediesFor(check: Check, params: unknown, yaml: string): readonly Remedy[] {
  const objects = parseAllDocuments(yaml).map((document) => document.toJS() as Manifest);
  const parsed = check.schema.parse(params);
  const context = {
    facts: recordFacts(manifestSource(objects, { static: true })),
    now: new Date('2026-01-17T12:00:00Z'),
    namespace: 'shop',
  };
  const failing = check.judge(parsed, context).findings.filter(({ level }) => level === 'Fail');
  return check.remedies?.(parsed, context, failing) ?? [];
}

/** What the first way of the only remedy does, and what it asks. */
export function firstWay(remedies: readonly Remedy[]): {
  readonly objects: readonly unknown[];
  readonly decide: string;
} {
  const [remedy, ...more] = remedies;
  if (!remedy || more.length > 0) throw new Error(`${remedies.length} remedies`);
  const [way] = remedy.ways;
  if (!way) throw new Error(`no way: ${remedy.without}`);
  return { objects: way.edits.map(contentOf), decide: way.decide.join('\n') };
}

function contentOf(edit: Edit): unknown {
  switch (edit.action) {
    case 'Create':
      return edit.object;
    case 'Patch':
      return { patch: `${edit.target.kind} ${edit.target.name}`, ...edit.patch };
    case 'Delete':
      return { delete: `${edit.target.kind} ${edit.target.name}` };
    default:
      return edit satisfies never;
  }
}

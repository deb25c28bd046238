// A plan as documents: YAML with a comment before each that says what it mends,
// what was judged, and what is left to a person; or the same as JSON.

import { stringify } from 'yaml';
import type { RemediationItem } from '../../api/remediation-item.ts';
import type { Finding } from '../../checks/check.ts';
import { refer } from '../../checks/shared/messages.ts';
import { type Edit, type EditTarget, targetOf } from '../../facts/edits.ts';
import { printable } from '../../report/printable.ts';
import { type CheckPlan, type Plan, type Suggestion, withoutFix } from './plan.ts';

/** What there is to say of an object that no plan knows. */
export interface Knowledge {
  /** Who makes or applies the object. */
  originOf(target: EditTarget, isNew: boolean): readonly string[];
  /** What more there is to say of a finding that is mended. */
  hintOf(finding: Finding): string | undefined;
  /** Is there such an object already? */
  exists(target: EditTarget): boolean;
}

export interface ItemPlan {
  readonly item: RemediationItem;
  readonly plan: Plan;
}

interface Document {
  readonly item: string;
  readonly check: string;
  readonly type: string;
  readonly action: 'create' | 'replace' | 'patch' | 'delete';
  /** Of a patch. */
  readonly patchType?: 'strategic' | 'merge';
  /** The first document of its suggestion: the others go with it. */
  readonly first: boolean;
  readonly mends: readonly { readonly reason: string; readonly subject?: string; readonly message: string }[];
  /** The verdict of the check before, and after all documents were applied. */
  readonly before: string;
  readonly after: string;
  readonly seen: string;
  readonly decide: readonly string[];
  readonly origin: readonly string[];
  /** How to apply this document alone. */
  readonly apply: string;
  readonly object: Readonly<Record<string, unknown>>;
}

function documentsOf({ item, plan }: ItemPlan, knowledge: Knowledge): readonly Document[] {
  const name = `${item.metadata.namespace}/${item.metadata.name}`;
  return plan.checks.flatMap((check) =>
    check.suggestions.flatMap((suggestion) =>
      suggestion.edits.map((edit, at) => documentOf(name, check, suggestion, edit, at === 0, knowledge)),
    ),
  );
}

function documentOf(
  item: string,
  check: CheckPlan,
  suggestion: Suggestion,
  edit: Edit,
  first: boolean,
  { originOf, hintOf, exists }: Knowledge,
): Document {
  const target = targetOf(edit);
  const there = exists(target);
  const { subject } = suggestion.mends[0] ?? {};
  // What is new belongs beside what it is for.
  const beside =
    there || !subject
      ? target
      : { apiVersion: '', kind: subject.kind, namespace: subject.namespace ?? '', name: subject.name };
  return {
    item,
    check: check.name,
    type: check.type,
    action:
      edit.action === 'Create'
        ? there
          ? 'replace'
          : 'create'
        : edit.action === 'Patch'
          ? 'patch'
          : 'delete',
    ...(edit.action === 'Patch' ? { patchType: edit.type } : {}),
    first,
    mends: suggestion.mends.map((finding) => ({
      reason: finding.reason,
      ...(finding.subject ? { subject: refer(finding.subject) } : {}),
      message: withoutFix(finding),
    })),
    before: check.before,
    after: check.after,
    seen: check.seen,
    decide: first ? [...hinted(suggestion, hintOf), ...suggestion.decide] : [],
    origin: originOf(beside, edit.action === 'Create' && !there),
    apply: howTo(edit, target),
    object: objectOf(edit, target),
  };
}

/** A file that is there already and only has to be applied is a better way than a new one. */
function hinted({ mends }: Suggestion, hintOf: Knowledge['hintOf']): readonly string[] {
  const hints = new Set(mends.flatMap((finding) => hintOf(finding) ?? []));
  return [...hints].map((hint) => `whether to have that applied instead: ${hint}`);
}

function objectOf(edit: Edit, { apiVersion, kind, namespace, name }: EditTarget): Document['object'] {
  const identity = { apiVersion, kind, metadata: { name, ...(namespace ? { namespace } : {}) } };
  switch (edit.action) {
    case 'Create':
      return edit.object;
    case 'Patch':
      return { ...identity, ...edit.patch };
    case 'Delete':
      // As kustomize writes it.
      return { ...identity, $patch: 'delete' };
    default:
      return edit satisfies never;
  }
}

function howTo(edit: Edit, { kind, namespace, name }: EditTarget): string {
  const which = `${kind.toLowerCase()} ${quoted(name)}${namespace ? ` -n ${quoted(namespace)}` : ''}`;
  switch (edit.action) {
    case 'Create':
      return 'kubectl apply -f FILE';
    case 'Patch':
      return `kubectl patch ${which} --type ${edit.type} --patch-file FILE; in Git as a patch of the kustomization (patches: [{path: FILE}])`;
    case 'Delete':
      return `kubectl delete ${which}; in Git as a patch of the kustomization, or by taking the file away`;
    default:
      return edit satisfies never;
  }
}

/** For a shell. Manifests that no API server has seen may hold any name. */
const quoted = (word: string) => (/^[\w.:-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** YAML documents; nothing where there is no suggestion. */
export function asYaml(plans: readonly ItemPlan[], knowledge: Knowledge): string {
  return plans
    .flatMap((each) => documentsOf(each, knowledge))
    .map((document) => `---\n${commentOf(document)}${stringify(document.object, { lineWidth: 0 })}`)
    .join('');
}

function commentOf(document: Document): string {
  const { action, item, check, type, first, mends, before, after, seen, decide, origin, apply } = document;
  const lines = [
    `${action[0]?.toUpperCase()}${action.slice(1)}, for check ${check} (${type}) of RemediationItem ${item}.`,
    ...(first
      ? mends.map(({ reason, message }) => `mends ${reason}: ${message}`)
      : ['goes with the one before']),
    `judged with everything here applied: check ${check} was ${before} and is ${after}${seen ? `: ${seen}` : ''}`,
    ...decide.map((what) => `to decide: ${what}`),
    ...origin.map((what) => `where: ${what}`),
    `apply: ${apply}`,
  ];
  return lines.flatMap((line) => wrapped(printable(line))).join('');
}

const WIDTH = 100;

/** Comment lines; what does not fit is indented, so that each remark can be told from the next. */
function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(/\s+/)) {
    if (line.length + word.length >= WIDTH && line.trim().length > 1) {
      lines.push(`${line}\n`);
      line = '#  ';
    }
    line += ` ${word}`;
  }
  return [...lines, `${line}\n`];
}

/** The same for programs, with what there is no suggestion for. */
export function asJson(plans: readonly ItemPlan[], knowledge: Knowledge): string {
  const suggestions = plans.flatMap((each) => documentsOf(each, knowledge));
  const without = plans.flatMap(({ item, plan }) =>
    plan.checks.flatMap((check) =>
      check.without.map(({ finding, because }) => ({
        item: `${item.metadata.namespace}/${item.metadata.name}`,
        check: check.name,
        type: check.type,
        reason: finding.reason,
        ...(finding.subject ? { subject: refer(finding.subject) } : {}),
        message: finding.message,
        because,
      })),
    ),
  );
  return `${JSON.stringify({ suggestions, without }, null, 2)}\n`;
}

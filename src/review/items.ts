// A review as RemediationItems: one manifest per item. An item for which no
// check could be suggested is a draft, because an item without a check proves
// nothing and the API refuses it.

import { API_VERSION, KIND, REVIEW_LABEL } from '../api/group.ts';
import type { Review, ReviewItem } from './model.ts';
import { type Suggestions, suggest } from './suggest.ts';
import type { SuggestedCheck } from './suggestion.ts';
import { slug } from './words.ts';

export interface ImportedItem {
  readonly name: string;
  /** Without `checks` where none could be suggested. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly draft: boolean;
  readonly hints: readonly string[];
  /** Of a draft: a check that lacks what only a person can say. */
  readonly unsaid?: SuggestedCheck;
  readonly line: number;
  readonly title: string;
  readonly number?: number;
}

export interface ItemOptions {
  readonly namespace: string;
  /** Path of the document, as it goes into spec.source. */
  readonly document: string;
  /** Instead of the name that the document's title gives. */
  readonly review?: string;
}

export function itemsOf(review: Review, options: ItemOptions): ImportedItem[] {
  const names = new Set<string>();
  return review.items.map((item) => {
    const suggestions = suggest(item);
    const wanted = nameOf(item);
    let name = wanted;
    for (let next = 2; names.has(name); next++) name = `${wanted.slice(0, 58)}-${next}`;
    names.add(name);
    return {
      name,
      namespace: options.namespace,
      labels: { [REVIEW_LABEL]: options.review ?? review.slug },
      spec: specOf(item, suggestions, options),
      draft: suggestions.checks.length === 0,
      hints: suggestions.hints,
      ...(suggestions.unsaid ? { unsaid: suggestions.unsaid } : {}),
      line: item.line,
      title: item.title,
      ...(item.number !== undefined ? { number: item.number } : {}),
    };
  });
}

/** item-09-add-health-probes: sorts as the review numbers. */
function nameOf({ number, title, line }: ReviewItem): string {
  const words = slug(title, 48) || (number === undefined ? `line-${line}` : '');
  const parts = [
    'item',
    ...(number === undefined ? [] : [String(number).padStart(2, '0')]),
    ...(words ? [words] : []),
  ];
  return parts.join('-').slice(0, 63).replace(/-+$/, '');
}

const MAX_DESCRIPTION = 8192;

/** spec in the order of its schema; nothing that the document does not say. */
function specOf(
  item: ReviewItem,
  { checks, prerequisites, unproven }: Suggestions,
  { document }: ItemOptions,
) {
  const needs =
    unproven.length > 0 ? `Prerequisites:\n\n${unproven.map(({ text }) => `- ${text}`).join('\n')}` : '';
  const description = [item.description, needs].filter(Boolean).join('\n\n');
  const { number, title, priority, category, effort, impact, milestone, dueDate, owner, claim } = item;
  const spec = {
    number,
    title,
    description: cut(description) || undefined,
    priority,
    category,
    effort,
    impact,
    milestone,
    dueDate,
    owner: owner || undefined,
    source: {
      document: document.slice(0, 512),
      section: item.section?.slice(0, 256) || undefined,
      line: item.line,
    },
    claim,
    prerequisites: prerequisites.length > 0 ? prerequisites : undefined,
    checks: checks.length > 0 ? checks : undefined,
  };
  return JSON.parse(JSON.stringify(spec)) as Record<string, unknown>;
}

/** Longer than the API takes: the reader is told where the rest is. */
const cut = (text: string) =>
  text.length <= MAX_DESCRIPTION
    ? text
    : `${text.slice(0, MAX_DESCRIPTION - 40)}\n\n(continued in the review document)`;

/** The object as it is written. */
export const manifestOf = ({ name, namespace, labels, spec }: ImportedItem) => ({
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name, namespace, labels },
  spec,
});

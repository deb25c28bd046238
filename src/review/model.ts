// What a review document says, before it becomes items: the shape between
// reading Markdown and writing RemediationItems.

import type { Claim, Impact, Priority } from './words.ts';

/** A text of the document with its line, from 1. */
export interface Noted {
  readonly text: string;
  readonly line: number;
}

export interface ReviewClaim {
  readonly status: Claim;
  readonly date?: string;
  readonly note?: string;
}

export interface ReviewItem {
  readonly number?: number;
  readonly title: string;
  readonly priority: Priority;
  readonly category?: string;
  readonly effort?: string;
  readonly impact?: Impact;
  readonly milestone?: string;
  readonly dueDate?: string;
  readonly owner?: string;
  readonly section?: string;
  readonly line: number;
  readonly claim?: ReviewClaim;
  /** Markdown, as it stands in the document. */
  readonly description: string;
  readonly prerequisites: readonly Noted[];
}

/** A row of the tracking table. */
export interface Tracked {
  readonly date?: string;
  readonly action: string;
  readonly status?: string;
}

export interface Review {
  readonly title: string;
  /** YYYY-MM-DD, where the document says when it was written. */
  readonly created?: string;
  /** The value of remediation.dev/review: lower case letters, digits and dashes. */
  readonly slug: string;
  readonly items: readonly ReviewItem[];
  readonly tracking: readonly Tracked[];
  /** "To be reviewed weekly": where it says so, and how long a look is good for. */
  readonly again?: Noted & { readonly validFor: string };
  /** Related documents, as Markdown. */
  readonly related: readonly string[];
  /** Two places of the document that say different things of one item. */
  readonly contradictions: readonly Noted[];
  /** Lines that were not understood. */
  readonly unaccounted: readonly Noted[];
}

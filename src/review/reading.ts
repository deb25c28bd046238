// What the two walks over a document share.

import type { Draft, Gathered } from './gather.ts';
import type { Markdown } from './markdown.ts';
import type { Tracked } from './model.ts';
import type { Claim } from './words.ts';

/** What is known while the document is being read. */
export interface Reading {
  readonly markdown: Markdown;
  readonly items: Gathered;
  readonly tracking: Tracked[];
  readonly related: string[];
  readonly accounted: Set<number>;
  readonly state: {
    title?: string;
    created?: string;
    /** The date in the title, for a document that does not say when it was written. */
    dated?: string | undefined;
    /** The item that details belong to, until the next heading, rule or lead. */
    about?: Draft | undefined;
    /** What the lead of the next list claims: "Completed today (January 3, 2026):". */
    lead?: { readonly status: Claim; readonly date?: string } | undefined;
    /** The milestone that a bold line of the roadmap opened. */
    milestone?: string | undefined;
  };
}

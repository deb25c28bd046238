// The reviews that tests read: the one this project began with, and others as
// other people write them.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Review } from '../model.ts';
import { readReview } from '../read.ts';

export const JANUARY = 'review-followup-january-2026.md';

const folder = path.join(import.meta.dirname, 'reviews');

/** The names of all of them. */
export const REVIEWS: readonly string[] = readdirSync(folder).sort();

export const textOf = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

export const load = (name: string): Review => readReview(textOf(name), { fileName: name });
